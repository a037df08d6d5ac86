"""Contents of a wheel that depend on what was built before: the documentation, and the console, bundled or not."""

import sys
from importlib import import_module
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

DOCUMENTATION = "voxel51/server/site"
CONSOLE = "voxel51/server/console/site"


class WheelContents(BuildHookInterface):  # type: ignore[type-arg]
    """Called by hatchling before it writes a wheel. An editable install finds everything where it is."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Add the built site, and the sources of the console: all of them only if there is no bundle made from them."""
        if version == "editable":
            return
        root = Path(self.root)
        site = root / "docs" / "build" / "html"
        if (site / "index.html").exists():
            for path in site.rglob("*"):
                if path.is_file() and path.suffix != ".map":  # maps of the theme's scripts and styles
                    build_data["force_include"][str(path)] = f"{DOCUMENTATION}/{path.relative_to(site).as_posix()}"
        sys.path.insert(0, str(root / "src"))
        console = import_module("voxel51.server.console.files")
        names = console.BESIDE_BUNDLE if console.is_bundle_current() else ("",)
        for name in names:
            build_data["force_include"][str(root / "src" / CONSOLE / name)] = f"{CONSOLE}/{name}".rstrip("/")
