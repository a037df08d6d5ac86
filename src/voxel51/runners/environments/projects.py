"""Projects: which packages the source of a bundle requires, and which file or folder of it has the analytic.

Requirements come from three places, which are taken together: inline metadata of the Python file (PEP 723), the table
``project`` of ``pyproject.toml``, and ``requirements.txt``. Nothing of the source is executed.
"""

import re
import sys
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from voxel51.runners.environments.errors import BuildError
from voxel51.wire.analytics import ENTRY_POINT_GROUP

MAXIMUM_FILE_BYTES = 1 << 20
"""Size limit of a file that declares requirements."""

MAXIMUM_REQUIREMENTS = 2000

_INLINE_BEGIN, _INLINE_END = "# /// script", "# ///"
_NAME = re.compile(r"^[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?(?=\s*($|[\[<>=!~;(]))")
_PYTHON = re.compile(r"\s*(~=|===?|!=|<=|>=|<|>)\s*(\d{1,9}(?:\.\d{1,9})*)(\.\*)?\s*$")
_NO_ANALYTIC = ("test_", "_", "conftest.")
"""Beginnings of the names of Python files that cannot have the analytic."""

_MOST_KEY_PARTS = 64
_KEY_PART = r"""(?:[A-Za-z0-9_-]+|"(?:[^"\\\n]|\\.)*"|'[^'\n]*')"""
_LONG_KEY = re.compile(rf"(?<![A-Za-z0-9_-]){_KEY_PART}(?:[ \t]*\.[ \t]*{_KEY_PART}){{{_MOST_KEY_PARTS}}}")
"""Keys such as ``a.b.c``, which the library reads in a time that grows with the square of their length."""

_COMMENT = re.compile(r"(^|\s)#.*$")


@dataclass(frozen=True, slots=True)
class Requirement:
    """Requirement as its author wrote it, with the file (relative to the source) and the line."""

    text: str
    file: str
    line: int

    @property
    def name(self) -> str:
        """Normalised name of the package."""
        found = _NAME.match(self.text)
        return normalised(found.group()) if found else ""


@dataclass(frozen=True, slots=True)
class Project:
    """Requirements of a source, and its analytic.

    Attributes:
        module: path of the Python file or folder with the analytic, below the root of the source.
        requirements: required packages, without repetitions of the same text.
    """

    module: str
    requirements: tuple[Requirement, ...]


def normalised(name: str) -> str:
    """Return the normalised name of a package: one spelling for all that mean the same one."""
    return re.sub(r"[-_.]+", "-", name).lower()


def read_project(source: Path) -> Project:
    """Return what a source declares: a Python file, or a folder with a project.

    Raises:
        BuildError: no file or more than one could be the analytic, a declaration is invalid, or it requires another
            version of Python than this machine has.
    """
    root = source if source.is_dir() else source.parent
    document = _read_toml(root / "pyproject.toml") if source.is_dir() else {}
    module = _module_of(source, document)
    found = [*_inline(root / module), *_of_project(root / "pyproject.toml", document)]
    if source.is_dir():
        found += _of_requirements(root / "requirements.txt")
    unique = {requirement.text: requirement for requirement in reversed(found)}
    if len(unique) > MAXIMUM_REQUIREMENTS:
        raise BuildError(f"{len(unique)} requirements: a bundle may have {MAXIMUM_REQUIREMENTS}", found[-1].file)
    for requirement in found:
        _check(requirement)
    return Project(module, tuple(reversed(unique.values())))


