"""Sandbox policy: which mechanism confines the jobs of a runner, and what they can read."""

import json
import os
import site
import sys
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path


class SandboxKind(StrEnum):
    """Mechanism that confines jobs, from none to the strongest."""

    NONE = "none"  # limits only
    LANDLOCK = "landlock"  # Landlock and seccomp
    NAMESPACES = "namespaces"  # own files, processes, network and IPC, besides both of the above

    @property
    def strength(self) -> int:
        """Position in the order from the weakest to the strongest."""
        return list(SandboxKind).index(self)

    @property
    def limits_hosts(self) -> bool:
        """Whether jobs can be given access to single hosts. Landlock knows ports, which any host may have."""
        return self is SandboxKind.NAMESPACES


@dataclass(frozen=True, slots=True)
class SandboxPolicy:
    """Mechanism that confines a runner's jobs, and its settings.

    Attributes:
        kind: the mechanism. A job whose process cannot enter it does not run.
        own_user: whether each job gets a user id of its own (needs root and namespaces).
        readable: files and folders that jobs read, besides the interpreter with its libraries.
        hidden: files and folders that stay hidden although they lie in a folder that jobs read.
        groups: paths of control groups, up to the process id that ends each (`voxel51.runners.control_groups.create`).
    """

    kind: SandboxKind = SandboxKind.NONE
    own_user: bool = False
    readable: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()

    def hiding(self, *paths: Path) -> "SandboxPolicy":
        """Return this policy with ``paths`` hidden, whatever folder that jobs read they lie in."""
        return replace(self, hidden=(*self.hidden, *(str(path.resolve()) for path in paths)))

    def showing(self, *paths: Path) -> "SandboxPolicy":
        """Return this policy with ``paths`` readable."""
        return replace(self, readable=(*self.readable, *(str(path.resolve()) for path in paths)))

    def to_json(self) -> str:
        """Return the policy as one line of text."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "SandboxPolicy":
        """Return the policy that `to_json` wrote."""
        found = json.loads(text)
        paths = {name: tuple(found[name]) for name in ("readable", "hidden", "groups")}
        return cls(SandboxKind(found["kind"]), found["own_user"], **paths)


def interpreter_paths(entry_point_group: str) -> list[Path]:
    """Return the files and folders that this interpreter needs, with every package installed in it.

    Besides the search path of modules: the places of editable installations, which offer an entry point of
    ``entry_point_group`` or are loaded, and of loaded libraries.
    """
    prefixes = [sys.prefix, sys.exec_prefix, sys.base_prefix, sys.base_exec_prefix, os.path.realpath(sys.executable)]
    search = [path for path in sys.path if path and path != str(Path.cwd())]
    user = [site.getusersitepackages()] if site.ENABLE_USER_SITE else []
    found = {Path(path) for path in [*prefixes, *search, *user]}
    found |= {Path(path) for path in _packages_of(entry_point_group)}
    found |= set(_loaded(found))
    return without_nested(path for path in found if path.is_absolute() and _exists(path) and path != Path("/"))


def _exists(path: Path) -> bool:
    return os.path.exists(path)  # noqa: PTH110  (False, and no error, below a folder that this user cannot read)


def without_nested(paths: Iterable[Path]) -> list[Path]:
    """Return the paths that lie in no other of them, sorted."""
    kept: list[Path] = []
    for path in sorted(set(paths)):
        if not any(path.is_relative_to(parent) for parent in kept):
            kept.append(path)
    return kept


def _packages_of(entry_point_group: str) -> Iterable[str]:
    for name in {entry.module.partition(".")[0] for entry in entry_points(group=entry_point_group)}:
        try:
            spec = find_spec(name)
        except (ImportError, ValueError):
            continue  # the job that needs it reports the error
        if spec is not None:
            yield from spec.submodule_search_locations or ([spec.origin] if spec.origin else [])


def _loaded(known: set[Path]) -> Iterable[Path]:
    """Yield the folders of loaded modules and libraries outside ``known``: they may be links into another folder."""
    files = {
        file for module in list(sys.modules.values()) if isinstance(file := getattr(module, "__file__", None), str)
    }
    maps = Path("/proc/self/maps")
    if maps.exists():
        files |= {line.partition("/")[2] and "/" + line.partition("/")[2] for line in maps.read_text().splitlines()}
    parents = without_nested(known)
    for file in files:
        path = Path(os.path.realpath(file))
        is_system = path.parts[1:2] and path.parts[1] in {"usr", "lib", "lib64", "dev", "proc", "memfd:"}
        if path.is_file() and not is_system and not any(path.is_relative_to(parent) for parent in parents):
            yield path.parent
