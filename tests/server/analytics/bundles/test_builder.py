"""Bundle builder: a bundle that cannot be built, or that lies about itself, holds up no bundle of another owner."""

import threading
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from support.job_services import DOCUMENT, open_job_services
from support.waiting import wait_until
from voxel51.runners.environments.errors import IndexUnavailable
from voxel51.runners.environments.store import AnalyticDescription, ResolvedProject
from voxel51.server.accounts.callers import User
from voxel51.server.analytics.bundles.build_log import BuildLogs
from voxel51.server.analytics.bundles.build_queue import BuildQueue
from voxel51.server.analytics.bundles.builder import BundleBuilder
from voxel51.server.analytics.bundles.inspector import BundleFormat
from voxel51.server.analytics.bundles.project_folder import BundleLimits
from voxel51.server.analytics.bundles.reception import BundleReception
from voxel51.server.analytics.bundles.service import BundleService
from voxel51.server.analytics.tables import bundles
from voxel51.wire import dates
from voxel51.wire.bundles import BuildState

RETRY_SECONDS = 3600.0
EVE, MALLORY, BOB = User("1", "eve"), User("2", "mallory"), User("3", "bob")


@dataclass
class Environments:
    """Environments in which the source itself says how it behaves, as hostile code could."""

    may_go_on: threading.Event = field(default_factory=threading.Event)
    begun: list[str] = field(default_factory=list)

    def resolve(self, project, log):
        return ResolvedProject("", "a.py")

    def prepare(self, lock, log):
        return nullcontext()

    def describe(self, environment, source, log):
        text = source.read_text()
        self.begun.append(text.splitlines()[-1])
        if "# refused" in text:
            raise IndexUnavailable("the package index http://index.example refuses access", is_refused=True)
        if "# away" in text:
            raise IndexUnavailable("the package index http://index.example does not answer")
        if "# disk" in text:
            raise OSError(36, "File name too long")
        if "# slow" in text:
            self.may_go_on.wait(60)
        name = text.partition("def ")[2].partition("(")[0]
        document = {**DOCUMENT, "outputs": [], "info": {**DOCUMENT["info"], "name": name, "version": "1.0"}}
        return AnalyticDescription(document, "", {})


@dataclass
class Builds:
    services: object
    builder: BundleBuilder
    bundles: BundleService
    reception: BundleReception
    environments: Environments

    def deploy(self, owner: User, name: str, behaviour: str = "") -> str:
        writer = self.services.storage.writer(f"uploads/{name}-{behaviour}")
        writer.write(f"@analytic(version='1.0')\ndef {name}(video): ...\n# {behaviour} of {name}\n".encode())
        return self.bundles.deploy(owner, self.reception.receive(owner, "a.py", writer, BundleFormat.PYTHON))["id"]

    def state(self, owner: User, analytic_id: str) -> str:
        return self.bundles.build(owner, analytic_id)["state"]


@pytest.fixture
def builds(tmp_path, database_url):
    with open_job_services(tmp_path, database_url) as services:
        database, storage, logs = services.database, services.storage, BuildLogs(tmp_path / "logs")
        environments = Environments()
        queue = BuildQueue(database, storage)
        folders = tmp_path / "building", tmp_path
        builder = BundleBuilder(queue, storage, environments, logs, *folders, threads=2, retry_seconds=RETRY_SECONDS)
        bundles = BundleService(database, storage, logs, 5, lambda *_: None, builder.wake)
        reception = BundleReception(storage, tmp_path / "received", BundleLimits(1_000_000))
        builder.open()
        yield Builds(services, builder, bundles, reception, environments)
        environments.may_go_on.set()
        builder.close()


def test_bundle_that_cannot_be_built_holds_up_no_other(builds, caplog):
    for number in range(4):
        builds.deploy(EVE, f"eve{number}", "disk")
        builds.deploy(MALLORY, f"mallory{number}", "disk")
    good = builds.deploy(BOB, "bob")

    wait_until(lambda: builds.state(BOB, good) == BuildState.READY, "the bundle was not built")

    assert "building of bundles failed" not in caplog.text
    assert "building of bundles waits" not in caplog.text


def test_bundle_that_is_replaced_while_it_is_built_waits_for_the_end_of_that_build(builds, caplog):
    first = builds.deploy(EVE, "eve", "slow")
    wait_until(lambda: builds.environments.begun == ["# slow of eve"], "the build did not begin")

    assert builds.deploy(EVE, "eve", "quick") == first
    good = builds.deploy(BOB, "bob")
    wait_until(lambda: builds.state(BOB, good) == BuildState.READY, "the bundle of another owner was not built")

    assert builds.environments.begun == ["# slow of eve", "#  of bob"]
    builds.environments.may_go_on.set()
    wait_until(lambda: builds.state(EVE, first) == BuildState.READY, "the replaced bundle was not built")
    assert "ready: eve/eve 1.0" in builds.bundles.log(EVE, first, 0)["text"]
    assert "building of bundles failed" not in caplog.text


@pytest.mark.parametrize(("behaviour", "limit_seconds"), [("away", RETRY_SECONDS), ("refused", 60.0)])
def test_build_that_the_package_index_does_not_serve_is_given_up(builds, behaviour, limit_seconds):
    failed = builds.deploy(EVE, "eve", behaviour)
    wait_until(lambda: "error" in builds.bundles.build(EVE, failed), "the build did not begin")
    waiting = builds.bundles.build(EVE, failed)
    assert waiting["state"] == BuildState.QUEUED
    assert "http://index.example" in waiting["error"]["message"]

    let_time_pass(builds, limit_seconds - 30)
    wait_until(lambda: len(builds.environments.begun) == 2, "the build was not tried again")
    wait_until(lambda: builds.state(EVE, failed) == BuildState.QUEUED, "the build did not wait again")
    let_time_pass(builds, 31)
    wait_until(lambda: builds.state(EVE, failed) == BuildState.FAILED, "the build was not given up")

    message = builds.bundles.build(EVE, failed)["error"]["message"]
    assert "http://index.example" in message
    assert "The platform has stopped trying." in message
    assert "failed: the package index" in builds.bundles.log(EVE, failed, 0)["text"]
    assert builds.deploy(EVE, "eve", "quick") == failed
    wait_until(lambda: builds.state(EVE, failed) == BuildState.READY, "the replaced bundle was not built")


def let_time_pass(builds, seconds):
    """Move the times of waiting builds, as if so many seconds had passed, and let the builder look at them."""
    with builds.services.database.write() as connection:
        error = connection.execute(select(bundles.c.error)).scalar_one()
        since = dates.from_text(error["waits_since"]) - timedelta(seconds=seconds)
        earlier = {**error, "waits_since": dates.to_text(since)}
        connection.execute(update(bundles).values(queued_at=dates.now(), error=earlier))
    builds.builder.wake()
