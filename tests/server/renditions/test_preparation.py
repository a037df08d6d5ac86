"""Preparation of renditions: in the background, in order, and delaying nothing that users wait for."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from sqlalchemy import select

from support.job_services import DOCUMENT, MOST_LOST, JobServices
from voxel51.server.accounts.callers import User
from voxel51.server.analytics.installed import InstalledAnalytic
from voxel51.server.collections.access import own_members
from voxel51.server.data.facts import FactsService
from voxel51.server.database.search import Query, Term
from voxel51.server.datasets.service import DatasetPlaces, DatasetService
from voxel51.server.job_batches.records import results_of
from voxel51.server.jobs.attempts import AttemptService
from voxel51.server.jobs.background_slot import BackgroundSlot
from voxel51.server.jobs.fair_share import same_limit
from voxel51.server.jobs.internal import InternalJobs
from voxel51.server.jobs.tables import jobs
from voxel51.server.renditions.finished_labels import FinishedLabels
from voxel51.server.renditions.label_sql import LabelSqlService
from voxel51.server.renditions.preparation import PreparationService
from voxel51.server.renditions.service import RENDITION_ANALYTIC, RenditionService, RetentionPolicy
from voxel51.server.renditions.sources import RenditionSource, SourceResolver
from voxel51.server.renditions.specs import DATA_RENDITIONS
from voxel51.server.renditions.tables import preparations, renditions
from voxel51.server.reviews.service import ReviewFiles
from voxel51.wire.jobs import JobState

MOST = 4
LABELLING = "voxel51/labelling"
LABELLING_DOCUMENT = {
    **DOCUMENT,
    "info": {**DOCUMENT["info"], "name": "labelling"},
    "outputs": [{**DOCUMENT["outputs"][0], "type": "types.VideoLabels"}],
}


@dataclass
class Background:
    """The preparation of renditions, with an engine that runs what the test lets it run."""

    services: JobServices
    renditions: RenditionService
    slot: BackgroundSlot
    preparation: PreparationService
    attempts: AttemptService
    idle: list[bool]
    asked: list[str] = field(default_factory=list)

    def run_one(self, output: bytes = b"{}") -> str | None:
        """Let one rendition be begun, run and settled; return its kind and the name of its video, or None."""
        self.preparation.advance()
        claims = self.attempts.claim(1, internal=True)
        if not claims:
            return None
        attempt = self.services.reports.authenticate(claims[0].credential, claims[0].job_id)
        made = self.made_by(claims[0].job_id)
        self.services.put_output(attempt, output)
        self.services.reports.report_state(attempt, JobState.RUNNING, None)
        self.services.reports.report_state(attempt, JobState.COMPLETE, None)
        self.preparation.advance()
        return made

    def made_by(self, job_id: str) -> str:
        with self.services.database.read() as connection:
            row = connection.execute(select(renditions).where(renditions.c.internal_job_id == job_id)).one()
        return f"{row.kind} of {self.asked.index(row.data_id or row.job_id)}"

    def upload(self, user: User, content: bytes) -> str:
        data_id = self.services.add_data(user, content)
        self.asked.append(data_id)
        return data_id

    def complete(self, user: User, analytic: str, data_id: str) -> str:
        """Run a job to its end; return its id."""
        request = {"analytic": analytic, "inputs": {"video": {"data-id": data_id}}}
        job_id: str = self.services.jobs.submit(user, json.dumps(request).encode(), "a job", True, None)["id"]
        [claim] = self.attempts.claim(1)
        attempt = self.services.reports.authenticate(claim.credential, claim.job_id)
        self.services.put_output(attempt)
        self.services.reports.report_state(attempt, JobState.RUNNING, None)
        self.services.reports.report_state(attempt, JobState.COMPLETE, None)
        self.asked.append(job_id)
        return job_id

    def waiting(self) -> int:
        with self.services.database.read() as connection:
            return len(connection.execute(select(preparations)).all())

    def internal_jobs(self) -> int:
        with self.services.database.read() as connection:
            return len(connection.execute(select(jobs.c.id).where(jobs.c.internal)).all())


@pytest.fixture
def background(services: JobServices) -> Iterator[Background]:
    offers = [InstalledAnalytic(name, DOCUMENT, preload_safe=True) for name in ("voxel51/count", RENDITION_ANALYTIC)]
    offers.append(InstalledAnalytic(LABELLING, LABELLING_DOCUMENT, preload_safe=True))
    services.analytics.install(offers, internal={RENDITION_ANALYTIC})
    internal = InternalJobs(services.database, services.storage, services.analytics, lambda: None)
    places = DatasetPlaces(own_members, results_of, services.data.found)
    datasets = DatasetService(services.database, services.analytics, places)
    reviews = ReviewFiles(services.database)
    sources = SourceResolver(services.data, services.jobs, services.analytics, datasets, reviews, services.storage)
    made = RenditionService(
        services.database, services.storage, internal, sources, RetentionPolicy(timedelta(days=1), 100)
    )
    slot, idle = BackgroundSlot(), [True]
    preparation = PreparationService(
        services.database,
        made,
        FactsService(services.database),
        FinishedLabels(services.database),
        slot,
        lambda: idle[0],
        MOST,
    )
    services.data.on_added(preparation.enqueue)
    limits = slot.extended(same_limit(1))
    attempts = AttemptService(
        services.database,
        services.storage,
        services.process,
        MOST_LOST,
        timedelta(minutes=15),
        services.quotas.most_running,
        limits,
    )
    yield Background(services, made, slot, preparation, attempts, idle)


@pytest.fixture
def alice(services: JobServices) -> User:
    return services.accounts.create_user("alice")


def test_renditions_of_a_new_video_are_made_one_by_one(background: Background, alice: User) -> None:
    background.upload(alice, b"video")

    made = [background.run_one() for _ in range(5)]

    assert made == ["poster of 0", "facts of 0", "index of 0", "playable of 0", None]
    assert (background.waiting(), background.slot.count()) == (0, 0)


def test_only_one_is_queued_however_many_videos_arrive(background: Background, alice: User) -> None:
    for number in range(20):
        background.upload(alice, b"%d" % number)

    for _ in range(5):
        background.preparation.advance()

    assert background.internal_jobs() == 1
    assert background.slot.count() == 1


def test_owners_are_served_alternately_and_get_posters_first(background: Background, alice: User) -> None:
    bob = background.services.accounts.create_user("bob")
    for content in (b"0", b"1"):
        background.upload(alice, content)
    background.upload(bob, b"2")

    made = [background.run_one() for _ in range(8)]

    of_bob = [each for each in made if each is not None and each.endswith("2")]
    assert of_bob == ["poster of 2", "facts of 2", "index of 2", "playable of 2"]
    assert [each for each in made if each not in of_bob] == ["poster of 0", "poster of 1", "facts of 0", "facts of 1"]
    assert {each in of_bob for each in made[:2]} == {True, False}


def test_nothing_is_begun_while_all_slots_of_jobs_are_busy(background: Background, alice: User) -> None:
    background.idle[0] = False
    background.upload(alice, b"video")
    assert background.run_one() is None

    background.idle[0] = True
    assert background.run_one() == "poster of 0"


def test_rendition_that_a_user_asks_for_runs_beside_the_one_in_the_background(
    background: Background, alice: User
) -> None:
    background.upload(alice, b"video")
    background.preparation.advance()
    assert len(background.attempts.claim(5, internal=True)) == 1

    other = background.upload(alice, b"other")
    for kind in ("playable", "index"):
        background.renditions.get(alice, RenditionSource(other, None), DATA_RENDITIONS[kind], {})

    assert len(background.attempts.claim(5, internal=True)) == 1, "the limit of the owner, which is 1, is not used up"
    assert background.attempts.claim(5, internal=True) == []


def test_rendition_in_the_background_is_made_again_at_once_if_a_user_asks_for_it(
    background: Background, alice: User
) -> None:
    source = RenditionSource(background.upload(alice, b"video"), None)
    assert [background.run_one(), background.run_one()] == ["poster of 0", "facts of 0"]
    background.preparation.advance()
    [idle] = background.attempts.claim(5, internal=True)

    for _ in range(2):
        background.renditions.get(alice, source, DATA_RENDITIONS["index"], {})
    [claim] = background.attempts.claim(5, internal=True)

    with background.services.database.read() as connection:
        request = connection.execute(select(jobs.c.request).where(jobs.c.id == claim.job_id)).scalar_one()
    assert (claim.job_id != idle.job_id, request["parameters"]["in_background"]) == (True, False)
    attempt = background.services.reports.authenticate(claim.credential, claim.job_id)
    background.services.put_output(attempt)
    background.services.reports.report_state(attempt, JobState.RUNNING, None)
    background.services.reports.report_state(attempt, JobState.COMPLETE, None)
    background.preparation.advance()
    assert "playable of 0" in [background.run_one() for _ in range(3)]


def test_deleted_video_is_not_prepared(background: Background, alice: User) -> None:
    data_id = background.upload(alice, b"video")
    waiting = background.upload(alice, b"waiting")
    background.preparation.advance()

    background.services.data.delete(alice, [data_id, waiting])
    background.preparation.advance()

    assert (background.waiting(), background.internal_jobs(), background.slot.count()) == (0, 0, 0)


def test_failed_rendition_ends_the_preparation_of_its_video(background: Background, alice: User) -> None:
    background.upload(alice, b"not a video")
    background.preparation.advance()
    [claim] = background.attempts.claim(1, internal=True)
    attempt = background.services.reports.authenticate(claim.credential, claim.job_id)
    background.services.reports.report_state(attempt, JobState.RUNNING, None)
    background.services.reports.report_state(attempt, JobState.FAILED, None)

    assert background.run_one() is None
    assert (background.waiting(), background.slot.count()) == (0, 0)


def test_preparation_leaves_room_for_renditions_that_users_ask_for(background: Background, alice: User) -> None:
    for number in range(MOST + 2):
        background.upload(alice, b"%d" % number)

    made = [background.run_one() for _ in range(6 * MOST)]

    videos = range(MOST + 2)
    expected = [*(f"poster of {number}" for number in videos[:MOST]), *(f"facts of {number}" for number in videos)]
    assert sorted(filter(None, made)) == sorted(expected)
    assert background.renditions.count(alice) == MOST
    assert background.waiting() == 0


def test_facts_become_columns_of_the_data(background: Background, alice: User) -> None:
    data_id = background.upload(alice, b"video")
    facts = {"duration_seconds": 12.5, "width": 640, "height": 360, "video_codec": "h264", "has_audio": False}

    assert [background.run_one(), background.run_one(json.dumps(facts).encode())] == ["poster of 0", "facts of 0"]

    query = Query(fields=("id", *facts), search=(Term("duration_seconds", (">12",)), Term("video_codec", ("H264",))))
    assert background.services.data.query(alice, query)["data"] == [{"id": data_id, **facts}]
    assert "duration_seconds" not in background.services.data.query(alice, Query())["data"][0]
    assert background.renditions.count(alice) == 1, "the document with the facts is deleted"


@pytest.mark.parametrize("document", [b"", b"[]", b'{"width": -1}', b'{"video_codec": "\\u0000"}', b"{" * 20_000])
def test_invalid_facts_end_the_preparation(background: Background, alice: User, document: bytes) -> None:
    data_id = background.upload(alice, b"video")
    assert [background.run_one(), background.run_one(document)] == ["poster of 0", "facts of 0"]

    assert background.waiting() == 0
    assert background.services.data.find(alice.id, data_id).width is None


def test_audio_files_get_their_facts_alone(background: Background, alice: User) -> None:
    data_id = background.services.add_data(alice, b"song", "song.mp3")
    background.asked.append(data_id)

    made = [background.run_one(b'{"duration_seconds": 180, "audio_codec": "mp3"}'), background.run_one()]

    assert made == ["facts of 0", None]
    assert background.services.data.find(alice.id, data_id).audio_codec == "mp3"


def test_other_files_are_not_prepared(background: Background, alice: User) -> None:
    writer = background.services.storage.writer("data/labels")
    writer.write(b"{}")
    background.services.data.add(alice.id, "labels.json", None, writer, None)

    assert background.waiting() == 0


def test_preparation_goes_on_after_a_restart(background: Background, alice: User) -> None:
    background.upload(alice, b"video")
    assert background.run_one() == "poster of 0"
    assert background.run_one() == "facts of 0"
    background.preparation.advance()  # begins the index, which the old process does not see end

    database = background.services.database
    facts = FactsService(database)
    again = PreparationService(database, background.renditions, facts, None, background.slot, lambda: True, MOST)
    background.preparation = again

    assert [background.run_one() for _ in range(3)] == ["index of 0", "playable of 0", None]


def test_labels_of_complete_jobs_are_converted_before_they_are_queried(background: Background, alice: User) -> None:
    bob = background.services.accounts.create_user("bob")
    video, of_bob = background.upload(alice, b"video"), background.upload(bob, b"of bob")
    for _ in range(8):
        background.run_one()
    background.complete(alice, "voxel51/count", video)  # whose output is not labels
    first = background.complete(alice, LABELLING, video)
    other = background.complete(bob, LABELLING, of_bob)
    background.idle[0] = False
    assert background.run_one() is None
    background.idle[0] = True

    made = [background.run_one() for _ in range(4)]

    assert sorted(filter(None, made)) == sorted(f"labels of {background.asked.index(each)}" for each in (first, other))
    query = LabelSqlService(background.services.database, background.renditions, 100)
    queried = query.begin(alice, {"sql": "SELECT 1"}).result()
    assert "fraction" not in queried or queried["fraction"] is None, "the query itself runs: no conversion is awaited"


def test_conversions_of_labels_go_on_after_a_restart_and_end_at_the_limit(background: Background, alice: User) -> None:
    video = background.upload(alice, b"video")
    for _ in range(4):
        background.run_one()
    finished = [background.complete(alice, LABELLING, video) for _ in range(3)]
    assert background.run_one() == f"labels of {background.asked.index(finished[-1])}", "the newest comes first"

    database = background.services.database
    facts, labels = FactsService(database), FinishedLabels(database)
    background.preparation = PreparationService(
        database, background.renditions, facts, labels, background.slot, lambda: True, 5
    )

    made = [each for _ in range(6) if (each := background.run_one())]
    assert made == [f"labels of {background.asked.index(finished[1])}"], "the first is there, and the last too many"
    assert background.renditions.count(alice) == 5
