"""Build queue: fair between owners, and builds of deleted or replaced bundles have no effect."""

from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from support.job_services import DOCUMENT, open_job_services
from voxel51.server.accounts.callers import User
from voxel51.server.analytics.bundles.build_log import BuildLogs
from voxel51.server.analytics.bundles.build_queue import BuildQueue
from voxel51.server.analytics.bundles.heading import Heading
from voxel51.server.analytics.bundles.reception import ReceivedBundle
from voxel51.server.analytics.bundles.service import BundleService
from voxel51.server.analytics.uploads import UploadedAnalytics
from voxel51.server.errors import Conflict, Forbidden, NotFound, OverQuota
from voxel51.wire.bundles import BuildState

LIMIT = 5


@dataclass
class Services:
    """Services of a test of builds."""

    services: object
    bundles: BundleService
    queue: BuildQueue
    uploaded: UploadedAnalytics
    wakes: list[str] = field(default_factory=list)

    def deploy(self, owner: User, name: str = "count", version: str = "1.0", content: bytes = b"source") -> str:
        writer = self.services.storage.writer(f"bundles/{owner.name}-{name}-{version}-{content.hex()}")
        writer.write(content)
        received = ReceivedBundle(writer, content.hex(), Heading(name, version))
        return self.bundles.deploy(owner, received)["id"]

    def log(self):
        writer = self.services.storage.writer("build-logs/log")
        writer.write(b"log\n")
        writer.commit()
        return writer

    def complete(self, build) -> bool:
        info = {**DOCUMENT["info"], "name": build.name.partition("/")[2], "version": build.version}
        return self.queue.complete(build, "a.py", "", {**DOCUMENT, "info": info}, self.log())


@pytest.fixture
def built(tmp_path, database_url):
    with open_job_services(tmp_path, database_url) as services:
        database, storage = services.database, services.storage
        wakes: list[str] = []
        bundles = BundleService(
            database, storage, BuildLogs(tmp_path / "logs"), LIMIT, lambda *_: None, lambda: wakes.append("wake")
        )
        yield Services(services, bundles, BuildQueue(database, storage), UploadedAnalytics(database, storage), wakes)


@pytest.fixture
def alice(built):
    return built.services.accounts.create_user("alice")


@pytest.fixture
def bob(built):
    return built.services.accounts.create_user("bob")


def test_builds_alternate_between_owners(built, alice, bob):
    for owner, name in ((alice, "a"), (alice, "b"), (alice, "c"), (bob, "d")):
        built.deploy(owner, name)

    claimed = []
    for _ in range(4):
        build = built.queue.claim()
        claimed.append(build.name)
        built.queue.fail(build, {"message": "no"}, built.log())

    assert claimed == ["alice/a", "bob/d", "alice/b", "alice/c"]
    assert len(built.wakes) == 4


def test_owner_has_one_build_at_a_time(built, alice, bob):
    for owner, name in ((alice, "a"), (alice, "b"), (bob, "c")):
        built.deploy(owner, name)

    assert [built.queue.claim().name for _ in range(2)] == ["alice/a", "bob/c"]
    assert built.queue.claim() is None


def test_build_that_cannot_be_done_now_waits_with_its_reason(built, alice):
    analytic_id = built.deploy(alice)

    built.queue.release(built.queue.claim(), "the index is away", timedelta(hours=1))

    build = built.bundles.build(alice, analytic_id)
    assert (build["state"], build["error"]) == (BuildState.QUEUED, {"message": "the index is away"})
    assert built.queue.claim() is None


def test_complete_build_makes_the_analytic_the_latest(built, alice):
    for version in ("1.0", "1.1"):
        built.deploy(alice, version=version)
        assert built.complete(built.queue.claim())

    row = built.services.analytics.resolve(alice, "count", None)
    assert (row.version, row.document["inputs"][0]["name"]) == ("1.1", "video")


def test_preferred_version_stays_the_latest_until_a_higher_one_is_ready(built, alice):
    def deploy(version: str) -> str:
        built.deploy(alice, version=version)
        assert built.complete(built.queue.claim())
        return built.services.analytics.resolve(alice, "count", None).version

    first = built.deploy(alice, version="1.0")
    built.complete(built.queue.claim())
    assert deploy("2.0") == "2.0"
    assert built.uploaded.prefer(alice, first)["latest"]

    assert [deploy(version) for version in ("1.1", "1.2", "2.0.1")] == ["1.0", "1.0", "2.0.1"]


