"""Shared pipelines: others read and run them on their own data with their own rights, until the share ends."""

import copy

import pytest
from sqlalchemy import delete, insert, select

from voxel51.server.accounts.account_deletion import AccountDeletionService
from voxel51.server.accounts.audit import COMMAND_LINE
from voxel51.server.analytics.tables import analytics
from voxel51.server.data.tables import data
from voxel51.server.errors import BadRequest, Forbidden, NotFound
from voxel51.server.jobs.tables import jobs
from voxel51.wire.accounts import Role


@pytest.fixture
def shared(site, alice, bob, given):
    """Return the pipeline of alice that bob may run."""
    pipeline = site.pipelines.save(alice, given)
    site.pipelines.share(alice, pipeline["id"], "bob")
    return pipeline


@pytest.fixture
def video(services, bob):
    """Return the inputs of a run of bob."""
    return {"inputs": {"video": {"data-id": services.add_data(bob)}}}


def all_runs(site, user):
    return site.runs.all(user, pipeline_id=None, limit=10, cursor=None)["runs"]


def test_user_reads_runs_and_saves_a_shared_pipeline(site, alice, bob, given, shared, video):
    second = site.pipelines.save(alice, {**given, "description": "changed"})

    [listed] = site.pipelines.all(bob)
    assert (listed["name"], listed["owner"], listed["is_own"], listed["version"]) == ("Keyframes", "alice", False, 2)
    assert site.pipelines.all(alice) == [{**listed, "is_own": True}]
    assert site.pipelines.details(bob, shared["id"], 1)["document"] == given
    assert [each["version"] for each in site.pipelines.versions(bob, shared["id"])] == [2, 1]
    assert site.pipelines.shares(bob, shared["id"]) == [{"username": "bob"}]

    run = site.runs.start(bob, shared["id"], video)
    assert (run["pipeline_id"], run["version"], all_runs(site, alice)) == (shared["id"], 2, [])
    assert site.end_jobs() + site.end_jobs() == 3
    assert site.runs.details(bob, run["id"])["state"] == "COMPLETE"

    copied = site.pipelines.save(bob, second["document"])
    assert (copied["is_own"], copied["version"], copied["id"] != shared["id"]) == (True, 1, True)
    assert [each["is_own"] for each in site.pipelines.all(bob)] == [True, False]
    assert site.pipelines.details(alice, shared["id"], None)["latest_version"] == 2


def test_only_the_owner_shares_and_deletes(site, services, alice, bob, shared):
    services.accounts.create_user("carol")
    for attempt in (
        lambda: site.pipelines.delete(bob, shared["id"]),
        lambda: site.pipelines.share(bob, shared["id"], "carol"),
        lambda: site.pipelines.unshare(bob, shared["id"], "alice"),
    ):
        with pytest.raises(Forbidden, match="'Keyframes' belongs to user 'alice', who alone"):
            attempt()
    for username, match in (("dave", "User 'dave' not found"), ("alice", "is yours")):
        with pytest.raises(BadRequest, match=match):
            site.pipelines.share(alice, shared["id"], username)
    with pytest.raises(NotFound, match="not shared with user 'carol'"):
        site.pipelines.unshare(alice, shared["id"], "carol")
    site.pipelines.share(alice, shared["id"], "bob")  # again: no change
    site.pipelines.share(alice, shared["id"], "carol")
    assert site.pipelines.shares(alice, shared["id"]) == [{"username": "bob"}, {"username": "carol"}]


def test_number_of_shares_is_limited(site, services, alice, shared, monkeypatch):
    monkeypatch.setattr("voxel51.server.accounts.shares.MAX_SHARES", 1)
    services.accounts.create_user("carol")
    with pytest.raises(BadRequest, match="The pipeline is shared with 1 users, which is the limit"):
        site.pipelines.share(alice, shared["id"], "carol")


