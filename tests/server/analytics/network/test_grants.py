"""Network grants: who sees, gives and takes them, and which versions and jobs they hold for."""

import copy
import json

import pytest
from sqlalchemy import select, update

from support.job_services import DOCUMENT
from voxel51.runners.network_permission import AllowedHost
from voxel51.runners.programs import PackageProgram
from voxel51.server.accounts.tables import audit_log
from voxel51.server.analytics.installed import InstalledAnalytic
from voxel51.server.analytics.network.service import NetworkGrants, NetworkRefused
from voxel51.server.analytics.network.tables import network_grants
from voxel51.server.analytics.tables import analytics
from voxel51.server.analytics.uploads import UploadedAnalytics
from voxel51.server.errors import BadRequest, NotFound
from voxel51.server.jobs.attempts import Settlement
from voxel51.server.jobs.revocation import stop_jobs_of
from voxel51.wire.accounts import Role

API, OTHER = "api.example.org:443", "other.example.org:443"
PACKAGE = PackageProgram("voxel51/count")


def document(hosts, version="1.0"):
    made = copy.deepcopy(DOCUMENT)
    made["info"]["version"], made["outputs"] = version, []
    return {**made, "extensions": {"network": hosts}} if hosts else made


@pytest.fixture
def install(services):
    """Install versions of the analytic, given as hosts by version, and return the ids of the versions."""

    def install(**versions):
        numbers = {name.replace("v", "").replace("_", "."): hosts for name, hosts in versions.items()}
        offers = [
            InstalledAnalytic("voxel51/count", document(hosts, number), True) for number, hosts in numbers.items()
        ]
        services.analytics.install(offers)
        with services.database.read() as connection:
            found = connection.execute(select(analytics.c.version, analytics.c.id)).all()
        return {"v" + version.replace(".", "_"): analytic_id for version, analytic_id in found}

    return install


@pytest.fixture
def operator(services):
    return services.accounts.create_user("root", role=Role.OPERATOR)


def grant(services, operator, analytic_id, *hosts, networks=()):
    body = {"hosts": [*hosts], **({"private_networks": [*networks]} if networks else {})}
    return services.network.grant(operator, analytic_id, body)["network"]


def record(services, user, version=None):
    found = services.analytics.list(user, all_versions=True)["analytics"]
    return next(each for each in found if each["version"] == (version or "1.0"))


def test_job_is_refused_until_an_operator_grants_every_host(services, install, alice, operator):
    version = install(v1_0=[API, OTHER])["v1_0"]
    with pytest.raises(BadRequest) as refused:
        services.submit(alice)
    assert str(refused.value) == (
        f"Analytic 'voxel51/count' cannot run: it needs network access that no operator has granted: {API}, {OTHER}. "
        "Ask an operator of the platform for it."
    )
    assert record(services, alice)["unavailable_reason"] == "it needs network access that no operator has granted"

    first = grant(services, operator, version, API)
    with pytest.raises(BadRequest, match=f"has granted: {OTHER}\\."):
        services.submit(alice)
    second = grant(services, operator, version, OTHER)

    assert (first["granted"], second["granted"]) == (False, True)
    assert record(services, alice)["unavailable_reason"] is None
    services.submit(alice)
    permission = services.programs.network_permission(version, PACKAGE)
    assert permission.hosts == (AllowedHost("api.example.org", 443), AllowedHost("other.example.org", 443))
    assert permission.max_bytes == 1 << 30


def test_analytic_without_network_needs_no_grant(services, install, alice):
    version = install(v1_0=[])["v1_0"]

    services.submit(alice)

    assert services.programs.network_permission(version, PACKAGE) is None
    assert "network" not in services.analytics.details(alice, version)["analytic"]


