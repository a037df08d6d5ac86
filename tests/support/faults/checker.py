"""Checker of the fault suite: reads database and store directly, with queries of its own."""

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

import obstore
from obstore.store import S3Store
from sqlalchemy import create_engine, inspect, text

from support.faults.traffic import END_EVENTS, Ledger


class Store(Protocol):
    """The stored files, read without the platform."""

    def keys(self) -> set[str]:
        """Return the keys of all complete files."""

    def content(self, key: str) -> bytes | None:
        """Return a file; None if it does not exist."""


class FolderStore:
    """Files of a storage on a disk."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def keys(self) -> set[str]:
        """Implement `Store.keys`."""
        found = (path for path in self._root.glob("*/?/*") if path.is_file())
        return {f"{path.relative_to(self._root).parts[0]}/{path.name}" for path in found}

    def content(self, key: str) -> bytes | None:
        """Implement `Store.content`."""
        folder, _, name = key.partition("/")
        path = self._root / folder / name[0] / name
        return path.read_bytes() if path.is_file() else None


class BucketStore:
    """Files of a storage in a bucket. The folders of unfinished uploads and of the platform's identity do not count."""

    def __init__(self, bucket: S3Store) -> None:
        self._bucket = bucket

    def keys(self) -> set[str]:
        """Implement `Store.keys`."""
        found = {str(each["path"]) for page in obstore.list(self._bucket) for each in page}
        return {key for key in found if key.partition("/")[0] in {"data", "outputs", "logs"}}

    def content(self, key: str) -> bytes | None:
        """Implement `Store.content`."""
        try:
            return bytes(obstore.get(self._bucket, key).bytes())
        except FileNotFoundError:
            return None


