"""Admission: which queued jobs may start, besides the limits of their owners.

Operators pause the queue, an owner, an application or an analytic, and limit how many jobs of an application or of an
analytic run at once. An analytic or application with such a limit is a group. A claim asks for one `Admission`, which
counts down the slots of each group as jobs are chosen.
"""

from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass, field

from sqlalchemy import Connection, select

from voxel51.server.accounts.tables import users
from voxel51.server.jobs.fair_share import ConcurrencyLimits, QueuedJob


@dataclass(slots=True)
class Admission:
    """Permission of operators to start jobs. The default permits all.

    Attributes:
        is_paused: whether no job of a user may start.
        paused_owners: ids of owners whose jobs may not start.
        free_slots: group -> how many more of its jobs may start; 0 for a paused group.
        group_of_analytic: id of an analytic -> its group, for those in a group.
        applications: id of an application -> its group, likewise.
    """

    is_paused: bool = False
    paused_owners: Set[str] = frozenset()
    free_slots: dict[str, int] = field(default_factory=dict)
    group_of_analytic: Mapping[str, str] = field(default_factory=dict)
    applications: Mapping[str, str] = field(default_factory=dict)
    _group_of_owner: dict[str, str] = field(default_factory=dict)

    def blocked_analytics(self) -> list[str]:
        """Return the ids of the analytics whose jobs may not start."""
        return [each for each, group in self.group_of_analytic.items() if self.free_slots[group] <= 0]

    def within(self, limits: ConcurrencyLimits) -> ConcurrencyLimits:
        """Return ``limits`` with 0 for the owners whose jobs may not start."""
        if not self.paused_owners and not self.applications:
            return limits

        def admitted(connection: Connection, owner_ids: Sequence[str]) -> Mapping[str, int]:
            self._find_groups(connection, owner_ids)
            full = [each for each, group in self._group_of_owner.items() if self.free_slots[group] <= 0]
            return {**limits(connection, owner_ids), **dict.fromkeys({*full, *self.paused_owners}, 0)}

        return admitted

    def take(self, job: QueuedJob) -> bool:
        """Use a slot of each group of the job; return False, and use none, if one of them has no free slot."""
        found = (self.group_of_analytic.get(job.analytic_id), self._group_of_owner.get(job.owner_id))
        groups = [group for group in found if group is not None]
        if any(self.free_slots[group] <= 0 for group in groups):
            return False
        for group in groups:
            self.free_slots[group] -= 1
        return True

    def _find_groups(self, connection: Connection, owner_ids: Sequence[str]) -> None:
        if not self.applications:
            return
        of_groups = users.c.id.in_(owner_ids) & users.c.application_id.in_([*self.applications])
        for owner_id, application_id in connection.execute(select(users.c.id, users.c.application_id).where(of_groups)):
            self._group_of_owner[owner_id] = self.applications[application_id]


Admissions = Callable[[Connection], Admission]
"""Returns the present admission."""


def admit_all(_connection: Connection) -> Admission:
    """Return an admission of all jobs."""
    return Admission()
