"""Discovery: the installed analytics and the sandbox of this machine, found by processes of their own meanwhile.

Both take longer than everything else of a start, so they begin before the rest of the server is imported.
"""

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from threading import Thread
from typing import TypeVar

from voxel51.runners.sandbox.probe import SandboxReport, examine
from voxel51.server.analytics.description_cache import DescriptionCache
from voxel51.server.analytics.installed import Installation, find_installed
from voxel51.server.settings import Settings

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Discovery:
    """Findings that are on their way.

    Attributes:
        installed: the analytics of installed packages.
        sandbox: what confines jobs.
    """

    installed: Future[Installation]
    sandbox: Future[SandboxReport]


def discover(settings: Settings) -> Discovery:
    """Begin to find out what the platform of these settings has."""
    cache = DescriptionCache(settings.cache_folder)
    return Discovery(
        installed=_begun(lambda: find_installed(cache, settings.import_seconds)),
        sandbox=_begun(lambda: examine(settings.sandbox)),
    )


def _begun(find: Callable[[], Result]) -> Future[Result]:
    """Return the future result of ``find``, which runs in a thread that does not keep the process alive."""
    future: Future[Result] = Future()

    def run() -> None:
        try:
            future.set_result(find())
        except BaseException as error:
            future.set_exception(error)

    Thread(target=run, name="discovery", daemon=True).start()
    return future
