"""Signatures: read the arguments, annotations and docstring of the function that an author decorates."""

import ast
import inspect
import textwrap
import typing
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import NoneType, UnionType

from voxel51.labels.extras import extra
from voxel51.platform.errors import InvalidAnalytic

with extra("sdk"):
    import docstring_parser

Function = Callable[..., object]

NO_DEFAULT = inspect.Parameter.empty
"""Default of an argument that has none."""


@dataclass(frozen=True, slots=True)
class Argument:
    """Argument of a function.

    Attributes:
        name: name of the argument.
        type: its annotation, without `Annotated` and without ``| None``.
        notes: the further arguments of `Annotated`.
        default: `NO_DEFAULT` for a required argument.
        is_optional: whether the annotation allows None.
        description: its text in the section ``Args`` of the docstring; may be empty.
        place: ``file:line`` of the argument.
    """

    name: str
    type: object
    notes: tuple[object, ...]
    default: object
    is_optional: bool
    description: str
    place: str


@dataclass(frozen=True, slots=True)
class Signature:
    """Signature and docstring of a function.

    Attributes:
        description: the docstring without its sections.
        arguments: all arguments, in order; ``self`` is left out.
        returned: the annotation of the result; None if the function returns none.
        returned_description: the section ``Returns`` of the docstring.
        place: ``file:line`` of the function.
    """

    description: str
    arguments: tuple[Argument, ...]
    returned: object
    returned_description: str
    place: str


def read_signature(function: Function, docstring: str | None, *, is_method: bool = False) -> Signature:
    """Return the signature of ``function``, described by ``docstring``.

    Raises:
        InvalidAnalytic: the docstring or an annotation is missing; the text names the line and the fix.
    """
    lines = _lines_of_arguments(function)
    place = f"{Path(function.__code__.co_filename).name}:{lines.get('', function.__code__.co_firstlineno)}"
    if not (docstring or "").strip():
        raise InvalidAnalytic(place, "the docstring is missing. Its text describes the analytic to users")
    if inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function):
        raise InvalidAnalytic(place, f"{function.__name__!r} is async. Write 'def' instead of 'async def'")
    parsed = _parsed(docstring)
    described = {each.arg_name: _joined(each.description) for each in parsed.params}
    hints = _hints(function, place)
    file = place.partition(":")[0]
    parameters = [*inspect.signature(function).parameters.values()][int(is_method) :]
    arguments = tuple(
        _argument(parameter, hints, described, f"{file}:{lines.get(parameter.name, place.rpartition(':')[2])}")
        for parameter in parameters
    )
    returned = hints.get("return")
    return Signature(
        description=description_of(docstring),
        arguments=arguments,
        returned=None if returned is NoneType else returned,
        returned_description=_joined(parsed.returns.description) if parsed.returns else "",
        place=place,
    )


def place_of_class(decorated: type) -> str:
    """Return ``file:line`` of a class; its name where the source is not known."""
    try:
        file, (_, line) = inspect.getsourcefile(decorated), inspect.getsourcelines(decorated)
    except (OSError, TypeError):
        return f"class {decorated.__name__}"
    return f"{Path(file or '').name}:{line}"


def description_of(docstring: str | None) -> str:
    """Return the text of a docstring without its sections, one line per paragraph."""
    parsed = _parsed(docstring)
    return _joined("\n\n".join(filter(None, [parsed.short_description, parsed.long_description])))


def _parsed(docstring: str | None) -> docstring_parser.Docstring:
    return docstring_parser.parse(inspect.cleandoc(docstring or ""), docstring_parser.DocstringStyle.GOOGLE)


def _argument(
    parameter: inspect.Parameter, hints: dict[str, object], described: dict[str, str], place: str
) -> Argument:
    name = parameter.name
    if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD, parameter.POSITIONAL_ONLY):
        raise InvalidAnalytic(place, f"argument {name!r} must be an ordinary or keyword-only argument")
    if name not in hints:
        examples = f"'{name}: float = 0.5' for a parameter, or '{name}: Video' for the video"
        raise InvalidAnalytic(place, f"argument {name!r} has no annotation. Add one, such as {examples}")
    annotation, notes = _without_notes(hints[name])
    members = typing.get_args(annotation) if _is_union(annotation) else ()
    is_optional = NoneType in members
    if is_optional:
        others = [member for member in members if member is not NoneType]
        annotation = others[0] if len(others) == 1 else typing.Union[tuple(others)]  # noqa: UP007  (made at run time)
        annotation, more = _without_notes(annotation)
        notes += more
    return Argument(name, annotation, notes, parameter.default, is_optional, described.get(name, ""), place)


def _without_notes(annotation: object) -> tuple[object, tuple[object, ...]]:
    if typing.get_origin(annotation) is typing.Annotated:
        kind, *notes = typing.get_args(annotation)
        return kind, tuple(notes)
    return annotation, ()


def _is_union(annotation: object) -> bool:
    return typing.get_origin(annotation) in (typing.Union, UnionType)


def _hints(function: Function, place: str) -> dict[str, object]:
    try:
        return typing.get_type_hints(function, include_extras=True)
    except (NameError, TypeError) as error:
        raise InvalidAnalytic(place, f"an annotation cannot be read: {error}") from None


def _joined(text: str | None) -> str:
    """Return ``text`` as sentences, with one line per paragraph."""
    joined = "\n".join(" ".join(part.split()) for part in (text or "").split("\n\n") if part.strip())
    return joined[:1].upper() + joined[1:]


def _lines_of_arguments(function: Function) -> dict[str, int]:
    """Return the line of each argument by its name, and that of the function for ""; nothing without the source."""
    try:
        lines, first = inspect.getsourcelines(function)
        tree = ast.parse(textwrap.dedent("".join(lines)))
    except (OSError, SyntaxError):
        return {}
    found = tree.body[0]
    if not isinstance(found, ast.FunctionDef | ast.AsyncFunctionDef):
        return {}
    arguments = [*found.args.posonlyargs, *found.args.args, *found.args.kwonlyargs]
    return {"": found.lineno + first - 1, **{each.arg: each.lineno + first - 1 for each in arguments}}
