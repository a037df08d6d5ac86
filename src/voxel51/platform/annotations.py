"""Annotations of an analytic's arguments: value ranges, types of files, output files, and secrets."""

from dataclasses import dataclass
from typing import Annotated


@dataclass(frozen=True, slots=True)
class Range:
    """Valid range of a number, both ends included: ``threshold: Annotated[float, Range(0, 1)] = 0.5``.

    Without one of the ends, the range is open on that side.
    """

    minimum: float | None = None
    maximum: float | None = None


@dataclass(frozen=True, slots=True)
class InputFile:
    """Input that is any file: ``plan: Annotated[Path, InputFile("types.Image")]``. The analytic gets a local path.

    ``type`` is a class name of the label library, such as ``types.Image``, ``types.JSONFile`` or ``types.ZipFile``.
    """

    type: str = "types.File"


@dataclass(frozen=True, slots=True)
class OutputFile:
    """Output that the analytic writes itself: ``redacted: Annotated[Path, OutputFile("redacted.mp4", "types.Video")]``.

    The analytic gets the path to write to. With ``as_data``, the file becomes data of the job's owner.
    """

    filename: str
    type: str = "types.File"
    as_data: bool = False


@dataclass(frozen=True, slots=True)
class SecretValue:
    """Note of `Secret`."""


Secret = Annotated[str, SecretValue()]
"""Secret of the job's owner, such as the key of another service: ``hub_token: Secret``. The analytic gets its text.

The owner stores the secret under the name of the argument and grants it to the analytic. In a local run, it is the
environment variable with the name in upper case.
"""
