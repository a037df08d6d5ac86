"""Commands of authors: create a project, run an analytic without a platform, and check it."""

import json
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest

from cli.conftest import Ran
from support.video_samples import numbered_video
from voxel51.cli.main import main
from voxel51.labels.video import VideoLabels

HEAD = """\
import random
from pathlib import Path
from typing import Annotated

from voxel51.platform import Checkpoint, InputFile, Job, OutputFile, Video, VideoLabels, analytic

"""


@pytest.fixture
def command(capfd, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)

    def run(*arguments: object) -> Ran:
        status = main(["analytics", *map(str, arguments)])
        said = capfd.readouterr()
        return Ran(status, said.out, said.err)

    return run


@pytest.fixture
def video(tmp_path) -> Path:
    return numbered_video(tmp_path / "in.mp4")


def source(path: Path, body: str, arguments: str = "video: Video", described: str = "video: the video.") -> Path:
    """Write an analytic with this body, which has a name of its own, so that no other test imports it."""
    text = f'@analytic(version="1")\ndef {path.stem}({arguments}) -> VideoLabels:\n    """Find.\n\n    Args:\n'
    text += "".join(f"        {line}\n" for line in described.splitlines()) + '    """\n'
    path.write_text(HEAD + text + "".join(f"    {line}\n" for line in dedent(body).strip().splitlines()))
    return path


def test_a_new_project_works_at_once(command, tmp_path: Path, video: Path) -> None:
    created = command("init", "bright-spots", "--owner", "alice")

    project = tmp_path / "bright-spots"
    assert created.status == 0
    assert sorted(path.name for path in project.iterdir()) == [
        "bright_spots.py",
        "pyproject.toml",
        "test_bright_spots.py",
    ]
    assert '"alice/bright-spots" = "bright_spots:bright_spots"' in (project / "pyproject.toml").read_text()
    tested = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", project],
        check=False,
        capture_output=True,
        text=True,
        cwd=project,
    )
    assert tested.returncode == 0, tested.stdout
    ran = command("run", project, video, "--out", "labels", "--param", "threshold=180")
    assert ran.out == "labels/in.bright-spots.json\n"
    labels = VideoLabels.from_file(tmp_path / "labels" / "in.bright-spots.json")
    assert len(labels.frames) == 30
    assert labels.provenance is not None
    assert labels.provenance["parameters"]["threshold"] == 180
    checked = command("check", project / "bright_spots.py")
    assert checked.status == 0, checked.out
    assert "all 9 checks passed" in checked.out


def test_the_manifest_of_a_source_is_shown_or_written(command, tmp_path: Path) -> None:
    path = source(tmp_path / "shown.py", "return VideoLabels()")

    shown, written = command("manifest", path), command("manifest", path, "--path", "manifest.json")

    assert (shown.status, written.status) == (0, 0)
    document = json.loads(shown.out)
    assert (document["info"]["name"], [each["name"] for each in document["inputs"]]) == ("shown", ["video"])
    assert json.loads((tmp_path / "manifest.json").read_text()) == document


def test_a_package_that_is_missing_here_is_named(command, tmp_path: Path, video: Path) -> None:
    analytic = source(tmp_path / "needy.py", "return VideoLabels()")
    analytic.write_text("import not_installed_here\n" + analytic.read_text())

    ran = command("run", analytic, video)

    assert ran.status == 1
    assert "imports 'not_installed_here', which is not installed here. Install the package" in ran.err


@pytest.mark.parametrize(
    ("first_line", "text"),
    [
        ("def broken(:", "faulty.py:1: invalid syntax: "),
        ("limit = int('many')", "faulty.py:1: ValueError: invalid literal for int()"),
        ("from voxel51.platform import Vidio", "faulty.py:1: ImportError: cannot import name 'Vidio'"),
        ("from voxel51.platform import analytic; analytic(lambda: None)", "faulty.py:1: TypeError: analytic() takes"),
    ],
)
@pytest.mark.parametrize("verb", ["manifest", "deploy"])
def test_an_error_of_the_source_names_its_line(command, tmp_path: Path, verb: str, first_line: str, text: str) -> None:
    analytic = source(tmp_path / "faulty.py", "return VideoLabels()")
    analytic.write_text(f"{first_line}\n{analytic.read_text()}")

    ran = command(verb, analytic)

    assert ran.status == 1
    assert text in ran.err


