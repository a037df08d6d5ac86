"""Controls of the queue: pauses and limits by operators, and what they let start."""

import pytest

from voxel51.server.accounts.applications import ApplicationService
from voxel51.server.accounts.audit import COMMAND_LINE
from voxel51.server.errors import BadRequest, NotFound

ANALYTIC = ("analytic", "voxel51/count")


def claimed(services, limit=10):
    return [claim.job_id for claim in services.attempts.claim(limit)]


@pytest.mark.parametrize("subject", [("queue", None), ("user", "alice"), ANALYTIC])
def test_pause_holds_jobs_until_it_ends(services, controls, alice, bob, subject):
    of_alice, of_bob = services.submit(alice), services.submit(bob)
    controls.pause(COMMAND_LINE, controls.subject(*subject), "maintenance")
    assert claimed(services) == ([of_bob] if subject[0] == "user" else [])
    [control] = controls.all()["controls"]
    assert (control["scope"], control["name"], control["reason"]) == (subject[0], subject[1] or "", "maintenance")

    controls.resume(COMMAND_LINE, controls.subject(*subject))

    assert set(claimed(services)) == ({of_alice} if subject[0] == "user" else {of_alice, of_bob})
    assert controls.all()["controls"] == []


def test_pause_leaves_running_jobs(services, controls, running, bob):
    controls.pause(COMMAND_LINE, controls.subject("queue", None), None)

    assert services.attempts.attempts_to_stop() == []
    assert controls.active_jobs(controls.subject("queue", None)) == 1
    assert controls.active_jobs(controls.subject("user", "bob")) == 0


def test_limit_of_an_analytic_holds_within_one_claim_and_over_several(services, controls, alice, bob):
    for _ in range(3):
        services.submit(alice)
        services.submit(bob)
    controls.limit(COMMAND_LINE, controls.subject(*ANALYTIC), 2)
    first = services.attempts.claim(10)
    assert len(first) == 2
    assert claimed(services) == []
    attempt = services.reports.authenticate(first[0].credential, first[0].job_id)
    services.reports.report_state(attempt, "FAILED", "USER")
    assert len(claimed(services)) == 1

    controls.limit(COMMAND_LINE, controls.subject(*ANALYTIC), 0)

    assert len(claimed(services)) == 3


def test_limit_of_an_application_holds_for_all_its_users_together(services, controls, alice):
    applications = ApplicationService(services.database)
    shop = applications.create("shop")
    users = [applications.create_user(shop, name) for name in ("one", "two")]
    for user in users:
        services.submit(user)
        services.submit(user)
    other = services.submit(alice)
    controls.limit(COMMAND_LINE, controls.subject("application", "shop"), 3)

    found = claimed(services)

    assert (len(found), other in found) == (4, True)


def test_pause_and_limit_of_one_analytic_are_kept_apart(services, controls, alice):
    subject = controls.subject(*ANALYTIC)
    controls.limit(COMMAND_LINE, subject, 5)
    controls.pause(COMMAND_LINE, subject, "")
    controls.resume(COMMAND_LINE, subject)

    [control] = controls.all()["controls"]
    assert (control["paused"], control["running_jobs"]) == (False, 5)


def test_control_of_a_deleted_account_is_deleted(services, controls, alice):
    controls.pause(COMMAND_LINE, controls.subject("user", "alice"), None)
    controls.delete_all(alice)

    assert controls.all()["controls"] == []


def test_invalid_controls_are_refused(services, controls):
    for subject, error in ((("all", None), BadRequest), (("user", None), BadRequest), (("analytic", "x/y"), NotFound)):
        with pytest.raises(error):
            controls.subject(*subject)
    with pytest.raises(BadRequest, match="quota"):
        controls.limit(COMMAND_LINE, controls.subject("queue", None), 1)
    with pytest.raises(BadRequest, match="running_jobs"):
        controls.limit(COMMAND_LINE, controls.subject(*ANALYTIC), -1)
    with pytest.raises(BadRequest, match="characters"):
        controls.pause(COMMAND_LINE, controls.subject(*ANALYTIC), "x" * 501)
