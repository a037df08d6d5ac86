"""Calls about pipelines and their runs."""

from collections.abc import Mapping
from urllib.parse import urlencode

from voxel51.users.calls.call import (
    Call,
    delete_path,
    document,
    entry,
    get,
    nothing,
    path_segment,
    post_json,
    put_json,
)
from voxel51.wire.pipelines import (
    NewPipelineRun,
    Pipeline,
    PipelineRun,
    PipelineRunList,
    PipelineShare,
    PipelineVersion,
    PipelineWithDocument,
)


def save(given: Mapping[str, object]) -> Call[PipelineWithDocument]:
    """Save a pipeline, or a new version of it."""
    return post_json("pipelines", entry("pipeline"), {"document": given})


def list_all() -> Call[list[Pipeline]]:
    """List the pipelines."""
    return get("pipelines", entry("pipelines"))


def details(pipeline_id: str, version: int | None) -> Call[PipelineWithDocument]:
    """Get a version of a pipeline."""
    return get(_path(pipeline_id) + ("" if version is None else f"?version={version}"), entry("pipeline"))


def versions(pipeline_id: str) -> Call[list[PipelineVersion]]:
    """List the versions of a pipeline."""
    return get(f"{_path(pipeline_id)}/versions", entry("versions"))


def delete(pipeline_id: str) -> Call[None]:
    """Delete a pipeline."""
    return delete_path(_path(pipeline_id))


def shares(pipeline_id: str) -> Call[list[PipelineShare]]:
    """List the users with whom a pipeline is shared."""
    return get(f"{_path(pipeline_id)}/shares", entry("shares"))


def share(pipeline_id: str, username: str) -> Call[None]:
    """Share a pipeline with a user."""
    return put_json(f"{_path(pipeline_id)}/shares/{path_segment(username)}", nothing, {})


def unshare(pipeline_id: str, username: str) -> Call[None]:
    """End the share of a pipeline with a user."""
    return delete_path(f"{_path(pipeline_id)}/shares/{path_segment(username)}")


def start(pipeline_id: str, new: NewPipelineRun) -> Call[PipelineRun]:
    """Run a pipeline."""
    return post_json(f"{_path(pipeline_id)}/runs", entry("run"), {**new})


def run_page(pipeline_id: str | None, cursor: str | None) -> Call[PipelineRunList]:
    """Get a page of the list of runs."""
    given = {"pipeline": pipeline_id, "cursor": cursor, "limit": "100"}
    arguments = {name: text for name, text in given.items() if text is not None}
    return get(f"pipeline-runs?{urlencode(arguments)}", document)


def run_details(run_id: str) -> Call[PipelineRun]:
    """Get a run."""
    return get(_run_path(run_id), entry("run"))


def change_run(run_id: str, action: str) -> Call[PipelineRun]:
    """Cancel or retry a run."""
    return put_json(f"{_run_path(run_id)}/{action}", entry("run"), {})


def delete_run(run_id: str) -> Call[None]:
    """Delete a run."""
    return delete_path(_run_path(run_id))


def _path(pipeline_id: str) -> str:
    return f"pipelines/{path_segment(pipeline_id)}"


def _run_path(run_id: str) -> str:
    return f"pipeline-runs/{path_segment(run_id)}"
