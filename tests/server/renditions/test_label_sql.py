"""SQL over labels: the Parquet files that a query needs stay, and waiting for it reads states alone. Also datasets."""

import copy
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from support.job_services import DOCUMENT, JobServices
from voxel51.server.accounts.callers import User
from voxel51.server.analytics.installed import InstalledAnalytic
from voxel51.server.collections.access import own_members
from voxel51.server.collections.members import MemberService
from voxel51.server.collections.service import CollectionService
from voxel51.server.data.labelling import LabellingService
from voxel51.server.datasets import selection
from voxel51.server.datasets.selection import newest_jobs
from voxel51.server.datasets.service import DatasetPlaces, DatasetService
from voxel51.server.downloads import Download
from voxel51.server.errors import BadRequest, NotFound
from voxel51.server.job_batches.records import results_of
from voxel51.server.jobs.internal import InternalJobs
from voxel51.server.moments.service import MomentService
from voxel51.server.renditions.label_charts import LabelCharts, LabelSet
from voxel51.server.renditions.label_sql import CAPTURED_AT, LabelQuery, LabelSqlService, time_of_day
from voxel51.server.renditions.service import RENDITION_ANALYTIC, RenditionService, RetentionPolicy
from voxel51.server.renditions.sources import SourceResolver
from voxel51.server.renditions.tables import renditions
from voxel51.server.reviews.service import ReviewFiles
from voxel51.server.search.service import MAX_SPANS
from voxel51.server.search.tables import label_spans
from voxel51.wire import dates

COUNT = "voxel51/count"
MOST_RENDITIONS = 5


def label_document() -> dict[str, Any]:
    document = copy.deepcopy(DOCUMENT)
    document["outputs"][0]["type"] = "types.VideoLabels"
    return document


def narrowed(moments: MomentService, user: User, labels: str) -> tuple[set[str], int]:
    """Return the jobs that a search for moments reads, and how many it leaves out."""
    search = moments.begin(user, LabelSet(), {"labels": labels})
    search.result()
    with moments._database.read() as connection:
        read = set(connection.execute(select(renditions.c.job_id).where(renditions.c.job_id.is_not(None))).scalars())
    return read, search.left_out


@dataclass
class Labels:
    """SQL over labels of jobs that end when they are submitted."""

    jobs: JobServices
    queries: LabelSqlService
    charts: LabelCharts
    moments: MomentService

    def begin(self, user: User) -> LabelQuery:
        return self.queries.begin(user, {"sql": "SELECT 1"})

    def run_job(self, user: User, data_id: str | None = None) -> str:
        """Run a job with labels; return its id."""
        request = {"analytic": COUNT, "inputs": {"video": {"data-id": data_id or self.jobs.add_data(user)}}}
        job_id = self.jobs.jobs.submit(user, json.dumps(request).encode(), "a job", True, None)["id"]
        self.end(*self.jobs.claim())
        return job_id

    def end(self, _claim: object, attempt: Any) -> None:
        self.jobs.put_output(attempt)
        self.jobs.reports.report_state(attempt, "RUNNING", None)
        self.jobs.reports.report_state(attempt, "COMPLETE", None)

    def make_renditions(self) -> None:
        while claims := self.jobs.attempts.claim(1, internal=True):
            self.end(None, self.jobs.reports.authenticate(claims[0].credential, claims[0].job_id))

    def kept(self) -> list[Any]:
        with self.jobs.database.read() as connection:
            return [*connection.execute(select(renditions).order_by(renditions.c.used_at))]


@pytest.fixture
def labels(services: JobServices) -> Iterator[Labels]:
    offers = [
        InstalledAnalytic(COUNT, label_document(), preload_safe=True),
        InstalledAnalytic(RENDITION_ANALYTIC, DOCUMENT, preload_safe=True),
    ]
    services.analytics.install(offers, internal={RENDITION_ANALYTIC})
    internal = InternalJobs(services.database, services.storage, services.analytics, lambda: None)
    places = DatasetPlaces(own_members, results_of, services.data.found)
    datasets = DatasetService(services.database, services.analytics, places)
    reviews = ReviewFiles(services.database)
    sources = SourceResolver(services.data, services.jobs, services.analytics, datasets, reviews, services.storage)
    policy = RetentionPolicy(timedelta(days=1), MOST_RENDITIONS)
    made = RenditionService(services.database, services.storage, internal, sources, policy)
    queries = LabelSqlService(services.database, made, MOST_RENDITIONS)
    charts = LabelCharts(services.database, queries, places)
    yield Labels(services, queries, charts, MomentService(services.database, charts, queries, made))


@pytest.fixture
def alice(services: JobServices) -> User:
    return services.accounts.create_user("alice")


def test_query_reads_no_more_jobs_than_renditions_are_kept(labels: Labels, alice: User) -> None:
    job_ids = [labels.run_job(alice) for _ in range(4)]

    query = labels.begin(alice)
    labels.make_renditions()
    query.result()
    labels.make_renditions()

    assert isinstance(query.result(), Download)
    assert {row.job_id for row in labels.kept()} == {None, *job_ids[2:]}  # the result, and the files of the newest


