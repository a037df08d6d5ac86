"""Reference pages of the included analytics, generated from their manifests."""

import json
from collections.abc import Mapping
from typing import Any

from generators.markdown import code, plain, sentence, table, toctree
from voxel51.server.analytics.installed import find_installed

INTERNAL = "voxel51/rendition"
"""The analytic of internal jobs, which users cannot run."""

_INTRODUCTION = """# Analytics

The included analytics. Run an analytic by its name from Python, on the command line, or with
[a request](../http/jobs.md) to `POST /v1/jobs`.
"""


def pages() -> dict[str, str]:
    """File name -> Markdown."""
    found = {each.entry_point: each.document for each in find_installed().analytics if each.entry_point != INTERNAL}
    built_in = {name: document for name, document in found.items() if name.startswith("voxel51/")}
    generated = {f"analytics/{_short(name)}.md": _page(name, document) for name, document in built_in.items()}
    rows = [
        (f"[{name}]({_short(name)}.md)", plain(document["info"]["description"])) for name, document in built_in.items()
    ]
    index = [_INTRODUCTION, *table(("analytic", "description"), rows), *toctree(sorted(map(_short, built_in)))]
    return {**generated, "analytics/index.md": "\n".join(index)}


def _short(name: str) -> str:
    return name.rpartition("/")[2]


def _page(name: str, document: Any) -> str:
    info, more = document["info"], document.get("extensions") or {}
    ranges = more.get("parameters", {})
    lines = [f"# {name}", "", sentence(info["description"]), "", f"Version {info['version']}.", ""]
    lines += ["## Inputs", "", *table(("input", "type", "required", "description"), map(_input, document["inputs"]))]
    if document["parameters"]:
        rows = [_parameter(each, ranges.get(each["name"], {})) for each in document["parameters"]]
        lines += ["## Parameters", "", *table(("parameter", "type", "default", "range", "description"), rows)]
    lines += ["## Outputs", "", *table(("output", "type", "file", "description"), map(_output, document["outputs"]))]
    lines += _examples(name, document)
    if more.get("limitations"):
        lines += ["## Limitations", "", *(f"- {plain(each)}" for each in more["limitations"]), ""]
    for heading, key in (("Source", "source"), ("Licence", "licence")):
        if more.get(key):
            lines += [f"## {heading}", "", sentence(more[key]), ""]
    if model := more.get("model"):
        accuracy = f" Accuracy: {model['accuracy']}." if "accuracy" in model else ""
        lines += ["## Model", "", f"{plain(model['name'])}, licence {model['licence']}.{accuracy}", ""]
    return "\n".join(lines)


def _type_name(field: Mapping[str, Any]) -> str:
    return str(field["type"]).removeprefix("types.")


def _input(field: Mapping[str, Any]) -> tuple[str, ...]:
    return code(field["name"]), _type_name(field), "yes" if field["required"] else "no", plain(field["description"])


def _parameter(field: Mapping[str, Any], limits: Mapping[str, Any]) -> tuple[str, ...]:
    default = field.get("default")
    shown = "**required**" if field.get("required") else "" if default is None else code(json.dumps(default))
    return code(field["name"]), _type_name(field), shown, _range(limits), plain(field["description"])


def _range(limits: Mapping[str, Any]) -> str:
    low, high = limits.get("minimum"), limits.get("maximum")
    words = [] if low is None and high is None else [f"{low} to {high}" if None not in {low, high}
             else f"{low} or more" if high is None else f"{high} at most"]  # fmt: skip
    words += [" or ".join(code(json.dumps(each)) for each in limits.get("enum") or limits.get("choices") or ())]
    return ", ".join(filter(None, words))


def _output(field: Mapping[str, Any]) -> tuple[str, ...]:
    return code(field["name"]), _type_name(field), code(field["filename"]), plain(field["description"])


def _examples(name: str, document: Any) -> list[str]:
    """Return example calls with the required files and the default of one parameter."""
    files = {each["name"]: "detector.onnx" for each in document["parameters"]
              if each.get("required") and _type_name(each) not in {"Number", "String", "Boolean"}}  # fmt: skip
    chosen = next((each for each in document["parameters"] if each.get("default") is not None), None)
    given = {} if chosen is None else {chosen["name"]: chosen["default"]}
    options = [f"--param {key}=@{path}" for key, path in files.items()]
    options += [f"--param {key}={_shell(value)}" for key, value in given.items()]
    parameters = [f'"{key}": Path("{path}")' for key, path in files.items()]
    parameters += [f'"{key}": {value!r}' for key, value in given.items()]
    first = document["inputs"][0]["name"]
    imports = ["from pathlib import Path", ""] if files else []
    return [
        "## Examples", "", "Command line:", "", "```sh",
        " ".join(["voxel51 run", name, "street.mp4", *options]), "```", "", "Python:", "", "```python",
        *imports, "from voxel51.users.api import API", "", "with API() as api:",
        f'    result = api.run("{name}", {{"{first}": "street.mp4"}}, {{{", ".join(parameters)}}})',
        "    print(result.output_path)", "```", "",
    ]  # fmt: skip


def _shell(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    return text if text.replace(".", "").replace("-", "").replace("_", "").isalnum() else f"'{text}'"
