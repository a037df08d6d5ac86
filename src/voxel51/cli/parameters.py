"""Parameters of the command line: ``--param NAME=VALUE``, where a value is JSON, text, or ``@PATH`` for a file."""

import json
from collections.abc import Sequence
from pathlib import Path

from voxel51.users.api import API
from voxel51.wire.analytics import AnalyticDocument
from voxel51.wire.documents import JsonObject
from voxel51.wire.jobs import DATA_ID_FIELD


def read_parameters(texts: Sequence[str], document: AnalyticDocument) -> dict[str, object]:
    """Return the parameters of the command line: JSON values, or paths of files."""
    declared = {each["name"]: each["type"] for each in document["parameters"]}
    parameters: dict[str, object] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise ValueError(f"invalid --param {text!r}: expected NAME=VALUE")
        if name in parameters:
            raise ValueError(f"--param {name} is given twice. Give each parameter once.")
        parameters[name] = _value(name, value, declared.get(name))
    return parameters


def with_uploads(api: API, given: dict[str, object]) -> JsonObject:
    """Return the parameters with files uploaded."""
    return {
        name: {DATA_ID_FIELD: api.upload_data(value, reuse=True)["id"]} if isinstance(value, Path) else value
        for name, value in given.items()
    }


def _value(name: str, text: str, kind: str | None) -> object:
    if text.startswith("@"):
        path = Path(text[1:])
        if not path.is_file():
            raise FileNotFoundError(f"--param {name}: file not found: {text[1:]!r}")
        return path
    try:
        value = json.loads(text)
    except ValueError:
        return text
    return text if kind == "types.String" and not isinstance(value, str) else value