def _module_of(source: Path, document: Mapping[str, object]) -> str:
    if not source.is_dir():
        return source.name
    entries = _table(_table(document, "project"), "entry-points").get(ENTRY_POINT_GROUP)
    if isinstance(entries, dict) and entries:
        if len(entries) > 1:
            text = f"{len(entries)} analytics in [project.entry-points.'{ENTRY_POINT_GROUP}']; a bundle has one"
            raise BuildError(text, "pyproject.toml", _line_of(source / "pyproject.toml", ENTRY_POINT_GROUP))
        return "."
    files = [path for path in sorted(source.glob("*.py")) if path.is_file() and not path.name.startswith(_NO_ANALYTIC)]
    if len(files) != 1:
        names = ", ".join(path.name for path in files) or "none"
        text = f"the folder has {len(files)} Python files that could have the analytic ({names}), and must have one"
        raise BuildError(f"{text}; or declare it in pyproject.toml, [project.entry-points.'{ENTRY_POINT_GROUP}']")
    return files[0].name


def _inline(module: Path) -> Iterator[Requirement]:
    """Yield the requirements of the inline metadata of a Python file, and check its version of Python."""
    if not module.is_file():
        return
    blocks = list(_inline_blocks(_read_text(module)))
    if not blocks:
        return
    first, lines = blocks[0]
    if len(blocks) > 1:
        raise BuildError("a second block '# /// script': a file has one", module.name, blocks[1][0])
    document = _parse_toml("\n".join(line[2:] if line.startswith("# ") else line[1:] for line in lines), module, first)
    _check_python(document.get("requires-python"), module, first)
    yield from _listed(document.get("dependencies", []), module, first, "dependencies")


