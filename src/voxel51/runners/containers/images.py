"""Images in the engine: load each archive once, and remove those least used when all together exceed a limit.

The hash of an archive is the tag of its image in a repository of ours, so a later server finds what an earlier one has
loaded. When an image was last used is the modification time of an empty file named by the hash.
"""

import logging
import threading
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from voxel51.runners.containers.engine import ContainerEngine, EngineRefused
from voxel51.runners.containers.image_archive import InvalidArchive, pieces_of
from voxel51.runners.programs import StoredFile

logger = logging.getLogger(__name__)

REPOSITORY = "localhost/voxel51-analytic"


class ImageStore:
    """The images of uploaded analytics in one engine.

    Args:
        engine: the engine.
        folder: folder for the times of last use.
        most_bytes: limit of all images together; those in use are never removed. Layers that images share count for
            each.
    """

    def __init__(self, engine: ContainerEngine, folder: Path, most_bytes: int) -> None:
        self._engine = engine
        self._folder = folder
        self._most_bytes = most_bytes
        self._lock = threading.Lock()
        self._loading: dict[str, threading.Lock] = defaultdict(threading.Lock)
        self._in_use: Counter[str] = Counter()

    @contextmanager
    def use(self, image: StoredFile, is_wanted: Callable[[], bool] = lambda: True) -> Iterator[str]:
        """Load the image unless the engine has it, and keep it while the context lasts; yields its name.

        Raises:
            OSError: the engine or the platform does not answer, or ``is_wanted`` returned False meanwhile.
            InvalidArchive: the archive is not an image that the engine can load.
        """
        with self._lock:
            self._in_use[image.sha256] += 1
            loading = self._loading[image.sha256]
        try:
            with loading:
                if image.sha256 not in self._engine.image_sizes(REPOSITORY):
                    self._load(image, is_wanted)
            self._touch(image.sha256)
            yield f"{REPOSITORY}:{image.sha256}"
        finally:
            with self._lock:
                self._in_use[image.sha256] -= 1

    def collect_garbage(self) -> None:
        """Remove the images that were not used for the longest time, until the rest fits the limit."""
        sizes = self._engine.image_sizes(REPOSITORY)
        total = sum(sizes.values())
        for sha256 in sorted(sizes, key=self._last_use):
            if total <= self._most_bytes:
                return
            with self._lock:
                is_used = bool(self._in_use[sha256])
            if not is_used:
                logger.info("removing the container image %s: not used for the longest time", sha256[:12])
                self._engine.remove_image(f"{REPOSITORY}:{sha256}")
                (self._folder / sha256).unlink(missing_ok=True)
                total -= sizes[sha256]

    def _load(self, image: StoredFile, is_wanted: Callable[[], bool]) -> None:
        name = f"{REPOSITORY}:{image.sha256}"
        failure: list[Exception] = []
        try:
            answer = self._engine.load(_noting(failure, pieces_of(image, name, self._most_bytes, is_wanted)))
        except OSError as error:
            # The engine reports an archive that ends too early; what ended it is the reason.
            self._engine.remove_image(name)
            if failure:
                raise failure[0] from None
            if isinstance(error, EngineRefused):
                raise InvalidArchive(str(error)) from None
            raise
        if image.sha256 not in self._engine.image_sizes(REPOSITORY):
            raise InvalidArchive(f"the container engine loaded no image: {' '.join(answer)[:300] or 'no reason given'}")
        self.collect_garbage()

    def _touch(self, sha256: str) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        (self._folder / sha256).touch()

    def _last_use(self, sha256: str) -> float:
        try:
            return (self._folder / sha256).stat().st_mtime
        except OSError:
            return 0.0


def _noting(failure: list[Exception], pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Yield the pieces, and note the error that ends them before the library of the engine wraps it."""
    try:
        yield from pieces
    except Exception as error:
        failure.append(error)
        raise
