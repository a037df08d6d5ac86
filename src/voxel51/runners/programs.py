"""Programs: the code that an attempt runs, as plain data, so that any runner on any machine can execute it."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class StoredFile:
    """File that a runner fetches before it starts an attempt, and may keep for later ones.

    Attributes:
        url: signed link at the address at which jobs reach the platform. It expires, so it does not identify the file.
        sha256: hash of the content, in hexadecimal digits; identifies the file.
        size_bytes: size of the content.
    """

    url: str
    sha256: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class PackageProgram:
    """Analytic that the runner's interpreter can import.

    Attributes:
        entry_point: ``<owner>/<name>`` in the entry point group ``voxel51.analytics``, or the absolute path of a Python
            file or project folder with an analytic.
        module_folders: folders of this machine that the attempt reads, and searches for modules after those of its
            interpreter.
    """

    entry_point: str
    module_folders: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class BundleProgram:
    """Analytic whose source was uploaded, in an environment of its own.

    Attributes:
        source: archive of the project folder.
        module: path of the Python file or folder with the analytic, below the root of the archive.
        lock: its pinned requirements with hashes, one per line, as pip and uv read them; empty for none.
    """

    source: StoredFile
    module: str
    lock: str


@dataclass(frozen=True, slots=True)
class ImageProgram:
    """Container image.

    Attributes:
        image: archive of the image, in Docker's or the OCI's format, perhaps compressed.
        processor: what the image was made for.
        is_image_to_video: whether it reads frames from a folder, instead of a task from the platform.
    """

    image: StoredFile
    processor: Literal["CPU", "GPU"]
    is_image_to_video: bool


Program = PackageProgram | BundleProgram | ImageProgram
