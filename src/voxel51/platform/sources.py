"""Sources: load the analytic of a Python file or of a project folder, without installing it."""

import importlib.util
import sys
import tomllib
from importlib import import_module
from pathlib import Path
from types import ModuleType

from voxel51.platform.definition import Analytic
from voxel51.platform.errors import InvalidEntryPoint
from voxel51.wire.analytics import ENTRY_POINT_GROUP


def load_source(source: Path) -> Analytic:
    """Import and return the analytic of a Python file, or of the folder of a project with ``pyproject.toml``.

    The folder of the file, and those of the project's modules, are added to the search path of modules.

    Raises:
        InvalidEntryPoint: the file or folder does not exist, or does not have exactly one analytic.
        Exception: any exception that importing the code raises.
    """
    if source.is_dir():
        return _load_project(source)
    if not source.is_file():
        raise InvalidEntryPoint(f"file not found: {str(source)!r}")
    _search_in(source.parent)
    return _only_analytic(_module_of(source), source)


def is_source(name: str) -> bool:
    """Return whether ``name`` names a Python file or a folder, and not an installed analytic."""
    return name.endswith(".py") or Path(name).is_absolute() or Path(name).is_dir()


def _module_of(file: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(file.stem, file)
    if spec is None or spec.loader is None:
        raise InvalidEntryPoint(f"{str(file)!r} is not a Python file; its name must end in .py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[file.stem] = module
    spec.loader.exec_module(module)
    return module


def _load_project(folder: Path) -> Analytic:
    project = folder / "pyproject.toml"
    if not project.is_file():
        return load_source(_only_file(folder))
    document = tomllib.loads(project.read_text(encoding="utf-8"))
    entries = document.get("project", {}).get("entry-points", {}).get(ENTRY_POINT_GROUP, {})
    if len(entries) != 1:
        text = f"{project} declares {len(entries)} analytics in [project.entry-points.{ENTRY_POINT_GROUP!r}]"
        raise InvalidEntryPoint(f"{text}; it must be one: name the file of the analytic instead")
    module, _, attribute = next(iter(entries.values())).partition(":")
    _search_in(folder, folder / "src")
    loaded = getattr(import_module(module), attribute, None)
    if not isinstance(loaded, Analytic):
        raise InvalidEntryPoint(f"{module}:{attribute} in {project} is not an analytic")
    return loaded


def _only_file(folder: Path) -> Path:
    files = [path for path in sorted(folder.glob("*.py")) if not path.name.startswith(("test_", "_"))]
    if len(files) != 1:
        found = ", ".join(path.name for path in files) or "none"
        raise InvalidEntryPoint(f"{folder} has no pyproject.toml and not exactly one Python file ({found})")
    return files[0]


def _only_analytic(module: ModuleType, source: Path) -> Analytic:
    found = {name: value for name, value in vars(module).items() if isinstance(value, Analytic)}
    if len(found) != 1:
        names = f" ({', '.join(found)})" if found else ""
        raise InvalidEntryPoint(f"{source.name} has {len(found)} analytics{names}; it must have one, made by @analytic")
    return next(iter(found.values()))


def _search_in(*folders: Path) -> None:
    for folder in folders:
        if folder.is_dir() and str(folder) not in sys.path:
            sys.path.insert(0, str(folder))
