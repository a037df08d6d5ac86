"""Without the extra ``labels``: what works, and how a missing package is named."""

import subprocess
import sys
from pathlib import Path

import pytest

INSTALL = "pip install 'voxel51-platform[labels]'"
BLOCKED = ("numpy", "cv2", "av", "ijson", "anyascii", "scipy", "onnxruntime", "tqdm")
PRELUDE = f"import sys; sys.modules.update(dict.fromkeys({BLOCKED!r})); "


def run(program: str) -> subprocess.CompletedProcess[str]:
    """Run a program that finds none of the blocked packages."""
    return subprocess.run([sys.executable, "-c", PRELUDE + program], capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("program", "package"),
    [
        ("import voxel51.labels.spans", "ijson"),
        ("import voxel51.labels.draw", "av"),
        ("import voxel51.labels.contact_sheet", "av"),
        ("import voxel51.labels.evaluate", "numpy"),
        ("import voxel51.labels.media.video_reader", "av"),
        ("import voxel51.labels.formats.supervision", "numpy"),
        ("from voxel51.labels import masks; masks.decode('eJyb7BfqGxDJyFDGUK2eklqcXKRupaBeU2qorqOgnpZfVFKUmBefX5SS')",
         "numpy"),
    ],
)  # fmt: skip
def test_a_missing_package_is_named_with_its_extra(program: str, package: str) -> None:
    ran = run(program)

    last = ran.stderr.splitlines()[-1]
    assert last.startswith(f"ModuleNotFoundError: the package '{package}' is not installed.")
    assert last.endswith(INSTALL)


def test_the_command_line_prints_one_line(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("{}", encoding="utf-8")

    ran = run(f"from voxel51.cli.main import main; sys.exit(main(['labels', 'summary', {str(tmp_path / 'a.json')!r}]))")

    assert ran.returncode == 1
    assert ran.stderr.startswith("voxel51: the package 'ijson' is not installed.")
    assert ran.stderr.endswith(f"{INSTALL}\n")


def test_labels_are_read_and_converted_without_extras(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"metadata": {"frame_size": [4, 4]}, "frames": {"1": {}}}', encoding="utf-8")
    program = (
        "from pathlib import Path; from voxel51.labels.video import VideoLabels; "
        f"folder = Path({str(tmp_path)!r}); labels = VideoLabels.from_file(folder / 'a.json'); "
        "[labels.convert(name, folder / name) for name in ('native', 'coco', 'yolo', 'mot', 'cvat', 'voc', 'csv')]"
    )

    assert run(program).stderr == ""
    assert (tmp_path / "coco").is_file()
