"""Filters and fields of data by their jobs: the analytics that ran on them, and the labels that these found."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Select, func, select

from voxel51.server.analytics.tables import analytics
from voxel51.server.database.conditions import Relation
from voxel51.server.database.types import without_index
from voxel51.server.jobs.tables import job_inputs, jobs
from voxel51.server.search.matching import searchable
from voxel51.server.search.tables import label_spans
from voxel51.wire.jobs import JobState

_MOST_LABELS = 20
"""Number of labels of one file that a list returns."""

_NOT_FAILED = [state.value for state in JobState if state != JobState.FAILED]
_Found = dict[str, list[str]]


def _rows_with_analytic(names: Sequence[str]) -> Select[Any]:
    return _rows_of_jobs(names).where(*searchable)


def _rows_with_attempt(names: Sequence[str]) -> Select[Any]:
    return _rows_of_jobs(names).where(without_index(jobs.c.state).in_(_NOT_FAILED))


def _rows_of_jobs(names: Sequence[str]) -> Select[Any]:
    versions = select(analytics.c.id).where(analytics.c.name.in_(names))
    return (
        select(job_inputs.c.data_id.label("record_id"))
        .join(jobs, jobs.c.id == job_inputs.c.job_id)
        .where(job_inputs.c.analytic_id.in_(versions))
    )


def _rows_with_label(labels: Sequence[str]) -> Select[Any]:
    return (
        select(job_inputs.c.data_id.label("record_id"))
        .select_from(label_spans)
        .join(job_inputs, job_inputs.c.job_id == label_spans.c.job_id)
        .join(jobs, jobs.c.id == label_spans.c.job_id)
        .where(label_spans.c.label.in_(labels), *searchable)
    )


RELATIONS: Mapping[str, Relation] = {
    "analytic": Relation(_rows_with_analytic, job_inputs.c.data_id, job_inputs.c.owner_id),
    "not_run": Relation(_rows_with_attempt, job_inputs.c.data_id, job_inputs.c.owner_id, is_negated=True),
    "label": Relation(_rows_with_label, job_inputs.c.data_id, label_spans.c.owner_id),
}
"""Search fields of data: a complete job of this analytic; no complete or pending job of it; this label was found."""


def _analytics_of(connection: Connection, data_ids: Sequence[str]) -> _Found:
    statement = (
        select(job_inputs.c.data_id, analytics.c.name)
        .join(jobs, jobs.c.id == job_inputs.c.job_id)
        .join(analytics, analytics.c.id == job_inputs.c.analytic_id)
        .where(job_inputs.c.data_id.in_(data_ids), *searchable)
        .distinct()
        .order_by(analytics.c.name)
    )
    return _collected(connection, statement)


def _labels_of(connection: Connection, data_ids: Sequence[str]) -> _Found:
    spans = func.count().label("spans")
    statement = (
        select(job_inputs.c.data_id, label_spans.c.label, spans)
        .join(label_spans, label_spans.c.job_id == job_inputs.c.job_id)
        .join(jobs, jobs.c.id == job_inputs.c.job_id)
        .where(job_inputs.c.data_id.in_(data_ids), *searchable)
        .group_by(job_inputs.c.data_id, label_spans.c.label)
        .order_by(spans.desc(), label_spans.c.label)
    )
    return {data_id: labels[:_MOST_LABELS] for data_id, labels in _collected(connection, statement).items()}


def _collected(connection: Connection, statement: Select[Any]) -> _Found:
    found: _Found = {}
    for data_id, value, *_ in connection.execute(statement):
        found.setdefault(data_id, []).append(value)
    return found


COMPUTED: Mapping[str, Callable[[Connection, Sequence[str]], _Found]] = {
    "analytics": _analytics_of,
    "labels": _labels_of,
}
"""Fields of data: the names of the analytics with a complete job, and the labels found, the most frequent first."""
