"""Compilation by import: import every module of the given packages, so that Python keeps them compiled.

A module that cannot be imported by itself is left out.
"""

import contextlib
import importlib
import pkgutil
import sys


def import_all(package_name: str) -> None:
    """Import the modules below a package, but no ``__main__``."""
    package = importlib.import_module(package_name)
    for module in pkgutil.walk_packages(package.__path__, f"{package_name}.", onerror=lambda _: None):
        if not module.name.endswith("__main__"):
            with contextlib.suppress(Exception):  # for instance migrations, which Alembic has to start
                importlib.import_module(module.name)


if __name__ == "__main__":
    for each in sys.argv[1:]:
        import_all(each)
