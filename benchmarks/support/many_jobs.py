"""Large databases: fill the database of a platform with jobs, their data, attempts, labels and events."""

import random
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice

from sqlalchemy import Connection, Table, func, insert, select, update

from voxel51.server.accounts.callers import User
from voxel51.server.accounts.recorded_usage import add_changes_to_totals as add_usage_changes
from voxel51.server.analytics.tables import analytics
from voxel51.server.data.tables import data
from voxel51.server.database.database import Database
from voxel51.server.events.tables import events
from voxel51.server.jobs.tables import attempts, jobs
from voxel51.server.search.label_totals import add_changes_to_totals as add_label_changes
from voxel51.server.search.tables import label_spans
from voxel51.server.webhooks.tables import webhook_cursor
from voxel51.wire import dates

PERIOD = timedelta(days=30)
"""Time over which the jobs were submitted."""

RARE_LABEL, COMMON_LABEL = "zebra", "car"
RARE_WORD, COMMON_WORD = "xylophone", "street"

Row = Mapping[str, object]

_ANALYTIC_ID = "many-jobs"
_BATCH = 5_000
_TABLES = (data, jobs, attempts, events, label_spans)
_WORDS = ("gate", "yard", "bridge", "harbour", "night", "dawn", "north", "south")
_READ_BY_TRIGGERS = "ix_data_owner_storage_key"
"""Name of the index that the recording of usage needs."""

_RARE_EVERY = 5_000
_STATES = ("COMPLETE",) * 92 + ("FAILED",) * 6 + ("READY",) * 2
_ARCHIVED_SHARE = 0.5
"""The oldest jobs are archived, as people and the expiry leave them."""


@dataclass(frozen=True, slots=True)
class Share:
    """A user, and how many of the jobs are theirs."""

    user: User
    jobs: int


def fill(database: Database, shares: Sequence[Share]) -> None:
    """Insert the jobs of each user, each with one file, and for most an attempt, labels and events."""
    chance = random.Random(51)
    begin = dates.now() - PERIOD
    numbered = _mixed(shares, chance)
    total = sum(share.jobs for share in shares)
    with database.write() as connection:
        connection.execute(insert(analytics).values(_analytic(begin)))
    with _without_indexes(database):
        while batch := [*islice(numbered, _BATCH)]:
            made = [_job(owner, number, total, begin, chance) for number, owner in batch]
            with _writing(database) as connection:
                for table, rows in _rows(made, chance).items():
                    _insert(connection, table, rows)
    for add_changes in (add_usage_changes, add_label_changes):  # as the platform would have done
        while add_changes(database):
            pass
    with database.write() as connection:  # the events are old: they become no deliveries
        connection.execute(update(webhook_cursor).values(last_event_id=select(func.max(events.c.id)).scalar_subquery()))
    if database.engine.dialect.name == "postgresql":  # SQLite plans without statistics
        with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("VACUUM ANALYZE")


@contextmanager
def _without_indexes(database: Database) -> Iterator[None]:
    """Drop the indexes of the tables to fill, and make them again at the end: sorting is faster than inserting.

    Those of filters are made last, as by the migrations: of two that serve as well, SQLite uses the newer one.
    """
    indexes = sorted(
        (index for table in _TABLES for index in table.indexes if index.name != _READ_BY_TRIGGERS),
        key=lambda index: ("_by_" in str(index.name), str(index.name)),
    )
    with _writing(database) as connection:
        for index in indexes:
            index.drop(connection)
    yield
    for index in indexes:
        with _writing(database) as connection:
            index.create(connection)


@contextmanager
def _writing(database: Database) -> Iterator[Connection]:
    with database.write(durable=False) as connection:
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql("PRAGMA cache_size = -200000")
        yield connection


def _mixed(shares: Sequence[Share], chance: random.Random) -> Iterator[tuple[int, User]]:
    """Yield the number and the owner of each job, in the order of submission: those of all owners interleaved."""
    owners = [share.user for share in shares for _ in range(share.jobs)]
    chance.shuffle(owners)
    yield from enumerate(owners)


def _analytic(moment: datetime) -> Row:
    return {"id": _ANALYTIC_ID, "owner": "platform", "name": "bench/many", "version": "1", "version_order": "1",
            "latest": False, "scope": "public", "analytic_type": "PLATFORM", "supports_cpu": True,
            "supports_gpu": False, "pending": True, "upload_date": moment, "description": "",
            "document": {}}  # fmt: skip


