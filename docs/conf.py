"""How Sphinx builds the documentation. Run it by ``bash docs/generate_docs.bash``."""

import sys
from importlib.metadata import version as installed_version
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from makers import write_pages
from sources import leave_out_empty_folders, name_what_is_outside

project = "voxel51-platform"
author = "The voxel51-platform contributors"
version = release = installed_version("voxel51-platform")

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["build", "makers", "generated/parts"]
default_role = "code"  # one pair of backquotes in our docstrings is code, not a reference
myst_heading_anchors = 3
napoleon_use_ivar = True
autodoc_default_options = {"members": True, "show-inheritance": True}
autodoc_member_order = "bysource"
toc_object_entries = False  # every page would carry the names of all methods: a third of the time it takes to build
suppress_warnings = ["ref.python"]  # what has one name in several modules is linked to the first

html_theme = "furo"
html_title = "Voxel51 platform"
html_favicon = "icon.svg"  # without one, browsers ask the platform for theirs
html_show_sphinx = False
html_show_copyright = False
html_copy_source = False
html_permalinks_icon = "#"


def setup(app):
    """Write the generated pages before any page is read."""
    app.connect("builder-inited", lambda _app: write_pages(Path(app.srcdir)))
    app.connect("source-read", name_what_is_outside)
    app.connect("source-read", leave_out_empty_folders)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
