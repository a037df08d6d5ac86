"""Pipeline documents: check the form of a document, the references between its parts, and the order of its steps.

What needs the analytics is checked in checks.py.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter
from typing import cast

import msgspec

from voxel51.server.errors import BadRequest
from voxel51.server.json_documents import check_depth
from voxel51.server.parameters import read_name
from voxel51.wire.documents import JsonObject
from voxel51.wire.pipelines import (
    MAX_STEPS,
    SCHEMA_VERSION,
    PipelineDocument,
    PipelineInput,
    PipelineOutput,
    PipelineParameter,
    PipelineStep,
    StepInput,
    ValueType,
)

MAX_BYTES = 64 * 1024
"""Size of a document as JSON."""

_MAX_ENTRIES = 100
"""Most inputs, parameters or outputs."""

_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
_PLACE = re.compile(r"`\$(?:\.steps\[(\d+)\])?([^`]*)`")

PARAMETER = "parameter"
"""Key of the one-entry object that stands for the value of a parameter of the pipeline."""


def read_document(given: JsonObject) -> PipelineDocument:
    """Return a document of the newest schema, with the form of all parts and the references between them checked.

    Raises:
        BadRequest: a part is invalid; the text names the step and the field, and what helps.
    """
    check_depth("document", given)
    if (size := len(json.dumps(given))) > MAX_BYTES:
        raise BadRequest(
            f"The document has {size} bytes as JSON; {MAX_BYTES} are the limit. Upload long values as data, and make "
            "them inputs"
        )
    version = given.get("schema_version", SCHEMA_VERSION)
    if version != SCHEMA_VERSION or isinstance(version, bool):
        raise BadRequest(
            f"'schema_version' of the document is {version!r:.100}; this platform reads version {SCHEMA_VERSION}"
        )
    try:
        document = msgspec.convert({"schema_version": SCHEMA_VERSION, **given}, PipelineDocument)
    except msgspec.ValidationError as error:
        raise BadRequest(f"The document is invalid: {_with_step_names(str(error), given)}") from None
    _check_fields("The document", given, PipelineDocument)
    document["name"] = read_name("pipeline", document["name"])
    _check_entries(given, document)
    _check_steps(document)
    _check_outputs(document)
    ordered_steps(document["steps"])
    return document


def ordered_steps(steps: Sequence[PipelineStep]) -> list[PipelineStep]:
    """Return the steps, each after those whose output it takes, and otherwise in their order.

    Raises:
        BadRequest: steps take each other's output in a circle.
    """
    sorter: TopologicalSorter[int] = TopologicalSorter()
    numbers = {step["name"]: number for number, step in enumerate(steps)}
    for number, step in enumerate(steps):
        sorter.add(number, *(numbers[name] for name in needs_of(step)))
    try:
        sorter.prepare()
    except CycleError as error:
        circle = " → ".join(steps[number]["name"] for number in reversed(error.args[1]))
        raise BadRequest(
            f"The steps {circle} take each other's outputs in a circle. Remove one of these inputs"
        ) from None
    ordered: list[PipelineStep] = []
    while sorter.is_active():
        ready = sorted(sorter.get_ready())
        ordered += [steps[number] for number in ready]
        sorter.done(*ready)
    return ordered


def needs_of(step: PipelineStep) -> list[str]:
    """Return the names of the steps whose output a step takes, each once."""
    return [*dict.fromkeys(source["step"] for source in step.get("inputs", {}).values() if "step" in source)]


def outputs_of(document: PipelineDocument) -> dict[str, str]:
    """Return the step of each output, by the output's name; by default each step that no other one takes."""
    given = document.get("outputs")
    if given:
        return {output["name"]: output["step"] for output in given}
    taken = {name for step in document["steps"] for name in needs_of(step)}
    return {step["name"]: step["name"] for step in document["steps"] if step["name"] not in taken}


def parameter_of(value: object) -> str | None:
    """Return the name of the pipeline's parameter whose value ``value`` stands for; None if it is itself the value."""
    name = value.get(PARAMETER) if isinstance(value, dict) and len(value) == 1 else None
    return name if isinstance(name, str) else None


