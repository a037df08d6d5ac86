"""Agent process: the process inside a Slurm job. Connects to the platform, and serves the agent of its one attempt.

It connects again when the connection is lost. It ends when the platform sends a farewell, when Slurm ends it, or when
it had no contact for longer than the lease, by which time its agent has killed the attempt.
"""

import argparse
import logging
import os
import pickle
import signal
import socket
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import Never

import msgspec

from voxel51.runners.nodes.agent import NodeAgent
from voxel51.runners.nodes.machine import FOLDER_VARIABLE, open_agent, own_folder, temporary_folder
from voxel51.runners.nodes.refusals import versions_here
from voxel51.runners.processes.folders import remove
from voxel51.runners.slurm.channel import Channel, connect
from voxel51.runners.slurm.messages import ENGINE, RESULTS, Call, Farewell, Hello, Reply, Welcome

logger = logging.getLogger(__name__)

_FIRST_CONTACT_SECONDS = 60.0
_CONNECT_SECONDS = 5.0
_RETRY_SECONDS = 1.0
_KILL_SECONDS = 2.0
"""Time after the end of the lease in which the agent kills its attempt."""


class _Unwelcome(Exception):
    """The platform does not want this Slurm job. The text says why."""


class AgentProcess:
    """The agent of one attempt, and its connection to the platform."""

    def __init__(self, address: str, fingerprint: str, token_file: Path, attempt_id: str) -> None:
        host, _, port = address.rpartition(":")
        self._place = (host, int(port), fingerprint)
        self._hello = Hello(
            token=token_file.read_text(encoding="ascii").strip(),
            attempt_id=attempt_id,
            slurm_id=os.environ.get("SLURM_JOB_ID", ""),
            node=os.environ.get("SLURMD_NODENAME") or socket.gethostname(),
            versions=versions_here(ENGINE),
        )
        self._agent: NodeAgent | None = None

    def run(self) -> None:
        """Serve until the platform has no more use for the attempt, or contact is lost for good."""
        patience_seconds, heard_at = _FIRST_CONTACT_SECONDS, time.monotonic()
        try:
            while time.monotonic() - heard_at < patience_seconds:
                try:
                    channel, welcome = self._connect()
                except OSError as error:
                    logger.warning("the platform cannot be reached: %s", error)
                    time.sleep(_RETRY_SECONDS)
                    continue
                patience_seconds = welcome.settings.lease_seconds + _KILL_SECONDS
                self._open_agent(welcome)
                with suppress(OSError):
                    self._serve(channel, welcome)
                    return
                channel.close()
                heard_at = time.monotonic()
            raise _Unwelcome("contact to the platform was lost")
        finally:
            if self._agent is not None:
                self._agent.close()

    def _connect(self) -> tuple[Channel, Welcome]:
        channel = connect(*self._place, _CONNECT_SECONDS)
        try:
            channel.send(msgspec.msgpack.encode(self._hello), _CONNECT_SECONDS)
            reply: Welcome | Farewell = pickle.loads(channel.receive(_CONNECT_SECONDS))  # noqa: S301  (see `messages`)
        except BaseException:
            channel.close()
            raise
        if isinstance(reply, Farewell):
            channel.close()
            raise _Unwelcome(reply.reason)
        return channel, reply

    def _serve(self, channel: Channel, welcome: Welcome) -> None:
        """Answer calls until the platform says farewell.

        Raises:
            OSError: the connection was lost.
        """
        seconds = max(welcome.settings.lease_seconds, _CONNECT_SECONDS)
        while True:
            message: Call | Farewell = pickle.loads(channel.receive(seconds))  # noqa: S301  (see `messages`)
            if isinstance(message, Farewell):
                logger.info("the platform says farewell: %s", message.reason)
                channel.close()
                return
            channel.send(msgspec.msgpack.encode(_answer(self._agent, message)), seconds)

    def _open_agent(self, welcome: Welcome) -> None:
        if self._agent is None:
            self._agent = open_agent(welcome.settings, "agent", self._hello.versions, welcome.resources)


def _answer(agent: NodeAgent | None, call: Call) -> Reply:
    if agent is None or call.verb not in RESULTS:
        return Reply(b"", f"the agent has no verb {call.verb!r}")
    try:
        return Reply(msgspec.msgpack.encode(getattr(agent, call.verb)(*call.arguments)))
    except Exception as error:
        logger.exception("the call %s failed", call.verb)
        return Reply(b"", f"its agent failed: {error}")


def main(arguments: Sequence[str]) -> int:
    """Run the agent process and return its exit status."""
    parser = argparse.ArgumentParser(prog="voxel51-slurm-agent")
    for name in ("address", "fingerprint", "attempt"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--token-file", required=True, type=Path)
    parser.add_argument("--folder", default="")
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    signal.signal(signal.SIGTERM, _exit)
    try:
        with _folder(options.folder, options.attempt):
            AgentProcess(options.address, options.fingerprint, options.token_file, options.attempt).run()
    except (_Unwelcome, OSError) as error:
        logger.error("the attempt is given up: %s", error)  # noqa: TRY400  (expected; no traceback)
        return 1
    return 0


@contextmanager
def _folder(named: str, attempt_id: str) -> Iterator[None]:
    """Make the folder of this agent inside the block: agents of one machine share none, since each opens its caches."""
    own = own_folder(Path(named) if named else temporary_folder("voxel51-slurm"), attempt_id)
    os.environ[FOLDER_VARIABLE] = str(own)
    try:
        yield
    finally:
        remove(own)
        own.with_suffix(".lock").unlink(missing_ok=True)


def _exit(number: int, _frame: FrameType | None) -> Never:
    """End because Slurm asks for it; blocks that must be left cleanly are."""
    raise SystemExit(128 + number)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
