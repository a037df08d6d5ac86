"""A host on loopback that serves one file, for downloads from third parties."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(eq=False)
class FileHost:
    """The host; a test may change its ``content`` and ``status``.

    Attributes:
        content: the body of every response.
        status: the status of every response.
        url: the address of its root.
        asked: the requested paths, in order.
    """

    content: bytes
    status: int = 200
    url: str = ""
    asked: list[str] = field(default_factory=list)


@contextmanager
def file_host(content: bytes) -> Iterator[FileHost]:
    """Serve ``content`` within the block."""
    here = FileHost(content)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            here.asked.append(self.path)
            self.send_response(here.status)
            self.send_header("Content-Length", str(len(here.content)))
            self.end_headers()
            self.wfile.write(here.content)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        here.url = f"http://127.0.0.1:{server.server_port}/"
        yield here
        server.shutdown()
        thread.join()
