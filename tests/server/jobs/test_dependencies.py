"""Dependencies: a job that takes the output of another job waits for it, and shares its failure."""

import json
from datetime import timedelta

import pytest
from sqlalchemy import update

from support.job_services import DOCUMENT
from voxel51.server.analytics.installed import InstalledAnalytic
from voxel51.server.errors import BadRequest
from voxel51.server.jobs.attempts import Settlement
from voxel51.server.jobs.tables import jobs
from voxel51.wire import dates

LABELS = {"name": "labels", "type": "types.VideoLabels", "description": "labels", "required": False}


@pytest.fixture(autouse=True)
def analytics(services):
    info, outputs = DOCUMENT["info"], [{**DOCUMENT["outputs"][0], "type": "types.VideoLabels"}]
    documents = {
        "shots": {**DOCUMENT, "outputs": outputs},
        "faces": {**DOCUMENT, "inputs": [*DOCUMENT["inputs"], LABELS], "outputs": outputs},
        "silent": {**DOCUMENT, "outputs": []},
    }
    services.analytics.install(
        [
            InstalledAnalytic(f"voxel51/{name}", {**each, "info": {**info, "name": name}}, preload_safe=True)
            for name, each in documents.items()
        ]
    )


def submit(services, user, analytic, labels=None, auto_start=True, **options):
    inputs = {"video": {"data-id": services.add_data(user)}}
    if labels is not None:
        inputs["labels"] = {"job-id": labels}
    request = {"analytic": f"voxel51/{analytic}", "inputs": inputs}
    content = json.dumps(request).encode()
    return services.jobs.submit(user, content, analytic, auto_start, None, json.dumps(options))["id"]


def complete(services, claim, content=b'{"frames": {}}'):
    attempt = services.reports.authenticate(claim.credential, claim.job_id)
    services.reports.report_state(attempt, "RUNNING", None)
    services.put_output(attempt, content)
    services.reports.report_state(attempt, "COMPLETE", None)
    services.attempts.settle(claim.attempt_id, Settlement.ANALYTIC_FAILED, "exit 0")


def fail(services, claim, message):
    attempt = services.reports.authenticate(claim.credential, claim.job_id)
    services.reports.report_state(attempt, "RUNNING", None)
    services.reports.put_status(attempt.id, json.dumps({"messages": [{"message": message}]}))
    services.reports.report_state(attempt, "FAILED", "ANALYTIC")


def claimed(services):
    return [claim.job_id for claim in services.attempts.claim(10)]


def failure(services, user, job_id):
    job = services.jobs.details(user, job_id)
    return job["state"], job["failure_type"], job["failure_message"]


def expire(services, job_id):
    with services.database.write() as connection:
        past = dates.now() - timedelta(seconds=1)
        connection.execute(update(jobs).where(jobs.c.id == job_id).values(expiration_date=past))
    return services.jobs.expire()


def test_job_is_claimed_only_when_the_job_whose_output_it_takes_is_complete(services, alice):
    shots = submit(services, alice, "shots")
    held_until = dates.to_text(dates.now() + timedelta(hours=1))
    faces = submit(services, alice, "faces", shots, priority=9)
    later = submit(services, alice, "faces", shots, not_before=held_until)
    details = services.jobs.details(alice, later)
    assert (details["scheduling"], details["estimated_start"]) == ({"not_before": held_until}, None)
    [claim] = services.attempts.claim(10)
    assert claim.job_id == shots
    complete(services, claim, b"shots")

    [claim] = services.attempts.claim(10)

    assert claim.job_id == faces  # the later one is held until the date that its owner wants
    attempt = services.reports.authenticate(claim.credential, claim.job_id)
    links = services.tasks.describe(attempt)["inputs"]
    assert links["labels"] == {"signed-url": f"http://platform/v1/links/attempts/{attempt.id}/inputs/labels?GET"}
    assert b"".join(services.storage.read(services.tasks.file(attempt, "inputs", "labels").key)) == b"shots"
    assert services.jobs.details(alice, later)["scheduling"] == {"not_before": held_until}


def test_job_waits_for_all_its_sources(services, alice):
    first, second = submit(services, alice, "shots"), submit(services, alice, "shots")
    two = [LABELS, {**LABELS, "name": "others"}]
    document = {**DOCUMENT, "inputs": two, "info": {**DOCUMENT["info"], "name": "merge"}}
    services.analytics.install([InstalledAnalytic("voxel51/merge", document, preload_safe=True)])
    inputs = {"labels": {"job-id": first}, "others": {"job-id": second}}
    content = json.dumps({"analytic": "voxel51/merge", "inputs": inputs}).encode()
    merge = services.jobs.submit(alice, content, "merge", True, None)["id"]
    claims = services.attempts.claim(10)
    for claim in claims:
        assert claimed(services) == []
        complete(services, claim)

    assert claimed(services) == [merge]


