"""Heading of a bundle: name and version of its analytic, read without running its code.

They are needed before the environment is built: the version may exist already, and its author should hear that at once.
The build compares them with the manifest that the code derives.

The source is read token by token, because a parser of whole files needs hundreds of bytes of memory per byte of source.
"""

import ast
import io
import json
import tokenize
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from voxel51.runners.environments.errors import BuildError
from voxel51.wire.analytics import ENTRY_POINT_GROUP
from voxel51.wire.manifests import field_of, problems_of_heading

_MAX_SOURCE_BYTES = 256 * 1024
_MAX_MANIFEST_BYTES = 1024 * 1024
"""Size limit of a manifest: parsed JSON takes up to 30 times as much memory."""

_MAX_MODULE_LENGTH = 200
_DECORATOR = "analytic"
_MANIFEST = "manifest.json"
_IGNORED = {tokenize.COMMENT, tokenize.NL, tokenize.ENCODING, tokenize.ENDMARKER}

Words = Sequence[str]


@dataclass(frozen=True, slots=True)
class Heading:
    """Name, without the owner, and version."""

    name: str
    version: str


@dataclass(frozen=True, slots=True)
class _Statement:
    """Logical line at the outer level of a file."""

    line: int
    words: Words


def read_heading(folder: Path, module: str) -> Heading:
    """Return the heading of the analytic of a project.

    Args:
        folder: the unpacked project.
        module: path of the Python file with the analytic, or of the folder of a project with an entry point.

    Raises:
        BuildError: there is no analytic, or its name or version is invalid or not written as text.
    """
    path, attribute = _source_of(folder, module)
    shown = path.relative_to(folder).as_posix()
    heading, line = _of_source(path, shown, attribute)
    info = {"name": heading.name, "version": heading.version, "description": "-"}
    problems = problems_of_heading({"info": {**info, "supports_cpu": True, "supports_gpu": False}})
    if problems:
        text = "; ".join(problem.removeprefix("info.") for problem in problems)
        raise BuildError(text, shown, line, field_of(problems[0]))
    return heading


def _source_of(folder: Path, module: str) -> tuple[Path, str | None]:
    """Return the file with the analytic, and its name in it where an entry point tells."""
    if (folder / module).is_file():
        return folder / module, None
    entry_point = _entry_point(folder)
    name, _, attribute = entry_point.partition(":")
    parts = name.strip().split(".")
    if all(part.isidentifier() for part in parts) and len(name) <= _MAX_MODULE_LENGTH:
        base = "/".join(parts)
        for root in (folder, folder / "src"):
            for path in (root / f"{base}.py", root / base / "__init__.py"):
                if path.is_file():
                    return path, attribute.strip() or None
    shown = entry_point[:_MAX_MODULE_LENGTH]
    raise BuildError(f"the entry point {shown!r} names a module that the bundle does not have", "pyproject.toml")


def _entry_point(folder: Path) -> str:
    """Return the entry point of a project, which `voxel51.runners.environments.projects` has checked."""
    document = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))
    [value] = document["project"]["entry-points"][ENTRY_POINT_GROUP].values()
    return str(value)


def _of_source(path: Path, shown: str, attribute: str | None) -> tuple[Heading, int]:
    statements = _read_statements(path, shown)
    found = [each for each in _decorated(statements) if attribute in {None, each[1]}]
    if len(found) == 1:
        [(decorator, name)] = found
        texts = _constants(statements)
        version = _text(decorator, "version", texts, shown)
        if version is None:
            raise BuildError("the decorator needs a version, such as @analytic(version='1.0.0')", shown, decorator.line)
        own_name = _text(decorator, "name", texts, shown)
        return Heading(own_name or _name_of(name, is_class=decorator.words[-1] == "class"), version), decorator.line
    if found:
        raise BuildError(f"{len(found)} analytics in one file; a bundle has one", shown, found[1][0].line)
    if (path.parent / _MANIFEST).is_file():
        return _of_manifest(path.parent / _MANIFEST), 1
    raise BuildError("no function or class with the decorator @analytic(version=…) at the outer level", shown)


