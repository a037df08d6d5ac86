"""Type completeness: every public name of the client has a known type, as `pyright --verifytypes` measures it.

Prints the names without a known type, and fails if there are any.
"""

import os
import subprocess
import sys
from pathlib import Path

SOURCES = Path(__file__).resolve().parents[1] / "src"
PACKAGES = ("voxel51.users", "voxel51.apps", "voxel51.wire")


def main() -> int:
    """Check each package; the exit status is 1 if one of them is incomplete."""
    incomplete = [package for package in PACKAGES if not is_complete(package)]
    return int(bool(incomplete))


def is_complete(package: str) -> bool:
    """Return whether all types of `package` are known, and print the report otherwise."""
    arguments = ["--verifytypes", package, "--ignoreexternal", "--pythonpath", sys.executable]
    done = subprocess.run(
        [sys.executable, "-m", "basedpyright", *arguments],
        cwd=SOURCES,
        # The check finds packages by this path only, not by an editable installation.
        env={**os.environ, "PYTHONPATH": str(SOURCES)},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        print(done.stdout, done.stderr)
    return done.returncode == 0


if __name__ == "__main__":
    sys.exit(main())
