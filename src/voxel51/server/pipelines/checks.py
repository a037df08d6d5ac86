"""Checks of pipelines against the analytics of their steps, before anything runs."""

import json
from collections.abc import Mapping
from functools import cache, partial
from typing import cast

from voxel51.server.accounts.callers import User
from voxel51.server.analytics.tables import AnalyticRow
from voxel51.server.errors import BadRequest
from voxel51.server.jobs.label_jobs import VIDEO_TYPE, mismatch, short_type
from voxel51.server.jobs.requests import check_request
from voxel51.server.jobs.submission import JobSubmission
from voxel51.server.json_documents import check_depth
from voxel51.server.pipelines.documents import ordered_steps, parameter_of
from voxel51.wire.analytics import AnalyticDocument, AnalyticInput, AnalyticParameter
from voxel51.wire.jobs import InputReference, JobComputeMode, JobRequestDocument
from voxel51.wire.parameter_values import converted
from voxel51.wire.pipelines import PipelineDocument, PipelineInput, PipelineParameter, PipelineStep, ValueType

_ANY_FILE: InputReference = {"data-id": ""}
"""Takes the place of a file where a request is checked without one."""

_ALSO_FITS = {ValueType.INTEGER: "Number", ValueType.NUMBER: "Float"}
"""Type of a parameter of a pipeline -> the further type of a parameter of an analytic that it fits."""

_MAX_VALUE_BYTES = 16 * 1024
"""Size of the parameters of a run as JSON: a list returns those of up to a hundred runs."""

StepAnalytics = Mapping[str, AnalyticRow]
"""The analytic of each step, by the step's name."""


class PipelineChecker:
    """Checks documents for the users who save and run them."""

    def __init__(self, submission: JobSubmission) -> None:
        self._submission = submission

    def check(self, owner: User, document: PipelineDocument) -> StepAnalytics:
        """Return the analytics of the steps, after checking that jobs of them fit together.

        Raises:
            BadRequest: a step cannot run for the owner, or an input, a parameter or a type does not fit; the text names
                the step and what is wrong.
        """
        analytics: dict[str, AnalyticRow] = {}
        defaults = checked_values(document, _defaults(document))
        resolve = cache(partial(self._submission.resolve, owner))  # steps may be of the same analytic
        for step in ordered_steps(document["steps"]):
            try:
                analytic = resolve(step["analytic"], step.get("version"))
                self._check_step(owner, document, step, analytic, analytics, defaults)
            except BadRequest as error:
                raise BadRequest(f"Step '{step['name']}': {error}") from None
            analytics[step["name"]] = analytic
        return analytics

    def _check_step(
        self,
        owner: User,
        document: PipelineDocument,
        step: PipelineStep,
        analytic: AnalyticRow,
        analytics: StepAnalytics,
        defaults: Mapping[str, object],
    ) -> None:
        own = {each["name"]: each for each in document.get("parameters", [])}
        declared = {each["name"]: each for each in analytic.document["parameters"]}
        parameters: dict[str, object] = {}
        unset: dict[str, object] = {}  # parameters whose value only the run sets
        for name, value in step.get("parameters", {}).items():
            referred = parameter_of(value)
            if referred is not None and name in declared:
                _check_type(own[referred], declared[name])
            if referred is not None and referred not in defaults:
                unset[name] = value
            else:
                parameters[name] = value if referred is None else defaults[referred]
        request: JobRequestDocument = {
            "analytic": analytic.name,
            "compute_mode": _compute_mode(step),
            "inputs": dict.fromkeys(step.get("inputs", {}), _ANY_FILE),
            "parameters": parameters,
        }

        def check_data(data_id: str) -> None:
            if data_id:
                self._submission.check_data(owner, data_id)

        check_request(request, _without_required(analytic.document, unset), check_data)
        given = {each["name"]: each for each in analytic.document["inputs"]}
        files = {each["name"]: each for each in document.get("inputs", [])}
        for name, source in step.get("inputs", {}).items():
            if "step" in source:
                problem = mismatch(analytics[source["step"]].document, given[name], f"step '{source['step']}'")
            else:
                problem = _input_mismatch(files[source["input"]], given[name])
            if problem is not None:
                raise BadRequest(f"{problem}. Take another step or input, or another analytic")


