"""Bundles for tests: archives of the sample analytics and of texts, served by a `JobPlatform`."""

import hashlib
import io
import tarfile
from pathlib import Path

from samples.installed import ENTRIES, SAMPLES
from samples.platform import JobPlatform
from voxel51.runners.programs import BundleProgram, StoredFile


def archive(files: dict[str, bytes]) -> bytes:
    """Return a tar file, compressed by gzip, with these files."""
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as tar:
        for name, text in files.items():
            information = tarfile.TarInfo(name)
            information.size = len(text)
            tar.addfile(information, io.BytesIO(text))
    return content.getvalue()


def bundle(platform: JobPlatform, files: dict[str, bytes], module: str, lock: str = "") -> BundleProgram:
    """Let the platform serve a source with these files, and return its program."""
    content = archive(files)
    sha256 = hashlib.sha256(content).hexdigest()
    platform.files[f"bundles/{sha256}"] = (content, None)
    return BundleProgram(StoredFile(f"{platform.url}/bundles/{sha256}", sha256, len(content)), module, lock)


def sample_bundle(platform: JobPlatform, name: str) -> BundleProgram:
    """Return the program of a bundle with the sample analytic ``name``."""
    project = f"[project.entry-points.'voxel51.analytics']\n'samples/{name}' = '{ENTRIES[name]}'\n"
    modules = {f"samples/{path.name}": path.read_bytes() for path in Path(SAMPLES, "samples").glob("*.py")}
    return bundle(platform, {"pyproject.toml": project.encode(), **modules}, ".")
