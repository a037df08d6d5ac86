"""Package index on loopback: a real server of the simple API, with packages that a test makes of a few texts."""

import base64
import hashlib
import io
import re
import ssl
import tarfile
import threading
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

WHEEL = "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


def make_wheel(name: str, version: str, files: Mapping[str, str | bytes], requires: Sequence[str] = ()) -> bytes:
    """Return a wheel with ``files``."""
    information = f"{name.replace('-', '_')}-{version}.dist-info"
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as wheel:
        for path, text in files.items():
            wheel.writestr(path, text)
        wheel.writestr(f"{information}/METADATA", _metadata(name, version, requires))
        wheel.writestr(f"{information}/WHEEL", WHEEL)
        record = [f"{path},," for path in [*files, f"{information}/METADATA", f"{information}/WHEEL"]]
        wheel.writestr(f"{information}/RECORD", "\n".join([*record, f"{information}/RECORD,,", ""]))
    return content.getvalue()


def make_source_distribution(name: str, version: str, build: str) -> bytes:
    """Return a source distribution whose build runs the Python text ``build``, and then makes a wheel."""
    wheel = base64.b64encode(make_wheel(name, version, {f"{name}.py": ""})).decode()
    backend = f'''
{build}


def build_wheel(folder, config_settings=None, metadata_directory=None):
    import base64, pathlib
    name = "{name.replace("-", "_")}-{version}-py3-none-any.whl"
    pathlib.Path(folder, name).write_bytes(base64.b64decode({wheel!r}))
    return name
'''
    project = f'[project]\nname = "{name}"\nversion = "{version}"\n'
    system = '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as tar:
        texts = {"pyproject.toml": system + project, "backend.py": backend, "PKG-INFO": _metadata(name, version, ())}
        for path, text in texts.items():
            member = tarfile.TarInfo(f"{name}-{version}/{path}")
            member.size = len(text.encode())
            tar.addfile(member, io.BytesIO(text.encode()))
    return content.getvalue()


def _metadata(name: str, version: str, requires: Sequence[str]) -> str:
    required = "".join(f"Requires-Dist: {each}\n" for each in requires)
    return f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{required}\n"


@dataclass
class PackageIndex:
    """The index, which serves within a ``with`` block.

    Attributes:
        files: name of each file -> content.
        redirects: path -> URL that it leads to.
        asked: the requested paths, in order.
        hosts: the host that each request named.
        password: user and password, joined by a colon, without which it answers with the status 401; None for none.
        refusal: status of every response, if any.
        is_absolute: its pages have absolute links.
        certificate: files of a certificate and its key, for TLS; None: no TLS.
    """

    files: dict[str, bytes] = field(default_factory=dict)
    redirects: dict[str, str] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    hosts: list[str] = field(default_factory=list)
    password: str | None = None
    refusal: int | None = None
    is_absolute: bool = False
    certificate: tuple[Path, Path] | None = None

    def add_wheel(
        self, name: str, version: str, files: Mapping[str, str | bytes], requires: Sequence[str] = ()
    ) -> None:
        self.files[f"{name.replace('-', '_')}-{version}-py3-none-any.whl"] = make_wheel(name, version, files, requires)

    def add_source_distribution(self, name: str, version: str, build: str) -> None:
        self.files[f"{name}-{version}.tar.gz"] = make_source_distribution(name, version, build)

    @property
    def url(self) -> str:
        scheme = "https" if self.certificate else "http"
        return f"{scheme}://127.0.0.1:{self._server.server_port}/simple"

    def __enter__(self) -> "PackageIndex":
        index = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                index.asked.append(self.path)
                index.hosts.append(self.headers.get("Host", ""))
                status, headers, body = index.response_to(self.path, self.headers.get("Authorization"))
                self.send_response(status)
                for name, text in {**headers, "Content-Length": str(len(body))}.items():
                    self.send_header(name, text)
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(body)

            do_HEAD = do_GET

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        if self.certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*self.certificate)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def response_to(self, path: str, authorization: str | None = None) -> tuple[int, dict[str, str], bytes]:
        if self.refusal is not None:
            return self.refusal, {}, b""
        if self.password is not None:
            wanted = f"Basic {base64.b64encode(self.password.encode()).decode()}"
            if authorization != wanted:
                return 401, {"WWW-Authenticate": "Basic"}, b""
        if path in self.redirects:
            return 302, {"Location": self.redirects[path]}, b""
        kind, _, name = path.strip("/").partition("/")
        if kind == "files" and name in self.files:
            return 200, {"Content-Type": "application/octet-stream"}, self.files[name]
        links = [self._link(each) for each in self.files if _project_of(each) == name] if kind == "simple" else []
        if not links:
            return 404, {}, b""
        return 200, {"Content-Type": "text/html"}, f"<!DOCTYPE html><html><body>{''.join(links)}</body></html>".encode()

    def _link(self, name: str) -> str:
        place = self.url.removesuffix("/simple") if self.is_absolute else ""
        return f'<a href="{place}/files/{name}#sha256={hashlib.sha256(self.files[name]).hexdigest()}">{name}</a>'


def _project_of(file: str) -> str:
    name = file.split("-", maxsplit=1)[0] if file.endswith(".whl") else file.rpartition("-")[0]
    return re.sub(r"[-_.]+", "-", name).lower()