def test_waiting_reads_states_alone_and_does_not_run_a_cancelled_query_again(
    labels: Labels, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    labels.run_job(alice)
    labels.begin(alice)
    labels.make_renditions()
    labels.run_job(alice)
    query = labels.begin(alice)
    labels.run_job(alice)  # too late for this request
    monkeypatch.delattr(LabelSqlService, "_jobs")
    monkeypatch.delattr(LabelSqlService, "_videos")

    waiting = {"rendition": "sql", "state": "QUEUED", "fraction": 0.5, "conversions": {"done": 1, "total": 2}}
    assert query.result() == waiting
    labels.make_renditions()
    assert query.result() == {"rendition": "sql", "state": "QUEUED", "fraction": None}
    result = next(row for row in labels.kept() if row.kind == "sql")
    with labels.jobs.database.write() as connection:
        connection.execute(renditions.delete().where(renditions.c.internal_job_id == result.internal_job_id))

    with pytest.raises(NotFound, match="was cancelled"):
        query.result()


def test_query_records_that_it_uses_the_files_of_labels(labels: Labels, alice: User) -> None:
    labels.run_job(alice)
    labels.begin(alice)
    labels.make_renditions()
    before = dates.now() - timedelta(hours=20)
    with labels.jobs.database.write() as connection:
        connection.execute(update(renditions).values(used_at=before))

    labels.begin(alice)

    assert [row.used_at > before for row in labels.kept()] == [True]


def test_jobs_whose_output_is_gone_are_left_out(labels: Labels, alice: User) -> None:
    labels.run_job(alice)
    for key in labels.jobs.keys("outputs/"):
        labels.jobs.storage.delete(key)

    query = labels.begin(alice)

    assert labels.kept() == []
    assert query.result()["state"] == "QUEUED"  # the query itself, over no labels


def test_newest_job_on_each_video_is_chosen(
    labels: Labels, alice: User, services: JobServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second, third = (services.add_data(alice, name.encode()) for name in "abc")
    labels.run_job(alice, first)
    of_second, of_first, of_third = (labels.run_job(alice, each) for each in (second, first, third))

    with services.database.read() as connection:
        assert newest_jobs(connection, alice, COUNT, None) == [of_second, of_first, of_third]
        assert newest_jobs(connection, alice, COUNT, [first, second]) == [of_second, of_first]
        assert newest_jobs(connection, services.accounts.create_user("bob"), COUNT, [first]) == []
        monkeypatch.setattr(selection, "MAX_DATASET_JOBS", 2)
        with pytest.raises(BadRequest, match="at most 2 jobs"):
            newest_jobs(connection, alice, COUNT, None)
        with pytest.raises(BadRequest, match="at most 2 jobs"):
            newest_jobs(connection, alice, COUNT, [first, second, third])
        assert newest_jobs(connection, alice, COUNT, [first, "x", "y", "z"]) == [of_first]


def test_a_set_counts_the_newest_result_of_each_of_its_videos(
    labels: Labels, services: JobServices, alice: User
) -> None:
    bob, database = services.accounts.create_user("bob"), services.database
    first, other = services.add_data(alice), services.add_data(alice)
    labels.run_job(alice, first)
    newest = labels.run_job(alice, first)
    labels.run_job(alice, other)
    collection = CollectionService(database).create(alice, {"name": "Junction"})["id"]
    MemberService(database, services.data).add(alice, collection, [first], ())
    CollectionService(database).share(alice, collection, "bob", "editor")
    chosen = LabelSet(collection=collection)

    with database.read() as connection:
        assert [row["id"] for row in labels.charts._results(connection, alice, chosen)] == [newest]
    assert labels.charts.details(alice, chosen) == {
        "analytics": [{"analytic": COUNT, "videos": 1}],
        "charts": ["classes", "videos", "lengths"],
        "videos_with_time": 0,
        "is_complete": True,
    }
    assert labels.charts.details(alice, LabelSet())["analytics"] == [{"analytic": COUNT, "videos": 2}]
    assert labels.charts.details(bob, chosen)["analytics"] == []  # members of others are not the caller's results

    query = labels.charts.begin(alice, "classes", chosen, {"format": "csv"})
    labels.make_renditions()
    query.result()
    labels.make_renditions()
    assert isinstance(query.result(), Download)
    assert {row.job_id for row in labels.kept()} == {None, newest}


def test_hours_are_offered_where_a_time_of_capture_is_known(labels: Labels, services: JobServices, alice: User) -> None:
    data_id = services.add_data(alice)
    labels.run_job(alice, data_id)
    with pytest.raises(BadRequest, match="captured-at"):
        labels.charts.begin(alice, "hours", LabelSet(), {})

    LabellingService(services.database).change(
        alice, [data_id], {"metadata": {CAPTURED_AT: "2026-06-01T08:30:00+02:00"}}
    )

    found = labels.charts.details(alice, LabelSet())
    assert ("hours" in found["charts"], found["videos_with_time"]) == (True, 1)
    assert time_of_day("2026-06-01T08:30:00+02:00") == "2026-06-01T08:30:00"
    assert [time_of_day(text) for text in (None, "2026-06-01", "T", "yesterday")] == [None] * 4


def test_sets_that_cannot_be_counted_are_refused(labels: Labels, alice: User, services: JobServices) -> None:
    bob = services.accounts.create_user("bob")
    private = CollectionService(services.database).create(bob, {"name": "Private"})["id"]
    for chosen, error in (
        (LabelSet(collection=private), NotFound),
        (LabelSet(batch="none"), NotFound),
        (LabelSet(collection=private, batch="none"), BadRequest),
    ):
        with pytest.raises(error):
            labels.charts.details(alice, chosen)
    for chart, label, error in (("pie", None, NotFound), ("classes", "a\n", BadRequest)):
        with pytest.raises(error):
            labels.charts.begin(alice, chart, LabelSet(), {"label": label} if label else {})


def add_spans(services: JobServices, owner: User, job_id: str, label: str, count: int = 1) -> None:
    span = {"kind": "object", "label": label, "first_frame": 1, "last_frame": 2, "frame_count": 2, "seconds": 0.1}
    with services.database.write() as connection:
        connection.execute(label_spans.insert(), [{**span, "owner_id": owner.id, "job_id": job_id}] * count)


def test_moments_of_many_results_are_sought_where_the_label_is(
    labels: Labels, services: JobServices, alice: User
) -> None:
    jobs = [labels.run_job(alice) for _ in range(5)]  # more than one query reads
    for job_id in jobs[:3]:
        add_spans(services, alice, job_id, "car")
    add_spans(services, alice, jobs[3], "dog")
    add_spans(services, alice, jobs[4], "dog", count=MAX_SPANS)  # others of its labels may be missing
    limit = labels.queries.most_jobs
    assert limit == 2

    read, left_out = narrowed(labels.moments, alice, "dog")
    assert (read, left_out) == ({jobs[3], jobs[4]}, 0)
    assert narrowed(labels.moments, alice, "car")[1] == 2  # of four, among them the one with incomplete spans


def test_moments_of_others_are_not_found(labels: Labels, services: JobServices, alice: User) -> None:
    labels.run_job(alice)
    bob = services.accounts.create_user("bob")
    private = CollectionService(services.database).create(alice, {"name": "Private"})["id"]

    with pytest.raises(NotFound):
        labels.moments.begin(bob, LabelSet(collection=private), {"labels": "car"})
    assert narrowed(labels.moments, bob, "car") == (set(), 0)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "takes 1 to 5 labels, not 0"),
        ({"labels": "a,b,c,d,e,f"}, "takes 1 to 5 labels, not 6"),
        ({"labels": "a\tb"}, "is not a label: use up to 255 printable characters"),
        ({"labels": "car", "confidence": "2"}, "'confidence' must be a number from 0 to 1, not '2'"),
        ({"labels": "car", "larger_than": "0.5", "smaller_than": "0.1"}, "'larger_than' is 0.5"),
        ({"labels": "car", "longer_than": "5", "shorter_than": "5"}, "'longer_than' is 5"),
        ({"labels": "car", "zone": "0,0;1,1"}, "'zone' must be 3 to 50 points"),
        ({"labels": "car", "sort": "newest"}, "'sort' must be one of best, longest, time, not 'newest'"),
        ({"labels": "car", "each": "frame"}, "'each' must be one of moment, track, not 'frame'"),
        ({"labels": "car", "limit": "1001"}, "'limit' must be a whole number from 1 to 1000"),
    ],
)
def test_invalid_conditions_of_moments_are_refused(
    labels: Labels, alice: User, given: dict[str, str], message: str
) -> None:
    with pytest.raises(BadRequest, match=message):
        labels.moments.begin(alice, LabelSet(), given)


def test_charts_are_pictures_and_queries_are_not(labels: Labels, alice: User) -> None:
    labels.run_job(alice)
    labels.make_renditions()

    query = labels.charts.begin(alice, "lengths", LabelSet(), {"format": "png", "theme": "dark"})
    for _ in range(2):  # the labels as Parquet, and the picture
        query.result()
        labels.make_renditions()
    found = query.result()

    assert isinstance(found, Download)
    assert found.filename == "lengths.png"
    with pytest.raises(BadRequest, match="'theme' must be one of light, dark"):
        labels.charts.begin(alice, "lengths", LabelSet(), {"theme": "pink"})
    with pytest.raises(BadRequest, match="'format' must be one of json, csv, parquet, not 'png'"):
        labels.queries.begin(alice, {"sql": "SELECT 1", "format": "png"})
