"""Installation: make a virtual environment with this project and the pinned packages in it.

    python .ci/install.py [--empty] FOLDER      make FOLDER again with the platform in it; with --empty, only pip and uv
    python .ci/install.py --dev FOLDER          add the tools for development to the environment in FOLDER

Runs on the standard library of the Python that the environment is made from. Packages are installed by uv, which needs
a tenth of pip's time; it is taken from the path, else installed into the environment. Where uv cannot be had or fails,
pip installs the same pins. uv is told the package index that pip is set up for.
"""

import argparse
import ast
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
INSTALLER_LOCK = ROOT / ".ci" / "installer.txt"
PLATFORM_LOCK = ROOT / "requirements.txt"
DEVELOPMENT_LOCK = ROOT / "requirements-dev.txt"
IMPORTED_TOGETHER = (("voxel51.server", "voxel51.cli", "voxel51.users"), ("voxel51.analytics", "voxel51.labels"))
"""Packages whose modules are compiled, by one process for each group."""

UV_SETTINGS = {
    "index-url": "UV_DEFAULT_INDEX",
    "extra-index-url": "UV_INDEX",
    "find-links": "UV_FIND_LINKS",
    "trusted-host": "UV_INSECURE_HOST",
    "cert": "SSL_CERT_FILE",
}
"""Setting of pip -> the variable of uv with the same meaning."""


class InstallationFailed(Exception):
    """The environment could not be made. The text is one line that says what is missing."""


def main(arguments: list[str]) -> int:
    """Install what ``arguments`` ask for; return the exit code."""
    parser = argparse.ArgumentParser(prog="python .ci/install.py", description="Set up a virtual environment.")
    parser.add_argument("--empty", action="store_true", help="install pip and uv only")
    parser.add_argument("--dev", action="store_true", help="add the tools for development to an existing environment")
    parser.add_argument("folder", type=Path)
    options = parser.parse_args(arguments)
    environment = Environment(options.folder.absolute())
    try:
        if options.dev:
            environment.add_development_tools()
        else:
            environment.make()
            if not options.empty:
                environment.add_platform()
    except (InstallationFailed, subprocess.CalledProcessError) as error:
        print(f"Installation failed: {error}", file=sys.stderr)
        return 1
    return 0


class Environment:
    """A virtual environment in ``folder``."""

    def __init__(self, folder: Path) -> None:
        self.python = folder / "bin" / "python"
        self._folder = folder
        self._started = time.monotonic()

    def make(self) -> None:
        """Make the environment, replacing an earlier one, with pip and, if it can be had, uv."""
        self._report(f"virtual environment of Python {sys.version.split()[0]} in {self._folder.name}")
        shutil.rmtree(self._folder, ignore_errors=True)
        # Without pip: ensurepip alone takes longer than everything that uv does.
        _run(sys.executable, "-m", "venv", "--without-pip", self._folder)
        lock = ("--requirement", INSTALLER_LOCK)
        if uv := shutil.which("uv"):
            _run(uv, "pip", "install", "--quiet", "--python", self.python, "pip")
        elif _succeeds(sys.executable, "-c", "import pip"):
            pip = (sys.executable, "-m", "pip", "--python", self.python, "install", "--quiet", "--no-deps")
            if not _succeeds(*pip, "--require-hashes", *lock):
                _run(*pip, "pip")
        elif _succeeds(sys.executable, "-c", "import ensurepip"):
            _run(sys.executable, "-m", "venv", self._folder)
            _succeeds(self.python, "-m", "pip", "install", "--quiet", "--no-deps", "--require-hashes", *lock)
        else:
            raise InstallationFailed(
                f"{sys.executable} has neither pip nor ensurepip. Debian: apt install python3-venv"
            )

    def add_platform(self) -> None:
        """Install the pinned packages of the platform and this project, and compile them."""
        self._report("packages of the platform (requirements.txt)")
        self._install("--require-hashes", "--requirement", PLATFORM_LOCK)
        self._report("this project, editable")
        self._install("--editable", ROOT)
        self._report("compiled modules")
        self._compile()
        self._report("ready")

    def add_development_tools(self) -> None:
        """Install the pinned packages that development needs in addition."""
        self._report("tools for development (requirements-dev.txt)")
        self._install("--require-hashes", "--requirement", DEVELOPMENT_LOCK)
        if os.environ.get("PYTHONDONTWRITEBYTECODE"):
            # Otherwise Python compiles these files when it first imports them.
            self._report("compiled modules")
            _succeeds(self.python, "-m", "compileall", "-qq", "-j", "0", self._folder / "lib")
        self._report("ready")

    def _install(self, *arguments: str | Path) -> None:
        uv = shutil.which("uv") or shutil.which("uv", path=str(self.python.parent))
        if uv is not None:
            command = (uv, "pip", "install", "--python", self.python, "--no-deps", *arguments)
            if _succeeds(*command, environment=self._uv_environment(), quiet=False):
                return
            print("uv could not install them; pip tries.", file=sys.stderr)
        _run(self.python, "-m", "pip", "install", "--no-deps", "--no-compile", *arguments)

    def _uv_environment(self) -> Mapping[str, str]:
        """Return variables that give uv the index and the certificates that pip is set up for."""
        done = subprocess.run([self.python, "-m", "pip", "config", "list"], capture_output=True, text=True, check=False)
        return {**uv_settings(done.stdout), **os.environ}

    def _compile(self) -> None:
        """Import every module once, so that Python keeps it compiled.

        Jobs run where they cannot write to the environment: without this, each of them would compile its own imports.
        """
        variables = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        command = (self.python, ROOT / ".ci" / "import_all.py")
        running = [subprocess.Popen([*command, *group], env=variables) for group in IMPORTED_TOGETHER]
        for process in running:
            process.wait()

    def _report(self, step: str) -> None:
        print(f"[{time.monotonic() - self._started:5.1f} s] {step}", flush=True)


def uv_settings(pip_config: str) -> dict[str, str]:
    """Return the variables of uv for what ``pip config list`` printed; the last of several values is in force."""
    # The hashes decide which file is right, so it may come from any index.
    settings = {"UV_INDEX_STRATEGY": "unsafe-best-match"}
    for line in pip_config.splitlines():
        name, _, value = line.partition("=")
        if variable := UV_SETTINGS.get(name.rpartition(".")[2]):
            settings[variable] = " ".join(str(ast.literal_eval(value)).split())
    return settings


def _run(*command: str | Path) -> None:
    """Run a command, with its output shown; raise CalledProcessError if it fails."""
    subprocess.run(command, check=True)


def _succeeds(*command: str | Path, environment: Mapping[str, str] | None = None, quiet: bool = True) -> bool:
    """Run a command and return whether it succeeded."""
    done = subprocess.run(command, env=environment, capture_output=quiet, check=False)
    return done.returncode == 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
