"""Signals between processes: each has a database object of its own here, as it would have its own connections."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from support.postgresql import PostgreSQL
from support.waiting import wait_until
from voxel51.server.database.announcements import announce
from voxel51.server.database.database import Database
from voxel51.server.database.signals import EVENTS, JOBS, Signals

NewSignals = Callable[..., Signals]


@pytest.fixture
def new(postgresql: PostgreSQL) -> Iterator[NewSignals]:
    """Make the signals of further processes on one database."""
    url = postgresql.database()
    with ExitStack() as stack:

        def make(has_others: Callable[[], bool] = lambda: True) -> Signals:
            database = Database(url)
            stack.callback(database.close)
            signals = Signals(database, has_others)
            database.on_announced(signals.tell_others)
            stack.callback(signals.close)
            signals.open()
            return signals

        yield make


def send_until(sender: Signals, topic: str, is_received: Callable[[], object]) -> None:
    """Send until the receiver, which may not listen yet, has received."""

    def send() -> object:
        sender.send(topic)
        return is_received()

    wait_until(send)


def test_signal_reaches_this_process_at_once_and_others_soon(new: NewSignals) -> None:
    first, second = new(), new()
    own: list[str] = []
    other: list[str] = []
    first.on(JOBS, lambda: own.append(JOBS))
    second.on(JOBS, lambda: other.append(JOBS))

    first.send(JOBS)
    assert own == [JOBS]

    send_until(first, JOBS, lambda: other)
    count = len(own)
    second.tell_others(JOBS)
    wait_until(lambda: len(own) > count)


def test_announcement_is_sent_when_its_transaction_is_committed_and_not_when_it_is_rolled_back(new: NewSignals) -> None:
    first, second = new(), new()
    received: list[str] = []
    second.on(EVENTS, lambda: received.append(EVENTS))
    second.on(JOBS, lambda: received.append(JOBS))
    send_until(first, JOBS, lambda: received)
    received.clear()

    with pytest.raises(ZeroDivisionError), first._database.write() as connection:
        announce(connection, EVENTS)
        raise ZeroDivisionError
    send_until(first, JOBS, lambda: received)
    assert EVENTS not in received

    with first._database.write() as connection:
        announce(connection, EVENTS)
    wait_until(lambda: EVENTS in received)


def test_documents_reach_the_others_only(new: NewSignals) -> None:
    first, second = new(), new()
    read: list[object] = []
    for signals in (first, second):
        signals.on_document("limits", read.append)
    acted: list[str] = []
    second.on(JOBS, lambda: acted.append(JOBS))
    send_until(first, JOBS, lambda: acted)

    first.tell_others("limits", {"caller": "alice"})

    wait_until(lambda: read)
    assert read == [{"caller": "alice"}]


def test_process_without_others_sends_nothing(new: NewSignals, monkeypatch: pytest.MonkeyPatch) -> None:
    alone = new(lambda: False)
    sent: list[object] = []
    monkeypatch.setattr(alone, "_notify", sent.append)

    alone.send(JOBS)

    assert (alone._waiting, sent) == ({}, [])