def _with_step_names(text: str, given: JsonObject) -> str:
    """Return the text of an error with the names of steps instead of their positions."""

    def named(found: re.Match[str]) -> str:
        if found[1] is None:
            return f"'{found[2].lstrip('.') or 'the document'}'"
        position, field = int(found[1]), found[2].lstrip(".")
        step = given["steps"][position]
        name = step.get("name") if isinstance(step, dict) else None
        title = f"step '{name:.64}'" if isinstance(name, str) else f"step {position + 1}"
        return f"'{field}' of {title}" if field else title

    return _PLACE.sub(named, text)


def _check_fields(where: str, given: Mapping[str, object], shape: type) -> None:
    known = [*shape.__annotations__]
    for name in given:
        if name not in known:
            raise BadRequest(f"{where} has the unknown field {name!r:.100}; the fields are {', '.join(known)}")


def _check_entries(given: JsonObject, document: PipelineDocument) -> None:
    shapes: dict[str, type] = {
        "inputs": PipelineInput, "parameters": PipelineParameter, "steps": PipelineStep, "outputs": PipelineOutput
    }  # fmt: skip
    for part, shape in shapes.items():
        entries = given.get(part) or []
        for entry in entries:
            _check_name(part[:-1], entry["name"])
            _check_fields(f"The {part[:-1]} '{entry['name']}'", entry, shape)
        _check_unique(part, [entry["name"] for entry in entries])
        if len(entries) > _MAX_ENTRIES:
            raise BadRequest(f"The document has {len(entries)} {part}; {_MAX_ENTRIES} are the limit")
    steps = document["steps"]
    if not 1 <= len(steps) <= MAX_STEPS:
        raise BadRequest(f"A pipeline has 1 to {MAX_STEPS} steps, not {len(steps)}. Divide a longer one into several")
    _check_unique("inputs and steps", [each["name"] for each in (*document.get("inputs", []), *steps)])
    for parameter in document.get("parameters", []):
        if parameter["type"] not in [*ValueType]:
            raise BadRequest(
                f"Parameter '{parameter['name']}' of the pipeline: 'type' must be one of {', '.join(ValueType)}, not "
                f"{parameter['type']!r:.100}"
            )


def _check_name(noun: str, name: str) -> None:
    if not _NAME.fullmatch(name):
        raise BadRequest(f"{name!r:.100} is not a valid name of a {noun}: use 1 to 64 letters, digits, '_' and '-'")


def _check_unique(what: str, names: Iterable[str]) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise BadRequest(f"Two of the {what} have the name '{name}'. Rename one of them")
        seen.add(name)


def _check_steps(document: PipelineDocument) -> None:
    inputs = [each["name"] for each in document.get("inputs", [])]
    parameters = [each["name"] for each in document.get("parameters", [])]
    steps = [each["name"] for each in document["steps"]]
    for step in document["steps"]:
        where = f"Step '{step['name']}'"
        for name, source in step.get("inputs", {}).items():
            _check_source(f"{where}, input {name!r:.100}", source, inputs, steps)
        for name, value in step.get("parameters", {}).items():
            referred = parameter_of(value)
            if referred is not None and referred not in parameters:
                raise BadRequest(
                    f"{where}, parameter {name!r:.100}: the pipeline has no parameter {referred!r:.100}; "
                    f"{_listed('its parameters are', parameters)}. Declare it under 'parameters'"
                )


def _check_source(where: str, source: StepInput, inputs: Sequence[str], steps: Sequence[str]) -> None:
    given = cast("Mapping[str, str]", source)
    if len(given) != 1:
        raise BadRequest(f'{where} must be {{"input": NAME}} or {{"step": NAME}}, not {json.dumps(given):.100}')
    [(kind, name)] = given.items()
    known = inputs if kind == "input" else steps
    if name not in known:
        raise BadRequest(
            f"{where}: the pipeline has no {kind} {name!r:.100}; {_listed(f'its {kind}s are', known)}. Correct the "
            f"name, or add the {kind}"
        )


def _check_outputs(document: PipelineDocument) -> None:
    steps = [step["name"] for step in document["steps"]]
    for output in document.get("outputs", []):
        if output["step"] not in steps:
            raise BadRequest(
                f"Output '{output['name']}': the pipeline has no step {output['step']!r:.100}; "
                f"{_listed('its steps are', steps)}"
            )


def _listed(text: str, names: Sequence[str]) -> str:
    return f"{text} {', '.join(names)}" if names else "it has none"
