"""Secrets: kept encrypted, seen by their holder only, and given to jobs of analytics that were granted them."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select, update

from voxel51.server.accounts.applications import ApplicationService
from voxel51.server.analytics.tables import analytics
from voxel51.server.errors import BadRequest, NotFound
from voxel51.server.secrets.service import MAX_SECRETS
from voxel51.server.secrets.tables import secrets

ANALYTIC = "voxel51/count"


@pytest.fixture
def needed(services):
    """The manifest of the analytic names the secret ``hub_token``."""
    with services.database.write() as connection:
        document = connection.execute(select(analytics.c.document)).scalar_one()
        document["extensions"] = {"secrets": {"hub_token": "Token of the hub."}}
        connection.execute(update(analytics).values(document=document))


def begin(services):
    _, attempt = services.claim()
    return services.tasks.begin(attempt)


def test_secret_is_listed_without_its_value_and_stored_encrypted(services, alice):
    stored = services.secrets.put(alice, "hub_token", {"value": "s3cret", "analytics": [ANALYTIC]})

    listed = services.secrets.all(alice)["secrets"]
    assert listed == [stored]
    assert (stored["name"], stored["analytics"]) == ("hub_token", [ANALYTIC])
    assert "s3cret" not in json.dumps(listed)
    with services.database.read() as connection:
        assert "s3cret" not in connection.execute(select(secrets.c.value)).scalar_one()


def test_value_and_grants_change_independently(services, alice):
    first = services.secrets.put(alice, "hub_token", {"value": "a", "analytics": [ANALYTIC]})

    changed = services.secrets.put(alice, "hub_token", {"value": "b"})
    withdrawn = services.secrets.put(alice, "hub_token", {"analytics": []})

    assert changed["analytics"] == [ANALYTIC]
    assert withdrawn["analytics"] == []
    assert withdrawn["upload_date"] == first["upload_date"]
    assert withdrawn["change_date"] == changed["change_date"]


@pytest.mark.usefixtures("needed")
def test_job_gets_the_secret_that_its_analytic_was_granted(services, alice):
    services.secrets.put(alice, "hub_token", {"value": "s3cret", "analytics": [ANALYTIC]})
    services.secrets.put(alice, "other", {"value": "unrelated", "analytics": [ANALYTIC]})
    services.submit(alice)

    _, attempt = services.claim()

    assert services.tasks.begin(attempt)["secrets"] == {"hub_token": "s3cret"}
    assert "secrets" not in services.tasks.describe(attempt), "the link to the description returns secrets"


@pytest.mark.usefixtures("needed")
@pytest.mark.parametrize("stored", [None, {"value": "s3cret"}])
def test_job_without_the_granted_secret_is_refused(services, alice, bob, stored):
    services.secrets.put(bob, "hub_token", {"value": "bob's", "analytics": [ANALYTIC]})
    if stored is not None:
        services.secrets.put(alice, "hub_token", stored)

    with pytest.raises(BadRequest, match="voxel51 secrets set hub_token --analytic voxel51/count"):
        services.submit(alice)


@pytest.mark.usefixtures("needed")
def test_secret_deleted_after_the_submission_is_missing_from_the_task(services, alice):
    services.secrets.put(alice, "hub_token", {"value": "s3cret", "analytics": [ANALYTIC]})
    services.submit(alice)

    services.secrets.delete(alice, "hub_token")

    assert "secrets" not in begin(services)


@pytest.mark.usefixtures("needed")
def test_grant_does_not_pass_to_another_owner_of_the_name(services, alice):
    services.secrets.put(alice, "hub_token", {"value": "s3cret", "analytics": [ANALYTIC]})
    services.submit(alice)

    with services.database.write() as connection:
        connection.execute(update(analytics).values(owner="user:another"))

    assert "secrets" not in begin(services)


@pytest.mark.usefixtures("needed")
def test_users_of_an_application_use_its_secret_unless_they_have_their_own(services):
    applications = ApplicationService(services.database)
    application = applications.create("kiosk")
    first, second = (applications.create_user(application, name) for name in ("first", "second"))
    services.secrets.put(application, "hub_token", {"value": "shared", "analytics": [ANALYTIC]})
    services.secrets.put(second, "hub_token", {"value": "own", "analytics": [ANALYTIC]})

    values = []
    for user in (first, second):
        services.submit(user)
        values.append(begin(services)["secrets"]["hub_token"])

    assert values == ["shared", "own"]


def test_holders_do_not_see_the_secrets_of_others(services, alice, bob):
    services.secrets.put(alice, "hub_token", {"value": "alice's"})

    assert services.secrets.all(bob)["secrets"] == []
    with pytest.raises(NotFound, match="'hub_token' not found"):
        services.secrets.delete(bob, "hub_token")
    services.secrets.put(bob, "hub_token", {"value": "bob's"})
    services.secrets.delete(bob, "hub_token")
    assert len(services.secrets.all(alice)["secrets"]) == 1


def test_changes_at_the_same_time_do_not_disturb_each_other(services, alice):
    def put(number):
        change = {"value": str(number), "analytics": [ANALYTIC]}
        return services.secrets.put(alice, f"token_{number % 2}", change)["analytics"]

    with ThreadPoolExecutor(8) as pool:
        granted = [*pool.map(put, range(40))]

    assert granted == [[ANALYTIC]] * 40
    assert [each["name"] for each in services.secrets.all(alice)["secrets"]] == ["token_0", "token_1"]


@pytest.mark.parametrize(
    ("name", "change", "text"),
    [
        ("hub-token", {"value": "a"}, "'hub-token' is not a valid name"),
        ("a" * 65, {"value": "a"}, "is not a valid name"),
        ("token", {}, "does not exist, so a value is needed"),
        ("token", {"value": ""}, "1 to 16384 characters; it has 0"),
        ("token", {"value": "a" * 16385}, "it has 16385"),
        ("token", {"value": "a\x00"}, "without null characters"),
        ("token", {"value": "\ud800"}, "without null characters and surrogates"),
        ("token", {"value": "a", "analytics": ["voxel51/nothing"]}, "Analytic 'voxel51/nothing' not found"),
        ("token", {"value": "a", "analytics": ["a"] * 101}, "100 analytics, not to 101"),
    ],
)
def test_invalid_secret_is_refused_and_not_stored(services, alice, name, change, text):
    with pytest.raises(BadRequest, match=text):
        services.secrets.put(alice, name, change)

    assert services.secrets.all(alice)["secrets"] == []


def test_number_of_secrets_is_limited(services, alice):
    for number in range(MAX_SECRETS):
        services.secrets.put(alice, f"token_{number}", {"value": "a"})

    with pytest.raises(BadRequest, match="100 secrets, which is the limit"):
        services.secrets.put(alice, "token", {"value": "a"})
    services.secrets.put(alice, "token_0", {"value": "b"})
