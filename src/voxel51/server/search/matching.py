"""Matching jobs: find a page of the jobs whose labels match a search, without reading all jobs of their owner.

If few jobs have a label of the search, these alone are compared. Otherwise the jobs are compared from the newest on
until the page is full: the more jobs match, the sooner.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    Select,
    Text,
    and_,
    exists,
    func,
    select,
    true,
    type_coerce,
)

from voxel51.server.accounts.callers import User
from voxel51.server.analytics.tables import analytics
from voxel51.server.database.listing import FEW
from voxel51.server.database.types import contains_text, without_index
from voxel51.server.jobs.tables import jobs, user_submitted
from voxel51.server.search.query import LabelQuery
from voxel51.server.search.tables import label_spans
from voxel51.wire.jobs import JobState

_Conditions = Sequence[ColumnElement[bool]]

searchable = (
    without_index(jobs.c.state) == JobState.COMPLETE.value,
    without_index(jobs.c.expired).is_(False),
    user_submitted,
)
"""Conditions: searches find the job. They do not make the database choose an index."""


@dataclass(frozen=True, slots=True)
class MatchingJobs:
    """Ids of the jobs on one page, the newest first, and the number of matches: all of them, or at least as many."""

    ids: Sequence[str]
    count: int
    is_count_exact: bool


newest_first = (jobs.c.upload_date.desc(), jobs.c.id)
"""Order of the matches."""


def matching_jobs(connection: Connection, owner: User, query: LabelQuery) -> MatchingJobs:
    """Return the page of the jobs of the owner that match ``query``."""
    conditions = [*searchable, *_conditions(query)]
    few = _few_jobs(connection, owner, query)
    if few is None:
        conditions.append(jobs.c.owner_id == owner.id)
    else:
        conditions += [jobs.c.id.in_(few), without_index(jobs.c.owner_id) == owner.id]
    matching = select(jobs.c.id).where(*conditions).order_by(*newest_first)
    ids = connection.execute(matching.limit(query.limit + 1).offset(query.offset)).scalars().all()
    seen = query.offset + len(ids)
    if ids and len(ids) <= query.limit:
        return MatchingJobs(ids, seen, is_count_exact=True)
    if few is None and ids:  # counting would compare jobs until that many match
        return MatchingJobs(ids[: query.limit], seen, is_count_exact=False)
    count = _count(connection, matching)
    return MatchingJobs(ids[: query.limit], count, is_count_exact=count <= FEW)


def _count(connection: Connection, matching: Select[str]) -> int:
    bounded = matching.limit(FEW + 1).subquery()
    return connection.execute(select(func.count()).select_from(bounded)).scalar_one()


def _few_jobs(connection: Connection, owner: User, query: LabelQuery) -> Sequence[str] | None:
    """Return jobs among which are all that match; None if these are more than `FEW`.

    They are those that have one label of the search, or else those that have all of them.
    """
    if query.job_id is not None:
        return [query.job_id]
    span = label_spans.c
    labels: Sequence[str | None] = query.labels or (None,)
    having = [select(span.job_id).where(span.owner_id == owner.id, fits(label_spans, each, query)) for each in labels]
    if len(labels) > 1:
        aliases = [(label, label_spans.alias()) for label in labels[1:]]
        others = (exists().where(other.c.owner_id == owner.id, other.c.job_id == span.job_id, fits(other, label, query))
                  for label, other in aliases)  # fmt: skip
        having.append(having[0].where(*others))
    for statement in having:
        found = connection.execute(statement.distinct().limit(FEW + 1)).scalars().all()
        if len(found) <= FEW:
            return found
    return None


def _conditions(query: LabelQuery) -> Iterator[ColumnElement[bool]]:
    if query.analytic is not None:
        yield without_index(jobs.c.analytic_id).in_(select(analytics.c.id).where(analytics.c.name == query.analytic))
    if query.data_id is not None:
        # Requests are stored as JSON, which has each id in quotes: search the text for it.
        yield type_coerce(jobs.c.request, Text).contains(f'"{query.data_id}"', autoescape=True)
    wanted: list[str | None] = [*query.labels] or [None]
    aliases = [label_spans.alias(f"span_{index}") for index in range(len(wanted))]
    each = [
        and_(alias.c.job_id == jobs.c.id, fits(alias, label, query))
        for alias, label in zip(aliases, wanted, strict=True)
    ]
    if not query.together:
        yield from (exists().where(one) for one in each)
        return
    # If each two of several ranges overlap, all of them have a frame in common (Helly's theorem in one dimension).
    meeting = [
        and_(one.c.first_frame <= other.c.last_frame, other.c.first_frame <= one.c.last_frame)
        for index, one in enumerate(aliases)
        for other in aliases[:index]
    ]
    yield exists().where(*each, *meeting)


def fits(span: FromClause, label: str | None, query: LabelQuery) -> ColumnElement[bool]:
    """Return the condition that a span has the label, unless that is None, and meets the other conditions."""
    conditions: list[ColumnElement[bool]] = [true()]
    if label is not None:
        conditions.append(span.c.label == label)
    if query.text is not None:
        # An index has the spans with a text. SQLite does not conclude from the comparison that there is one.
        conditions += [span.c.text.is_not(None), contains_text(span.c.text, query.text)]
    if query.longer_than:
        conditions.append(span.c.seconds > query.longer_than)
    if query.confidence:
        conditions.append(span.c.confidence >= query.confidence)
    return and_(*conditions)
