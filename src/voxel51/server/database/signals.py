"""Signals between the processes of a platform: what one has committed wakes what waits for it in the others.

PostgreSQL delivers them (``LISTEN`` and ``NOTIFY``). They are hints: everything that a signal wakes also polls, so that
a lost one, or a pooler without ``LISTEN``, costs only time. They are sent after the commit, by a thread of their own:
transactions that notify are committed one after another, and many signals in a moment become one.
"""

import json
import logging
import threading
import uuid
from collections import defaultdict
from collections.abc import Callable
from typing import Any

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from voxel51.server.database.database import Database

log = logging.getLogger(__name__)

JOBS = "jobs"
"""Jobs were queued, or are to be stopped."""

EVENTS = "events"
"""Events were recorded."""

WEBHOOKS = "webhooks"
"""There may be a delivery to send that no event causes."""

BUNDLES = "bundles"
"""A bundle waits for its build."""

BATCHES = "batches"
"""A batch of jobs was created, or may go on."""

RULES = "rules"
"""A video waits for the jobs of a rule, or a rule may go on."""

SCHEDULES = "schedules"
"""A schedule was created or changed, and may be due."""

VIDEOS = "videos"
"""A video waits for the preparation of its renditions."""

UPLOADS = "uploads"
"""A file that did not pass the platform waits to be hashed."""

RELEASE = "release"
"""With the id of a resumable upload: close its file if nothing arrives for it."""

SOURCES = "sources"
"""A source in place was registered or removed."""

PACKAGES = "packages"
"""The installed packages were reloaded."""

_CHANNEL = "voxel51"
_LISTEN_SECONDS = 1.0
_RETRY_SECONDS = 2.0
_NOTIFY = text("SELECT pg_notify(:channel, :payload)")


class Signals:
    """Signals of one process. Any thread may send; what is called must be fast, and callable from any thread.

    On SQLite, where the process is alone, signals stay in the process.

    Args:
        database: the database.
        has_others: returns whether other processes run; without them nothing is sent.
    """

    def __init__(self, database: Database, has_others: Callable[[], bool]) -> None:
        self._database = database
        self._has_others = has_others
        self._is_shared = database.engine.dialect.name == "postgresql"
        self._own = uuid.uuid4().hex
        self._acts: defaultdict[str, list[Callable[[], object]]] = defaultdict(list)
        self._readers: dict[str, Callable[[Any], object]] = {}
        self._lock = threading.Lock()
        self._waiting: dict[str, list[object]] = {}  # topic -> documents to send; none: the topic alone
        self._woken = threading.Event()
        self._closing = threading.Event()
        self._threads = [
            threading.Thread(target=run, name=f"signals-{run.__name__.strip('_')}", daemon=True)
            for run in (self._send_waiting, self._listen)
        ]

    def on(self, topic: str, act: Callable[[], object]) -> None:
        """Call ``act`` when this or another process sends ``topic``."""
        self._acts[topic].append(act)

    def on_document(self, topic: str, read: Callable[[Any], object]) -> None:
        """Call ``read`` with each document that another process sends under ``topic``."""
        self._readers[topic] = read

    def sender(self, topic: str) -> Callable[[], None]:
        """Return a function that sends ``topic``."""
        return lambda: self.send(topic)

    def send(self, topic: str) -> None:
        """Act upon ``topic`` in this process at once, and in the others soon. Call it after the commit."""
        for act in self._acts[topic]:
            act()
        self._enqueue(topic)

    def tell_others(self, topic: str, document: object = None) -> None:
        """Send ``topic`` to the other processes only, with a document of at most some kilobytes of JSON."""
        self._enqueue(topic, document)

    def open(self) -> None:
        """Begin to send and to listen."""
        if self._is_shared:
            for thread in self._threads:
                thread.start()

    def close(self) -> None:
        """Stop. What waits is not sent."""
        self._closing.set()
        self._woken.set()
        for thread in self._threads:
            if thread.is_alive():
                thread.join()

    def _enqueue(self, topic: str, document: object = None) -> None:
        if not self._is_shared or not self._has_others():
            return
        with self._lock:
            documents = self._waiting.setdefault(topic, [])
            if document is not None:
                documents.append(document)
        self._woken.set()

    def _send_waiting(self) -> None:
        while not self._closing.is_set():
            self._woken.wait()
            self._woken.clear()
            with self._lock:
                waiting, self._waiting = self._waiting, {}
            try:
                self._notify(waiting)
            except SQLAlchemyError:
                self._closing.wait(_RETRY_SECONDS)  # the others poll meanwhile

    def _notify(self, waiting: dict[str, list[object]]) -> None:
        if not waiting:
            return
        with self._database.engine.connect() as connection:  # not `Database.write`, whose hooks this would call
            for topic, documents in waiting.items():
                for document in documents or [None]:
                    payload = json.dumps([self._own, topic, document])
                    connection.execute(_NOTIFY, {"channel": _CHANNEL, "payload": payload})
            connection.commit()

    def _listen(self) -> None:
        is_first = True
        while not self._closing.is_set():
            try:
                self._listen_on(self._own_connection(), may_have_missed=not is_first)
            except Exception as error:  # whatever the driver raises: the connection is made again
                log.debug("listening failed: %s", error)
                is_first = False
                self._closing.wait(_RETRY_SECONDS)

    def _own_connection(self) -> Any:  # a psycopg connection, whose package is an extra
        pooled = self._database.engine.raw_connection()
        connection: Any = pooled.driver_connection
        pooled.detach()
        connection.answer_seconds = None
        connection.autocommit = True
        return connection

    def _listen_on(self, connection: Any, may_have_missed: bool) -> None:
        with connection:
            connection.execute(f"LISTEN {_CHANNEL}")
            for topic in list(self._acts) if may_have_missed else ():
                self._act(topic)
            while not self._closing.is_set():
                for received in connection.notifies(timeout=_LISTEN_SECONDS):
                    self._receive(received.payload)
                    if self._closing.is_set():
                        return

    def _receive(self, payload: str) -> None:
        sender, topic, document = json.loads(payload)
        if sender == self._own:
            return
        if document is None:
            self._act(topic)
        elif topic in self._readers:
            self._readers[topic](document)

    def _act(self, topic: str) -> None:
        for act in self._acts.get(topic, ()):
            act()
