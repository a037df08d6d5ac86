"""Decorator ``analytic``: derive an analytic from a function or a class, with its manifest.

The manifest is read from the signature, the annotations and the docstring:

- an argument annotated `Video` is an input; so is one annotated `pathlib.Path`, which gets a local file
- an argument annotated `VideoLabels` is an input too, such as the output of another job; with a default of None, it is
  optional
- any other argument is a parameter; its annotation gives the type, `Range`, `Literal` or an enum the valid values, and
  its default the default value
- an argument annotated `Secret` is a secret of the job's owner
- the returned `VideoLabels`, `ImageLabels` or dictionary is the output; an argument annotated `VideoLabelsWriter` or
  with `OutputFile` is an output that the function writes itself
- the docstring describes the analytic, its section ``Args`` the arguments, its section ``Returns`` the output

Video analytics also get the parameters of `voxel51.platform.parameter_groups`, which `Video` applies.
"""

import inspect
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from typing import Any, cast

from voxel51.labels.writer import VideoLabelsWriter
from voxel51.platform.arguments import Declarations, JobArgument, job_argument
from voxel51.platform.definition import Analytic
from voxel51.platform.errors import InvalidAnalytic
from voxel51.platform.job import Job
from voxel51.platform.parameter_groups import ParameterGroup, names_in, with_parameter_groups
from voxel51.platform.results import JobResult, job_result
from voxel51.platform.signature import Function, Signature, description_of, place_of_class, read_signature
from voxel51.platform.splitting import Splitting
from voxel51.platform.video import Video
from voxel51.wire.analytics import AnalyticDocument, AnalyticExtensions, AnalyticResources
from voxel51.wire.manifests import field_of, problems_of

_ENTRY = re.compile(r"(?P<list>inputs|parameters)\[(?P<index>\d+)\]|extensions\.parameters\.(?P<name>\w+)")
"""Path of what is derived from one argument."""


def analytic(
    *,
    version: str,
    name: str | None = None,
    supports_cpu: bool = True,
    supports_gpu: bool = False,
    preload: Iterable[str] = (),
    parameter_groups: Iterable[ParameterGroup] = ParameterGroup,
    licence: str | None = None,
    source: str | None = None,
    limitations: Iterable[str] = (),
    warm: bool = False,
    network: Iterable[str] = (),
    deterministic: bool = False,
    splitting: Splitting | None = None,
    resources: AnalyticResources | None = None,
) -> Callable[[Function | type], Analytic]:
    """Make an analytic of the decorated function, or of a class with the methods ``setup()`` and ``process(...)``.

    Args:
        version: version of the analytic, such as ``1.0.0``; increase it with every change of its results.
        name: name of the analytic; by default that of the function or class, such as ``red-cars`` for ``red_cars``.
        supports_cpu: whether it can run without a GPU.
        supports_gpu: whether it can use a GPU.
        preload: modules that are imported once and not for every job; see `Analytic`.
        parameter_groups: common parameters that a video analytic supports; all of them by default.
        licence: licence of the analytic or of its model.
        source: origin of the method or of the model.
        limitations: known weaknesses, for its users.
        warm: whether the platform may keep what ``setup()`` of a class made in memory, for the next jobs of the same
            owner. A job is then a copy of the process that ran ``setup()``: it has its own memory, and none of the
            threads and GPU contexts.
        network: hosts that the analytic connects to, each with its TCP port, such as ``api.example.org:443``. Jobs run
            after an operator of the platform has granted them; any other connection is refused.
        deterministic: whether jobs on the same bytes with the same parameters always have the same result. Batches then
            reuse the result of an earlier job of the same owner.
        splitting: how one job can run as parts of its video, side by side; by default it cannot.
        resources: what a job needs of the node of a cluster that runs it, such as
            ``{"cpus": 2, "memory_bytes": 4 << 30}``; by default one processor, and one GPU if it uses any.

    Raises:
        InvalidAnalytic: no analytic can be derived; the text names the line and the fix.
    """
    if isinstance(network, str):
        network = (network,)
    extensions = {
        "source": source, "licence": licence, "limitations": [*limitations], "warm": warm, "network": [*network],
        "deterministic": deterministic, "split": splitting.declaration() if splitting else None,
        "resources": {**(resources or {})},
    }  # fmt: skip
    groups = tuple(parameter_groups)

    def derive(decorated: Function | type) -> Analytic:
        signature = _signature_of(decorated)
        arguments = tuple(job_argument(each) for each in signature.arguments)
        _check_names(signature, groups)
        if warm:
            _check_warm(signature, decorated, supports_gpu)
        result = job_result(signature)
        info = {
            "name": name or _name_of(decorated),
            "version": version,
            "description": signature.description,
            "supports_cpu": supports_cpu,
            "supports_gpu": supports_gpu,
        }
        further = {key: value for key, value in extensions.items() if value}
        document = _document(info, arguments, result, further, groups)
        if splitting is not None:
            _check_splitting(signature, len(document["outputs"]))
        problems = problems_of(document)
        if problems:
            raise _invalid_manifest(problems, document, signature)
        process = _Process(decorated, arguments, result)
        setup = process.set_up if warm else None
        return Analytic(document, process, tuple(preload), setup=setup, splitting=splitting)

    return derive


