"""Logs of the platform: time, level, logger and request id in each line, as text and as JSON."""

import json
import logging
import re
import sys

import pytest

from voxel51.server.logs import JsonFormatter, TextFormatter, request_id


def record(message, *arguments, exc_info=None):
    made = logging.LogRecord("voxel51.server.test", logging.WARNING, __file__, 1, message, arguments, exc_info)
    made.created, made.msecs = 1_800_000_000.25, 250.0
    return made


@pytest.fixture
def failure():
    try:
        [].pop()
    except IndexError:
        return sys.exc_info()


def test_text_line_has_time_level_logger_and_message():
    line = TextFormatter().format(record("%d jobs wait", 3))

    assert line == "2027-01-15T08:00:00.250Z WARNING voxel51.server.test [-] 3 jobs wait"


def test_line_within_a_request_has_its_id():
    entered = request_id.set("abc123")
    try:
        text, as_json = TextFormatter().format(record("slow")), JsonFormatter().format(record("slow"))
    finally:
        request_id.reset(entered)

    assert text.endswith("voxel51.server.test [abc123] slow")
    assert json.loads(as_json)["request_id"] == "abc123"


def test_message_cannot_forge_lines():
    line = TextFormatter().format(record("%s failed", "/v1/x\n2027-01-15 ERROR forged\x1b[31m"))

    assert "\n" not in line
    assert "\x1b" not in line
    assert r"/v1/x\n2027-01-15 ERROR forged\x1b[31m failed" in line


def test_json_line_is_one_object_with_the_traceback(failure):
    line = JsonFormatter().format(record("job %s", "ö\n", exc_info=failure))

    assert "\n" not in line
    document = json.loads(line)
    assert document.pop("exception").endswith("IndexError: pop from empty list")
    assert document == {
        "time": "2027-01-15T08:00:00.250Z",
        "level": "WARNING",
        "logger": "voxel51.server.test",
        "request_id": None,
        "message": "job ö\n",
    }


def test_text_traceback_follows_the_line(failure):
    lines = TextFormatter().format(record("failed", exc_info=failure)).splitlines()

    assert re.fullmatch(r"\S+Z WARNING voxel51\.server\.test \[-\] failed", lines[0])
    assert (lines[1], lines[-1]) == ("Traceback (most recent call last):", "IndexError: pop from empty list")