def _read_statements(path: Path, shown: str) -> Sequence[_Statement]:
    content = path.read_bytes()
    if len(content) > _MAX_SOURCE_BYTES:
        raise BuildError(f"the file with the analytic has more than {_MAX_SOURCE_BYTES} bytes; split it", shown)
    try:
        return [*_statements(tokenize.tokenize(io.BytesIO(content).readline))]
    except SyntaxError as error:  # an invalid encoding or indentation, too
        raise BuildError(f"invalid Python: {error.msg}", shown, error.lineno) from None
    except tokenize.TokenError as error:
        message, (line, _) = error.args
        raise BuildError(f"invalid Python: {message}", shown, line) from None
    except (LookupError, ValueError) as error:  # a declared encoding such as "hex", which is not one of texts
        raise BuildError(f"invalid Python: {error}", shown, 1) from None


def _statements(tokens: Iterator[tokenize.TokenInfo]) -> Iterator[_Statement]:
    """Yield the logical lines at the outer level."""
    depth, words, line = 0, list[str](), 0
    for token in tokens:
        depth += (token.type == tokenize.INDENT) - (token.type == tokenize.DEDENT)
        if token.type == tokenize.NEWLINE:
            if words:
                yield _Statement(line, words)
            words = []
        elif depth == 0 and token.type not in {*_IGNORED, tokenize.INDENT, tokenize.DEDENT}:
            line = line if words else token.start[0]
            words.append(token.string)


def _decorated(statements: Sequence[_Statement]) -> Iterator[tuple[_Statement, str]]:
    """Yield the decorator of each analytic, followed by the word ``def`` or ``class``, and the name after it."""
    decorator: _Statement | None = None
    for statement in statements:
        words = statement.words
        if words[0] == "@":
            decorator = statement if _is_analytic(words) else decorator
        elif decorator is not None:
            kind, name, *_ = (*words[words[0] == "async" :], "", "")  # two words are missing in invalid Python
            yield _Statement(decorator.line, [*decorator.words, kind]), name
            decorator = None


def _is_analytic(words: Words) -> bool:
    callee = words[1 : words.index("(")] if "(" in words else words[1:]
    return bool(callee) and callee[-1] == _DECORATOR


def _constants(statements: Sequence[_Statement]) -> Mapping[str, Words]:
    """Return the values of assignments of one word, such as ``VERSION = "1.0"``."""
    return {each.words[0]: each.words[2:] for each in statements if len(each.words) == 3 and each.words[1] == "="}


def _text(decorator: _Statement, keyword: str, constants: Mapping[str, Words], shown: str) -> str | None:
    """Return the text that the decorator is given for a keyword; None without it."""
    value = _argument(decorator.words, keyword)
    if value is None:
        return None
    if len(value) == 1:
        value = constants.get(value[0], value)
    try:
        text = ast.literal_eval(" ".join(value)) if len(value) < 10 else None
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        text = None
    if not isinstance(text, str):
        example = f'{keyword}="…"'
        raise BuildError(f"{keyword} must be written as text in the decorator: {example}", shown, decorator.line)
    return text


def _argument(words: Words, keyword: str) -> Words | None:
    depth, start = 0, None
    for index, word in enumerate(words):
        depth += (word in {"(", "[", "{"}) - (word in {")", "]", "}"})
        if start is not None and ((depth == 1 and word == ",") or depth == 0):
            return words[start:index]
        if depth == 1 and start is None and word == keyword and words[index + 1 : index + 2] == ["="]:
            start = index + 2
    return None


def _name_of(identifier: str, *, is_class: bool) -> str:
    """Return the default name of an analytic, as `voxel51.platform.analytic` derives it."""
    if is_class:
        identifier = "".join(f"_{char.lower()}" if char.isupper() else char for char in identifier)
    return identifier.strip("_").replace("_", "-")


def _of_manifest(path: Path) -> Heading:
    if path.stat().st_size > _MAX_MANIFEST_BYTES:
        raise BuildError(f"the manifest has more than {_MAX_MANIFEST_BYTES} bytes", _MANIFEST)
    try:
        info = json.loads(path.read_bytes())["info"]
        return Heading(info["name"], info["version"])
    except (ValueError, LookupError, TypeError, RecursionError):
        raise BuildError("the manifest has no info with a name and a version", _MANIFEST) from None
