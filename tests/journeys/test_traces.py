"""Traces of a running platform, as a collector receives them."""

import subprocess
import sys
import uuid
from pathlib import Path

import requests
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from demo.platform_process import PlatformProcess
from support.accounts import User
from support.otlp_receiver import OtlpReceiver
from support.platforms import NO_OP, StartPlatform
from support.submissions import post_job
from support.waiting import LIMIT_SECONDS, wait_until
from support.webhook_receivers import Receiver

CRASH = "journeys/crash"
CALLER_TRACE, CALLER_SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
MESSAGES = 4


def attribute(span: Span, key: str) -> str | int | float | None:
    for each in span.attributes:
        if each.key == key:
            return getattr(each.value, each.value.WhichOneof("value"))
    return None


def spans_of_job(collector: OtlpReceiver, job_id: str) -> list[Span]:
    return [span for span in collector.spans() if span.trace_id.hex() == uuid.UUID(job_id).hex]


def start(start_platform: StartPlatform, collector_url: str) -> PlatformProcess:
    environment = {"VOXEL51_SERVER_OTLP_ENDPOINT": collector_url, "VOXEL51_SERVER_OUTBOUND_ALLOW": "127.0.0.1"}
    return start_platform(environment=environment)


def state_of(user: User, job_id: str) -> str:
    answer = requests.get(f"{user.v1}/jobs/{job_id}", headers=user.headers, timeout=LIMIT_SECONDS)
    return str(answer.json()["job"]["state"])


def test_one_trace_shows_a_job_from_its_submission_to_its_end(start_platform: StartPlatform, tmp_path: Path) -> None:
    webhook = Receiver()
    with OtlpReceiver() as collector:
        platform = start(start_platform, f"{collector.url}/")
        user = User.create(platform, tmp_path)
        url = f"{user.v1}/webhooks"
        made = requests.post(
            url, json={"url": f"{webhook.url}/?token=secret"}, headers=user.headers, timeout=LIMIT_SECONDS
        )
        webhook.secret = made.json()["secret"]
        job_id, failing_id = (post_job(user.v1, user.headers, analytic) for analytic in (NO_OP, CRASH))

        def names(of_job: str) -> list[str]:
            return [span.name for span in spans_of_job(collector, of_job)]

        wait_until(lambda: names(job_id).count("webhook delivery") == MESSAGES and "job" in names(job_id), "no trace")
        wait_until(lambda: "job" in names(failing_id), "no trace of the job that fails")
        _check_trace(spans_of_job(collector, job_id), job_id)
        [failed] = [span for span in spans_of_job(collector, failing_id) if span.name == "job"]
        assert failed.status.code == Status.STATUS_CODE_ERROR
        assert attribute(failed, "voxel51.job.state") == "FAILED"
        _check_requests_of_others(collector, user)
        everything = b"".join(collector.bodies).decode(errors="replace")
        for text in (user.headers["Authorization"].split()[-1], "token=secret", "signature=", "who%20asks"):
            assert text not in everything
        assert platform.stop() == 0
    webhook.close()


def _check_trace(spans: list[Span], job_id: str) -> None:
    by_id = {span.span_id: span for span in spans}
    assert len(by_id) == len(spans), "ids of spans are not unique"
    [root] = [span for span in spans if not span.parent_span_id]
    assert (root.name, attribute(root, "voxel51.job.state")) == ("job", "COMPLETE")
    assert all(not span.parent_span_id or span.parent_span_id in by_id for span in spans), "a span has no parent"
    parents = {span.name: by_id[span.parent_span_id].name for span in spans if span.parent_span_id}
    assert parents["POST /jobs"] == parents["job queued"] == parents["attempt"] == parents["webhook delivery"] == "job"
    assert parents["attempt start"] == parents["attempt run"] == parents["attempt settle"] == "attempt"
    assert parents["POST /jobs/{job_id}/finish"] == "attempt", "the report of the end is not in the trace"
    order = ("job queued", "attempt start", "attempt run", "attempt settle")
    begun = [next(span for span in spans if span.name == name).start_time_unix_nano for name in order]
    assert begun == sorted(begun)
    [submission] = [span for span in spans if span.name == "POST /jobs"]
    assert attribute(submission, "http.response.status_code") == 201
    assert int(attribute(submission, "voxel51.database.statements") or 0) >= 2
    assert float(attribute(submission, "voxel51.database.seconds") or 0) > 0
    assert submission.kind == Span.SPAN_KIND_SERVER


def _check_requests_of_others(collector: OtlpReceiver, user: User) -> None:
    """A request about no job continues the trace of its sender; a path that is not found appears as its template."""
    headers = {**user.headers, "traceparent": f"00-{CALLER_TRACE}-{CALLER_SPAN}-01"}
    url = f"{user.v1}/data/who%20asks?token=secret"
    assert requests.get(url, headers=headers, timeout=LIMIT_SECONDS).status_code == 404

    def found() -> list[Span]:
        return [span for span in collector.spans() if span.trace_id.hex() == CALLER_TRACE]

    wait_until(lambda: bool(found()), "the request is in no trace")
    [span] = found()
    assert (span.name, span.parent_span_id.hex()) == ("GET /data/{data_id}", CALLER_SPAN)
    assert attribute(span, "http.response.status_code") == 404
    assert span.status.code != Status.STATUS_CODE_ERROR, "a refusal is not an error of the platform"


def test_a_collector_that_fails_or_is_away_disturbs_nothing(start_platform: StartPlatform, tmp_path: Path) -> None:
    with OtlpReceiver() as collector:
        collector.refuses = True
        platform = start(start_platform, collector.url)
        user = User.create(platform, tmp_path)
        job_id = post_job(user.v1, user.headers, NO_OP)
        wait_until(lambda: state_of(user, job_id) == "COMPLETE", "the job did not end")
        wait_until(lambda: collector.refused > 0, "no export was tried")
    # From now on connections are refused.
    second = post_job(user.v1, user.headers, NO_OP)
    wait_until(lambda: state_of(user, second) == "COMPLETE", "the job did not end without a collector")

    assert platform.stop() == 0


def test_opentelemetry_is_not_imported_while_traces_are_off() -> None:
    text = (
        "import sys, voxel51.server.app, voxel51.server.doctor, voxel51.server.extras as extras; "
        "extras.missing_extras(); "
        "print([name for name in sys.modules if name.startswith('opentelemetry.')])"
    )
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"