def test_new_version_inherits_grants_for_the_same_hosts_only(services, install, alice, operator):
    versions = install(v1_0=[API])
    grant(services, operator, versions["v1_0"], API)

    versions = install(v1_0=[API], v1_1=[API], v2_0=[API, OTHER])

    assert services.programs.network_permission(versions["v1_1"], PACKAGE).hosts[0].host == "api.example.org"
    with pytest.raises(NetworkRefused, match=OTHER):
        services.programs.network_permission(versions["v2_0"], PACKAGE)
    assert record(services, alice, "1.1")["unavailable_reason"] is None
    assert "no operator has granted" in record(services, alice, "2.0")["unavailable_reason"]


def test_reinstalled_version_with_another_host_loses_its_permission(services, install, operator):
    version = install(v1_0=[API])["v1_0"]
    grant(services, operator, version, API)

    install(v1_0=[OTHER])

    with pytest.raises(NetworkRefused, match=OTHER):
        services.programs.network_permission(version, PACKAGE)


def test_grants_are_those_of_one_owner(services, install, operator):
    """The name of a deleted account may be taken by another one."""
    version = install(v1_0=[API])["v1_0"]
    grant(services, operator, version, API)

    with services.database.write() as connection:
        connection.execute(update(analytics).values(owner="user:another"))

    with pytest.raises(NetworkRefused):
        services.programs.network_permission(version, PACKAGE)


def test_grants_end_with_the_last_version(services, operator, alice):
    uploaded = UploadedAnalytics(services.database, services.storage)
    content = json.dumps(document([API])).encode()
    first = uploaded.add(alice, content, None)["id"]
    grant(services, operator, first, API)

    uploaded.delete(alice, first, lambda *_: False)
    again = uploaded.add(alice, content, None)["id"]

    assert not services.analytics.details(alice, again)["analytic"]["network"]["granted"]
    with services.database.read() as connection:
        assert connection.execute(select(network_grants)).all() == []
    with pytest.raises(NotFound):
        grant(services, operator, first, API)


def test_users_see_what_is_granted_and_operators_see_more(services, install, operator, alice):
    version = install(v1_0=[API, OTHER])["v1_0"]

    shown = grant(services, operator, version, API, networks=["10.0.0.0/8", "192.168.0.7"])

    assert services.analytics.details(alice, version)["analytic"]["network"] == {
        "hosts": [{"host": API, "granted": True}, {"host": OTHER, "granted": False}],
        "granted": False,
    }
    assert shown["hosts"][0]["private_networks"] == ["10.0.0.0/8", "192.168.0.7/32"]
    assert shown["hosts"][0]["granted_by"] == "root"
    [request] = services.network.requests()["requests"]
    assert (request["analytic_id"], request["network"], request["further_hosts"]) == (version, shown, [])


def test_grants_for_hosts_that_no_longer_are_asked_for_stay_visible(services, install, operator):
    versions = install(v1_0=[API])
    grant(services, operator, versions["v1_0"], API)

    install(v1_0=[API], v2_0=[])

    [request] = services.network.requests()["requests"]
    assert (request["version"], request["further_hosts"]) == ("2.0", [API])


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ({"hosts": []}, "hosts: name 1 to 20 hosts, not 0"),
        ({"hosts": [API] * 21}, "hosts: name 1 to 20 hosts, not 21"),
        ({"hosts": [OTHER]}, f"hosts[0]: '{OTHER}' is not in the manifest of 'voxel51/count' 1.0; known: {API}"),
        ({"hosts": ["*:1"]}, "hosts[0]: '*:1' is not in the manifest"),
        ({"hosts": ["10.0.0.5:1"]}, "hosts[0]: 10.0.0.5 is not a public address. To grant it all the same, name it in"),
        (
            {"hosts": [API], "private_networks": ["10.0.0.0"] * 21},
            "private_networks: has 21 entries; the maximum is 20",
        ),
        (
            {"hosts": [API], "private_networks": ["10.0.0.1/8"]},
            "private_networks[0]: '10.0.0.1/8' is neither an address",
        ),
        ({"hosts": [API], "private_networks": ["models"]}, "private_networks[0]: 'models' is neither an address"),
        ({"hosts": [API], "private_networks": ["0.0.0.0/0"]}, "private_networks[0]: 0.0.0.0/0 includes every address"),
        ({"hosts": [API], "private_networks": ["::/0"]}, "private_networks[0]: ::/0 includes every address"),
    ],
)
def test_invalid_grants_name_the_field(services, install, operator, body, problem):
    version = (
        install(v1_0=[API, "10.0.0.5:1"])["v1_0"] if "10.0.0.5:1" in body["hosts"] else install(v1_0=[API])["v1_0"]
    )

    with pytest.raises(BadRequest) as raised:
        services.network.grant(operator, version, body)

    assert problem in str(raised.value)


