"""Bundle builder: a bundle that cannot be built, or that lies about itself, holds up no bundle of another owner."""

import threading
from contextlib import nullcontext
from dataclasses import dataclass, field

import pytest

from support.job_services import DOCUMENT, open_job_services
from support.waiting import wait_until
from voxel51.runners.environments.store import AnalyticDescription, ResolvedProject
from voxel51.server.accounts.callers import User
from voxel51.server.analytics.bundles.build_log import BuildLogs
from voxel51.server.analytics.bundles.build_queue import BuildQueue
from voxel51.server.analytics.bundles.builder import BundleBuilder
from voxel51.server.analytics.bundles.inspector import BundleFormat
from voxel51.server.analytics.bundles.project_folder import BundleLimits
from voxel51.server.analytics.bundles.reception import BundleReception
from voxel51.server.analytics.bundles.service import BundleService
from voxel51.wire.bundles import BuildState

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
        builder = BundleBuilder(queue, storage, environments, logs, tmp_path / "building", tmp_path, threads=2)
        bundles = BundleService(database, storage, logs, 5, lambda *_: None, builder.wake)
        reception = BundleReception(storage, tmp_path / "received", BundleLimits(1_000_000))
        builder.open()
        yield Builds(services, bundles, reception, environments)
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