class Checker:
    """The records and files that the faults left.

    Args:
        database_url: the database, as operators write it.
        store: the files.
    """

    def __init__(self, database_url: str, store: Store) -> None:
        self._engine = create_engine(database_url.replace("postgresql://", "postgresql+psycopg://"))
        self._store = store

    def _rows(self, statement: str) -> Sequence[Any]:
        with self._engine.connect() as connection:
            return connection.execute(text(statement)).all()

    def pending(self) -> dict[str, int]:
        """Return how many jobs, attempts and deliveries have not ended, and how many events are not yet delivered."""
        counts = {
            "jobs": "SELECT count(*) FROM jobs WHERE state NOT IN ('COMPLETE', 'FAILED')",
            "attempts": "SELECT count(*) FROM attempts WHERE ended_at IS NULL",
            "deliveries": "SELECT count(*) FROM webhook_deliveries WHERE state = 'PENDING'",
            "events": "SELECT count(*) FROM events WHERE id > (SELECT last_event_id FROM webhook_cursor)",
        }
        found = {name: self._rows(statement)[0][0] for name, statement in counts.items()}
        return {name: number for name, number in found.items() if number}

    def orphans(self) -> set[str]:
        """Return the keys of files that no record names."""
        return self._store.keys() - self._recorded_keys()

    def _recorded_keys(self) -> set[str]:
        """Return what every column for the key of a file has."""
        inspector, found = inspect(self._engine), set()
        for table in inspector.get_table_names():
            for column in (each["name"] for each in inspector.get_columns(table) if each["name"].endswith("_key")):
                found.update(row[0] for row in self._rows(f'SELECT "{column}" FROM "{table}"') if row[0])
        return found

    def problems(self, ledger: Ledger, messages: Sequence[dict[str, Any]]) -> list[str]:
        """Return what is wrong. ``messages`` are those that the receiver of the webhooks got."""
        names = {row.id: row.name for row in self._rows("SELECT id, name FROM users")}
        return [
            *ledger.problems,
            *self._data_problems(ledger, names),
            *self._job_problems(ledger, names),
            *self._output_problems(),
            *self._event_problems(ledger, names, messages),
        ]

    def _data_problems(self, ledger: Ledger, names: dict[str, str]) -> Iterator[str]:
        found = {row.id: row for row in self._rows("SELECT id, owner_id, size_bytes, sha256, storage_key FROM data")}
        for data_id, upload in ledger.uploads.items():
            row = found.get(data_id)
            content = None if row is None else self._store.content(row.storage_key)
            if row is None or content is None:
                yield f"accepted data {data_id} has no {'record' if row is None else 'file'}"
            elif hashlib.sha256(content).hexdigest() != upload.sha256 or row.size_bytes != upload.size_bytes:
                yield f"accepted data {data_id} was altered"
            elif names[row.owner_id] != upload.owner:
                yield f"data {data_id} of {upload.owner} belongs to {names[row.owner_id]}"
        for row in found.values():
            if row.sha256 is not None and (names[row.owner_id], row.sha256) not in ledger.sent:
                yield f"data {row.id} of {names[row.owner_id]} was never sent by this user"

    def _job_problems(self, ledger: Ledger, names: dict[str, str]) -> Iterator[str]:
        statement = "SELECT id, owner_id, state, failure_type, failure_message FROM jobs"
        found = {row.id: row for row in self._rows(statement)}
        for job_id, owner in ledger.jobs.items():
            if job_id not in found:
                yield f"accepted job {job_id} was lost"
            elif names[found[job_id].owner_id] != owner:
                yield f"job {job_id} of {owner} belongs to {names[found[job_id].owner_id]}"
        for row in found.values():
            if row.state not in {"COMPLETE", "FAILED"}:
                yield f"job {row.id} is {row.state}"
            elif row.state == "FAILED" and row.failure_type != "PLATFORM" and row.id not in ledger.cancelled:
                yield f"job {row.id} was blamed on {row.failure_type}: {row.failure_message}"

    def _output_problems(self) -> Iterator[str]:
        jobs = {row.id: row for row in self._rows("SELECT id, state, attempt_id FROM jobs")}
        outputs: defaultdict[str, list[Any]] = defaultdict(list)
        for row in self._rows(
            "SELECT id, job_id, output_key, output_sha256 FROM attempts WHERE output_key IS NOT NULL"
        ):
            outputs[row.job_id].append(row)
        for job in jobs.values():
            attempts = [row.id for row in outputs[job.id]]
            if attempts != ([job.attempt_id] if job.state == "COMPLETE" else []):
                yield f"job {job.id} is {job.state} with {len(attempts)} outputs"
            for row in outputs[job.id]:
                content = self._store.content(row.output_key)
                if content is None or hashlib.sha256(content).hexdigest() != row.output_sha256:
                    yield f"the output of job {job.id} is {'missing' if content is None else 'altered'}"

    def _event_problems(
        self, ledger: Ledger, names: dict[str, str], messages: Sequence[dict[str, Any]]
    ) -> Iterator[str]:
        ends = self._rows("SELECT id, job_id, owner_id, name FROM events WHERE name IN ('job_complete', 'job_failed')")
        count = Counter(row.job_id for row in ends)
        jobs = {row.id: row for row in self._rows("SELECT id, owner_id, state FROM jobs")}
        delivered = {row[0] for row in self._rows("SELECT event_id FROM webhook_deliveries WHERE state = 'DELIVERED'")}
        received = {(message["id"], message["event"]) for message in messages if message["event"] in END_EVENTS}
        for job in jobs.values():
            if count[job.id] != 1:
                yield f"job {job.id} has {count[job.id]} last events"
            if ledger.ends[job.id] != 1:
                yield f"the listener of {names[job.owner_id]} got {ledger.ends[job.id]} last events of job {job.id}"
        for row in ends:
            job = jobs[row.job_id]
            if (row.owner_id, row.name) != (job.owner_id, f"job_{job.state.lower()}"):
                yield f"the last event of job {job.id} is {row.name} of {names[row.owner_id]}"
            if row.id not in delivered or (row.job_id, row.name) not in received:
                yield f"the last event of job {job.id} was not delivered"

    def summary(self) -> str:
        """Return how jobs ended, as text."""
        found = self._rows("SELECT state, failure_type, count(*) FROM jobs GROUP BY state, failure_type")
        return json.dumps({f"{state}/{kind}": number for state, kind, number in found})

    def close(self) -> None:
        """Close the connections."""
        self._engine.dispose()