def checked_values(document: PipelineDocument, given: Mapping[str, object]) -> dict[str, object]:
    """Return values of the pipeline's parameters, converted to their types.

    Raises:
        BadRequest: a parameter is unknown, or a value has the wrong type.
    """
    declared = document.get("parameters", [])
    known = {each["name"] for each in declared}
    for name in given:
        if name not in known:
            raise BadRequest(
                f"The pipeline has no parameter {name!r:.100}; its parameters are {', '.join(sorted(known)) or 'none'}"
            )
    manifest = cast("AnalyticDocument", {"parameters": declared})
    try:
        return converted(manifest, given)
    except ValueError as error:
        raise BadRequest(f"Pipeline '{document['name']}': {error}") from None


def _defaults(document: PipelineDocument) -> dict[str, object]:
    return {each["name"]: each["default"] for each in document.get("parameters", []) if "default" in each}


def values_of_run(document: PipelineDocument, given: Mapping[str, object]) -> dict[str, object]:
    """Return the value of each parameter of a pipeline for a run.

    Raises:
        BadRequest: a parameter is unknown or has no value, a value has the wrong type, or the values are too long.
    """
    check_depth("value of 'parameters'", given)
    if (size := len(json.dumps(given))) > _MAX_VALUE_BYTES:
        raise BadRequest(
            f"'parameters' has {size} bytes as JSON; {_MAX_VALUE_BYTES} are the limit. Upload long values as data, and "
            "make them inputs"
        )
    values = checked_values(document, {**_defaults(document), **given})
    for parameter in document.get("parameters", []):
        if parameter["name"] not in values:
            raise BadRequest(
                f"Parameter '{parameter['name']}' ({parameter['type']}) has no default. Set it under 'parameters'"
            )
    return values


def _compute_mode(step: PipelineStep) -> str:
    try:
        return JobComputeMode(step.get("compute_mode", JobComputeMode.BEST).upper())
    except ValueError:
        raise BadRequest(
            f"'compute_mode' must be one of {', '.join(JobComputeMode)}, not {step.get('compute_mode')!r:.100}"
        ) from None


def _check_type(own: PipelineParameter, declared: AnalyticParameter) -> None:
    needed = short_type(declared["type"])
    fits = {own["type"], _ALSO_FITS.get(ValueType(own["type"]))}
    if needed not in fits and needed in {*ValueType, "Float"}:
        raise BadRequest(
            f"Parameter '{declared['name']}' takes a {needed}, but parameter '{own['name']}' of the pipeline is a "
            f"{own['type']}. Declare it as a {needed}"
        )


def _input_mismatch(own: PipelineInput, declared: AnalyticInput) -> str | None:
    made, needed = short_type(own.get("type", VIDEO_TYPE)), short_type(declared["type"])
    if made == needed:
        return None
    needs = f"Input '{declared['name']}' must be of the type {needed}"
    return f"{needs}, but input '{own['name']}' of the pipeline is of the type {made}"


def _without_required(document: AnalyticDocument, names: Mapping[str, object]) -> AnalyticDocument:
    """Return a document in which the parameters ``names`` are not required."""
    parameters: list[AnalyticParameter] = [
        {**each, "required": False} if each["name"] in names else each for each in document["parameters"]
    ]
    unknown = names.keys() - {each["name"] for each in parameters}
    if unknown:
        known = ", ".join(each["name"] for each in parameters) or "none"
        raise BadRequest(f"Unknown parameter '{min(unknown)}'; the analytic has these: {known}")
    return {**document, "parameters": parameters}


def request_of_step(
    step: PipelineStep, analytic: AnalyticRow, files: Mapping[str, InputReference], values: Mapping[str, object]
) -> JobRequestDocument:
    """Return the request of the job of a step, with the files of inputs and the values of parameters of a run.

    Inputs that are outputs of other steps name these: see tables.py.
    """
    parameters = {}
    for name, value in step.get("parameters", {}).items():
        referred = parameter_of(value)
        parameters[name] = value if referred is None else values[referred]
    return {
        "analytic": analytic.name,
        "version": analytic.version,
        "compute_mode": _compute_mode(step),
        "inputs": {
            name: files[source["input"]] if "input" in source else cast("InputReference", source)
            for name, source in step.get("inputs", {}).items()
        },
        "parameters": parameters,
    }