def _inline_blocks(text: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the number of the first line and the content of each block of inline metadata (PEP 723).

    The pattern of PEP 723 takes time that grows with the square of the file's size, and holds up all threads.
    """
    lines = text.split("\n")
    begin = 0
    while begin < len(lines):
        if lines[begin] != _INLINE_BEGIN:
            begin += 1
            continue
        after = begin + 1
        while after < len(lines) and (lines[after] == "#" or lines[after].startswith("# ")):
            after += 1
        # The last end counts, and the content has a line. Without it, no later block of these comments has an end.
        ends = (number for number in range(after - 1, begin + 1, -1) if lines[number] == _INLINE_END)
        end = next(ends, None)
        if end is not None:
            yield begin + 1, lines[begin + 1 : end]
        begin = after


def _of_project(path: Path, document: Mapping[str, object]) -> Iterator[Requirement]:
    project = _table(document, "project")
    _check_python(project.get("requires-python"), path, 1)
    dynamic = project.get("dynamic")
    if isinstance(dynamic, list) and "dependencies" in dynamic and not (path.parent / "requirements.txt").is_file():
        text = "dynamic dependencies, which only running the project's build would tell: list them in pyproject.toml"
        raise BuildError(text, path.name, _line_of(path, "dynamic"))
    yield from _listed(project.get("dependencies", []), path, 1, "project.dependencies")


def _listed(values: object, path: Path, first: int, what: str) -> Iterator[Requirement]:
    """Yield the requirements of a list in a document, each with the line in ``path``, from line ``first`` on."""
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise BuildError(f"{what} must be a list of texts", path.name, _line_of(path, "dependencies", first))
    if len(values) > MAXIMUM_REQUIREMENTS:  # before the lines are looked for, which takes time for each
        raise BuildError(f"{len(values)} requirements: a bundle may have {MAXIMUM_REQUIREMENTS}", path.name)
    text = _read_text(path) if values else ""
    begin = sum(len(line) + 1 for line in text.split("\n", first - 1)[: first - 1])
    for value in values:
        at = text.find(value, begin)
        line = first if at < 0 else text.count("\n", 0, at) + 1
        yield Requirement(" ".join(value.split()), path.name, line)


def _of_requirements(path: Path) -> Iterator[Requirement]:
    """Yield the requirements of a ``requirements.txt``, with their hashes."""
    if not path.is_file():
        return
    pending, began = "", 0
    for number, line in enumerate(_read_text(path).splitlines(), 1):
        text = _COMMENT.sub("", line).strip()
        began = began if pending else number
        pending += text.removesuffix("\\").strip() + " "
        if text.endswith("\\"):
            continue
        complete, pending = " ".join(pending.split()), ""
        if complete:
            yield Requirement(complete, path.name, began)


def _check(requirement: Requirement) -> None:
    """Raise `BuildError` unless the requirement names a package of the index."""
    text, place = requirement.text, (requirement.file, requirement.line)
    if text.startswith("-"):
        raise BuildError(f"the option {text.split()[0]!r} cannot be used here: list packages of the index", *place)
    if any(part.startswith("--") and not part.startswith("--hash=") for part in text.split()):
        raise BuildError(f"the options of {text!r} cannot be used here, except --hash", *place)
    if not requirement.name or "@" in text:
        what = "is not a package of the index; put the code into the bundle, or publish it on the index"
        raise BuildError(f"{text!r} {what}", *place)
    if not text.isprintable():
        raise BuildError(f"{text!r} has a character that cannot be printed", *place)


def _check_python(wanted: object, path: Path, first: int) -> None:
    """Raise `BuildError` unless this version of Python fits ``wanted``, as in ``>=3.11,<4``."""
    if wanted is None:
        return
    line = _line_of(path, "requires-python", first)
    if not isinstance(wanted, str):
        raise BuildError("requires-python must be a text such as '>=3.11'", path.name, line)
    for clause in filter(str.strip, wanted.split(",")):
        found = _PYTHON.match(clause)
        if found is None:
            raise BuildError(f"requires-python {wanted!r} is invalid; write it as '>=3.11'", path.name, line)
        if not _fits(found.group(1), found.group(2), is_prefix=bool(found.group(3))):
            here = ".".join(map(str, sys.version_info[:3]))
            raise BuildError(f"the platform runs Python {here}, and the bundle requires {wanted}", path.name, line)


def _fits(operator: str, version: str, *, is_prefix: bool) -> bool:
    wanted = tuple(map(int, version.split(".")))
    here = tuple(sys.version_info[:3])
    same = here[: len(wanted)] == wanted if is_prefix else here == (*wanted, 0, 0)[:3]
    padded = (*wanted, 0, 0)[:3]
    results = {
        "==": same, "===": same, "!=": not same, "<": here < padded, "<=": here <= padded, ">": here > padded,
        ">=": here >= padded, "~=": here >= padded and here[: len(wanted) - 1] == wanted[:-1],
    }  # fmt: skip
    return results[operator]


def _table(document: Mapping[str, object], name: str) -> Mapping[str, object]:
    found = document.get(name, {})
    return found if isinstance(found, dict) else {}


def _read_toml(path: Path) -> Mapping[str, object]:
    return _parse_toml(_read_text(path), path, 0) if path.is_file() else {}


def _parse_toml(text: str, path: Path, lines_before: int) -> Mapping[str, object]:
    deep = _LONG_KEY.search(text)
    if deep is not None:
        line = text.count("\n", 0, deep.start()) + 1
        raise BuildError(f"invalid TOML: a key of more than {_MOST_KEY_PARTS} parts", path.name, line + lines_before)
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"at line (\d+)", str(error))
        line = int(found.group(1)) if found else text.count("\n") + 1
        raise BuildError(f"invalid TOML: {error}", path.name, line + lines_before) from None
    except RecursionError:
        raise BuildError("invalid TOML: it is nested too deeply", path.name) from None
    except ValueError as error:  # such as a number with thousands of digits
        raise BuildError(f"invalid TOML: {error}", path.name) from None


def _read_text(path: Path) -> str:
    if path.stat().st_size > MAXIMUM_FILE_BYTES:
        raise BuildError(f"larger than {MAXIMUM_FILE_BYTES >> 20} MiB", path.name)
    try:
        return path.read_text(encoding="utf-8").replace("\r\n", "\n")
    except UnicodeDecodeError:
        raise BuildError("not a text in UTF-8", path.name) from None


def _line_of(path: Path, text: str, first: int = 1) -> int:
    """Return the line from ``first`` on in which ``text`` first appears; ``first`` if it does not."""
    lines = _read_text(path).splitlines()
    return next((number for number, line in enumerate(lines, 1) if number >= first and text in line), first)
