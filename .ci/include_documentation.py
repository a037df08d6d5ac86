"""Puts the documentation into the wheel, where `bash docs/generate_docs.bash` has built it."""

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class IncludeDocumentation(BuildHookInterface):  # type: ignore[type-arg]
    """Called by hatchling before it writes a wheel."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Add the built site. An editable install finds it where it is built."""
        site = Path(self.root) / "docs" / "build" / "html"
        if version != "editable" and (site / "index.html").exists():
            build_data["force_include"][str(site)] = "voxel51/server/site"
