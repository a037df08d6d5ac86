"""Pictures and players for notebooks. The notebook contains their bytes, so it shows them without the platform."""

import base64
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape
from pathlib import Path

MAX_PLAYER_BYTES = 30_000_000
"""Size of the largest video that becomes a part of a notebook."""

_PNG = b"\x89PNG"


@dataclass(frozen=True, slots=True)
class Picture:
    """Picture, JPEG or PNG. Notebooks show it.

    Attributes:
        content: the bytes of its file.
        title: a description, for those who do not see it.
    """

    content: bytes = field(repr=False)
    title: str

    @property
    def media_type(self) -> str:
        """Media type of the file."""
        return "image/png" if self.content.startswith(_PNG) else "image/jpeg"

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the picture to a file."""
        Path(path).write_bytes(self.content)

    def _repr_mimebundle_(self, **_options: object) -> Mapping[str, str]:
        """Return the picture in notebooks, and its title as text."""
        return {self.media_type: base64.b64encode(self.content).decode(), "text/plain": repr(self)}


@dataclass(frozen=True, slots=True)
class Player:
    """Player of a video in MP4.

    Attributes:
        content: the bytes of the video.
        width: width in pixels.

    Raises:
        ValueError: the video is too large for a notebook.
    """

    content: bytes = field(repr=False)
    width: int = 640

    def __post_init__(self) -> None:
        if len(self.content) > MAX_PLAYER_BYTES:
            raise ValueError(
                f"the video has {len(self.content)} bytes, too many for a notebook, which takes {MAX_PLAYER_BYTES}; "
                "save it with download_job_rendition(job_id, 'annotated')"
            )

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the video to a file."""
        Path(path).write_bytes(self.content)

    def _repr_html_(self) -> str:
        """Return the player in notebooks."""
        source = f"data:video/mp4;base64,{base64.b64encode(self.content).decode()}"
        return f'<video controls muted loop playsinline width="{escape(str(self.width))}" src="{source}"></video>'
