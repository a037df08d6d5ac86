"""Arguments of an analytic: what each one declares in the manifest, and the value that it gets in a job."""

import enum
import json
import typing
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, cast

from voxel51.labels.field_types import JsonValue
from voxel51.labels.video import VideoLabels
from voxel51.labels.writer import VideoLabelsWriter
from voxel51.platform.annotations import InputFile, OutputFile, Range, SecretValue
from voxel51.platform.checkpoint import Checkpoint
from voxel51.platform.errors import InvalidAnalytic
from voxel51.platform.job import Job
from voxel51.platform.job_labels import LABELS_OUTPUT, job_labels
from voxel51.platform.labels_input import input_labels
from voxel51.platform.signature import NO_DEFAULT, Argument
from voxel51.platform.video import Video, input_video
from voxel51.wire.analytics import AnalyticInput, AnalyticOutput, AnalyticParameter, ParameterRange


@dataclass(slots=True)
class Declarations:
    """Parts of a manifest that the arguments and the result declare."""

    inputs: list[AnalyticInput] = field(default_factory=list)
    parameters: list[AnalyticParameter] = field(default_factory=list)
    outputs: list[AnalyticOutput] = field(default_factory=list)
    ranges: dict[str, ParameterRange] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict)


class JobArgument(Protocol):
    """Argument that gets its value from a job."""

    @property
    def name(self) -> str:
        """Name of the argument, and of the input, parameter or output that it stands for."""

    def declare(self, manifest: Declarations) -> None:
        """Add what the argument stands for to the manifest."""

    def value(self, job: Job, opened: ExitStack) -> object:
        """Return the value in ``job``. Files that it needs are closed with ``opened``."""


def job_argument(argument: Argument) -> JobArgument:
    """Return what ``argument`` stands for in a job, by its annotation.

    Raises:
        InvalidAnalytic: the annotation is not supported, or the description is missing.
    """
    if argument.type is Job:
        return _WholeJob(argument.name)
    if argument.type is Checkpoint:
        return _JobCheckpoint(argument.name)
    if argument.type is VideoLabelsWriter:
        return _LabelsOutput(argument.name, argument)
    if not argument.description:
        fix = f"Add '{argument.name}: …' to the section 'Args:' of the docstring"
        raise InvalidAnalytic(argument.place, f"argument {argument.name!r} is not described. {fix}")
    if argument.type in (Video, VideoLabels):
        return (_VideoInput if argument.type is Video else _LabelsInput)(argument.name, argument)
    if any(isinstance(note, SecretValue) for note in argument.notes):
        return _Secret(argument.name, argument)
    return _file(argument) or _Parameter(argument.name, argument, *_kind_of_parameter(argument))


def _file(argument: Argument) -> JobArgument | None:
    """Return the input or output file that an argument stands for; None if it is a parameter."""
    files = [note for note in argument.notes if isinstance(note, InputFile | OutputFile)]
    note = files[0] if files else InputFile() if argument.type is Path else None
    if isinstance(note, OutputFile):
        return _FileOutput(argument.name, argument, note)
    return None if note is None else _FileInput(argument.name, argument, note.type)


@dataclass(frozen=True, slots=True)
class _VideoInput:
    name: str
    argument: Argument

    def declare(self, manifest: Declarations) -> None:
        manifest.inputs.append(_input(self.argument, "types.Video"))

    def value(self, job: Job, opened: ExitStack) -> Video | None:
        return opened.enter_context(input_video(job, self.name)) if self.name in job.inputs else None


@dataclass(frozen=True, slots=True)
class _LabelsInput:
    name: str
    argument: Argument

    def declare(self, manifest: Declarations) -> None:
        manifest.inputs.append(_input(self.argument, "types.VideoLabels"))

    def value(self, job: Job, opened: ExitStack) -> VideoLabels | None:  # noqa: ARG002  (other arguments open files)
        return input_labels(job, self.name)


@dataclass(frozen=True, slots=True)
class _FileInput:
    name: str
    argument: Argument
    type: str

    def declare(self, manifest: Declarations) -> None:
        manifest.inputs.append(_input(self.argument, self.type))

    def value(self, job: Job, opened: ExitStack) -> Path | None:  # noqa: ARG002  (other arguments open files)
        return job.inputs.get(self.name)


@dataclass(frozen=True, slots=True)
class _FileOutput:
    name: str
    argument: Argument
    file: OutputFile

    def declare(self, manifest: Declarations) -> None:
        file = self.file
        manifest.outputs.append(
            output(self.name, file.type, file.filename, self.argument.description, as_data=file.as_data)
        )

    def value(self, job: Job, opened: ExitStack) -> Path:  # noqa: ARG002  (other arguments open files)
        return job.output(self.name)


@dataclass(frozen=True, slots=True)
class _LabelsOutput:
    name: str
    argument: Argument

    def declare(self, manifest: Declarations) -> None:
        manifest.outputs.append(labels_output(self.argument.description))

    def value(self, job: Job, opened: ExitStack) -> VideoLabelsWriter:
        return opened.enter_context(job_labels(job, next(iter(job.filenames.values()), None)))


@dataclass(frozen=True, slots=True)
class _Secret:
    name: str
    argument: Argument

    def declare(self, manifest: Declarations) -> None:
        if self.argument.default is not NO_DEFAULT:
            text = f"the secret {self.name!r} must not have a default"
            raise InvalidAnalytic(self.argument.place, f"{text}. Its owner stores the value")
        manifest.secrets[self.name] = self.argument.description

    def value(self, job: Job, opened: ExitStack) -> str:  # noqa: ARG002  (other arguments open files)
        return job.secret(self.name)


