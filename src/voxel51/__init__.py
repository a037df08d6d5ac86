"""Namespace package of the client, the platform and its analytics.

Other distributions may add packages to it, so importing it does nothing else.
"""

from pkgutil import extend_path

__path__ = extend_path(__path__, __name__)
__version__ = "0.1.0"  # of all wheels: pyproject.toml reads it here
