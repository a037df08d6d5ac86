"""Calls of the client for schedules: run batches again and again."""

from typing import Unpack

from voxel51.users.calls import schedules
from voxel51.users.compound import CompoundCalls
from voxel51.wire.schedules import (
    DEFAULT_TIME_ZONE,
    MissedRuns,
    NewSchedule,
    Schedule,
    ScheduleChanges,
    ScheduledWork,
    ScheduleRun,
)


class ScheduleCalls(CompoundCalls):
    """Mix-in with the calls for schedules."""

    def create_schedule(
        self,
        cron: str,
        run: ScheduledWork,
        *,
        time_zone: str = DEFAULT_TIME_ZONE,
        missed_runs: str = MissedRuns.RUN_ONCE,
        name: str | None = None,
    ) -> Schedule:
        """Run a batch at the times of a cron expression, and return the schedule that does it.

        Args:
            cron: minute, hour, day of the month, month and day of the week, such as ``0 3 * * *``.
            run: what is run, as `voxel51.users.scheduled_work.scheduled_batch` describes it. Its videos are selected
                again each time.
            time_zone: name of the time zone of ``cron``, such as ``Europe/Berlin``.
            missed_runs: what happens after the platform was down at due times: ``run_once`` or ``skip``.
            name: name of the schedule; default: the cron expression.
        """
        new: NewSchedule = {"cron": cron, "run": run, "time_zone": time_zone, "missed_runs": str(missed_runs)}
        if name is not None:
            new["name"] = name
        return self._send(schedules.create(new))

    def list_schedules(self) -> list[Schedule]:
        """List your schedules, the newest first, each with its next date and its last run."""
        return self._send(schedules.list_all())

    def get_schedule(self, schedule_id: str) -> Schedule:
        """Return a schedule."""
        return self._send(schedules.details(schedule_id))

    def list_schedule_runs(self, schedule_id: str) -> list[ScheduleRun]:
        """List the last 100 runs of a schedule, the newest first: when each was due, and what it started."""
        return self._send(schedules.runs(schedule_id))

    def update_schedule(self, schedule_id: str, **changes: Unpack[ScheduleChanges]) -> Schedule:
        """Change the cron expression, the time zone, the name, or what is run, and return the schedule."""
        return self._send(schedules.update(schedule_id, changes))

    def pause_schedule(self, schedule_id: str) -> Schedule:
        """Run a schedule no more until `resume_schedule`. What is due meanwhile is left out."""
        return self._send(schedules.change(schedule_id, "pause"))

    def resume_schedule(self, schedule_id: str) -> Schedule:
        """Run a paused schedule again, from its next due time on."""
        return self._send(schedules.change(schedule_id, "resume"))

    def delete_schedule(self, schedule_id: str) -> None:
        """Delete a schedule. What it started stays."""
        self._send(schedules.delete(schedule_id))
