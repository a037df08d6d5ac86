"""Lock files: pin every dependency, with hashes.

Writes ``requirements.txt`` (the platform, all extras), ``requirements-dev.txt`` (what development adds to it) and
``.ci/installer.txt`` (pip and uv). All come from one resolution, so they fit together. No file names an index.
"""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
UV = Path(sys.executable).with_name("uv")
OPTIONS = ("--universal", "--python-version", "3.11", "--generate-hashes",
           "--no-emit-index-url", "--no-annotate", "--no-header", "--quiet")  # fmt: skip
PROJECT = ("--extra", "all", "pyproject.toml")
INSTALLER = "pip\nuv\n"
_PIN = re.compile(r"^[a-z0-9][^\n]*\n(?: +--hash[^\n]*\n)*", re.MULTILINE)


def main() -> None:
    """Resolve and write the three files. Pins that still fit are kept; delete a file to update its pins."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        everything, platform = folder / "everything.txt", folder / "platform.txt"
        known = [ROOT / each for each in ("requirements.txt", "requirements-dev.txt", ".ci/installer.txt")]
        pins = (pin for each in known if each.exists() for pin in _PIN.findall(each.read_text()))
        everything.write_text("".join(dict.fromkeys(pins)))
        compile_lock(*PROJECT, "--group", "dev", "--output-file", everything)
        compile_lock(*PROJECT, "--constraint", everything, "--output-file", platform)
        installer = folder / "installer.in"
        installer.write_text(INSTALLER)
        compile_lock(installer, "--constraint", everything, "--output-file", folder / "installer.txt")
        (ROOT / "requirements.txt").write_text(platform.read_text())
        (ROOT / "requirements-dev.txt").write_text(added(everything.read_text(), platform.read_text()))
        (ROOT / ".ci" / "installer.txt").write_text((folder / "installer.txt").read_text())


def compile_lock(*arguments: str | Path) -> None:
    """Run ``uv pip compile`` with the options that all locks share."""
    subprocess.run([UV, "pip", "compile", *OPTIONS, *arguments], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)


def added(everything: str, platform: str) -> str:
    """Return the pins of ``everything`` that ``platform`` does not have."""
    present = set(_PIN.findall(platform))
    return "".join(pin for pin in _PIN.findall(everything) if pin not in present)


if __name__ == "__main__":
    main()
