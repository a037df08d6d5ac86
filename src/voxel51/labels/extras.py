"""Extras: name the extra of a missing package, with the line that installs it.

The light client has no libraries for pixels and large files, so the modules that need them import them in ``extra``.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec


@contextmanager
def extra(name: str) -> Iterator[None]:
    """Import packages of the extra ``name`` in this context.

    Raises:
        ModuleNotFoundError: one of the packages is not installed; the text has the line that installs the extra.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        if error.name is None or error.name.startswith("voxel51"):
            raise
        raise missing(error.name, name) from None


def require(name: str, *packages: str) -> None:
    """Check that all ``packages`` of the extra ``name`` are installed, without importing them.

    Raises:
        ModuleNotFoundError: one of them is not installed; the text has the line that installs the extra.
    """
    for package in packages:
        if find_spec(package) is None:
            raise missing(package, name)


def missing(package: str, name: str) -> ModuleNotFoundError:
    """Return the error about a ``package`` of the extra ``name`` that is not installed."""
    text = f"the package {package!r} is not installed. It is part of the extra {name!r}"
    return ModuleNotFoundError(f"{text}: pip install 'voxel51-platform[{name}]'", name=package)
