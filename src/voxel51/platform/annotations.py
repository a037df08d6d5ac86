"""Annotations of an analytic's arguments: value ranges, types of files, and output files."""

from dataclasses import dataclass


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
