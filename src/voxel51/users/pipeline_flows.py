"""Flows of pipelines: read documents, start runs, wait until they end, and download their outputs."""

import json
import os
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypedDict  # Any: values of documents

from voxel51.transport.errors import ServerFailed
from voxel51.transport.saving import local_name
from voxel51.users.calls import jobs
from voxel51.users.calls import pipelines as calls
from voxel51.users.downloading import FilePath, download
from voxel51.users.flows import Emit, EmittingFlow, Flow, Pause, fetch
from voxel51.users.job_events import JobEventListener
from voxel51.users.jobs import RemoteDataPath
from voxel51.users.running import Input, data_id_of
from voxel51.users.scheduling import Scheduling
from voxel51.users.waiting import Outage, PollSchedule
from voxel51.wire.jobs import InputReference
from voxel51.wire.pipelines import NewPipelineRun, Pipeline, PipelineDocument, PipelineRun, PipelineRunState

LONGEST_PAUSE_SECONDS = 5.0
_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")

PipelineInputs = Mapping[str, Input] | Input
"""Files of a run: input name -> file, or one file for a pipeline with one input."""

PipelineProgress = Callable[[PipelineRun], object]
"""Is called with the record of a run after each poll."""


class PipelineRunOptions(TypedDict, total=False):
    """Options of a run of a pipeline. All are optional.

    Attributes:
        version: version of the pipeline; default: the latest.
        run_name: name of the run; default: that of the pipeline.
        scheduling: priority, deadline, timeout, hold and retries of the jobs of the run.
        reuse_result: whether steps with an equal result that was computed before get a copy of it; default: False.
        wait: whether to return only when the run has ended.
        timeout: time limit for waiting, in seconds; None waits without a limit.
        progress: function that is called with the record of the run after each poll while waiting.
    """

    version: int | None
    run_name: str | None
    scheduling: Scheduling | None
    reuse_result: bool
    wait: bool
    timeout: float | None
    progress: PipelineProgress | None


def read_document(document: PipelineDocument | Mapping[str, Any] | str | os.PathLike[str]) -> Mapping[str, object]:
    """Return a document, or the one in a JSON file.

    Raises:
        OSError: the file cannot be read.
        ValueError: it is not a JSON object.
    """
    if not isinstance(document, str | os.PathLike):
        return document
    path = Path(document)
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"'{path}' is not a JSON file: {error}") from None
    if not isinstance(content, dict):
        raise TypeError(f"'{path}' must contain a JSON object, which is the document of a pipeline")
    return content


def find_pipeline(pipeline: str | Mapping[str, Any]) -> Flow[str]:
    """Return the id of a pipeline, which is given by its record, its id, its name, or ``owner/name``.

    Of pipelines of the same name, the caller's own comes before those that others share.

    Raises:
        ValueError: the caller can run no pipeline of the name, or several users share one.
    """
    if not isinstance(pipeline, str):
        return str(pipeline["id"])
    if _ID.fullmatch(pipeline):
        return pipeline
    found: list[Pipeline] = yield from fetch(calls.list_all())
    return _named(found, pipeline)["id"]


def _named(found: Sequence[Pipeline], name: str) -> Pipeline:
    for each in found:
        if each["is_own"] and each["name"] == name:
            return each
    qualified = [each for each in found if f"{each['owner']}/{each['name']}" == name]
    if qualified:
        return qualified[0]  # names of users have no slash, so there is one
    # A shared pipeline whose name looks like another user's needs that of its owner, so that none passes for another.
    shared = [each for each in found if each["name"] == name and "/" not in name]
    if not shared:
        raise ValueError(f"you have no pipeline {name!r}. List your pipelines: `voxel51 pipelines list`")
    if len(shared) > 1:
        listed = ", ".join(f"'{each['owner']}/{each['name']}'" for each in shared)
        raise ValueError(f"several users share a pipeline {name!r} with you. Name its owner: {listed}")
    return shared[0]


def run_pipeline(
    pipeline: str | Mapping[str, Any],
    inputs: PipelineInputs,
    parameters: Mapping[str, object] | None,
    options: PipelineRunOptions,
) -> Flow[PipelineRun]:
    """Upload local files, start a run, and wait until it ends if ``wait``."""
    pipeline_id = yield from find_pipeline(pipeline)
    version = options.get("version")
    new: NewPipelineRun = {"inputs": (yield from _references(pipeline_id, version, inputs))}
    if parameters is not None:
        new["parameters"] = {**parameters}
    if version is not None:
        new["version"] = version
    name, scheduling = options.get("run_name"), options.get("scheduling")
    if name is not None:
        new["name"] = name
    if scheduling is not None:
        new["scheduling"] = scheduling.to_options()
    if options.get("reuse_result"):
        new["reuse_result"] = True
    run = yield from fetch(calls.start(pipeline_id, new))
    if options.get("wait"):
        run = yield from wait_for_run(run["id"], options.get("timeout"), options.get("progress"))
    return run