def test_output_of_a_complete_job_is_an_input_at_once(services, alice):
    shots = submit(services, alice, "shots")
    complete(services, *services.attempts.claim(10))

    faces = submit(services, alice, "faces", shots)

    assert claimed(services) == [faces]


def test_failure_travels_along_a_chain_with_its_reason(services, alice):
    shots = submit(services, alice, "shots")
    faces = submit(services, alice, "faces", shots)
    not_started = submit(services, alice, "faces", faces, auto_start=False)
    fail(services, *services.attempts.claim(10), "the video has no frames")

    reason = f"Job shots ({shots}), whose output this job takes, failed: the video has no frames"
    assert failure(services, alice, faces) == ("FAILED", "USER", reason)
    chained = f"Job faces ({faces}), whose output this job takes, failed: {reason}"
    assert failure(services, alice, not_started) == ("FAILED", "USER", chained)
    with pytest.raises(BadRequest, match=f"'{shots}' \\(shots\\) is FAILED and has no output"):
        submit(services, alice, "faces", shots)


@pytest.mark.parametrize(
    ("auto_start", "end", "reason"),
    [
        (True, lambda services, user, job_id: services.act("kill", user, job_id, "too slow"), "failed: Cancelled by"),
        (False, lambda services, user, job_id: services.act("delete", user, job_id), "was deleted"),
        (False, lambda services, _user, job_id: expire(services, job_id), "has expired"),
    ],
    ids=["cancelled", "deleted", "expired"],
)
def test_job_fails_whose_source_ends_without_output(services, alice, auto_start, end, reason):
    source = submit(services, alice, "shots", auto_start=auto_start)
    faces = submit(services, alice, "faces", source)

    end(services, alice, source)

    state, kind, message = failure(services, alice, faces)
    assert (state, kind) == ("FAILED", "USER")
    assert message.startswith(f"Job shots ({source}), whose output this job takes, {reason}")
    assert claimed(services) == []


def test_job_is_younger_than_its_source_although_the_clock_was_set_back(services, alice):
    shots = submit(services, alice, "shots")
    ahead = dates.now() + timedelta(hours=1)
    with services.database.write() as connection:
        connection.execute(update(jobs).where(jobs.c.id == shots).values(upload_date=ahead))

    faces = submit(services, alice, "faces", shots)

    assert services.jobs.find(alice.id, faces)["upload_date"] == ahead + timedelta(milliseconds=1)


def test_long_chain_fails_in_one_transaction(services, alice):
    chain = [submit(services, alice, "shots", auto_start=False)]
    for _ in range(60):
        chain.append(submit(services, alice, "faces", chain[-1], auto_start=False))

    services.act("delete", alice, chain[0])

    assert {failure(services, alice, job_id)[0] for job_id in chain[1:]} == {"FAILED"}
    assert len(failure(services, alice, chain[-1])[2]) < 700


def test_waiting_job_can_be_cancelled_and_leaves_its_source_alone(services, alice):
    shots = submit(services, alice, "shots")
    faces = submit(services, alice, "faces", shots)
    services.act("kill", alice, faces)
    assert claimed(services) == [shots]


def test_output_in_use_by_a_waiting_job_does_not_expire(services, alice):
    shots = submit(services, alice, "shots")
    complete(services, *services.attempts.claim(10))
    faces = submit(services, alice, "faces", shots, not_before=dates.to_text(dates.now() + timedelta(hours=1)))

    assert expire(services, shots) == 0
    assert services.jobs.output(alice.id, shots).filename == "a.json"
    services.act("kill", alice, faces)
    assert services.jobs.expire() == 1
    with pytest.raises(BadRequest, match="has expired"):
        submit(services, alice, "faces", shots)


def test_jobs_that_cannot_be_an_input_are_refused(services, alice, bob):
    silent, labels = submit(services, alice, "silent"), submit(services, alice, "shots")
    foreign = submit(services, bob, "shots")
    for source, reason in ((silent, "has no output"), (foreign, "not found"), ("no-such-job", "not found")):
        with pytest.raises(BadRequest, match=f"Input 'labels'.*'{source}'.*{reason}"):
            submit(services, alice, "faces", source)
    request = {"analytic": "voxel51/shots", "inputs": {"video": {"job-id": labels}}}
    with pytest.raises(BadRequest, match=r"must be of the type Video, .* \(voxel51/shots\) is of the type VideoLabels"):
        services.jobs.submit(alice, json.dumps(request).encode(), "a job", True, None)
    for value in ({"job-id": 7}, {"job-id": labels, "more": 1}, {}):
        with pytest.raises(BadRequest, match="input 'video' must be"):
            request["inputs"]["video"] = value
            services.jobs.submit(alice, json.dumps(request).encode(), "a job", True, None)
