"""Which video the demo runs on."""

from pathlib import Path

from demo.failure import DemoFailed
from footage.fetch import FootageUnavailable, fetch

DEFAULT_CLIP = "bikes.mp4"


def find_video(given: Path | None) -> Path:
    """The video to analyse: ``given``, or the street scene, fetched if it is not here yet.

    Raises:
        DemoFailed: it is not there.
    """
    if given is None:
        try:
            return fetch() / DEFAULT_CLIP
        except FootageUnavailable as error:
            raise DemoFailed(f"{error}. Give a video of your own: make demo VIDEO=path") from None
    if not given.is_file():
        raise DemoFailed(f"there is no file {str(given)!r}; give the path of a video: make demo VIDEO=path")
    return given
