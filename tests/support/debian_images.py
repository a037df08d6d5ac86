"""Base image for the images of deployments: Debian with Python, made by debootstrap, because no registry is reached."""

import platform
import shutil
import subprocess
import sys
from pathlib import Path

from support.podman import Podman
from support.requirements import require_program

_PACKAGES = "python3,python3-venv,ca-certificates"
_UNUSED = ("var/cache/apt", "var/lib/apt/lists", "usr/share/doc", "usr/share/locale", "usr/share/man")
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
"""Certificates that this machine trusts, which builds get as a secret."""


def debian_base(podman: Podman) -> str:
    """Make the image and return its tag."""
    require_program("debootstrap")
    root = podman.folder / "debian"
    try:
        command = ["debootstrap", "--variant=minbase", f"--include={_PACKAGES}", _release(), root]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"debootstrap failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}"
        for folder in _UNUSED:
            shutil.rmtree(root / folder, ignore_errors=True)
        return podman.import_folder(root, "localhost/debian:latest", {"PATH": _PATH})
    finally:
        shutil.rmtree(root, ignore_errors=True)


def _release() -> str:
    """Return the name of this machine's release of Debian, whose packages debootstrap knows."""
    return platform.freedesktop_os_release()["VERSION_CODENAME"]


def pip_configuration(folder: Path) -> Path:
    """Write pip's configuration of this machine into ``folder``, as a build gets it, and return its path."""
    done = subprocess.run([sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, check=True)
    lines = ["[global]", "timeout = 180", "cert = /run/secrets/certificates"]
    for line in done.stdout.splitlines():
        name, _, value = line.partition("=")
        option, words = name.rpartition(".")[2], value.strip("'").split()
        reachable = [word for word in words if not word.startswith("file:")]
        if option in {"index-url", "extra-index-url", "trusted-host"} and reachable:
            lines.append(f"{option} = {' '.join(reachable)}")
    path = folder / "pip.conf"
    path.write_text("\n".join(lines) + "\n")
    return path