def test_deployed_twice_is_one_version_and_other_content_a_conflict(built, alice, bob):
    analytic_id = built.deploy(alice)
    built.complete(built.queue.claim())

    assert built.deploy(alice) == analytic_id
    with pytest.raises(Conflict, match="exists already with other content"):
        built.deploy(alice, content=b"other")

    assert built.deploy(bob, content=b"other") != analytic_id
    kept = {"bundles/alice-count-1.0-736f75726365", "bundles/bob-count-1.0-6f74686572"}
    assert built.services.keys("bundles/") == kept


def test_failed_version_is_built_again_and_can_be_replaced(built, alice):
    analytic_id = built.deploy(alice)
    built.queue.fail(built.queue.claim(), {"message": "no", "line": 3}, built.log())
    failed = built.bundles.build(alice, analytic_id)

    assert built.deploy(alice) == analytic_id
    again = built.bundles.build(alice, analytic_id)
    assert built.deploy(alice, content=b"other") == analytic_id

    assert (failed["state"], failed["error"]) == (BuildState.FAILED, {"message": "no", "line": 3})
    assert (again["state"], "error" in again) == (BuildState.QUEUED, False)
    assert built.services.keys("bundles/") == {"bundles/alice-count-1.0-6f74686572"}


def test_build_of_a_replaced_or_deleted_bundle_has_no_effect(built, alice):
    analytic_id = built.deploy(alice)
    replaced = built.queue.claim()
    built.deploy(alice, content=b"other")
    assert not built.queue.is_current(replaced)
    assert not built.complete(replaced)
    assert built.bundles.build(alice, analytic_id)["state"] == BuildState.QUEUED

    deleted = built.queue.claim()
    assert built.queue.is_current(deleted)
    built.uploaded.delete(alice, analytic_id, lambda *_: False)

    assert not built.queue.is_current(deleted)
    assert not built.queue.fail(deleted, {"message": "no"}, built.log())
    built.queue.release(deleted)
    assert built.queue.claim() is None
    assert built.services.keys("bundles/") == set()


def test_interrupted_builds_are_queued_again(built, alice, bob):
    running, interrupted = built.deploy(alice, "a"), built.deploy(bob, "b")
    built.queue.claim(), built.queue.claim()

    built.queue.requeue_interrupted({running})

    states = [built.bundles.build(owner, each)["state"] for owner, each in ((alice, running), (bob, interrupted))]
    assert states == [BuildState.BUILDING, BuildState.QUEUED]


def test_number_of_bundles_is_limited(built, alice):
    for number in range(LIMIT):
        built.deploy(alice, f"n{number}")

    with pytest.raises(OverQuota, match="You have 5 bundles"):
        built.deploy(alice, "more")

    assert len(built.services.keys("bundles/")) == LIMIT


def test_builds_are_shown_to_their_owners_only(built, alice, bob):
    analytic_id = built.deploy(alice)

    for read in (built.bundles.build, lambda owner, each: built.bundles.log(owner, each, 0)):
        with pytest.raises(NotFound):
            read(bob, analytic_id)
    with pytest.raises(Forbidden):
        built.bundles.build(alice, built.services.analytics.resolve(alice, "voxel51/count", None).id)
    with pytest.raises(NotFound):
        built.uploaded.prefer(bob, analytic_id)
    with pytest.raises(Conflict, match="its environment is being built"):
        built.uploaded.prefer(alice, analytic_id)


def test_log_is_read_in_parts_while_it_grows_and_after_the_end(built, alice, tmp_path):
    analytic_id = built.deploy(alice)
    assert built.bundles.log(alice, analytic_id, 0) == {"text": "", "next_offset": 0, "is_complete": False}
    build = built.queue.claim()
    log = built.bundles._logs.begin(analytic_id)  # as the builder does
    log.add("\x1b[31mone\x1b[0m\x07")

    first = built.bundles.log(alice, analytic_id, 0)
    log.add("zwei ü")
    second = built.bundles.log(alice, analytic_id, first["next_offset"])
    built.bundles._logs.end(analytic_id)
    built.complete(build)
    last = built.bundles.log(alice, analytic_id, 2)

    assert first["text"].endswith(" one\n")
    assert second["text"].endswith(" zwei ü\n")
    assert last == {"text": "g\n", "next_offset": 4, "is_complete": True}
    assert built.bundles.log(alice, analytic_id, 10_000)["is_complete"]
