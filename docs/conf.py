"""How Sphinx builds the documentation. Run it by ``bash docs/generate_docs.bash``."""

import sys
from importlib.metadata import version as installed_version
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from makers import write_pages

project = "voxel51-platform"
author = "The voxel51-platform contributors"
version = release = installed_version("voxel51-platform")

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["build"]
default_role = "code"  # one pair of backquotes in our docstrings is code, not a reference
myst_heading_anchors = 3
napoleon_use_ivar = True
autodoc_default_options = {"members": True, "show-inheritance": True}
autodoc_member_order = "bysource"
suppress_warnings = ["autosectionlabel", "ref.python"]

html_theme = "furo"
html_title = "Voxel51 platform"
html_show_sphinx = False
html_copy_source = False


def setup(app):
    """Write the generated pages before any page is read."""
    app.connect("builder-inited", lambda _app: write_pages(Path(app.srcdir)))
