"""Queue controls: pause and limit what may start, for the whole queue, a user, an application or an analytic.

A pause starts no more jobs of its subject; those that run go on. Internal jobs are not affected. A control of an
analytic is by its full name: it holds for all versions, and for all analytics of that name.
"""

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Select, delete, func, insert, literal, select

from voxel51.server.accounts import audit
from voxel51.server.accounts.applications import ApplicationService
from voxel51.server.accounts.audit import Principal
from voxel51.server.accounts.callers import User
from voxel51.server.accounts.service import AccountService
from voxel51.server.accounts.tables import applications, users
from voxel51.server.analytics.tables import analytics
from voxel51.server.database.database import Database
from voxel51.server.database.types import DatabaseRow
from voxel51.server.errors import BadRequest, NotFound
from voxel51.server.jobs.fair_share import ACTIVE_STATES
from voxel51.server.jobs.tables import jobs, user_submitted
from voxel51.server.scheduling.tables import queue_controls
from voxel51.wire import dates
from voxel51.wire.scheduling import ControlScope, QueueControl, QueueControlList

LONGEST_REASON = 500
MOST_RUNNING_JOBS = 2**31 - 1
WHOLE_QUEUE = "queue"
"""The subject that is the whole queue. Others are ``user:<id>``, ``application:<id>`` and ``analytic:<name>``."""


@dataclass(frozen=True, slots=True)
class Subject:
    """Subject of a control. As a principal of the audit log, it has a name and an identity.

    Attributes:
        name: name of the user, application or analytic; empty for the queue.
        identity: the key of its row.
    """

    scope: ControlScope
    name: str
    identity: str

    def __str__(self) -> str:
        """Return the subject as a part of a sentence."""
        return "the queue" if self.scope is ControlScope.QUEUE else f"{self.scope} '{self.name}'"


