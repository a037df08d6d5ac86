"""Sphinx configuration. Build the documentation with ``bash docs/generate_docs.bash``."""

import sys
from importlib.metadata import version as installed_version
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from generators import write_pages
from source_filters import rewrite_repository_links, skip_empty_toctree_globs

project = "voxel51-platform"
author = "The voxel51-platform contributors"
version = release = installed_version("voxel51-platform")

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["build", "generators", "generated/parts", "templates"]
default_role = "code"  # single backquotes in docstrings mark code, not references
myst_heading_anchors = 3
napoleon_use_ivar = True
autodoc_default_options = {"members": True, "show-inheritance": True}
autodoc_member_order = "bysource"
toc_object_entries = False  # listing all methods on every page would take a third of the build time
suppress_warnings = ["ref.python"]  # a name that several modules define is linked to its first definition

html_theme = "furo"
templates_path = ["templates"]
html_title = "Voxel51 platform"
html_favicon = "icon.svg"  # otherwise browsers request /favicon.ico from the platform
html_show_sphinx = False
html_show_copyright = False
html_copy_source = False
html_permalinks_icon = "#"


def setup(app):
    """Register the hooks that generate pages and filter sources."""
    app.connect("builder-inited", lambda _app: write_pages(Path(app.srcdir)))
    app.connect("source-read", rewrite_repository_links)
    app.connect("source-read", skip_empty_toctree_globs)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
