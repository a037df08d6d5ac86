"""Base images for tests of containers, made of this machine's interpreter, shell and libraries.

Tests reach no registry, so what a Dockerfile takes as ``ARG BASE`` is built here: Python with pip, bash, the usual
commands, curl, and Debian's certificates. The image has the wheel of this project in a folder that its pip searches
instead of an index, so the Dockerfiles of the examples install the project as they would from PyPI.
"""

import importlib.metadata
import re
import shutil
import stat
import subprocess
import sys
import sysconfig
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path

from demo.unpacked_wheel import ROOT
from support.podman import Podman

COMMANDS = (
    "basename", "bash", "cat", "chmod", "cp", "curl", "cut", "date", "dd", "df", "dirname", "env", "false", "find",
    "grep", "head", "id", "ln", "ls", "mkdir", "mkfifo", "mktemp", "mv", "printenv", "pwd", "rm", "sed", "seq", "sleep",
    "sort", "stat", "tail", "tee", "test", "touch", "tr", "true", "uname", "wc",
)  # fmt: skip
"""Commands of the images; ``sh`` is bash."""

LIGHT = ("pip", "tabulate", "argcomplete")
"""Distributions that the bare wheel needs."""
WITH_LABELS = (*LIGHT, "numpy", "opencv-python-headless", "ijson", "av", "anyascii")
"""Distributions that the extra ``labels`` needs."""
WITH_SDK = (*WITH_LABELS, "docstring-parser")
"""Distributions that the extra ``sdk`` needs."""

_LIBRARY = re.compile(r"(?:=>\s*)?(/\S+) \(0x")
_NOT_COPIED = ("test", "tests", "idlelib", "tkinter", "turtledemo", "ensurepip", "site-packages", "dist-packages",
               "config-*", "EXTERNALLY-MANAGED")  # fmt: skip
_VARIABLES = {
    "PATH": "/usr/local/bin:/usr/bin",
    "PIP_NO_INDEX": "1",
    "PIP_FIND_LINKS": "/wheels",
    "PIP_ROOT_USER_ACTION": "ignore",
    "PIP_DISABLE_PIP_VERSION_CHECK": "1",
}


@cache
def base_image(podman: Podman, distributions: Sequence[str] = LIGHT) -> str:
    """Return the tag of a base image that has these ``distributions`` installed; built once per run and selection."""
    root = podman.folder / f"base-{len(distributions)}"
    _make_folders(root)
    _copy_commands(root)
    _copy_python(root)
    site = _site_packages(root)
    for name in distributions:
        _copy_distribution(name, site)
    _copy_libraries(root, [*root.glob("usr/**/bin/*"), *root.rglob("*.so"), *root.rglob("*.so.*")])
    shutil.copytree(_wheels(podman), root / "wheels")
    tag = podman.import_folder(root, f"localhost/test-base-{len(distributions)}:latest", _VARIABLES)
    shutil.rmtree(root)
    return tag


def _make_folders(root: Path) -> None:
    for folder in ("usr/bin", "usr/lib", "usr/lib64", "usr/local/bin", "etc", "root", "var/log", "proc", "sys", "dev"):
        (root / folder).mkdir(parents=True)
    for folder in ("tmp", "var/tmp"):
        (root / folder).mkdir()
        (root / folder).chmod(0o1777)
    for link in ("bin", "lib", "lib64"):
        (root / link).symlink_to(f"usr/{link}")
    (root / "etc/passwd").write_text("root:x:0:0:root:/root:/bin/bash\nnobody:x:65534:65534::/:/bin/false\n")
    (root / "etc/group").write_text("root:x:0:\nnogroup:x:65534:\n")
    (root / "etc/nsswitch.conf").write_text("hosts: files dns\n")
    certificates = Path("/etc/ssl/certs/ca-certificates.crt")
    if certificates.is_file():
        (root / "etc/ssl/certs").mkdir(parents=True)
        shutil.copy(certificates, root / "etc/ssl/certs")


def _copy_commands(root: Path) -> None:
    for name in COMMANDS:
        path = shutil.which(name, path="/usr/bin:/bin")
        assert path is not None, f"this machine has no command {name}"
        shutil.copy(Path(path).resolve(), root / "usr/bin" / name)
    (root / "usr/bin/sh").symlink_to("bash")


def _copy_python(root: Path) -> None:
    """Copy the interpreter and its standard library into ``/usr/local``."""
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    local = root / "usr/local"
    shutil.copy(Path(sys.executable).resolve(), local / "bin" / version)
    for link in ("python3", "python"):
        (local / "bin" / link).symlink_to(version)
    shutil.copytree(
        sysconfig.get_path("stdlib"),
        local / "lib" / version,
        symlinks=True,
        ignore=shutil.ignore_patterns(*_NOT_COPIED),
    )
    pip = local / "bin/pip"
    pip.write_text("#!/usr/local/bin/python3\nimport sys\nfrom pip._internal.cli.main import main\nsys.exit(main())\n")
    pip.chmod(pip.stat().st_mode | stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)


def _site_packages(root: Path) -> Path:
    """Return the folder for packages; Debian's interpreter has its own name for it."""
    is_of_debian = "posix_local" in sysconfig.get_scheme_names()
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    folder = root / "usr/local/lib" / version / ("dist-packages" if is_of_debian else "site-packages")
    folder.mkdir(parents=True)
    return folder


def _copy_distribution(name: str, site: Path) -> None:
    distribution = importlib.metadata.distribution(name)
    for file in distribution.files or ():
        if ".." in file.parts or file.suffix == ".pyc":  # scripts, and what other interpreters compiled
            continue
        target = site / file
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(Path(str(distribution.locate_file(file))), target)


def _copy_libraries(root: Path, programs: Iterable[Path]) -> None:
    """Copy the libraries that ``programs`` load from this machine, into a folder that the loader searches."""
    files = [str(path) for path in programs if path.is_file() and not path.is_symlink()]
    listed = subprocess.run(["ldd", *files], capture_output=True, text=True, check=False).stdout
    folder = root / "usr/lib" / (sysconfig.get_config_var("MULTIARCH") or "")
    folder.mkdir(exist_ok=True)
    for path in {Path(found) for found in _LIBRARY.findall(listed)}:
        if root in path.parents:  # a library that its wheel brings
            continue
        is_loader = path.name.startswith("ld-")
        shutil.copy(path.resolve(), root / "usr/lib64" / path.name if is_loader else folder / path.name)


@cache
def _wheels(podman: Podman) -> Path:
    """Return a folder with the wheel of this project; built once per run."""
    folder = podman.folder / "wheels"
    subprocess.run([sys.executable, "-m", "uv", "build", "--quiet", "--wheel", "--out-dir", folder, ROOT], check=True)
    return folder