def test_an_existing_folder_is_not_replaced(command, tmp_path: Path) -> None:
    (tmp_path / "spots").mkdir()

    ran = command("init", "spots")

    assert (ran.status, ran.err) == (1, "voxel51: spots exists already. Choose another name, or delete it\n")


def test_an_invalid_name_is_refused(command) -> None:
    assert "invalid name 'Red Cars': use small letters" in command("init", "Red Cars").err


@pytest.mark.parametrize("name", ["class", "numpy", "json"])
def test_name_that_would_hide_a_module_is_refused(command, tmp_path: Path, name: str) -> None:
    ran = command("init", name)

    assert f"the name '{name}' cannot be used" in ran.err
    assert not (tmp_path / name).exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run", "nowhere.py", "in.mp4"], "file not found: '{folder}/nowhere.py'"),
        (["run", "one.py", "nowhere.mp4"], "file not found: '{folder}/nowhere.mp4'"),
        (["run", "one.py"], "Missing required input 'video' (The video.)"),
        (["run", "one.py", "in.mp4", "--param", "first_frame=0"], "parameter 'first_frame' takes 1 to …, not 0"),
        (["run", "one.py", "in.mp4", "--param", "speed=1"], "Unknown parameter 'speed'"),
        (["run", "one.py", "in.mp4", "--input", "sound=in.mp4"], "Unknown input 'sound'"),
        (["run", "empty.py", "in.mp4"], "empty.py has 0 analytics; it must have one, made by @analytic"),
    ],
)
def test_a_wrong_argument_is_named(command, tmp_path: Path, video: Path, arguments: list[str], message: str) -> None:
    source(tmp_path / "one.py", "return VideoLabels()")
    (tmp_path / "empty.py").write_text("")

    ran = command(*arguments)

    assert ran.status == 1
    assert message.format(folder=tmp_path.resolve()) in ran.err
    assert "Traceback" not in ran.err
    assert not list(tmp_path.glob("*.json"))


def test_all_files_of_an_analytic_are_placed(command, tmp_path: Path, video: Path) -> None:
    copied = (
        "copy: Annotated[Path, OutputFile('copy.bin', as_data=True)], plan: Annotated[Path, InputFile('types.File')]"
    )
    analytic = source(
        tmp_path / "copying.py",
        """
        copy.write_bytes(plan.read_bytes())
        for frame in video:
            pass
        return VideoLabels()
        """,
        f"video: Video, {copied}",
        "video: the video.\ncopy: a copy.\nplan: a plan.",
    )
    (tmp_path / "plan.txt").write_text("a plan")

    ran = command("run", analytic, video, "--input", "plan=plan.txt", "--out", "out", "--json")

    assert sorted(ran.document["files"]) == ["out/in.copying.copy.bin", "out/in.copying.json"]
    assert (tmp_path / "out" / "in.copying.copy.bin").read_text() == "a plan"


def test_a_failure_names_who_is_at_fault_and_leaves_no_file(command, tmp_path: Path, video: Path) -> None:
    analytic = source(tmp_path / "failing.py", "print('so far')\nraise RuntimeError('out of luck')")

    ran = command("run", analytic, video, "--out", "out")

    assert ran.status == 1
    assert "so far" in ran.err
    assert "the job failed (ANALYTIC): The analytic failed: RuntimeError: out of luck" in ran.err
    assert not (tmp_path / "out").exists()


SPLITTABLE = """\
from voxel51.platform import SplitKind, Splitting, Video, VideoLabelsWriter, analytic


@analytic(version="1", splitting=Splitting(SplitKind.PER_FRAME))
def brightness(video: Video, labels: VideoLabelsWriter, most: int = 0) -> None:
    \"""Measure.

    Args:
        video: the video.
        most: number of the frame at which to fail.
    \"""
    for frame in video:
        if frame.number == most:
            raise ValueError("too far")
        labels.add_frame_attributes(frame, mean=round(float(frame.luma().mean()), 3))
"""