def test_step_that_the_runner_may_not_run_is_named(site, services, alice, bob, given, shared, video):
    with services.database.write() as connection:
        shots = connection.execute(select(analytics).where(analytics.c.name == "voxel51/shots")).one()
        for user in (alice, bob):
            own = {"id": user.id, "owner": user.identity, "name": f"{user.name}/private", "scope": "user"}
            connection.execute(insert(analytics).values({**shots._asdict(), **own}))
    of_alice = services.add_data(alice)
    own_analytic = copy.deepcopy(given)
    own_analytic["steps"].append({"name": "own", "analytic": "private", "inputs": {"video": {"input": "video"}}})
    own_data = copy.deepcopy(given)
    own_data["steps"][2]["parameters"] = {"level": {"data-id": of_alice}}
    count = site.count_jobs()
    for document, match in (
        (own_analytic, "Step 'own': Analytic 'alice/private' not found"),
        (own_data, f"Step 'text': .*{of_alice}"),
    ):
        site.pipelines.save(alice, document)
        with pytest.raises(BadRequest, match=match):
            site.runs.start(bob, shared["id"], video)
    assert site.count_jobs() == count


def test_share_ends_by_its_owner_or_by_leaving_and_started_runs_go_on(site, alice, bob, shared, video):
    run = site.runs.start(bob, shared["id"], video)
    for user in (alice, bob):
        site.pipelines.share(alice, shared["id"], "bob")
        site.pipelines.unshare(user, shared["id"], "bob")
        assert site.pipelines.all(bob) == []
        for attempt in (
            lambda: site.pipelines.details(bob, shared["id"], None),
            lambda: site.pipelines.versions(bob, shared["id"]),
            lambda: site.pipelines.shares(bob, shared["id"]),
            lambda: site.pipelines.unshare(bob, shared["id"], "bob"),
            lambda: site.pipelines.delete(bob, shared["id"]),
            lambda: site.runs.start(bob, shared["id"], video),
        ):
            with pytest.raises(NotFound, match=r"Pipeline 'Keyframes' \(.*\) is no longer shared with you"):
                attempt()

    assert site.end_jobs("FAILED", "no frames") == 1
    assert site.runs.retry(bob, run["id"])["state"] == "RUNNING"
    assert site.end_jobs() + site.end_jobs() == 3
    assert [each["state"] for each in all_runs(site, bob)] == ["COMPLETE"]


def test_share_that_ends_while_a_run_is_prepared_refuses_it(site, services, alice, bob, shared, video, monkeypatch):
    count, prepare = site.count_jobs(), services.jobs.submission.prepare

    def unshare_meanwhile(owner):
        site.pipelines.unshare(alice, shared["id"], "bob")
        return prepare(owner)

    monkeypatch.setattr(services.jobs.submission, "prepare", unshare_meanwhile)
    with pytest.raises(NotFound, match="not shared with you"):
        site.runs.start(bob, shared["id"], video)
    assert (site.count_jobs(), all_runs(site, bob)) == (count, [])


def test_deleted_account_takes_its_pipelines_along_but_not_the_runs_of_others(
    site, services, alice, bob, shared, video
):
    services.accounts.create_user("olivia", role=Role.OPERATOR)  # the last operator cannot be deleted
    run = site.runs.start(bob, shared["id"], video)
    own = site.pipelines.save(bob, shared["document"])
    site.pipelines.share(bob, own["id"], "alice")
    exported = {each["is_own"]: each for each in site.pipelines.export(bob)}
    assert exported[True]["shares"] == [{"username": "alice"}]
    assert (exported[False]["owner"], "document" in exported[False]) == ("alice", False)
    with services.database.write() as connection:
        connection.execute(delete(data).where(data.c.owner_id == alice.id))
        connection.execute(delete(jobs).where(jobs.c.owner_id == alice.id))

    deletion = AccountDeletionService(services.database, [site.pipelines.delete_all, lambda _user: False])
    deletion.remove(COMMAND_LINE, alice, "alice")

    assert [each["id"] for each in site.pipelines.all(bob)] == [own["id"]]
    assert site.pipelines.shares(bob, own["id"]) == []
    assert site.runs.details(bob, run["id"])["pipeline_id"] is None
    with pytest.raises(NotFound, match="it was deleted, or is not shared with you"):
        site.runs.start(bob, shared["id"], video)
