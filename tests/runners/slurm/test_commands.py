"""Programs of Slurm, replaced by one that writes down its arguments and prints what a test wants."""

import json
import stat
import sys
from pathlib import Path

import pytest

from voxel51.runners.resources import Resources
from voxel51.runners.slurm.commands import Placement, SlurmAway, SlurmCommands, SlurmRefused, Submission, partitions
from voxel51.runners.slurm.options import check_name, parse_options

SUBMISSION = Submission("voxel51-a-1", 2, 1, 3 * 2**30, 7200.0, ("python3", "-c", "print('$HOME; `id`')"))

_PROGRAM = """\
#!{python}
import json, os, pathlib, sys
folder = pathlib.Path({folder!r})
(folder / "call.json").write_text(json.dumps([sys.argv, dict(os.environ)]))
print((folder / "output").read_text(), end="")
print((folder / "errors").read_text(), end="", file=sys.stderr)
sys.exit(int((folder / "status").read_text()))
"""


class FakeSlurm:
    """The programs of Slurm in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.answer()
        for name in ("sbatch", "squeue", "scancel", "sinfo"):
            program = folder / name
            program.write_text(_PROGRAM.format(python=sys.executable, folder=str(folder)))
            program.chmod(program.stat().st_mode | stat.S_IXUSR)

    def answer(self, output: str = "", errors: str = "", status: int = 0) -> None:
        """Set what the programs print, and their exit status."""
        for name, text in (("output", output), ("errors", errors), ("status", str(status))):
            (self._folder / name).write_text(text)

    @property
    def call(self) -> tuple[list[str], dict[str, str]]:
        """The arguments and the environment of the last call."""
        arguments, environment = json.loads((self._folder / "call.json").read_text())
        return arguments, environment


@pytest.fixture
def slurm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeSlurm:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("VOXEL51_SERVER_DATABASE_URL", "postgresql://user:secret@host/name")
    monkeypatch.setenv("SBATCH_PARTITION", "other")
    return FakeSlurm(tmp_path)


def test_a_submission_asks_for_the_resources_and_passes_arguments_as_they_are(slurm: FakeSlurm) -> None:
    slurm.answer("17;cluster\n")

    slurm_id = SlurmCommands(Placement("gpu", "vision", ("--qos=low",))).submit(SUBMISSION)

    assert slurm_id == "17"
    arguments, environment = slurm.call
    expected = {
        "--parsable", "--job-name=voxel51-a-1", "--no-requeue", "--cpus-per-task=2", "--gres=gpu:1", "--mem=3072M",
        "--time=120", "--partition=gpu", "--account=vision", "--qos=low",
    }  # fmt: skip
    assert expected <= set(arguments)
    assert tuple(arguments[-3:]) == SUBMISSION.arguments
    assert Path(arguments[-4]).read_text().endswith('exec "$@"\n')
    assert "secret" not in str(environment)
    assert "SBATCH_PARTITION" not in environment


@pytest.mark.parametrize(
    ("errors", "expected"),
    [
        ("sbatch: error: Batch job submission failed: Unable to contact slurm controller (connect failure)", SlurmAway),
        ("sbatch: error: Batch job submission failed: Socket timed out on send/recv operation", SlurmAway),
        ("sbatch: error: Batch job submission failed: Invalid account", SlurmRefused),
    ],
)
def test_errors_tell_whether_slurm_answered(slurm: FakeSlurm, errors: str, expected: type[OSError]) -> None:
    slurm.answer(errors=errors, status=1)

    with pytest.raises(expected, match="Batch job submission failed"):
        SlurmCommands(Placement()).submit(SUBMISSION)


def test_a_missing_program_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(SlurmAway, match="sinfo could not be started: No such file"):
        partitions()


def test_only_jobs_of_the_platform_are_listed(slurm: FakeSlurm) -> None:
    slurm.answer(
        "7|RUNNING|n1|None|voxel51-a-x\n8|PENDING||Priority|voxel51-a-y\n9_1|RUNNING|n1|None|a|strange|name\n"
        "10|NODE_FAIL|n2|NodeDown|voxel51-a-z\n"
    )

    jobs = SlurmCommands(Placement()).jobs("voxel51-a-")

    assert [(job.id, job.node, job.has_ended) for job in jobs] == [
        ("7", "n1", False), ("8", "", False), ("10", "n2", True),
    ]  # fmt: skip


def test_machines_have_the_resources_of_their_partition(slurm: FakeSlurm) -> None:
    slurm.answer(
        "main*|n1|8|1024|(null)|idle\nmain*|n2|8|1024|(null)|down*\ngpu|n3|16|2048|gpu:a100:2(S:0-1),gpu:t4:1|mixed\n"
        "gpu|n4|16|2048|gpu:4|idle~\n"
    )

    default = SlurmCommands(Placement()).machines()
    named = SlurmCommands(Placement("gpu")).machines()

    assert [(machine.name, machine.is_usable) for machine in default] == [("n1", True), ("n2", False)]
    assert [machine.total for machine in named] == [
        Resources(16.0, 3.0, 2048 * 2**20), Resources(16.0, 4.0, 2048 * 2**20),
    ]  # fmt: skip
    assert all(machine.is_usable for machine in named)
    with pytest.raises(SlurmRefused, match="there is no partition night"):
        SlurmCommands(Placement("night")).machines()


@pytest.mark.parametrize(
    "text", ["--wrap=id", "--array=1-1000", "--clusters=b", "-p other", "script.sh", "--uid=0", "--qos='low"]
)
def test_options_that_change_what_runs_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="slurm_options"):
        parse_options(text)


def test_options_are_split_at_spaces() -> None:
    assert parse_options('--qos=low --comment="two words"') == ["--qos=low", "--comment=two words"]


@pytest.mark.parametrize("name", ["--wrap=id", "a b", "a;b", "$(id)", "a|b"])
def test_names_of_partitions_have_no_other_characters(name: str) -> None:
    with pytest.raises(ValueError, match="slurm_partition is"):
        check_name("slurm_partition", name)
