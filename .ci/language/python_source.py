"""Python files: names that they define, docstrings, other strings and comments, each with its line."""

import ast
import io
import tokenize
from collections.abc import Iterator

_WITH_DOCSTRING = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def defined_names(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """Yield the names that a module defines or assigns; not those that it only uses."""
    for node in ast.walk(tree):
        match node:
            case ast.ClassDef(name=name) | ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                yield name, node.lineno
            case ast.arg(arg=name):
                yield name, node.lineno
            case ast.Name(id=name, ctx=ast.Store()) | ast.Attribute(attr=name, ctx=ast.Store()):
                yield name, node.lineno


def docstrings(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """Yield the docstrings of the module, its classes and its functions, and the strings below attributes."""
    for node in _docstring_nodes(tree):
        yield str(node.value), node.lineno


def strings(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """Yield the strings that are not docstrings and may be sentences: those with a space. Values become ``{}``."""
    documentation = {id(node) for node in _docstring_nodes(tree)}
    parts = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            text = "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documentation | parts:
            text = node.value
        else:
            continue
        if " " in text.strip():
            yield text, node.lineno


def comments(text: str) -> Iterator[tuple[str, int]]:
    """Yield the comments; whole lines that follow one another are one comment."""
    block: list[str] = []
    first = last = 0
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type != tokenize.COMMENT:
            continue
        line = token.start[0]
        if block and line != last + 1:
            yield "\n".join(block), first
            block = []
        if not block:
            first = line
        block.append(token.string.lstrip("#"))
        last = line
    if block:
        yield "\n".join(block), first


def _docstring_nodes(tree: ast.Module) -> Iterator[ast.Constant]:
    for node in ast.walk(tree):
        if not isinstance(node, _WITH_DOCSTRING):
            continue
        for place, statement in enumerate(node.body):
            if not isinstance(statement, ast.Expr) or not isinstance(statement.value, ast.Constant):
                continue
            follows_attribute = place > 0 and isinstance(node.body[place - 1], ast.Assign | ast.AnnAssign)
            if isinstance(statement.value.value, str) and (place == 0 or follows_attribute):
                yield statement.value