def _invalid_manifest(problems: Sequence[str], document: AnalyticDocument, signature: Signature) -> InvalidAnalytic:
    """Return the error of a derived manifest, at the line of the argument that its first problem is about."""
    field = field_of(problems[0])
    place = signature.place
    if field is not None and (entry := _ENTRY.match(field)) is not None:
        name = entry["name"] or document[entry["list"]][int(entry["index"])]["name"]  # type: ignore[literal-required]
        place = next((each.place for each in signature.arguments if each.name == name), place)
    return InvalidAnalytic(place, f"the derived manifest is invalid: {'; '.join(problems)}", field)


def _document(
    info: Mapping[str, object],
    arguments: Iterable[JobArgument],
    result: JobResult,
    extensions: Mapping[str, object],
    groups: Iterable[ParameterGroup],
) -> AnalyticDocument:
    declared = Declarations(outputs=result.outputs())
    for argument in arguments:
        argument.declare(declared)
    document = {
        "info": info,
        "inputs": declared.inputs,
        "parameters": declared.parameters,
        "outputs": declared.outputs,
        "zip_outputs": sum(not each["post_as_data"] for each in declared.outputs) > 1,
        "extensions": cast("AnalyticExtensions", _extensions(extensions, declared)),
    }
    has_video = any(each["type"] == "types.Video" for each in declared.inputs)
    return with_parameter_groups(cast("AnalyticDocument", document), groups if has_video else ())


def _extensions(given: Mapping[str, object], declared: Declarations) -> dict[str, object]:
    secrets = {"secrets": declared.secrets} if declared.secrets else {}
    return {**given, "parameters": declared.ranges, **secrets}


def _check_warm(signature: Signature, decorated: Function | type, supports_gpu: bool) -> None:
    if not hasattr(decorated, "setup"):
        fix = "Use a class with the methods setup() and process(...), or leave out warm=True"
        raise InvalidAnalytic(signature.place, f"there is no setup() whose result could be kept. {fix}")
    if supports_gpu:
        fix = "Leave out warm=True or supports_gpu=True"
        raise InvalidAnalytic(signature.place, f"a GPU context cannot be kept for the next job. {fix}")


def _check_splitting(signature: Signature, outputs: int) -> None:
    videos = sum(argument.type is Video for argument in signature.arguments)
    if videos != 1 or outputs != 1:
        text = f"only an analytic with one Video and one output can be split; it has {videos} and {outputs}"
        raise InvalidAnalytic(signature.place, f"{text}. Leave out splitting=…")


def _check_names(signature: Signature, groups: Iterable[ParameterGroup]) -> None:
    is_video_analytic = any(each.type is Video for each in signature.arguments)
    for argument in signature.arguments:
        if is_video_analytic and argument.name in names_in(groups):
            text = f"{argument.name!r} is a parameter of all video analytics, which Video applies"
            fix = "Rename the argument, or leave out its group: parameter_groups=[…]"
            raise InvalidAnalytic(argument.place, f"{text}. {fix}")


def _signature_of(decorated: Function | type) -> Signature:
    if not isinstance(decorated, type):
        return read_signature(decorated, decorated.__doc__)
    process = getattr(decorated, "process", None)
    if not inspect.isfunction(process):
        text = f"class {decorated.__name__}: the method 'process' is missing"
        fix = "Add one, whose arguments are the inputs and parameters"
        raise InvalidAnalytic(place_of_class(decorated), f"{text}. {fix}")
    if _needs_arguments(decorated):
        text = f"class {decorated.__name__}: __init__ has required arguments, which the platform does not know"
        raise InvalidAnalytic(place_of_class(decorated), f"{text}. Make them parameters of process, or use setup()")
    signature = read_signature(process, process.__doc__ or decorated.__doc__, is_method=True)
    # The text of the class describes the analytic, and that of the method its arguments.
    return replace(signature, description=description_of(decorated.__doc__) or signature.description)


def _needs_arguments(decorated: type) -> bool:
    try:
        inspect.signature(decorated).bind()
    except TypeError:
        return True
    except ValueError:  # a class of an extension, without a signature
        return False
    return False


def _name_of(decorated: Function | type) -> str:
    text = decorated.__name__
    if isinstance(decorated, type):
        text = "".join(f"_{char.lower()}" if char.isupper() else char for char in text)
    return text.strip("_").replace("_", "-")


class _Process:
    """Function of an `Analytic` that calls the decorated function with the values of a job."""

    def __init__(self, decorated: Function | type, arguments: tuple[JobArgument, ...], result: JobResult) -> None:
        self._decorated = decorated
        self._arguments = arguments
        self._result = result
        self._instance: Any = None  # of the decorated class, once it is set up

    def set_up(self) -> None:
        """Make the instance of the decorated class whose ``process`` runs the next job."""
        self._instance = self._decorated()
        if hasattr(self._instance, "setup"):
            self._instance.setup()

    def __call__(self, job: Job) -> None:
        function = self._function()
        with ExitStack() as opened:
            values = {each.name: each.value(job, opened) for each in self._arguments}
            result = function(**values)
            video = next((value for value in values.values() if isinstance(value, Video)), None)
            for value in values.values():
                if isinstance(value, VideoLabelsWriter) and video is not None:
                    video.write_metadata(value)
            self._result.store(result, job, video)

    def _function(self) -> Function:
        if not isinstance(self._decorated, type):
            return self._decorated
        if self._instance is None:
            self.set_up()
        # Not kept for a further job in this process, which finds nothing of this one.
        instance, self._instance = self._instance, None
        return cast("Function", instance.process)