@dataclass(frozen=True, slots=True)
class _WholeJob:
    name: str

    def declare(self, manifest: Declarations) -> None:
        """Declare nothing: the job is always there."""

    def value(self, job: Job, opened: ExitStack) -> Job:  # noqa: ARG002  (other arguments open files)
        return job


@dataclass(frozen=True, slots=True)
class _JobCheckpoint:
    name: str

    def declare(self, manifest: Declarations) -> None:
        """Declare nothing: every job has one."""

    def value(self, job: Job, opened: ExitStack) -> Checkpoint:  # noqa: ARG002  (other arguments open files)
        return job.checkpoint


@dataclass(frozen=True, slots=True)
class _Parameter:
    name: str
    argument: Argument
    type: str
    choices: tuple[JsonValue, ...]
    convert: Callable[[JsonValue], object]

    def declare(self, manifest: Declarations) -> None:
        argument, default = self.argument, _plain(self.argument.default)
        has_default = argument.default is not NO_DEFAULT and default is not None
        limits = _limits(argument, self.choices)
        if limits:
            manifest.ranges[self.name] = limits
        declared = {
            "name": self.name,
            "type": self.type,
            "description": argument.description,
            "placeholder": _placeholder(default if has_default else _example(self.type, limits)),
            "required": argument.default is NO_DEFAULT,
        }
        manifest.parameters.append(cast("AnalyticParameter", declared | ({"default": default} if has_default else {})))

    def value(self, job: Job, opened: ExitStack) -> object:  # noqa: ARG002  (other arguments open files)
        given = job.parameters.get(self.name)
        return None if given is None else self.convert(given)


_PLAIN_TYPES: Mapping[object, str] = {
    float: "types.Number",
    int: "types.Integer",
    bool: "types.Boolean",
    str: "types.String",
    list: "types.Array",
    dict: "types.Object",
}


def _kind_of_parameter(argument: Argument) -> tuple[str, tuple[JsonValue, ...], Callable[[JsonValue], object]]:
    """Return the wire type of a parameter, its choices if it has any, and the conversion to the annotated type."""
    kind, origin = argument.type, typing.get_origin(argument.type)
    if origin is typing.Literal:
        choices = typing.get_args(kind)
        return _type_of_all(choices, argument), choices, _unchanged
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        values = tuple(member.value for member in kind)
        return _type_of_all(values, argument), values, kind
    if origin is list and typing.get_origin(typing.get_args(kind)[0]) is typing.Literal:
        return "types.Array", typing.get_args(typing.get_args(kind)[0]), _unchanged
    plain = _PLAIN_TYPES.get(origin or kind)
    if plain is None:
        shown = getattr(kind, "__name__", None) or str(kind)
        text = (
            f"argument {argument.name!r} has the annotation {shown}, which no parameter can have. Use Video, Path, "
            "bool, int, float, str, list, dict, Literal, an Enum, Secret, or Annotated with Range, InputFile or "
            "OutputFile"
        )
        raise InvalidAnalytic(argument.place, text)
    return plain, (), float if kind is float else _unchanged


def _type_of_all(values: tuple[object, ...], argument: Argument) -> str:
    kinds = {_PLAIN_TYPES.get(type(value)) for value in values}
    if len(kinds) != 1 or None in kinds:
        raise InvalidAnalytic(argument.place, f"the choices of argument {argument.name!r} must all have one plain type")
    return str(kinds.pop())


def _unchanged(value: JsonValue) -> JsonValue:
    return value


def _plain(value: object) -> JsonValue:
    return value.value if isinstance(value, enum.Enum) else value


def _limits(argument: Argument, choices: tuple[JsonValue, ...]) -> ParameterRange:
    limits: ParameterRange = {"choices": [*choices]} if choices else {}
    for note in argument.notes:
        if isinstance(note, Range):
            if (typing.get_origin(argument.type) or argument.type) not in (int, float, list):
                text = f"argument {argument.name!r} has a Range, which only numbers and lists of them can have"
                raise InvalidAnalytic(argument.place, f"{text}. Annotate it with int or float, or leave out Range")
            if note.minimum is not None:
                limits["minimum"] = note.minimum
            if note.maximum is not None:
                limits["maximum"] = note.maximum
    return limits


_EXAMPLES: Mapping[str, JsonValue] = {
    "types.Boolean": True,
    "types.String": "text",
    "types.Array": [],
    "types.Object": {},
}


def _example(kind: str, limits: ParameterRange) -> JsonValue:
    if limits.get("choices"):
        return limits["choices"][0]
    return _EXAMPLES.get(kind, limits.get("minimum", limits.get("maximum", 1)))


def _placeholder(value: JsonValue) -> str:
    return value if isinstance(value, str) and value.strip() else json.dumps(value, ensure_ascii=False)


def _input(argument: Argument, kind: str) -> AnalyticInput:
    return {
        "name": argument.name,
        "type": kind,
        "description": argument.description,
        "required": argument.default is NO_DEFAULT,
    }


def output(name: str, kind: str, filename: str, description: str, *, as_data: bool = False) -> AnalyticOutput:
    """Return the declaration of an output."""
    return {
        "name": name,
        "type": kind,
        "description": description,
        "filename": filename,
        "post_as_data": as_data,
        "schema": None,
    }


def labels_output(description: str) -> AnalyticOutput:
    """Return the declaration of the output that the labels of a video become."""
    return output(LABELS_OUTPUT, "types.VideoLabels", "labels.json", description or "The labels of the video.")
