"""Logs of the platform: each line has the time, level, logger and request id, as text or as JSON."""

import json
import logging
import time
from contextvars import ContextVar
from enum import StrEnum

request_id: ContextVar[str] = ContextVar("request_id", default="")
"""Id of the request that is being served, empty outside of requests. Worker threads inherit it."""

_CONTROL_CHARACTERS = {code: repr(chr(code))[1:-1] for code in (*range(32), 127)}


class LogFormat(StrEnum):
    """Format of the log lines."""

    TEXT = "text"
    JSON = "json"


class TextFormatter(logging.Formatter):
    """Lines for people: ``<time> <level> <logger> [<request id>] <message>``; tracebacks follow on lines of their own.

    Control characters in a message are escaped, so that no caller can forge lines. ``<process>`` comes before the
    logger if the platform has several processes.
    """

    def __init__(self, process: str = "") -> None:
        super().__init__()
        self._process = f"{process} " if process else ""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as text."""
        message = record.getMessage().translate(_CONTROL_CHARACTERS)
        line = f"{_time(record)} {record.levelname} {self._process}{record.name} [{request_id.get() or '-'}] {message}"
        return "\n".join(filter(None, [line, _traceback(record)]))


class JsonFormatter(logging.Formatter):
    """Lines for programs: one JSON object per record, with ``exception`` where there is a traceback.

    With several processes of the platform, ``process`` names the one that wrote the line.
    """

    def __init__(self, process: str = "") -> None:
        super().__init__()
        self._process = {"process": process} if process else {}

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as one line of JSON."""
        line = {
            "time": _time(record),
            "level": record.levelname,
            "logger": record.name,
            "request_id": request_id.get() or None,
            "message": record.getMessage(),
        }
        traceback = _traceback(record)
        return json.dumps(self._process | line | ({"exception": traceback} if traceback else {}))


def configure(log_format: LogFormat, process: str = "") -> None:
    """Let all loggers of this process write to standard error in this format, warnings of Python included.

    Each line names the ``process`` if the platform has several.
    """
    handler = logging.StreamHandler()
    handler.setFormatter(JsonFormatter(process) if log_format is LogFormat.JSON else TextFormatter(process))
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    logging.captureWarnings(True)
    logging.getLogger("alembic").setLevel(logging.WARNING)


def _time(record: logging.LogRecord) -> str:
    """Return the time in UTC, to the millisecond, in ISO 8601."""
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(record.created))}.{int(record.msecs):03d}Z"


def _traceback(record: logging.LogRecord) -> str:
    if record.exc_info and not record.exc_text:
        record.exc_text = logging.Formatter().formatException(record.exc_info)
    return record.exc_text or ""
