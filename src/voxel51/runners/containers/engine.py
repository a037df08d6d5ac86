"""Container engine: the calls of the Docker Engine API that the runner needs, of Docker or of Podman's service.

Errors are told apart by who can mend them: `EngineAway` (the engine does not answer) and `EngineRefused` (it answered,
and refused the call). Nothing else of the platform imports the library of the API.
"""

import io
import os
import tarfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

CALL_SECONDS = 60.0
"""Time limit of one answer of the engine. Loading an image may take longer: it answers when it has read all."""

LOAD_SECONDS = 1800.0
DEFAULT_SOCKETS = ("/var/run/docker.sock", "/run/podman/podman.sock", "$XDG_RUNTIME_DIR/podman/podman.sock")
_RECEIVED_BYTES = 1 << 20
_HEADER_BYTES = 8
AUTO = "auto"
OFF = "off"
_MISSING = "the package 'docker' is missing: install voxel51-platform[containers]"


class EngineAway(OSError):
    """The engine does not answer: it is not running, or it was stopped."""


class EngineRefused(OSError):
    """The engine answered, and refused what it was asked."""


def find_engine_url(setting: str) -> str | None:
    """Return the URL of the engine that the setting means: the first socket that exists for ``auto``; None for none."""
    if setting == OFF:
        return None
    if setting != AUTO:
        return setting
    if named := os.environ.get("DOCKER_HOST"):
        return named
    paths = [Path(os.path.expandvars(each)) for each in DEFAULT_SOCKETS]
    return next((f"unix://{path}" for path in paths if path.is_socket()), None)


class ContainerEngine:
    """One engine. Calls are safe from any thread; each raises `EngineAway` or `EngineRefused`.

    Args:
        url: address of the engine's API, such as ``unix:///var/run/docker.sock``.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self._client: Any = None
        self._is_podman = False

    def connect(self) -> str:
        """Connect, and return the name and version of the engine."""
        try:
            import docker  # noqa: PLC0415  (an extra, and 0.2 s to import)
        except ImportError:
            raise EngineAway(_MISSING) from None
        with _errors(self.url):
            self._client = docker.APIClient(base_url=self.url, version="auto", timeout=CALL_SECONDS)
            version = self._client.version()
        names = [part.get("Name", "") for part in version.get("Components") or []]
        self._is_podman = any("Podman" in each for each in names)
        return f"{'Podman' if self._is_podman else 'Docker'} {version['Version']}"

    def close(self) -> None:
        """Close the connections."""
        if self._client is not None:
            self._client.close()

    def info(self) -> Mapping[str, Any]:
        """Return what the engine says about itself."""
        with _errors(self.url):
            found: Mapping[str, Any] = self._api.info()
            return found

    def create(self, image: str, host: Mapping[str, Any], **config: Any) -> str:
        """Create a container, and return its id. ``host`` and ``config`` are arguments of the library."""
        with _errors(self.url):
            host_config = self._api.create_host_config(**_with_types(host))
            container: str = self._api.create_container(image, host_config=host_config, **config)["Id"]
            return container

    def make_root_writable(self, container: str) -> None:
        """Let the root user create files in ``/`` of a container that has no capabilities: Podman denies it."""
        if self._is_podman:
            with _errors(self.url):
                self._api.put_archive(container, "/", _writable_root())

    def start(self, container: str) -> None:
        """Start a container."""
        with _errors(self.url):
            self._api.start(container)

    def attach(self, container: str) -> Iterator[bytes]:
        """Return an iterator over what a container will print. Call it before `start`."""
        with _errors(self.url):
            output = self._api.attach_socket(container)
        return _printed(output)

    def inspect(self, container: str) -> Mapping[str, Any]:
        """Return the engine's record of a container."""
        with _errors(self.url):
            found: Mapping[str, Any] = self._api.inspect_container(container)
            return found

    def written_bytes(self, container: str) -> int:
        """Return the size of what a container has written to its root, as the engine counts it (slowly)."""
        with _errors(self.url):
            found = self._api.containers(all=True, size=True, filters={"id": container})
        return sum(each.get("SizeRw") or 0 for each in found)

    def read(self, container: str, path: str) -> Iterator[bytes]:
        """Return a tar archive of a file or folder in a container, piece by piece. Read it to its end."""
        with _errors(self.url):
            pieces: Iterator[bytes] = self._api.get_archive(container, path)[0]
        return pieces

    def kill(self, container: str) -> None:
        """Kill all processes of a container, unless they have ended."""
        with suppress(EngineRefused), _errors(self.url):
            self._api.kill(container)

    def remove(self, container: str) -> None:
        """Kill and remove a container with the volumes that only it has, unless it is gone."""
        with suppress(EngineRefused), _errors(self.url):
            self._api.remove_container(container, v=True, force=True)

    def containers(self, label: str) -> Sequence[str]:
        """Return the ids of all containers, also stopped ones, with this ``name=value`` label."""
        with _errors(self.url):
            return [each["Id"] for each in self._api.containers(all=True, filters={"label": label})]

    def load(self, archive: Iterable[bytes]) -> list[str]:
        """Load an image from an uncompressed archive, and return what the engine says."""
        with _errors(self.url):
            answer = self._client_for_loads().load_image(archive, quiet=True)
            return [text for line in answer if (text := line.get("stream") or line.get("error"))]

    def import_root(self, archive: bytes, command: str) -> str:
        """Make an image of one layer from a tar archive, and return its id."""
        with _errors(self.url):
            answer = self._api.import_image_from_data(archive, changes=[f'CMD ["{command}"]'])
        found: str = answer.partition('"status":"')[2].partition('"')[0]
        return found

    def tag(self, image: str, repository: str, tag: str) -> None:
        """Give an image a name."""
        with _errors(self.url):
            self._api.tag(image, repository, tag)

    def image_sizes(self, repository: str) -> Mapping[str, int]:
        """Return the tags of a repository and the size of each image."""
        with _errors(self.url):
            found = self._api.images(filters={"reference": f"{repository}:*"})
        return {name.rpartition(":")[2]: each["Size"] for each in found for name in each.get("RepoTags") or []
                if name.rpartition(":")[0] == repository}  # fmt: skip

    def working_folder(self, image: str) -> str:
        """Return the working directory of an image."""
        with _errors(self.url):
            config = self._api.inspect_image(image)["Config"] or {}
        return config.get("WorkingDir") or "/"

    def remove_image(self, name: str) -> None:
        """Remove a name from an image, and the image with its last name."""
        with suppress(EngineRefused), _errors(self.url):
            self._api.remove_image(name)

    @property
    def _api(self) -> Any:
        if self._client is None:
            raise EngineAway(f"the container engine at {self.url} is not connected")
        return self._client

    def _client_for_loads(self) -> Any:
        import docker  # noqa: PLC0415

        return docker.APIClient(base_url=self.url, version=self._api.api_version, timeout=LOAD_SECONDS)


