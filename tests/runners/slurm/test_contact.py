"""Contact between agents of Slurm jobs and the platform: who is let in, and what a lost connection means."""

import pickle
import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import cast

import msgspec
import pytest

from support.waiting import LIMIT_SECONDS, wait_until
from voxel51.runners.nodes.interface import NodeAway, Offer
from voxel51.runners.nodes.machine import NodeSettings
from voxel51.runners.nodes.refusals import versions_here
from voxel51.runners.resources import Resources
from voxel51.runners.slurm.channel import Channel, connect
from voxel51.runners.slurm.contact import AgentConnection, ContactListener
from voxel51.runners.slurm.messages import ENGINE, Call, Farewell, Hello, Reply, Welcome

TOKEN = "a" * 64
HELLO = Hello(TOKEN, "attempt", "1", "one", versions_here(ENGINE))
OFFER = Offer("one", HELLO.versions, Resources(1.0), "namespaces", None, None)


class ExpectsAll:
    """A host that welcomes every agent that has the token."""

    def __init__(self) -> None:
        self.agent = AgentConnection()
        self.greeted: list[Hello] = []

    def greet(self, hello: Hello) -> Welcome | Farewell:
        self.greeted.append(hello)
        return Welcome(cast("NodeSettings", None), Resources(1.0))  # the settings do not matter here

    def connected(self, _hello: Hello, channel: Channel) -> None:
        self.agent.connect(channel)


@pytest.fixture
def host() -> ExpectsAll:
    return ExpectsAll()


@pytest.fixture
def listener(host: ExpectsAll) -> Iterator[ContactListener]:
    listener = ContactListener("127.0.0.1", 0, TOKEN)
    listener.open(host)
    yield listener
    listener.close()


def connected(listener: ContactListener, fingerprint: str | None = None) -> Channel:
    name, _, port = listener.address.rpartition(":")
    return connect(name, int(port), fingerprint or listener.fingerprint, LIMIT_SECONDS)


def test_an_agent_without_the_token_is_not_let_in(listener: ContactListener, host: ExpectsAll) -> None:
    channel = connected(listener)
    channel.send(msgspec.msgpack.encode(replace(HELLO, token="b" * 64)), LIMIT_SECONDS)

    assert pickle.loads(channel.receive(LIMIT_SECONDS)) == Farewell("its token is not the platform's")
    assert host.greeted == []
    channel.close()


def test_an_agent_sends_nothing_to_another_program(listener: ContactListener, host: ExpectsAll) -> None:
    with pytest.raises(OSError, match="another program than the platform answers"):
        connected(listener, fingerprint="0" * 64)

    assert host.greeted == []


def test_an_invalid_message_closes_the_connection(listener: ContactListener, host: ExpectsAll) -> None:
    channel = connected(listener)
    channel.send(b"\xc1 invalid", LIMIT_SECONDS)

    with pytest.raises(OSError, match="closed"):
        channel.receive(LIMIT_SECONDS)
    assert host.greeted == []
    channel.close()


def test_a_call_is_answered_and_fails_once_the_connection_is_lost(listener: ContactListener, host: ExpectsAll) -> None:
    channel = connected(listener)
    channel.send(msgspec.msgpack.encode(HELLO), LIMIT_SECONDS)
    channel.receive(LIMIT_SECONDS)
    wait_until(lambda: host.agent.is_connected)

    def answer() -> None:
        call = pickle.loads(channel.receive(LIMIT_SECONDS))
        assert call == Call("offer", ())
        channel.send(msgspec.msgpack.encode(Reply(msgspec.msgpack.encode(OFFER))), LIMIT_SECONDS)

    answering = threading.Thread(target=answer)
    answering.start()
    assert host.agent.offer() == OFFER
    answering.join()

    channel.close()

    with pytest.raises(NodeAway, match="the connection was lost"):
        host.agent.offer()
    assert not host.agent.is_connected
