"""Async clients: generate them from the blocking clients, so that each call is written once.

`python .ci/generate_async.py` writes the files; `--check` fails if a file is out of date, and writes nothing.

The blocking class is the source, because it is the one that most readers open. In the generated class

- methods become `async def`, except constructors and those that return an iterator, which become async iterators;
- `self._send` and `self._run` are awaited, and loops over `self._iterate` become `async for`;
- names change as in `NAMES`, in code and docstrings.

The positions of these edits come from the syntax tree; everything else is copied, docstrings and comments included.
"""

import argparse
import ast
import difflib
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SOURCES = ROOT / "src" / "voxel51"
FILES = {
    "users/api.py": "users/async_api.py",
    "users/compound.py": "users/async_compound.py",
    "users/job_batches.py": "users/async_job_batches.py",
    "users/collections.py": "users/async_collections.py",
    "users/data_sources.py": "users/async_data_sources.py",
    "users/datasets.py": "users/async_datasets.py",
    "users/job_control.py": "users/async_job_control.py",
    "users/pipelines.py": "users/async_pipelines.py",
    "users/rules.py": "users/async_rules.py",
    "users/schedules.py": "users/async_schedules.py",
    "users/reviews.py": "users/async_reviews.py",
    "apps/api.py": "apps/async_api.py",
}
NAMES = {
    "API": "AsyncAPI",
    "ApplicationAPI": "AsyncApplicationAPI",
    "BatchCalls": "AsyncBatchCalls",
    "CollectionCalls": "AsyncCollectionCalls",
    "CollectionOf": "AsyncCollectionOf",
    "DataSourceCalls": "AsyncDataSourceCalls",
    "DatasetCalls": "AsyncDatasetCalls",
    "JobControlCalls": "AsyncJobControlCalls",
    "PipelineCalls": "AsyncPipelineCalls",
    "RuleCalls": "AsyncRuleCalls",
    "ScheduleCalls": "AsyncScheduleCalls",
    "ReviewCalls": "AsyncReviewCalls",
    "Client": "AsyncClient",
    "CompoundCalls": "AsyncCompoundCalls",
    "Iterator": "AsyncIterator",
    "voxel51.apps.api": "voxel51.apps.async_api",
    "voxel51.users.api": "voxel51.users.async_api",
    "voxel51.users.client": "voxel51.users.async_client",
    "voxel51.users.compound": "voxel51.users.async_compound",
    "voxel51.users.job_batches": "voxel51.users.async_job_batches",
    "voxel51.users.collections": "voxel51.users.async_collections",
    "voxel51.users.data_sources": "voxel51.users.async_data_sources",
    "voxel51.users.datasets": "voxel51.users.async_datasets",
    "voxel51.users.job_control": "voxel51.users.async_job_control",
    "voxel51.users.pipelines": "voxel51.users.async_pipelines",
    "voxel51.users.rules": "voxel51.users.async_rules",
    "voxel51.users.schedules": "voxel51.users.async_schedules",
    "voxel51.users.reviews": "voxel51.users.async_reviews",
    "API client": "Async API client",
    "Calls of the client": "Calls of the async client",
}
AWAITED = {"_run", "_send"}
HEADER = (
    "# Generated from {source} by .ci/generate_async.py: do not edit.\n# Change the source, then run: make generate\n"
)

Position = tuple[int, int]  # line from 1, column in bytes of UTF-8, as in syntax trees


def generated(source: Path) -> str:
    """Return the async text for the blocking module at `source`."""
    content = source.read_bytes()
    lines = content.splitlines(keepends=True)
    # From the end, so that earlier positions stay valid.
    for (line, column), words in sorted(_insertions(ast.parse(content)), reverse=True):
        lines[line - 1] = lines[line - 1][:column] + words.encode() + lines[line - 1][column:]
    pattern = "|".join(sorted(map(re.escape, NAMES), key=len, reverse=True))
    renamed = re.sub(rf"(?<![\w.])(?:{pattern})(?!\w)", lambda found: NAMES[found[0]], b"".join(lines).decode())
    return _formatted(HEADER.format(source=source.relative_to(ROOT)) + renamed)


def _insertions(tree: ast.Module) -> Iterator[tuple[Position, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            for method in node.body:
                if isinstance(method, ast.FunctionDef) and _is_awaitable(method):
                    yield (method.lineno, method.col_offset), "async "
        elif isinstance(node, ast.Call) and _method_of_self(node) in AWAITED:
            yield (node.lineno, node.col_offset), "await "
        elif isinstance(node, ast.For) and isinstance(node.iter, ast.Call) and _method_of_self(node.iter) == "_iterate":
            yield (node.lineno, node.col_offset), "async "


def _is_awaitable(method: ast.FunctionDef) -> bool:
    returns_iterator = isinstance(method.returns, ast.Subscript) and ast.unparse(method.returns.value) == "Iterator"
    return method.name != "__init__" and not returns_iterator


def _method_of_self(call: ast.Call) -> str | None:
    function = call.func
    if isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name) and function.value.id == "self":
        return function.attr
    return None


def _formatted(text: str) -> str:
    """Return `text` with sorted imports and wrapped lines, as ruff would leave it."""
    ruff = [sys.executable, "-m", "ruff"]
    for command in (["check", "--quiet", "--fix", "--select", "I,RUF022"], ["format", "--quiet"]):
        filename = ["--stdin-filename", str(SOURCES / "users" / "generated.py"), "-"]
        done = subprocess.run([*ruff, *command, *filename], input=text, capture_output=True, text=True, check=True)
        text = done.stdout
    return text


def main() -> int:
    """Write the files, or compare them; the exit status is 1 if `--check` found a difference."""
    parser = argparse.ArgumentParser(description="Generate the async clients from the blocking ones.")
    parser.add_argument("--check", action="store_true", help="fail if a file is out of date, and write nothing")
    check: bool = parser.parse_args().check
    outdated = False
    for source, target in FILES.items():
        path = SOURCES / target
        new = generated(SOURCES / source)
        old = path.read_text(encoding="utf-8") if path.exists() else ""
        if new == old:
            continue
        outdated = True
        if check:
            sys.stderr.writelines(difflib.unified_diff(old.splitlines(True), new.splitlines(True), target, "generated"))
        else:
            path.write_text(new, encoding="utf-8")
            print(f"wrote {path.relative_to(ROOT)}")
    if check and outdated:
        sys.stderr.write("The async clients are out of date. Run: make generate\n")
    return int(check and outdated)


if __name__ == "__main__":
    sys.exit(main())
