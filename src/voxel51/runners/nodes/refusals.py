"""Refusals of machines: why one with other versions than the platform's cannot be a node."""

import platform

import voxel51
from voxel51.runners.nodes.interface import Versions


def versions_here(engine: str) -> Versions:
    """Return the versions of this machine. ``engine`` is the name and version of the engine's library."""
    python = ".".join(platform.python_version_tuple()[:2])
    return Versions(python, voxel51.__version__, engine)


def refusal_of(needed: Versions, present: Versions) -> str | None:
    """Return why a machine with the versions ``present`` is refused, as a phrase; None: it is not."""
    pairs = (
        ("Python", needed.python, present.python),
        ("version of voxel51-platform", needed.platform, present.platform),
        ("engine", needed.engine, present.engine),
    )
    for name, wanted, found in pairs:
        if wanted != found:
            return f"its {name} is {found or 'missing'}, and the platform's is {wanted}; install that one"
    return None