def test_metadata_service_is_not_granted_by_a_wide_network(services, install, operator):
    address = "169.254.169.254:80"
    version = install(v1_0=[address])["v1_0"]

    with pytest.raises(BadRequest, match="is not a public address"):
        grant(services, operator, version, address, networks=["169.254.0.0/16"])

    assert grant(services, operator, version, address, networks=["169.254.169.254"])["granted"]


def test_revoking_stops_the_jobs_that_use_the_access(services, install, operator, alice):
    version = install(v1_0=[API])["v1_0"]
    grant(services, operator, version, API)
    job_id = services.submit(alice)
    claim, attempt = services.claim()
    services.reports.report_state(attempt, "RUNNING", None)
    waiting = services.submit(alice)
    ready = services.submit(alice, auto_start=False)

    revoked = services.network.revoke(operator, version, stop_jobs_of)

    assert revoked["stopped_jobs"] == 2
    assert not revoked["network"]["granted"]
    assert services.attempts.attempts_to_stop() == [claim.attempt_id]
    for stopped in (job_id, waiting):
        job = services.jobs.details(alice, stopped)
        assert (job["state"], job["failure_type"]) == ("FAILED", "PLATFORM")
        assert job["failure_message"] == "An operator revoked the network access of the analytic 'voxel51/count'"
    assert services.jobs.details(alice, ready)["state"] == "READY"
    with pytest.raises(NetworkRefused):
        services.programs.network_permission(version, PACKAGE)


def test_job_without_its_permission_fails_and_says_why(services, install, operator, alice):
    """A job that waited, as when the sandbox of a restarted platform is another one."""
    version = install(v1_0=[API])["v1_0"]
    grant(services, operator, version, API)
    job_id = services.submit(alice)
    claim, _ = services.claim()
    weaker = NetworkGrants(services.database, "the sandbox 'landlock' cannot limit to single hosts", 1)

    with pytest.raises(NetworkRefused) as refused:
        weaker.permission(version, is_image=False)
    services.attempts.settle(claim.attempt_id, Settlement.REFUSED, str(refused.value))

    job = services.jobs.details(alice, job_id)
    assert (job["state"], job["failure_type"]) == ("FAILED", "PLATFORM")
    assert job["failure_message"] == (
        "The analytic needs network access, which the sandbox 'landlock' cannot limit to single hosts"
    )
    assert weaker.permission(version, is_image=True) is not None


def test_changes_are_in_the_audit_log(services, install, operator):
    version = install(v1_0=[API])["v1_0"]

    grant(services, operator, version, API, networks=["10.0.0.5"])
    services.network.revoke(operator, version, stop_jobs_of)

    with services.database.read() as connection:
        entries = connection.execute(select(audit_log.c.action, audit_log.c.details).order_by(audit_log.c.id)).all()
    assert [tuple(entry) for entry in entries][-2:] == [
        ("network access granted", {"analytic": "voxel51/count", "hosts": [API], "private_networks": ["10.0.0.5/32"]}),
        ("network access revoked", {"analytic": "voxel51/count", "hosts": [API], "stopped_jobs": 0}),
    ]
