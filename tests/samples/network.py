"""Analytic that connects to the hosts in its parameter, and prints the answer of each."""

import json
import socket
from contextlib import closing
from pathlib import Path

from samples.documents import a_document, a_parameter
from voxel51.platform.definition import Analytic


def answer(probe):
    """Return what the server of a probe answers, or the name of the error."""
    kind = getattr(socket, probe.get("kind", "SOCK_STREAM"))
    family = getattr(socket, probe.get("family", "AF_UNSPEC"))
    try:
        found = socket.getaddrinfo(probe["host"], probe["port"], family, kind)[0]
        with closing(socket.socket(found[0], kind)) as connection:
            connection.settimeout(probe.get("seconds", 20))
            connection.connect(found[4])
            connection.sendall(b"hello" * probe.get("times", 1))
            answered = b""
            while len(answered) < 5 * probe.get("times", 1) and (part := connection.recv(65536)):
                answered += part
            return answered.decode() or "closed"
    except OSError as error:
        return type(error).__name__


def connect(job):
    """Connect to each of the probes, one after the other."""
    found = [answer(probe) for probe in job.parameters["probes"]]
    hosts = Path("/etc/hosts").read_text()
    print(f"NETWORK {json.dumps({'answers': found, 'hosts': hosts})}", flush=True)


CONNECT = Analytic(a_document("connect", parameters=[a_parameter("probes", required=True)]), connect)