def test_a_job_in_parts_gives_the_labels_of_a_whole_job(command, tmp_path: Path, video: Path) -> None:
    split = tmp_path / "brightness.py"
    split.write_text(SPLITTABLE)

    for parts in ("1", "3"):
        assert command("run", split, video, "--parts", parts, "--out", tmp_path / parts).status == 0
    failed = command("run", split, video, "--parts", 3, "--param", "most=2", "--out", tmp_path / "failed")

    [whole], [merged] = ((tmp_path / name).iterdir() for name in ("1", "3"))
    assert merged.read_bytes() == whole.read_bytes()
    assert failed.status == 1
    assert "the job failed (ANALYTIC): part 1 of 3: " in failed.err
    assert not (tmp_path / "failed").exists()


def test_the_job_sees_nothing_but_its_source_and_inputs(command, tmp_path: Path, video: Path) -> None:
    (tmp_path / "diary.txt").write_text("private")
    analytic = source(
        tmp_path / "spying.py",
        f"""
        found = []
        for path in ({str(tmp_path / "diary.txt")!r}, {str(Path(__file__).resolve())!r}):
            try:
                found.append(Path(path).read_text())
            except OSError:
                pass
        for frame in video:
            pass
        labels = VideoLabels()
        labels.add_attributes(found=repr(found))
        return labels
        """,
    )

    ran = command("run", analytic, video)

    assert ran.status == 0, ran.err
    labels = VideoLabels.from_file(tmp_path / "in.spying.json")
    assert {each.name: each.value for each in labels.attributes}["found"] == "[]"


@pytest.mark.parametrize(
    ("name", "body", "failed", "detail"),
    [
        ("random_results", "labels.add_attributes(luck=random.random())", "equal results", "look for random numbers"),
        ("bad_labels", "labels.frame(0)", "output", "frame"),
        ("crashing", "raise OSError('no')", "run", "OSError: no"),
    ],
)
def test_a_check_finds_what_is_wrong(command, tmp_path: Path, name: str, body: str, failed: str, detail: str) -> None:
    analytic = source(
        tmp_path / f"{name}.py",
        f"labels = VideoLabels()\nfor frame in video:\n    pass\n{body}\nreturn labels",
    )

    ran = command("check", analytic, "--json")

    results = {each["name"]: each for each in ran.document}
    assert ran.status == 1
    assert [name for name, each in results.items() if not each["passed"]] == [failed]
    assert detail in results[failed]["detail"]


def test_a_check_finds_memory_that_grows_with_the_video_and_cancels(command, tmp_path: Path) -> None:
    analytic = source(
        tmp_path / "hoarding.py",
        """
        import time
        kept = []
        for frame in video:
            kept.append(frame.image())
            time.sleep(0.005)
        return VideoLabels()
        """,
    )

    ran = command("check", analytic, "--json")

    results = {each["name"]: each for each in ran.document}
    assert [name for name, each in results.items() if not each["passed"]] == ["memory"]
    assert "keep results of frames" in results["memory"]["detail"]
    assert results["cancel"]["detail"].startswith("ended when it was cancelled")


SMOOTHED = """
mean = checkpoint.load(0.0) if {loads} else 0.0
for frame in video:
    mean = 0.9 * mean + 0.1 * float(frame.luma().mean())
    checkpoint.labels.add_frame_attributes(frame, mean=round(mean, 3))
    checkpoint.save(mean)
return checkpoint.labels
"""


@pytest.mark.parametrize(
    ("loads", "detail"),
    [
        pytest.param(True, "ended after 25 of 50 checkpoints, it went on with the same bytes", id="complete"),
        pytest.param(False, "with another result: save everything that later frames depend on", id="incomplete"),
    ],
)
def test_a_check_resumes_from_a_checkpoint(command, tmp_path: Path, loads: bool, detail: str) -> None:
    arguments = "video: Video, checkpoint: Checkpoint"
    analytic = source(tmp_path / f"smoothed_{loads}.py", SMOOTHED.format(loads=loads), arguments)

    ran = command("check", analytic, "--json")

    results = {each["name"]: each for each in ran.document}
    assert (results["checkpoints"]["passed"], detail in results["checkpoints"]["detail"]) == (loads, True), results
    assert ran.status == int(not loads)


