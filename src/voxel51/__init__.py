"""Namespace package of the client, the platform and its analytics.

Other distributions may add packages to it, so importing it does nothing else.
"""

from pkgutil import extend_path

__path__ = extend_path(__path__, __name__)


def __getattr__(name: str) -> str:
    if name == "__version__":
        from importlib.metadata import version  # noqa: PLC0415  (25 ms that most imports never need)

        return version("voxel51-platform")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
