"""Job log: secrets that a job prints are hidden wherever the log leaves the process, also across pieces."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import json, os, sys
from pathlib import Path
from voxel51.platform import job_log
job_log.CHUNK_BYTES = int(sys.argv[2])
output = os.dup(1)
job_log.capture(Path(sys.argv[1]))
job_log.hide(json.loads(sys.argv[3]))
position, parts = 0, []
for line in json.loads(sys.argv[4]):
    print(line)
    position, text = job_log.since(position, 10_000)
    parts.append(text)
sent = job_log.body()
pieces = list(sent.chunks())
os.write(output, json.dumps([sent.size_bytes, b"".join(pieces).decode(), "".join(parts)]).encode())
"""
LINES = ["begin", "GET https://hub.example/?token=abc123secret&n=1", "abc123secretabc123secret", "abc12 abc", "end"]
HIDDEN = "begin\nGET https://hub.example/?token=************&n=1\n************************\nabc12 abc\nend\n"


def logged(folder: Path, chunk_bytes: int, secrets: list[str], lines: list[str]) -> list:
    arguments = [str(folder), str(chunk_bytes), json.dumps(secrets), json.dumps(lines)]
    done = subprocess.run([sys.executable, "-c", PROGRAM, *arguments], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


@pytest.mark.parametrize("chunk_bytes", [1, 5, 12, 13, 1000])
def test_secrets_are_hidden_in_the_log(tmp_path, chunk_bytes):
    size, sent, shown = logged(tmp_path, chunk_bytes, ["abc123secret", "abc"], LINES)

    assert (size, sent, shown) == (len(HIDDEN), HIDDEN, HIDDEN)


def test_longer_secret_is_hidden_as_a_whole(tmp_path):
    _, sent, _ = logged(tmp_path, 1000, ["secret-1", "secret-123456"], ["my secret-123456 and secret-1."])

    assert sent == f"my {'*' * 13} and {'*' * 8}.\n"
