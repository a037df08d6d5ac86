"""Webhooks of a platform that is killed in between."""

from pathlib import Path

import requests

from support.accounts import Application
from support.platforms import NO_OP, StartPlatform
from support.submissions import post_job
from support.waiting import LIMIT_SECONDS
from support.webhook_receivers import Receiver

ENDS = ["job_queued", "job_scheduled", "job_running", "job_complete"]


def test_application_gets_events_of_its_users_jobs(start_platform: StartPlatform, tmp_path: Path) -> None:
    receiver = Receiver()
    platform = start_platform(environment={"VOXEL51_SERVER_OUTBOUND_ALLOW": "127.0.0.1"})
    application = Application.create(platform, tmp_path)
    v1, own, of_user = application.v1, application.headers(), application.headers("ada")
    requests.post(f"{v1}/apps/users", json={"username": "ada"}, headers=own, timeout=LIMIT_SECONDS)
    made = requests.post(f"{v1}/webhooks", json={"url": f"{receiver.url}/told"}, headers=own, timeout=LIMIT_SECONDS)
    receiver.secret = made.json()["secret"]
    webhook_id = made.json()["webhook"]["id"]

    job_id = post_job(v1, of_user, NO_OP, name="told")
    messages = receiver.wait_for(len(ENDS))

    assert {message["event"] for message in messages} == set(ENDS)
    [end] = [message for message in messages if message["event"] == "job_complete"]
    assert (end["username"], end["id"], end["job"]["state"]) == ("ada", job_id, "COMPLETE")
    assert (end["msg"], end["job"]["analytic"]) == ("Job 'told' is complete", NO_OP)

    platform.kill()
    platform.start()
    second = post_job(v1, of_user, NO_OP, name="told")
    messages = receiver.wait_for(2 * len(ENDS))
    assert {message["event"] for message in messages if message["id"] == second} == set(ENDS)

    secret = requests.get(f"{v1}/webhooks/{webhook_id}", headers=own, timeout=LIMIT_SECONDS).text
    deliveries = requests.get(
        f"{v1}/webhooks/{webhook_id}/deliveries?limit=3", headers=own, timeout=LIMIT_SECONDS
    ).json()
    assert receiver.secret not in secret
    assert (len(deliveries["deliveries"]), deliveries["count"]) == (3, 2 * len(ENDS))
    refused = requests.post(f"{v1}/webhooks", json={"url": "http://127.0.0.2/"}, headers=own, timeout=LIMIT_SECONDS)
    assert refused.status_code == 400
    assert receiver.secret not in platform.log.read_text()
    receiver.close()