def _job(owner: User, number: int, total: int, begin: datetime, chance: random.Random) -> Row:
    uploaded = begin + PERIOD * (number / total)
    state = chance.choice(_STATES)
    ended = uploaded + timedelta(seconds=chance.uniform(1, 600))
    word = RARE_WORD if number % _RARE_EVERY == 7 else chance.choice((COMMON_WORD, *_WORDS))
    return {
        "id": str(uuid.UUID(int=chance.getrandbits(128), version=4)),
        "owner_id": owner.id,
        "application_id": owner.application_id,
        "name": f"{chance.choice(_WORDS)} {word} {number}",
        "state": state,
        "archived": number < total * _ARCHIVED_SHARE,
        "internal": False,
        "upload_date": uploaded,
        "expiration_date": uploaded + timedelta(days=365),
        "expired": False,
        "analytic_id": _ANALYTIC_ID,
        "compute_mode": "BEST",
        "auto_start": state != "READY",
        "queued_at": None if state == "READY" else uploaded,
        "start_date": None if state == "READY" else uploaded,
        "completion_date": ended if state == "COMPLETE" else None,
        "fail_date": ended if state == "FAILED" else None,
        "failure_type": "ANALYTIC" if state == "FAILED" else "NONE",
        "request": {
            "analytic": "voxel51/shot-detection",
            "inputs": {"video": {"data-id": _id(chance)}},
            "parameters": {},
        },
        "output_filename": "labels.json",
        "attempt_id": None if state == "READY" else _id(chance),
        "attempts_lost": 0,
        "frame_count": 1000,
        "duration_seconds": 40.0,
        "size_bytes": 1_000_000,
    }


def _id(chance: random.Random) -> str:
    return str(uuid.UUID(int=chance.getrandbits(128), version=4))


def _rows(made: Sequence[Row], chance: random.Random) -> dict[Table, Sequence[Row]]:
    ended = [job for job in made if job["state"] in {"COMPLETE", "FAILED"}]
    complete = [job for job in made if job["state"] == "COMPLETE"]
    return {
        data: [_file(job) for job in made],
        jobs: made,
        attempts: [_attempt(job) for job in ended],
        events: [_event(job) for job in ended],
        label_spans: [_span(job, chance) for job in complete],
    }


def _file(job: Row) -> Row:
    request: dict[str, dict[str, dict[str, str]]] = job["request"]  # type: ignore[assignment]  # as `_job` makes it
    data_id = request["inputs"]["video"]["data-id"]
    return {
        "id": data_id,
        "owner_id": job["owner_id"],
        "application_id": job["application_id"],
        "name": f"{job['name']}.mp4",
        "size_bytes": 1_000_000,
        "media_type": "video/mp4",
        "encoding": "7bit",
        "upload_date": job["upload_date"],
        "expiration_date": job["expiration_date"],
        "storage_key": f"data/{data_id}",
        "sha256": data_id.replace("-", "") * 2,
    }


def _attempt(job: Row) -> Row:
    ended = job["completion_date"] or job["fail_date"]
    return {
        "id": job["attempt_id"],
        "job_id": job["id"],
        "credential_hash": str(job["attempt_id"]),
        "stop_requested": False,
        "created_at": job["start_date"],
        "ended_at": ended,
    }


def _event(job: Row) -> Row:
    date = job["completion_date"] or job["fail_date"]
    return {"owner_id": job["owner_id"], "job_id": job["id"], "name": "job_complete", "date": date,
            "document": {"state": job["state"]}}  # fmt: skip


def _span(job: Row, chance: random.Random) -> Row:
    label = RARE_LABEL if RARE_WORD in str(job["name"]) else chance.choice((COMMON_LABEL, "person", "dog", "bus"))
    first = chance.randrange(1, 900)
    return {"job_id": job["id"], "owner_id": job["owner_id"], "kind": "object", "label": label, "track": 1,
            "first_frame": first, "last_frame": first + 50, "frame_count": 50, "seconds": 2.0,
            "confidence": 0.9}  # fmt: skip


def _insert(connection: Connection, table: Table, rows: Sequence[Row]) -> None:
    if rows:
        connection.execute(insert(table), rows)