def _writable_root() -> bytes:
    """Return a tar archive with nothing but the permissions of a folder that its owner can write to."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        entry = tarfile.TarInfo(".")
        entry.type, entry.mode = tarfile.DIRTYPE, 0o755
        tar.addfile(entry)
    return archive.getvalue()


def _with_types(host: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments with the types of the library for limits and devices."""
    from docker.types import DeviceRequest, LogConfig, Ulimit  # noqa: PLC0415

    typed = dict(host)
    typed["log_config"] = LogConfig(type=typed.pop("log_driver"), config={})
    typed["ulimits"] = [
        Ulimit(name=name, soft=soft, hard=hard) for name, (soft, hard) in typed.pop("ulimits", {}).items()
    ]
    if typed.pop("all_gpus", False):
        typed["device_requests"] = [DeviceRequest(count=-1, capabilities=[["gpu"]])]
    return typed


def _printed(output: Any) -> Iterator[bytes]:
    """Yield what a container prints, from the connection that the engine turned into a stream of frames.

    The library of the engine reads each frame, of a few kilobytes, by several system calls: too slow for an image that
    prints gigabytes.
    """
    connection, decoder = output._sock, FrameDecoder()  # closing the stream does not close the connection
    connection.settimeout(None)
    try:
        while received := connection.recv(_RECEIVED_BYTES):
            yield decoder.decode(received)
    except OSError:  # the engine has stopped; the container is looked at afterwards
        return
    finally:
        output.close()
        connection.close()


class FrameDecoder:
    """Decoder of the frames in which an engine sends output: a header of 8 bytes, whose last 4 are the size, and the
    bytes that a container printed.
    """

    def __init__(self) -> None:
        self._header = bytearray()
        self._rest = 0  # bytes of the current frame that have not arrived

    def decode(self, received: bytes) -> bytes:
        """Return the printed bytes in ``received``, which continues what was received before."""
        view, printed = memoryview(received), bytearray()
        while view:
            if self._rest == 0:
                missing = _HEADER_BYTES - len(self._header)
                self._header += view[:missing]
                view = view[missing:]
                if len(self._header) == _HEADER_BYTES:
                    self._rest = int.from_bytes(self._header[4:], "big")
                    self._header.clear()
                continue
            printed += view[: self._rest]
            taken = min(self._rest, len(view))
            self._rest -= taken
            view = view[taken:]
        return bytes(printed)


@contextmanager
def _errors(url: str) -> Iterator[None]:
    import requests  # noqa: PLC0415
    from docker.errors import APIError, DockerException  # noqa: PLC0415

    try:
        yield
    except APIError as error:
        raise EngineRefused(f"the container engine refused: {error.explanation or error}") from None
    except (DockerException, requests.RequestException) as error:
        raise EngineAway(f"the container engine at {url} does not answer: {_cause(error)}") from None


def _cause(error: BaseException) -> str:
    """Return the innermost reason of an error of the HTTP library, which wraps them several times."""
    while error.__context__ is not None and not isinstance(error, (ConnectionError, FileNotFoundError)):
        error = error.__context__
    return getattr(error, "strerror", None) or str(error)[:200]
