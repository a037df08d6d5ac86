"""Large transfers: upload and download five gibibytes in constant memory. Slow: ``make large-test``."""

import hashlib
import http.client
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest
import requests

from support.accounts import User
from support.platforms import StartPlatform
from support.requirements import skip_except_in_ci
from support.waiting import LIMIT_SECONDS

GIB = 1024**3
SIZE_BYTES = 5 * GIB
GROWTH_LIMIT_BYTES = 64 * 1024**2
BLOCK_BYTES = 1024**2
BOUNDARY = "----large-boundary"

pytestmark = pytest.mark.slow


def blocks() -> Iterator[bytes]:
    """Yield `SIZE_BYTES` that do not repeat and are cheap to make: one random block, stamped with its number."""
    block = bytearray(os.urandom(BLOCK_BYTES))
    for number in range(SIZE_BYTES // BLOCK_BYTES):
        block[:8] = number.to_bytes(8, "little")
        yield bytes(block)


def resident_bytes(pid: int) -> int:
    """Return the memory of a process and its descendants; memory shared with forked children counts once."""
    process = psutil.Process(pid)
    return sum(member.memory_full_info().pss for member in [process, *process.children(recursive=True)])


def resting_bytes(pid: int) -> int:
    """Return the same once it is stable: after its start the platform continues to load its analytics."""
    before, deadline = 0, time.monotonic() + LIMIT_SECONDS
    while abs((now := resident_bytes(pid)) - before) > 1024**2:
        assert time.monotonic() < deadline, f"the memory at rest still changes: {before} to {now} bytes"
        before = now
        time.sleep(1)
    return now


def test_five_gibibytes_are_uploaded_and_downloaded_in_constant_memory(
    start_platform: StartPlatform, tmp_path: Path
) -> None:
    free = shutil.disk_usage(tmp_path).free
    if free < SIZE_BYTES + GIB:
        skip_except_in_ci(f"{free / GIB:.1f} GiB free of the 6 GiB needed")
    own = start_platform()
    user = User.create(own, tmp_path)
    requests.post(f"{user.v1}/data", headers=user.headers, files={"file": ("warm.bin", b"x")}).raise_for_status()
    resting = peak = resting_bytes(own.pid)
    sent = hashlib.sha256()
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="large.bin"\r\n\r\n'.encode()
    tail = f"\r\n--{BOUNDARY}--\r\n".encode()

    def body() -> Iterator[bytes]:
        nonlocal peak
        yield head
        for number, block in enumerate(blocks()):
            sent.update(block)
            yield block
            if number % 64 == 0:
                peak = max(peak, resident_bytes(own.pid))
        yield tail

    address = urlsplit(user.v1)
    connection = http.client.HTTPConnection(address.netloc, timeout=300)
    connection.request(
        "POST",
        f"{address.path}/data",
        body=body(),
        headers={
            **user.headers,
            "Content-Type": f"multipart/form-data; boundary={BOUNDARY}",
            "Content-Length": str(len(head) + SIZE_BYTES + len(tail)),
        },
    )
    answer = connection.getresponse()
    assert answer.status == 201, answer.read()
    answer.read()
    connection.close()

    record = requests.get(f"{user.v1}/data", headers=user.headers, json={"search": "name:large"}).json()["data"][0]
    assert record["size"] == SIZE_BYTES
    received = hashlib.sha256()
    with requests.get(f"{user.v1}/data/{record['id']}/download", headers=user.headers, stream=True) as download:
        for number, chunk in enumerate(download.iter_content(BLOCK_BYTES)):
            received.update(chunk)
            if number % 64 == 0:
                peak = max(peak, resident_bytes(own.pid))

    assert received.digest() == sent.digest()
    growth = peak - resting
    print(f"\n5 GiB in and out: memory {resting / 2**20:.0f} MiB at rest, {growth / 2**20:.0f} MiB more at the peak")
    assert growth <= GROWTH_LIMIT_BYTES
