"""Video of the demo: the given file, or a street scene that is downloaded once."""

from pathlib import Path

from demo.failure import DemoFailed
from footage.fetch import FootageUnavailable, fetch

DEFAULT_CLIP = "bikes.mp4"


def find_video(given: Path | None) -> Path:
    """Return the video to analyse: ``given``, or the street scene, downloaded if necessary.

    Raises:
        DemoFailed: the file does not exist, or the download failed.
    """
    if given is None:
        try:
            return fetch() / DEFAULT_CLIP
        except FootageUnavailable as error:
            raise DemoFailed(f"{error}. Name another video: make demo VIDEO=path") from None
    if not given.is_file():
        raise DemoFailed(f"file not found: {str(given)!r}. Name a video: make demo VIDEO=path")
    return given
