"""uv: the program that resolves and installs packages; found beside the interpreter, as its wheel puts it, or by PATH.

Every call runs in the sandbox, and reaches only the package index.
"""

import re
import shutil
import sysconfig
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from voxel51.runners.environments.errors import IndexUnavailable
from voxel51.runners.environments.index_proxy import AllowedServer, IndexProxy
from voxel51.runners.environments.private_index import PrivateIndex
from voxel51.runners.environments.sandboxed_command import Command, CommandFolder, Log
from voxel51.wire.tasks import JobLimits

PYPI_HOST = "pypi.org"
PYPI_FILES = AllowedServer("files.pythonhosted.org", 443, may_be_private=False)

_PASSWORD = re.compile(r"(://[^/@:\s]*:)[^@\s]*(@)")
_PREFIX = re.compile(r"^\s*(?:cause: |[├╰]─▶ )")
_AWAY = re.compile(
    r"(?i)failed to fetch|error sending request|tunnel|timed out|connection|dns error|HTTP status server"
)
_REFUSED = re.compile(r"401 Unauthorized|403 Forbidden")
_LAST_LINES = 200


@dataclass(frozen=True, slots=True)
class IndexSettings:
    """Package index, and the limits of what uses it.

    Attributes:
        url: URL of the index; empty: only the folder of wheels.
        file_servers: URLs of further servers, at which the index keeps its files. Those of pypi.org are known.
        wheel_folder: folder with wheels, which need no index; None for none.
        allow_source_distributions: whether packages without a wheel may be built, which runs their code.
    """

    url: str = "https://pypi.org/simple"
    file_servers: tuple[str, ...] = ()
    wheel_folder: Path | None = None
    allow_source_distributions: bool = False

    @property
    def servers(self) -> list[AllowedServer]:
        """Servers that a build reaches."""
        named = [AllowedServer.of(url) for url in (self.url, *self.file_servers) if url]
        is_pypi = any(server.host == PYPI_HOST for server in named)
        return [*([PYPI_FILES] if is_pypi else []), *named]  # a server that is named too may be private


@dataclass(slots=True)
class UvRun:
    """One finished run of uv: its exit code, the last lines that it printed, and the requests that were refused."""

    code: int
    lines: list[str] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)

    @property
    def error(self) -> str:
        """Its error message, as one line without hints."""
        text = "\n".join(self.lines)
        lines = [_PREFIX.sub(": ", line).strip() for line in (text.partition("error: ")[2] or text).splitlines()]
        return " ".join(line for line in lines if line and not line.startswith("hint:")).replace(" : ", ": ")

    @property
    def is_index_away(self) -> bool:
        """Whether it failed because the package index did not answer."""
        return _AWAY.search(self.error) is not None and "No solution found" not in self.error

    @property
    def index_refusal(self) -> str | None:
        """The status with which the package index refused access, such as ``401 Unauthorized``; None if it did not."""
        found = _REFUSED.search("\n".join(self.lines))
        return None if found is None else found.group()


class Uv:
    """The program with its settings.

    Args:
        program: path of the program.
        interpreter: program of the interpreter that the packages are for.
        index: the package index.
        limits: limits of each run.
        readable: files and folders that every run can read.
    """

    def __init__(
        self,
        program: Path,
        interpreter: Path,
        index: IndexSettings,
        limits: JobLimits,
        readable: Sequence[Path],
    ) -> None:
        self._program = program
        self._interpreter = interpreter
        self._index = index
        self._private = PrivateIndex.of(index.url)
        self._limits = limits
        self._wheels = [index.wheel_folder.resolve()] if index.wheel_folder else []
        self._readable = [program, *readable, *self._wheels]

    @property
    def _index_name(self) -> str:
        """URL of the package index, without its password."""
        return self._index.url if self._private is None else self._private.url

    def run(self, folder: CommandFolder, arguments: Sequence[str], log: Log) -> UvRun:
        """Run ``uv pip`` with ``arguments`` in ``folder``.

        Raises:
            LimitExceeded: it exceeded a limit.
            BuildUnavailable: it could not be run.
        """
        found = UvRun(0)

        def keep(line: str) -> None:
            text = _PASSWORD.sub(r"\1***\2", line if self._private is None else self._private.name_in(line))
            found.lines = [*found.lines[1 - _LAST_LINES :], text]
            log(text)

        with IndexProxy(self._index.servers, self._private) as proxy:
            found.code = folder.run(self._command(arguments, proxy.url), keep)
        for refusal in proxy.refusals:
            keep(f"refused: {refusal}")
        found.refusals = [*proxy.refusals]
        return found

    def index_problem(self, run: UvRun) -> IndexUnavailable | None:
        """Return that ``run`` failed since the package index did not serve it; None if it failed for another reason."""
        if run.code == 0:
            return None
        if run.is_index_away and run.refusals:
            return IndexUnavailable(f"the packages cannot be fetched: {'; '.join(run.refusals)}", is_refused=True)
        if run.index_refusal is not None:
            advice = "An operator sets its user and password in package_index."
            text = f"the package index {self._index_name} refuses access: {run.index_refusal}. {advice}"
            return IndexUnavailable(text, is_refused=True)
        if run.is_index_away:
            return IndexUnavailable(f"the package index {self._index_name} does not answer: {run.error}")
        return None

    def _command(self, arguments: Sequence[str], proxy_url: str) -> Command:
        return Command(
            [str(self._program), "pip", *arguments, *self._options()],
            limits=self._limits,
            environment=self._environment(proxy_url),
            address=proxy_url if self._index.url else None,
            readable=self._readable,
        )

    def _options(self) -> list[str]:
        options = ["--python", str(self._interpreter), "--no-config", "--color", "never", "--no-progress"]
        options += [] if self._index.allow_source_distributions else ["--only-binary", ":all:"]
        options += [] if self._index.url else ["--no-index"]
        return options + [part for folder in self._wheels for part in ("--find-links", str(folder))]

    def _environment(self, proxy_url: str) -> dict[str, str]:
        environment = {"UV_NO_CACHE": "1", "UV_LINK_MODE": "copy", "UV_PYTHON_DOWNLOADS": "never"}
        if self._index.url:
            environment["UV_DEFAULT_INDEX"] = self._index.url if self._private is None else self._private.alias_url
            environment |= dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"), proxy_url)
        return environment


def find_uv() -> Path | None:
    """Return the program; None if it is not installed."""
    beside = Path(sysconfig.get_path("scripts"), "uv")
    found = str(beside) if beside.is_file() else shutil.which("uv")
    return Path(found).resolve() if found else None
