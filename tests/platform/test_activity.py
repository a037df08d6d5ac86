"""Reports of what a job uses and prints."""

import os
import threading

from voxel51.platform import job_log
from voxel51.platform.activity import ActivityReporter


def test_report_names_what_was_used_and_printed_since_the_last(tmp_path, monkeypatch):
    log = os.open(tmp_path / "log", os.O_RDWR | os.O_CREAT | os.O_APPEND)
    monkeypatch.setattr(job_log, "STANDARD_OUTPUT", log)
    monkeypatch.setattr(job_log, "STANDARD_ERROR", log)
    frames = [None]
    reporter = ActivityReporter(lambda _report: None, 1.0, lambda: frames[0])
    os.write(log, "first \u00e9\n".encode())
    first = reporter.report()
    frames[0] = 50
    os.write(log, b"second\n" * 10_000)
    second = reporter.report()
    os.close(log)

    assert (first["log"], "frames_per_second" in first) == ("first \u00e9\n", False)
    assert first["memory_bytes"] > 1_000_000
    assert second["frames_per_second"] > 0
    assert (len(second["log"]) <= 16_384, second["log"].endswith("second\n")) == (True, True)


def test_reports_are_sent_until_the_reporter_is_closed():
    sent, enough = [], threading.Event()

    def send(report):
        sent.append(report)
        if len(sent) == 3:
            enough.set()

    reporter = ActivityReporter(send, 0.01, lambda: None)
    reporter.open()
    assert enough.wait(30)
    reporter.close()
    reporter._thread.join(30)

    assert not reporter._thread.is_alive()
