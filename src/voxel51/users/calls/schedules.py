"""Calls about schedules, which run batches again and again."""

from voxel51.users.calls.call import Call, delete_path, entry, get, patch_json, path_segment, post_json, put_json
from voxel51.wire.schedules import NewSchedule, Schedule, ScheduleChanges, ScheduleRun


def create(new: NewSchedule) -> Call[Schedule]:
    """Create a schedule."""
    return post_json("schedules", entry("schedule"), {**new})


def list_all() -> Call[list[Schedule]]:
    """List the schedules."""
    return get("schedules", entry("schedules"))


def details(schedule_id: str) -> Call[Schedule]:
    """Get a schedule."""
    return get(_path(schedule_id), entry("schedule"))


def runs(schedule_id: str) -> Call[list[ScheduleRun]]:
    """List the runs of a schedule."""
    return get(f"{_path(schedule_id)}/runs", entry("runs"))


def update(schedule_id: str, changes: ScheduleChanges) -> Call[Schedule]:
    """Change fields of a schedule."""
    return patch_json(_path(schedule_id), entry("schedule"), {**changes})


def change(schedule_id: str, action: str) -> Call[Schedule]:
    """Pause or resume a schedule."""
    return put_json(f"{_path(schedule_id)}/{action}", entry("schedule"), {})


def delete(schedule_id: str) -> Call[None]:
    """Delete a schedule."""
    return delete_path(_path(schedule_id))


def _path(schedule_id: str) -> str:
    return f"schedules/{path_segment(schedule_id)}"
