"""Pipeline documents in Python: steps and parameters, from which a document is built."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from voxel51.wire.pipelines import (
    SCHEMA_VERSION,
    PipelineDocument,
    PipelineInput,
    PipelineParameter,
    PipelineStep,
    StepInput,
)

VIDEO = "video"
"""Name of the input of a pipeline that a step gets as its input ``video`` unless its inputs are given."""

_UNSET = object()
_LONGEST_NAME = 255


@dataclass(frozen=True, slots=True)
class Parameter:
    """Parameter of a pipeline, as the value of a parameter of a step: each run may set it.

    Attributes:
        name: its name; steps with a parameter of the same name share it.
        type: Number, Integer, Boolean, String or Array.
        default: its value where a run sets none. Without one, each run must set it.
        description: shown to users who run the pipeline.
    """

    name: str
    type: str = "Number"
    default: object = _UNSET
    description: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """Step of a pipeline: an analytic, and where its inputs come from.

    Attributes:
        name: its name in the pipeline: letters, digits, ``_`` and ``-``.
        analytic: the full name of the analytic.
        inputs: input of the analytic -> name of the step whose output it is; any other name is an input of the
            pipeline. By default, the input ``video`` of the analytic is the input ``video`` of the pipeline.
        parameters: parameter of the analytic -> value, or a `Parameter` of the pipeline.
        version: version of the analytic; default: the latest at each run.
        compute_mode: CPU, GPU or BEST.
    """

    name: str
    analytic: str
    inputs: Mapping[str, str] = field(default_factory=lambda: {VIDEO: VIDEO})
    parameters: Mapping[str, object] = field(default_factory=dict)
    version: str | None = None
    compute_mode: str | None = None


def pipeline_document(
    steps: Iterable[Step],
    *,
    name: str | None = None,
    description: str = "",
    outputs: Mapping[str, str] | None = None,
    input_types: Mapping[str, str] | None = None,
) -> PipelineDocument:
    """Return the document of a pipeline, which `API.save_pipeline` stores.

    Args:
        steps: the steps.
        name: name of the pipeline; default: the names of its steps.
        description: its purpose.
        outputs: name of an output -> step; default: each step whose output no other step takes.
        input_types: input of the pipeline -> its type, for those that are not videos, such as ``VideoLabels``.
    """
    steps = [*steps]
    names = {step.name for step in steps}
    types = input_types or {}
    inputs = dict.fromkeys(source for step in steps for source in step.inputs.values() if source not in names)
    declared: list[PipelineInput] = [{"name": each, "type": types.get(each, "Video")} for each in inputs]
    document: PipelineDocument = {
        "schema_version": SCHEMA_VERSION,
        "name": name or " · ".join(step.name for step in steps)[:_LONGEST_NAME],
        "inputs": declared,
        "steps": [_step(step, names) for step in steps],
    }
    if description:
        document["description"] = description
    parameters = {
        value.name: value for step in steps for value in step.parameters.values() if isinstance(value, Parameter)
    }
    if parameters:
        document["parameters"] = [*map(_parameter, parameters.values())]
    if outputs is not None:
        document["outputs"] = [{"name": output, "step": step} for output, step in outputs.items()]
    return document


def _step(step: Step, names: set[str]) -> PipelineStep:
    inputs: dict[str, StepInput] = {
        name: {"step": source} if source in names else {"input": source} for name, source in step.inputs.items()
    }
    document: PipelineStep = {"name": step.name, "analytic": step.analytic, "inputs": inputs}
    if step.parameters:
        document["parameters"] = {
            name: {"parameter": value.name} if isinstance(value, Parameter) else value
            for name, value in step.parameters.items()
        }
    if step.version is not None:
        document["version"] = step.version
    if step.compute_mode is not None:
        document["compute_mode"] = step.compute_mode
    return document


def _parameter(parameter: Parameter) -> PipelineParameter:
    document: PipelineParameter = {"name": parameter.name, "type": parameter.type}
    if parameter.default is not _UNSET:
        document["default"] = parameter.default
    if parameter.description:
        document["description"] = parameter.description
    return document