def save_and_run(
    document: PipelineDocument,
    inputs: PipelineInputs,
    parameters: Mapping[str, object] | None,
    options: PipelineRunOptions,
) -> Flow[PipelineRun]:
    """Save a pipeline and run it."""
    pipeline = yield from fetch(calls.save({**document}))
    run = yield from run_pipeline(pipeline, inputs, parameters, {"version": pipeline["version"], **options})
    return run


def _references(pipeline_id: str, version: int | None, inputs: PipelineInputs) -> Flow[dict[str, InputReference]]:
    if isinstance(inputs, Mapping) and not _is_record(inputs):
        files: Mapping[str, Any] = inputs
    else:
        pipeline = yield from fetch(calls.details(pipeline_id, version))
        names = [each["name"] for each in pipeline["document"].get("inputs", [])]
        if len(names) != 1:
            listed = ", ".join(names) or "none"
            raise ValueError(f"the pipeline '{pipeline['name']}' has not one input but: {listed}. Name each file")
        files = {names[0]: inputs}
    references: dict[str, InputReference] = {}
    uploaded: dict[Path, str] = {}
    for name, file in files.items():
        if isinstance(file, RemoteDataPath) and not file.has_data_id:
            references[name] = {"job-id": str(file.job_id)}
        else:
            data_id = yield from data_id_of(file, {}, uploaded)
            references[name] = {"data-id": data_id}
    return references


def _is_record(inputs: Mapping[str, Any]) -> bool:
    """Return whether a mapping is the record of data, and not one of input names to files."""
    return isinstance(inputs.get("id"), str) and "upload_date" in inputs


def wait_for_run(run_id: str, timeout: float | None, progress: PipelineProgress | None) -> Flow[PipelineRun]:
    """Return the record of a run once all its jobs have ended. The platform's event stream says when to fetch it.

    Raises:
        TimeoutError: the deadline passed before.
    """
    schedule = PollSchedule(LONGEST_PAUSE_SECONDS, timeout)
    listener = JobEventListener(wants_progress=progress is not None)
    outage = Outage()
    pending: list[str] = []
    while True:
        is_news = False
        try:
            run = yield from fetch(calls.run_details(run_id), schedule.poll_seconds())
            if progress is not None:
                progress(run)
            if run["state"] != PipelineRunState.RUNNING:
                return run
            pending = [step["job_id"] for step in run["steps"] if step["state"] not in {"COMPLETE", "FAILED"}]
            seconds = None if listener.is_unavailable else schedule.listen_seconds()
            if seconds is not None:
                yield from listener.wait(pending, seconds)
                is_news = progress is None  # progress comes more often than the run is to be fetched
            outage.end()
        except ServerFailed as error:
            outage.note(error)
        pause = 0.0 if is_news else schedule.next_pause()
        if pause is None or schedule.is_over():
            raise TimeoutError(f"Run '{run_id}' has not ended after {timeout:g} seconds; {len(pending)} steps are left")
        yield Pause(pause)


def all_runs(pipeline: str | Mapping[str, Any] | None) -> EmittingFlow[PipelineRun]:
    """Emit the runs of the caller, or those of a pipeline, the newest first."""
    pipeline_id = None if pipeline is None else (yield from find_pipeline(pipeline))
    cursor = None
    while True:
        page = yield from fetch(calls.run_page(pipeline_id, cursor))
        for run in page["runs"]:
            yield Emit(run)
        cursor = page["next_cursor"]
        if cursor is None:
            return


def download_outputs(run_id: str, output_dir: FilePath | None, all_steps: bool) -> Flow[dict[str, Path]]:
    """Download the complete outputs of a run, or those of all its steps, each as a file with its name."""
    run = yield from fetch(calls.run_details(run_id))
    job_ids = {step["name"]: step["job_id"] for step in run["steps"]} if all_steps else run["outputs"]
    complete = {step["job_id"] for step in run["steps"] if step["state"] == "COMPLETE" and not step["expired"]}
    folder = Path(output_dir or "")
    folder.mkdir(parents=True, exist_ok=True)
    paths = {}
    for name, job_id in job_ids.items():
        if job_id in complete:
            job = yield from fetch(jobs.details(job_id))
            if job.get("output_filename"):
                suffix = Path(job["output_filename"]).suffix
                paths[name] = folder / local_name(f"{name}{suffix}", otherwise=job_id)
                yield from download(jobs.output(job_id), paths[name], False)
    return paths
