"""A page for each analytic that is installed, from its manifest."""

import json
from collections.abc import Mapping
from typing import Any

from makers.markdown import code, plain, sentence, table, toctree
from voxel51.server.analytics.installed import find_installed

INTERNAL = "voxel51/rendition"
"""Runs by the platform's own wish alone."""

_INTRODUCTION = """# Analytics

What comes with the platform. Each of them is asked for by its name: from Python, on the command line, or by
[a request](../http/jobs.md) to `POST /v1/jobs`.
"""


def pages() -> dict[str, str]:
    """File name -> Markdown."""
    found = {each.entry_point: each.document for each in find_installed() if each.entry_point != INTERNAL}
    built_in = {name: document for name, document in found.items() if name.startswith("voxel51/")}
    made = {f"analytics/{_short(name)}.md": _page(name, document) for name, document in built_in.items()}
    rows = [
        (f"[{name}]({_short(name)}.md)", plain(document["info"]["description"])) for name, document in built_in.items()
    ]
    index = [_INTRODUCTION, *table(("analytic", "what it does"), rows), *toctree(sorted(map(_short, built_in)))]
    return {**made, "analytics/index.md": "\n".join(index)}


def _short(name: str) -> str:
    return name.rpartition("/")[2]


def _page(name: str, document: Any) -> str:
    info, more = document["info"], document.get("extensions") or {}
    ranges = more.get("parameters", {})
    lines = [f"# {name}", "", sentence(info["description"]), "", f"Version {info['version']}.", ""]
    lines += ["## Inputs", "", *table(("input", "type", "needed", "meaning"), map(_input, document["inputs"]))]
    if document["parameters"]:
        rows = [_parameter(each, ranges.get(each["name"], {})) for each in document["parameters"]]
        lines += ["## Parameters", "", *table(("parameter", "type", "default", "range", "meaning"), rows)]
    lines += ["## Outputs", "", *table(("output", "type", "file", "meaning"), map(_output, document["outputs"]))]
    lines += _examples(name, document)
    if more.get("limitations"):
        lines += ["## What it does not do", "", *(f"- {plain(each)}" for each in more["limitations"]), ""]
    for heading, key in (("Made of", "source"), ("Licence", "licence")):
        if more.get(key):
            lines += [f"## {heading}", "", sentence(more[key]), ""]
    return "\n".join(lines)


def _kind(field: Mapping[str, Any]) -> str:
    return str(field["type"]).removeprefix("types.")


def _input(field: Mapping[str, Any]) -> tuple[str, ...]:
    return code(field["name"]), _kind(field), "yes" if field["required"] else "no", plain(field["description"])


def _parameter(field: Mapping[str, Any], limits: Mapping[str, Any]) -> tuple[str, ...]:
    default = field.get("default")
    shown = "**needed**" if field.get("required") else "" if default is None else code(json.dumps(default))
    return code(field["name"]), _kind(field), shown, _range(limits), plain(field["description"])


def _range(limits: Mapping[str, Any]) -> str:
    low, high = limits.get("minimum"), limits.get("maximum")
    words = [] if low is None and high is None else [f"{low} to {high}" if None not in {low, high}
             else f"{low} or more" if high is None else f"{high} at most"]  # fmt: skip
    words += [" or ".join(code(json.dumps(each)) for each in limits.get("enum") or limits.get("choices") or ())]
    return ", ".join(filter(None, words))


def _output(field: Mapping[str, Any]) -> tuple[str, ...]:
    return code(field["name"]), _kind(field), code(field["filename"]), plain(field["description"])


def _examples(name: str, document: Any) -> list[str]:
    """How it is called: the first parameter that has a default is given it, and files that it needs are named."""
    needed = {each["name"]: "detector.onnx" for each in document["parameters"]
              if each.get("required") and _kind(each) not in {"Number", "String", "Boolean"}}  # fmt: skip
    chosen = next((each for each in document["parameters"] if each.get("default") is not None), None)
    given = {} if chosen is None else {chosen["name"]: chosen["default"]}
    options = [f"--param {key}=@{path}" for key, path in needed.items()]
    options += [f"--param {key}={_shell(value)}" for key, value in given.items()]
    parameters = [f'"{key}": Path("{path}")' for key, path in needed.items()]
    parameters += [f'"{key}": {value!r}' for key, value in given.items()]
    first = document["inputs"][0]["name"]
    imports = ["from pathlib import Path", ""] if needed else []
    return [
        "## How it is called", "", "On the command line:", "", "```sh",
        " ".join(["voxel51 run", name, "street.mp4", *options]), "```", "", "From Python:", "", "```python",
        *imports, "from voxel51.users.api import API", "", "with API() as api:",
        f'    result = api.run("{name}", {{"{first}": "street.mp4"}}, {{{", ".join(parameters)}}})',
        "    print(result.output_path)", "```", "",
    ]  # fmt: skip


def _shell(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    return text if text.replace(".", "").replace("-", "").replace("_", "").isalnum() else f"'{text}'"
