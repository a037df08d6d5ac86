"""Rules: run analytics on each new video of a user, of a collection, or of a source, without a further request."""

from enum import StrEnum
from typing import NotRequired, TypedDict

from voxel51.wire.documents import JsonObject

MAX_RULES = 100
"""Number of rules that one user can have."""

MAX_RUNS = 10
"""Number of analytics that one rule can run."""

MAX_RUNS_AT_PLACE = 20
"""Number of analytics that all rules of a user can run on one new video of the same collection, source, or upload."""


class RuleTrigger(StrEnum):
    """Event that a rule waits for: a new video of its owner, one that is added to a collection, or one of a source."""

    UPLOAD = "upload"
    COLLECTION = "collection"
    SOURCE = "source"


class RuleState(StrEnum):
    """State of a rule. A PAUSED one starts no jobs; the videos that arrive meanwhile wait."""

    ACTIVE = "ACTIVE"
    PAUSED = "PAUSED"


class RuleItemState(StrEnum):
    """State of an item: WAITING → ACTIVE → COMPLETE or FAILED. REUSED: an earlier job of the owner has the result."""

    WAITING = "WAITING"
    ACTIVE = "ACTIVE"
    COMPLETE = "COMPLETE"
    REUSED = "REUSED"
    FAILED = "FAILED"


class NewRuleRun(TypedDict):
    """Analytic that a rule is to run. Without ``version``, the latest one when a video arrives.

    ``input`` is needed if the analytic has several required inputs.
    """

    analytic: str
    version: NotRequired[str]
    compute_mode: NotRequired[str]
    input: NotRequired[str]
    parameters: NotRequired[JsonObject]


class NewRule(TypedDict):
    """Body of ``POST rules``. ``collection`` or ``source`` is the id of what the trigger names."""

    trigger: str
    runs: list[NewRuleRun]
    collection: NotRequired[str]
    source: NotRequired[str]
    name: NotRequired[str]


class RuleRun(TypedDict):
    """Analytic that a rule runs, with its checked parameters. ``version`` is null for the latest one."""

    analytic: str
    version: str | None
    compute_mode: str
    input: str
    parameters: JsonObject


class RuleCounts(TypedDict):
    """Number of items of a rule in each state."""

    waiting: int
    active: int
    complete: int
    reused: int
    failed: int


class RuleFailure(TypedDict):
    """The last failure of an item of a rule."""

    message: str
    date: str


class Rule(TypedDict):
    """One rule. ``place`` is the name of its collection or the location of its source; null for uploads."""

    id: str
    name: str
    state: str
    trigger: str
    collection: str | None
    source: str | None
    place: str | None
    runs: list[RuleRun]
    created_date: str
    counts: RuleCounts
    last_failure: RuleFailure | None


class RuleDetails(TypedDict):
    """Response of ``POST rules``, ``GET rules/<id>`` and of changes of a rule."""

    rule: Rule


class RuleList(TypedDict):
    """Response of ``GET rules``, the newest first."""

    rules: list[Rule]


class RuleItem(TypedDict):
    """One video with one of the analytics of a rule. ``run`` is the position of the analytic, from 0."""

    id: str
    data_id: str
    filename: str
    run: int
    analytic: str
    state: str
    job_id: str | None
    job_state: str | None
    message: str | None
    noted_date: str


class RuleItemList(TypedDict):
    """Response of ``GET rules/<id>/items``, the newest first."""

    items: list[RuleItem]
    next_cursor: str | None
