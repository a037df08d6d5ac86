"""Plans of rules: check a request for a rule against its trigger and its analytics."""

import json

from sqlalchemy import Connection, select

from voxel51.server.accounts.callers import User
from voxel51.server.analytics.tables import AnalyticRow
from voxel51.server.collections.access import collection_for
from voxel51.server.data.tables import sources
from voxel51.server.errors import BadRequest, NotFound
from voxel51.server.job_batches.plan import item_request, only_input
from voxel51.server.jobs.requests import check_request, read_request
from voxel51.server.jobs.submission import JobSubmission
from voxel51.wire.collections import CollectionRole
from voxel51.wire.jobs import JobComputeMode, JobRequestDocument
from voxel51.wire.rules import MAX_RUNS, NewRule, NewRuleRun, RuleRun, RuleTrigger

_ANY_VIDEO = ""
"""Takes the place of the id of a video while none is known."""


class RulePlanner:
    """Checks requests for rules."""

    def __init__(self, submission: JobSubmission) -> None:
        self._submission = submission

    def runs(self, owner: User, new: NewRule) -> list[RuleRun]:
        """Return the analytics of a new rule with their checked parameters.

        Raises:
            BadRequest: one of them is invalid; the text names it.
        """
        if not 1 <= len(new["runs"]) <= MAX_RUNS:
            raise BadRequest(f"'runs' must have 1 to {MAX_RUNS} entries, not {len(new['runs'])}")
        return [self._run(owner, given) for given in new["runs"]]

    def request(self, owner: User, run: RuleRun, data_id: str) -> tuple[AnalyticRow, JobRequestDocument]:
        """Return the version of the analytic that runs now, and the checked request for a video.

        Raises:
            BadRequest: the analytic was deleted or changed so that the rule does not fit it any more.
        """
        analytic = self._submission.resolve(owner, run["analytic"], run["version"])
        names = (analytic.name, analytic.version, run["compute_mode"], run["input"])
        request = read_request(json.dumps(item_request(*names, data_id, run["parameters"])).encode())

        def check_data(named: str) -> None:
            if named != data_id:
                self._submission.check_data(owner, named)

        return analytic, check_request(request, analytic.document, check_data)

    def _run(self, owner: User, given: NewRuleRun) -> RuleRun:
        analytic = self._submission.resolve(owner, given["analytic"], given.get("version"))
        run: RuleRun = {
            "analytic": analytic.name,
            "version": given.get("version"),
            "compute_mode": given.get("compute_mode") or JobComputeMode.BEST,
            "input": given.get("input") or only_input(analytic.document, analytic.name),
            "parameters": given.get("parameters", {}),
        }
        _, checked = self.request(owner, run, _ANY_VIDEO)
        return {**run, "compute_mode": checked["compute_mode"], "parameters": checked["parameters"]}


def check_place(connection: Connection, owner: User, new: NewRule) -> dict[str, str | None]:
    """Return the columns of a rule that say what it waits for.

    Raises:
        BadRequest: the trigger is unknown, or does not fit the other fields.
        NotFound, Forbidden: the owner may not add data to the collection, or has no such source.
    """
    known = [*RuleTrigger]
    if new["trigger"] not in known:
        raise BadRequest(f"'trigger' must be one of {', '.join(known)}, not {new['trigger']!r:.100}")
    trigger, collection_id, source_id = RuleTrigger(new["trigger"]), new.get("collection"), new.get("source")
    for kind, given in ((RuleTrigger.COLLECTION, collection_id), (RuleTrigger.SOURCE, source_id)):
        if (trigger == kind) != (given is not None):
            need = "needs" if trigger == kind else "has no"
            raise BadRequest(f"A rule with the trigger '{trigger}' {need} '{kind}'")
    if collection_id is not None:  # only editors add data, and a rule runs on data that its owner adds
        collection_for(connection, owner, collection_id, CollectionRole.EDITOR)
    if source_id is not None:
        mine = select(sources.c.id).where(sources.c.id == source_id, sources.c.owner_id == owner.id)
        if connection.execute(mine).first() is None:
            raise NotFound(f"Source '{source_id}' not found; it may belong to another user. List your sources")
    return {"trigger": trigger.value, "collection_id": collection_id, "source_id": source_id}
