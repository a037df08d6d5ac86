"""Job child process: ``python -m voxel51.platform.run <owner>/<name>`` runs one job.

The process reads the five variables of the wire contract. In this order it reports that it begins, which returns its
task, fetches inputs, runs the analytic, and reports COMPLETE or FAILED, together with output, status and log: a client
that waits for that state finds everything else. Its exit code is a `voxel51.wire.tasks.TaskExit`.
"""

import errno
import logging
import os
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Never, TypeVar, cast

from voxel51.labels.errors import InvalidLabels
from voxel51.labels.field_types import JsonValue
from voxel51.platform import job_log
from voxel51.platform.agent import Agent, FileUnavailable, NotCurrent, is_rejection
from voxel51.platform.definition import Analytic
from voxel51.platform.entry_points import load_analytic
from voxel51.platform.errors import InvalidInput, MissingWeights
from voxel51.platform.filenames import safe_filename
from voxel51.platform.frame_part import PartOutput
from voxel51.platform.job import Job
from voxel51.platform.kept_progress import activity_of, checkpoint_of, partial_labels_of
from voxel51.platform.outputs import collect_outputs, output_file
from voxel51.platform.split_run import PartUnavailable, fetched_parts, part_of, part_output, run_or_merge
from voxel51.platform.status import Status
from voxel51.runners.process_control import end_with_parent
from voxel51.transport.errors import APIError
from voxel51.transport.messages import StreamedBody
from voxel51.transport.multipart import file_body
from voxel51.transport.sender import JOB_HEADERS, HttpSender
from voxel51.wire.jobs import JobFailureType
from voxel51.wire.search import SpanReport
from voxel51.wire.tasks import MetadataReport, TaskDescription, TaskExit

logger = logging.getLogger(__name__)

Loader = Callable[[], Analytic]
_Result = TypeVar("_Result")

_DISK_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


class _JobFailed(Exception):
    """Failure of the job: who is at fault, the text for the owner, and the exit code of the process."""

    def __init__(self, kind: JobFailureType, text: str, code: TaskExit = TaskExit.FAILED) -> None:
        super().__init__(text)
        self.kind = kind
        self.code = code


class _NoSpace(Exception):
    """The disk is full. The result is unreported, so that the job runs again."""


def run_job(load: Loader, environment: Mapping[str, str], folder: Path) -> TaskExit:
    """Run the job that ``environment`` names, in the empty folder ``folder``.

    Never raises: errors are reported to the platform or, if that is not possible, by the exit code.
    """
    sender = HttpSender(headers=JOB_HEADERS)
    try:
        agent = Agent(sender, environment)
        task = agent.begin()
        status = Status(task, lambda document: _publish(agent, document), lambda amount: _report_amount(agent, amount))
        activity = activity_of(agent, task, lambda: status.frames_done)
        try:
            _run_analytic(load, agent, task, status, folder)
        except _JobFailed as failure:
            agent.finish(
                _last_files(status.fail(failure.kind, job_log.without_secrets(str(failure)))), failure.kind.value
            )
            return failure.code
        finally:
            activity.close()
        return TaskExit.COMPLETE
    except NotCurrent as error:
        logger.warning("stopping: %s", error)
        return TaskExit.NOT_CURRENT
    except Exception:
        logger.exception("the end of this job could not be reported")
        return TaskExit.UNREPORTED
    finally:
        sender.close()


def _run_analytic(load: Loader, agent: Agent, task: TaskDescription, status: Status, folder: Path) -> None:
    """Run the job up to the report that it is complete."""
    try:
        analytic = _attribute_errors_to_analytic(load)
        inputs = _fetched(agent, task.get("inputs") or {}, folder / "inputs")
        parameters = _parameters(agent, task.get("parameters") or {}, folder / "parameters")
        secrets = task.get("secrets")
        job_log.hide((secrets or {}).values())
        partial = partial_labels_of(agent, task, _exit_immediately)
        checkpoint = checkpoint_of(agent, task, partial, _exit_immediately)
        job = Job(
            analytic.document, inputs, parameters, folder, status,
            secrets=secrets, partial=partial, checkpoint=checkpoint, part=part_of(analytic, task),
        )  # fmt: skip
        if checkpoint.is_resumed:
            job.message("The job goes on from its last checkpoint")
        try:
            parts = fetched_parts(agent, task, folder / "parts")
            outputs = _attribute_errors_to_analytic(lambda: _process(analytic, job, parts))
        except _JobFailed:
            partial.flush()
            raise
        finally:
            partial.close()
        output = _deliver(analytic, agent, status, outputs, folder) if job.part is None else part_output(outputs)
        agent.finish(output | _last_files(status.complete()))
    except PartUnavailable as error:
        raise _JobFailed(JobFailureType.PLATFORM, str(error)) from error
    except FileUnavailable as error:
        raise _JobFailed(JobFailureType.USER, str(error)) from error
    except APIError as error:
        if not is_rejection(error):  # the platform is away: the job is not at fault, and its result is not reported
            raise
        logger.exception("the platform rejected a request")
        text = f"The platform rejected a request of the job: {error}"
        raise _JobFailed(JobFailureType.PLATFORM, text) from error


