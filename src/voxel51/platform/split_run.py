"""Run of parts and merges: what the task of a split job adds to the run of a job."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from voxel51.platform.agent import Agent, FileUnavailable
from voxel51.platform.definition import Analytic
from voxel51.platform.frame_part import FramePart, PartOutput
from voxel51.platform.job import Job
from voxel51.transport.messages import StreamedBody
from voxel51.transport.multipart import file_body
from voxel51.wire.tasks import TaskDescription


class PartUnavailable(Exception):
    """Output of a part that a merge cannot get. The platform is at fault: it keeps the outputs."""


def part_of(analytic: Analytic, task: TaskDescription) -> FramePart | None:
    """Return the part that the task is; None if it is a whole job or a merge."""
    description, splitting = task.get("part"), analytic.splitting
    return None if description is None else FramePart.of(description, splitting.overlap_seconds if splitting else 0.0)


def fetched_parts(agent: Agent, task: TaskDescription, folder: Path) -> list[PartOutput]:
    """Download the outputs of the parts that the task merges; none if it is not a merge.

    Raises:
        PartUnavailable: the output of a part is not available.
    """
    parts = []
    for result in task["merge"]["parts"] if "merge" in task else ():
        own = folder / str(result["number"])  # one folder per part, because all outputs have the same name
        own.mkdir(parents=True)
        name = f"part {result['number']} of {result['count']}"
        try:
            path = agent.download(name, {**result["output"]}, own)
        except FileUnavailable as error:
            raise PartUnavailable(f"the output of {name} is not available: {error}") from error
        parts.append(PartOutput(FramePart.of(result), path))
    return parts


def run_or_merge(analytic: Analytic, job: Job, parts: Sequence[PartOutput]) -> None:
    """Merge the parts into the outputs of the job, or without parts process it.

    Raises:
        ValueError: the job is split, but the analytic cannot be.
    """
    if analytic.splitting is None and (parts or job.part):
        raise ValueError("the job is split, but this version of the analytic declares no splitting")
    if analytic.splitting is not None and parts:
        analytic.splitting.write_merged(job, parts)
    else:
        analytic.process(job)


def part_output(outputs: Mapping[str, Path]) -> dict[str, StreamedBody]:
    """Return the output file of a part, as it was written: it is neither data of the owner nor searched."""
    (path,) = outputs.values()
    return {"output": file_body(path)}
