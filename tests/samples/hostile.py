"""Hostile analytic: tries to reach everything that a job must not reach, and prints what it got."""

import ctypes
import json
import os
import re
import socket
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

from samples.documents import a_document, a_parameter
from voxel51.platform.definition import Analytic

PTRACE_ATTACH, PTRACE_DETACH = 16, 17
CLONE_NEWUSER, CLONE_NEWNET = 0x10000000, 0x40000000
AF_PACKET, AF_VSOCK = 17, 40
libc = ctypes.CDLL(None, use_errno=True)


def attempt(call: Callable[[], object]) -> str:
    """Return ``refused`` if ``call`` fails, else what it returns."""
    try:
        return f"got {call()!r}"[:200]
    except OSError:
        return "refused"


def checked(result: int) -> int:
    if result == -1:
        raise OSError(ctypes.get_errno(), "refused")
    return result


def read(path: str) -> bytes:
    with Path(path).open("rb") as file:
        return file.read(1000)


def connect(family: int, address: object, kind: int = socket.SOCK_STREAM) -> str:
    with closing(socket.socket(family, kind)) as connection:
        connection.settimeout(3)
        connection.connect(address)
        connection.send(b"hello")
        return "connected"


def environments() -> list[str]:
    found = []
    with suppress(OSError):
        for entry in Path("/proc").iterdir():
            with suppress(OSError):
                found.append((entry / "environ").read_bytes().decode(errors="replace"))
    return found


def memory_has_credential() -> bool:
    """Search the memory of this process, which its parent had before, for what an earlier job was given."""
    pattern = re.compile(rb"credential-[0-9a-f]{64}")  # does not match itself
    with Path("/proc/self/mem").open("rb", 0) as memory:
        for line in Path("/proc/self/maps").read_text().splitlines():
            span, rights, *_ = line.split()
            start, end = (int(part, 16) for part in span.split("-"))
            if not rights.startswith("rw") or end - start > 1 << 28:
                continue
            try:
                memory.seek(start)
                if pattern.search(memory.read(end - start)):
                    return True
            except (OSError, ValueError, OverflowError):
                continue
    return False


def hostile(job):
    targets = job.parameters["targets"]
    server, status = targets["pid"], Path("/proc/self/status").read_text()
    found = {
        "files": {path: attempt(lambda path=path: read(path)) for path in targets["files"]},
        "folders": {path: attempt(lambda path=path: [*Path(path).iterdir()]) for path in targets["folders"]},
        "environments": sum(targets["marker"] in text for text in environments()),
        "trace server": attempt(lambda: checked(libc.ptrace(PTRACE_ATTACH, server, 0, 0))),
        "trace first": attempt(lambda: checked(libc.ptrace(PTRACE_ATTACH, 1, 0, 0))),
        "signal server": attempt(lambda: os.kill(server, 0)),
        "abstract socket": attempt(lambda: connect(socket.AF_UNIX, "\0" + targets["abstract"])),
        "socket file": attempt(lambda: connect(socket.AF_UNIX, targets["socket"])),
        "loopback": attempt(lambda: connect(socket.AF_INET, ("127.0.0.1", targets["port"]))),
        "internet": attempt(lambda: connect(socket.AF_INET, ("1.1.1.1", 53))),
        "internet, UDP": attempt(lambda: connect(socket.AF_INET, ("1.1.1.1", 53), socket.SOCK_DGRAM)),
        "internet, IPv6": attempt(lambda: connect(socket.AF_INET6, ("2606:4700:4700::1111", 53))),
        "packets": attempt(lambda: socket.socket(AF_PACKET, socket.SOCK_RAW).close()),
        "virtual machine": attempt(lambda: socket.socket(AF_VSOCK, socket.SOCK_STREAM).close()),
        "become root": attempt(lambda: os.setuid(0)) if os.getuid() else "refused",
        "namespaces": attempt(lambda: checked(libc.unshare(CLONE_NEWUSER | CLONE_NEWNET))),
        "mount": attempt(lambda: checked(libc.mount(b"none", b"/tmp", b"tmpfs", 0, None))),
        "write": {path: attempt(lambda path=path: Path(path, "planted").touch()) for path in targets["writing"]},
        "status": {line.partition(":")[0]: line.partition(":")[2].strip() for line in status.splitlines()},
        "earlier job": memory_has_credential(),
        "user": os.getuid(),
    }
    print(f"HOSTILE {json.dumps(found)}", flush=True)


HOSTILE = Analytic(a_document("hostile", parameters=[a_parameter("targets", required=True)]), hostile)