class ControlService:
    """Sets and lists the controls. ``wake`` is called when more jobs may start than before."""

    def __init__(self, database: Database, wake: Callable[[], None] = lambda: None) -> None:
        self._database = database
        self._wake = wake

    def subject(self, scope: str, name: str | None) -> Subject:
        """Return the subject of this scope and name.

        Raises:
            BadRequest: the scope is unknown, or the name is missing.
            NotFound: there is no such user, application or analytic.
        """
        try:
            kind = ControlScope(scope)
        except ValueError:
            raise BadRequest(f"scope must be one of {', '.join(ControlScope)}, not {scope!r:.100}") from None
        if kind is ControlScope.QUEUE:
            return Subject(kind, "", WHOLE_QUEUE)
        if not name:
            raise BadRequest(f"the scope {kind} needs the name of one, such as {_EXAMPLES[kind]}")
        return Subject(kind, name, self._identity(kind, name))

    def all(self) -> QueueControlList:
        """Return all controls."""
        with self._database.read() as connection:
            rows = connection.execute(_controls_with_names()).all()
        return {"controls": [control for row in rows if (control := _to_wire(row)) is not None]}

    def pause(self, actor: Principal, subject: Subject, reason: str | None) -> None:
        """Start no more jobs of the subject. A second pause replaces the reason.

        Raises:
            BadRequest: the reason is too long.
        """
        reason = (reason or "").strip()
        if len(reason) > LONGEST_REASON:
            raise BadRequest(f"reason has {len(reason)} characters; {LONGEST_REASON} are the limit")
        self._change(actor, subject, "queue paused", pause_reason=reason, paused_at=dates.now())

    def resume(self, actor: Principal, subject: Subject) -> None:
        """End the pause of the subject. Without a pause nothing changes."""
        self._change(actor, subject, "queue resumed", pause_reason=None, paused_at=None)
        self._wake()

    def limit(self, actor: Principal, subject: Subject, running_jobs: int | None) -> None:
        """Limit the jobs of an application or an analytic that run at once; None or 0: no limit.

        Raises:
            BadRequest: the number is out of range, or the subject is not limited here.
        """
        if subject.scope not in {ControlScope.APPLICATION, ControlScope.ANALYTIC}:
            raise BadRequest(
                f"running jobs are limited for an {ControlScope.APPLICATION} or an {ControlScope.ANALYTIC}, not for "
                f"{subject}. The quota of a user limits their running jobs."
            )
        if running_jobs is not None and not 0 <= running_jobs <= MOST_RUNNING_JOBS:
            raise BadRequest(f"running_jobs is 0 (no limit) to {MOST_RUNNING_JOBS}, not {running_jobs}")
        self._change(actor, subject, "running jobs limited", running_jobs=running_jobs or None)
        self._wake()

    def active_jobs(self, subject: Subject) -> int:
        """Return how many user-submitted jobs of the subject are scheduled or run."""
        active = select(func.count()).select_from(jobs).where(jobs.c.state.in_(ACTIVE_STATES), user_submitted)
        with self._database.read() as connection:
            count: int = connection.execute(active.where(_jobs_of(subject))).scalar_one()
        return count

    def delete_all(self, user: User) -> bool:
        """Delete the control of a user whose account is deleted."""
        with self._database.write() as connection:
            connection.execute(delete(queue_controls).where(queue_controls.c.subject == user.identity))
        return True

    def _identity(self, scope: ControlScope, name: str) -> str:
        if scope is ControlScope.USER:
            return AccountService(self._database).find(name).identity
        if scope is ControlScope.APPLICATION:
            return ApplicationService(self._database).find(name).identity
        with self._database.read() as connection:
            known = connection.execute(select(analytics.c.id).where(analytics.c.name == name).limit(1)).first()
        if known is None:
            raise NotFound(f"Analytic '{name}' not found. `voxel51 analytics list` lists full names.")
        return f"{ControlScope.ANALYTIC}:{name}"

    def _change(self, actor: Principal, subject: Subject, action: str, **values: object) -> None:
        of_subject = queue_controls.c.subject == subject.identity
        with self._database.write() as connection:
            row = connection.execute(select(queue_controls).where(of_subject)).mappings().first()
            changed = {"pause_reason": None, "paused_at": None, "running_jobs": None, **(row or {}), **values}
            connection.execute(delete(queue_controls).where(of_subject))
            if any(changed[name] is not None for name in ("pause_reason", "running_jobs")):
                connection.execute(insert(queue_controls).values(changed | {"subject": subject.identity}))
            audit.record(connection, actor, action, subject, **{k: v for k, v in values.items() if k != "paused_at"})


_EXAMPLES = {
    ControlScope.USER: "'alice'",
    ControlScope.APPLICATION: "'shop'",
    ControlScope.ANALYTIC: "'voxel51/object-tracks'",
}


def _controls_with_names() -> Select[*tuple[object, ...]]:
    user_name = select(users.c.name).where(queue_controls.c.subject == "user:" + users.c.id).scalar_subquery()
    of_application = queue_controls.c.subject == "application:" + applications.c.id
    application_name = select(applications.c.name).where(of_application).scalar_subquery()
    named = func.coalesce(user_name, application_name, literal(None)).label("holder")
    return select(queue_controls, named).order_by(queue_controls.c.subject)


def _to_wire(row: DatabaseRow) -> QueueControl | None:
    kind, _, key = row.subject.partition(":")
    scope = ControlScope(kind)
    name = {ControlScope.QUEUE: "", ControlScope.ANALYTIC: key}.get(scope, row.holder)
    if name is None:  # the user or application was deleted
        return None
    return {
        "scope": scope.value,
        "name": name,
        "paused": row.pause_reason is not None,
        "reason": row.pause_reason,
        "paused_at": None if row.paused_at is None else dates.to_text(row.paused_at),
        "running_jobs": row.running_jobs,
    }


def _jobs_of(subject: Subject) -> ColumnElement[bool]:
    key = subject.identity.partition(":")[2]
    if subject.scope is ControlScope.USER:
        return jobs.c.owner_id == key
    if subject.scope is ControlScope.APPLICATION:
        return jobs.c.application_id == key
    if subject.scope is ControlScope.ANALYTIC:
        return jobs.c.analytic_id.in_(select(analytics.c.id).where(analytics.c.name == key))
    return user_submitted
