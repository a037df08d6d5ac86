"""Matching jobs: a search returns the jobs that a comparison one by one returns, whatever the number of matches."""

import string
from datetime import UTC, datetime, timedelta
from itertools import combinations, product
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, insert, select

from support.job_services import JobServices
from voxel51.server.accounts.callers import User
from voxel51.server.analytics.tables import analytics
from voxel51.server.jobs.tables import jobs
from voxel51.server.search import matching
from voxel51.server.search.query import LabelQuery
from voxel51.server.search.tables import label_spans

START = datetime(2026, 1, 1, tzinfo=UTC)
LABELS = ["car", "dog", "bus"]

spans = st.fixed_dictionaries(
    {
        "kind": st.just("object"),
        "label": st.sampled_from(LABELS),
        "text": st.none() | st.text("abC", min_size=1, max_size=3),
        "first_frame": st.integers(1, 9),
        "frame_count": st.integers(1, 9),
        "seconds": st.sampled_from([0.5, 1.0, 2.0]),
        "confidence": st.none() | st.sampled_from([0.3, 0.9]),
    }
)
found_jobs = st.fixed_dictionaries(
    {
        "id": st.uuids(version=4).map(str),
        "is_own": st.sampled_from([True, True, True, False]),
        "state": st.sampled_from(["COMPLETE", "COMPLETE", "COMPLETE", "FAILED"]),
        "expired": st.sampled_from([False, False, False, True]),
        "internal": st.sampled_from([False, False, False, True]),
        "uploaded": st.integers(0, 4),
        "spans": st.lists(spans, max_size=4),
    }
)
queries = st.builds(
    LabelQuery,
    labels=st.lists(st.sampled_from(LABELS), min_size=1, max_size=3, unique=True).map(tuple),
    text=st.none() | st.text(string.ascii_lowercase[:3], min_size=1, max_size=1),
    longer_than=st.sampled_from([0.0, 0.7]),
    confidence=st.sampled_from([0.0, 0.5]),
    together=st.booleans(),
    limit=st.integers(1, 4),
    offset=st.integers(0, 4),
)


def test_matching_jobs_are_those_that_a_comparison_one_by_one_finds(services: JobServices, monkeypatch: Any) -> None:
    monkeypatch.setattr(matching, "FEW", 2)
    alice, bob = services.accounts.create_user("alice"), services.accounts.create_user("bob")

    @settings(max_examples=100, deadline=None, derandomize=True, database=None)
    @given(st.lists(found_jobs, max_size=12, unique_by=lambda job: job["id"]), queries)
    def check(made: list[dict[str, Any]], query: LabelQuery) -> None:
        fill(services, made, alice, bob)
        newest_first = sorted(made, key=lambda job: (-job["uploaded"], job["id"]))
        expected = [job["id"] for job in newest_first if fits(job, query)]
        with services.database.read() as connection:
            found = matching.matching_jobs(connection, alice, query)
        assert list(found.ids) == expected[query.offset :][: query.limit]
        assert found.count == len(expected) or (
            not found.is_count_exact and len(found.ids) < found.count < len(expected)
        )

    check()


def fill(services: JobServices, made: list[dict[str, Any]], alice: User, bob: User) -> None:
    with services.database.write(durable=False) as connection:
        connection.execute(delete(jobs))
        analytic_id = connection.execute(select(analytics.c.id)).scalar_one()
        for job in made:
            owner = {"owner_id": alice.id if job["is_own"] else bob.id}
            constant = {"name": "a job", "archived": False, "analytic_id": analytic_id, "compute_mode": "BEST",
                        "auto_start": True, "failure_type": "NONE", "request": {}, "output_filename": "x",
                        "attempts_lost": 0, "expiration_date": START}  # fmt: skip
            own = {name: job[name] for name in ("id", "state", "expired", "internal")}
            uploaded = START + timedelta(days=job["uploaded"])
            connection.execute(insert(jobs).values(**own, **owner, **constant, upload_date=uploaded))
            for span in job["spans"]:
                last = span["first_frame"] + span["frame_count"] - 1
                connection.execute(insert(label_spans).values(**span, **owner, job_id=job["id"], last_frame=last))


def fits(job: dict[str, Any], query: LabelQuery) -> bool:
    if not job["is_own"] or job["state"] != "COMPLETE" or job["expired"] or job["internal"]:
        return False
    by_label = [
        [span for span in job["spans"] if span["label"] == label and meets(span, query)] for label in query.labels
    ]
    if not query.together:
        return all(by_label)
    return any(all(overlap(*pair) for pair in combinations(chosen, 2)) for chosen in product(*by_label))


def meets(span: dict[str, Any], query: LabelQuery) -> bool:
    has_text = query.text is None or query.text in (span["text"] or "").lower()
    is_long = not query.longer_than or span["seconds"] > query.longer_than
    is_certain = not query.confidence or (span["confidence"] or 0.0) >= query.confidence
    return has_text and is_long and is_certain


def overlap(one: dict[str, Any], other: dict[str, Any]) -> bool:
    first = max(one["first_frame"], other["first_frame"])
    return first <= min(span["first_frame"] + span["frame_count"] - 1 for span in (one, other))
