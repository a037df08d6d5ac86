"""Loaded analytics: those that a zygote has imported, and perhaps set up, for the jobs that are forked from it."""

import resource
import sys
import traceback
from collections.abc import Callable, Iterable
from contextlib import suppress
from importlib import import_module

from voxel51.platform.definition import Analytic
from voxel51.platform.entry_points import load_analytic
from voxel51.runners.process_control import IS_LINUX, thread_count

FURTHER_MODULES = ("voxel51.labels.spans",)
"""Modules that most jobs need and `voxel51.platform.run` does not import: their packages are extras."""


class LoadedAnalytics:
    """Analytics in the memory of this process, by name.

    Args:
        about_to_load: called with the name of an analytic before its code runs.
    """

    def __init__(self, about_to_load: Callable[[str], None]) -> None:
        self._about_to_load = about_to_load
        self._analytics: dict[str, Analytic] = {}

    def get(self, name: str) -> Analytic:
        """Return an analytic, which is imported now unless it is loaded; raises as `load_analytic`."""
        return self._analytics.get(name) or load_analytic(name)

    def preload(self, names: Iterable[str], modules: Iterable[str] = ()) -> bool:
        """Import ``modules``, the analytics ``names`` and their preload modules; return False if one of these analytics
        started threads.

        An analytic or module that cannot be imported is skipped: its jobs import it again and log the error.
        """
        for module in (*FURTHER_MODULES, *modules):
            with suppress(ImportError):
                import_module(module)
        for name in names:
            self._about_to_load(name)
            try:
                analytic = load_analytic(name)
                for module in analytic.preload:
                    import_module(module)
                self._analytics[name] = analytic
            except Exception:
                traceback.print_exc()
            if thread_count() > 1:
                sys.stderr.write(f"importing {name} started threads\n")
                return False
        return True

    def set_up(self, memory_bytes: int) -> bool:
        """Run the setup of every analytic, in at most ``memory_bytes``; return False if one failed, or none has any."""
        if IS_LINUX:
            resource.setrlimit(resource.RLIMIT_DATA, (memory_bytes, memory_bytes))
        with_setup = {name: each.setup for name, each in self._analytics.items() if each.setup is not None}
        for name, setup in with_setup.items():
            self._about_to_load(name)
            try:
                setup()
            except BaseException:  # also SystemExit: the output says why
                traceback.print_exc()
                return False
        return bool(with_setup)