def _attribute_errors_to_analytic(call: Callable[[], _Result]) -> _Result:
    """Return the result of ``call``. An exception is the fault of the analytic, unless it says that the input is at
    fault.
    """
    try:
        return call()
    except InvalidInput as error:
        raise _JobFailed(JobFailureType.USER, str(error)) from error
    except MissingWeights as error:
        logger.exception("weights are missing")
        raise _JobFailed(JobFailureType.PLATFORM, str(error)) from error
    except MemoryError as error:
        logger.exception("the analytic reached its memory limit")
        text = "The analytic needed more memory than its memory limit allows"
        raise _JobFailed(JobFailureType.ANALYTIC, text, TaskExit.OUT_OF_MEMORY) from error
    except OSError as error:
        if error.errno in _DISK_FULL:  # the disk belongs to the platform: the job runs again once there is space
            raise _NoSpace(str(error)) from error
        raise _failure_of_analytic(error) from error
    except BaseException as error:  # also SystemExit: an analytic must not end the process before the job is reported
        raise _failure_of_analytic(error) from error


def _failure_of_analytic(error: BaseException) -> _JobFailed:
    logger.error("the analytic failed", exc_info=error)
    return _JobFailed(JobFailureType.ANALYTIC, f"The analytic failed: {type(error).__name__}: {error}")


def _process(analytic: Analytic, job: Job, parts: Sequence[PartOutput]) -> dict[str, Path]:
    run_or_merge(analytic, job, parts)
    return collect_outputs(analytic.document, job)


def _fetched(agent: Agent, references: Mapping[str, JsonValue], folder: Path) -> dict[str, Path]:
    paths = {}
    for name, reference in references.items():
        own = folder / safe_filename(name)  # one folder per input, because two files may have the same name
        own.mkdir(parents=True)
        paths[name] = agent.download(name, reference, own)
    return paths


def _parameters(agent: Agent, given: Mapping[str, JsonValue], folder: Path) -> dict[str, JsonValue]:
    files = {name: value for name, value in given.items() if _is_link(value)}
    return {**given, **_fetched(agent, files, folder)}


def _is_link(value: object) -> bool:
    return isinstance(value, dict) and any(isinstance(value.get(key), str) for key in ("signed-url", "signed_url"))


def _deliver(
    analytic: Analytic, agent: Agent, status: Status, outputs: dict[str, Path], folder: Path
) -> dict[str, StreamedBody]:
    """Upload what becomes data of the owner, and what the labels are found by; return the output file, if any."""
    for output in analytic.document["outputs"]:
        if output["post_as_data"]:
            status.posted(output["name"], agent.post_data(outputs[output["name"]]))
    path = output_file(analytic.document, outputs, folder)
    if path is None:
        return {}
    if analytic.document["outputs"][0]["type"].rpartition(".")[2] == "VideoLabels" and path.suffix == ".json":
        _make_searchable(agent, path)
    return {"output": file_body(path)}


def _last_files(status: bytes) -> dict[str, StreamedBody]:
    return {"status": StreamedBody(lambda: (status,), len(status)), "log": job_log.body()}


def _make_searchable(agent: Agent, labels: Path) -> None:
    """Upload the spans of the labels for the search. Labels that cannot be summarised are still a valid result."""
    from voxel51.labels.spans import spans_of  # noqa: PLC0415  (needs the extra `labels`)

    try:
        found = spans_of(labels)
    except InvalidLabels as error:
        logger.warning("the labels cannot be searched: %s", error)
        return
    if found.spans:
        agent.put_spans(cast("SpanReport", asdict(found)))


def _publish(agent: Agent, document: bytes) -> None:
    """Publish a status from within the analytic: the job goes on if that fails."""
    try:
        agent.put_status(document)
    except NotCurrent as error:
        _exit_immediately(error)
    except APIError as error:
        logger.warning("the status could not be published: %s", error)


def _report_amount(agent: Agent, amount: MetadataReport) -> None:
    try:
        agent.report_amount(amount)
    except NotCurrent as error:
        _exit_immediately(error)
    except APIError as error:
        logger.warning("the amount analysed could not be reported: %s", error)


def _exit_immediately(error: NotCurrent) -> Never:
    """End the process from any thread, whatever the analytic is doing."""
    logger.warning("stopping: %s", error)
    job_log.flush()
    os._exit(TaskExit.NOT_CURRENT)


def main(arguments: list[str]) -> int:
    """Run the job of this process's environment with the analytic that ``arguments`` names."""
    if len(arguments) != 1:
        sys.stderr.write("usage: python -m voxel51.platform.run OWNER/NAME\n")
        return 2
    end_with_parent(os.getppid())
    with tempfile.TemporaryDirectory(prefix="job-") as folder:
        job_log.capture(Path(folder))
        return run_job(lambda: load_analytic(arguments[0]), os.environ, Path(folder))


if __name__ == "__main__":
    code = main(sys.argv[1:])
    job_log.flush()
    os._exit(code)  # do not wait for threads that the analytic left running