WARM = """
import os
from voxel51.platform import Video, VideoLabels, analytic

@analytic(version="1.0.0", warm=True)
class Counting:
    '''Count frames.'''

    def setup(self):
        self.seen = {seen}

    def process(self, video: Video) -> VideoLabels:
        '''Count.

        Args:
            video: the video.
        '''
        labels = VideoLabels()
        labels.add_attributes(frames=sum(1 for _ in video), seen=str(self.seen))
        return labels
"""


@pytest.mark.parametrize(
    ("seen", "is_passed", "detail"),
    [
        ("0", True, "a job on a kept setup() gave the same bytes"),
        ("'JOB_ID' in os.environ", False, "setup() must not depend on a job"),
        ("os.environ['JOB_ID']", False, "setup() failed, or took more than 60 s"),
    ],
    ids=["equal", "other-result", "fails"],
)
def test_a_check_runs_a_job_on_a_warm_process(command, tmp_path: Path, seen: str, is_passed: bool, detail: str) -> None:
    (tmp_path / "counting.py").write_text(WARM.format(seen=seen))

    ran = command("check", tmp_path / "counting.py", "--json")

    results = {each["name"]: each for each in ran.document}
    assert (results["warm"]["passed"], detail in results["warm"]["detail"]) == (is_passed, True), results


def test_a_check_finds_an_analytic_that_accepts_anything(command, tmp_path: Path) -> None:
    analytic = source(tmp_path / "careless.py", "return VideoLabels()", "video: Path")

    ran = command("check", analytic, "--json")

    assert ran.document == [
        {"name": "manifest", "passed": True, "detail": "valid"},
        {"name": "run", "passed": True, "detail": "left out: it needs other inputs than one video"},
    ]


def test_several_analytics_run_together_with_the_outputs_of_separate_runs(command, video: Path, tmp_path: Path) -> None:
    own = source(tmp_path / "numbering.py", """
        labels = VideoLabels()
        for frame in video:
            labels.add_frame_attributes(frame, number=frame.number)
        return labels
    """)  # fmt: skip
    names = ("voxel51/shot-detection", "voxel51/video-quality", own)
    for name in names:
        framewise = ["--param", "framewise=true"] if name == "voxel51/video-quality" else []
        assert command("run", name, video, "--out", "alone", *framewise).status == 0

    ran = command("run", ",".join(map(str, names)), video, "--out", "joined", "--param", "video-quality.framewise=true")

    assert (ran.status, ran.err) == (0, ran.err)
    alone = {path.name: path.read_bytes() for path in (tmp_path / "alone").iterdir()}
    assert {path.name: path.read_bytes() for path in (tmp_path / "joined").iterdir()} == alone
    assert sorted(alone) == ["in.numbering.json", "in.shot-detection.json", "in.video-quality.json"]


def test_failure_of_one_of_several_analytics_is_reported_and_the_others_are_kept(
    command, video: Path, tmp_path
) -> None:
    broken = source(tmp_path / "broken_in_the_middle.py", """
        for frame in video:
            if frame.number == 9:
                raise RuntimeError("a bug of mine")
        return VideoLabels()
    """)  # fmt: skip

    ran = command("run", f"{broken},voxel51/shot-detection", video)

    assert (ran.status, ran.out.splitlines()) == (
        1,
        ["warning: broken-in-the-middle failed: a bug of mine", "in.shot-detection.json"],
    )


@pytest.mark.parametrize(
    ("names", "error"),
    [
        ("voxel51/shot-detection,voxel51/shot-detection", "an analytic occurs twice"),
        ("voxel51/shot-detection,voxel51/best-frames", "needs the inputs video, shots"),
        ("voxel51/shot-detection,voxel51/unknown", "'voxel51/unknown' is not installed"),
    ],
)
def test_analytics_that_cannot_run_together_are_refused(command, video: Path, names: str, error: str) -> None:
    ran = command("run", names, video)

    assert ran.status == 1
    assert error in ran.err
    assert "one analytic at a time" in command("check", "voxel51/shot-detection,voxel51/video-quality").err


def test_parameters_of_several_analytics_are_checked(command, video: Path) -> None:
    ran = command("run", "voxel51/shot-detection,voxel51/video-quality", video, "--param", "framewise=true")

    assert (ran.status, "framewise" in ran.err) == (1, True)
