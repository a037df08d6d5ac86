"""Every public name of the original client exists: the code is compared with the tables in ``original_client.md``."""

import importlib
import inspect
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from voxel51.cli.main import build_parser
from voxel51.cli.parsing import all_parsers

DOCUMENT = (Path(__file__).parent / "original_client.md").read_text(encoding="utf-8")

NAMES_IN = {
    "5.1": ("voxel51.users.api", ["API", "APIError"]),
    "5.2": ("voxel51.users.auth", ["Token"]),
    "5.3": ("voxel51.users.jobs", ["JobRequest", "RemoteDataPath", "JobComputeMode", "JobState", "JobFailureType"]),
    "5.4": ("voxel51.users.query", ["BaseQuery", "AnalyticsQuery"]),
    "5.5": ("voxel51.users.utils", ["Serializable"]),
}
"""Section -> the module that it describes, and the classes whose members it names."""

FURTHER_NAMES = {
    "voxel51.users.api": ["AnalyticType.PLATFORM", "AnalyticImageType.GPU", "API.base_url", "APIError"],
    "voxel51.users.logging": ["setup_logging"],
    "voxel51.constants": ["NAME", "VERSION", "DESCRIPTION", "AUTHOR", "CONTACT", "URL", "LICENSE", "VERSION_LONG"],
    "voxel51.apps.auth": [
        "KEY_HEADER", "USER_HEADER", "TOKEN_PATH", "activate_application_token(path)",
        "deactivate_application_token()", "load_application_token(token_path=None)",
        "get_active_application_token_path()", "ApplicationTokenError", "ApplicationToken",
        "ApplicationToken.get_header(username=None)",
    ],
    "voxel51.apps.api": [
        "ApplicationAPI(token=None, keep_alive=False)", "ApplicationAPI.with_user(username)",
        "ApplicationAPI.exit_user()", "ApplicationAPI.from_json(token_path, **kwargs)",
        "ApplicationAPI.query_application_data(data_query)", "ApplicationAPI.query_application_jobs(jobs_query)",
        "ApplicationAPI.create_user(username)", "ApplicationAPI.list_users()", "ApplicationAPIError", "API", "APIError",
    ],
    "voxel51.cli.cli": ["main"],
}  # fmt: skip
"""Names in paragraphs of the document (§5.6), and names that scripts import from where the original imported them."""

CHANGED_DEFAULTS = {"keep_alive"}
"""Parameters whose default differs on purpose: connections are kept open."""

_NAME = re.compile(r"`([A-Za-z_][\w.]*(?:\([^`]*\))?)`")


@dataclass(frozen=True)
class Name:
    """A name in the document, where to look it up, and its parameters; None if it is not shown as a call."""

    module: str
    path: str
    parameters: str | None
    classes: tuple[str, ...] = ()

    def resolve(self) -> object:
        """Return the object; AttributeError if it does not exist."""
        module = importlib.import_module(self.module)
        for prefix in ("", *(f"{each}." for each in self.classes)):
            value: object = module
            try:
                for part in f"{prefix}{self.path}".split("."):
                    value = getattr(value, part)
            except AttributeError:
                continue
            return value
        raise AttributeError(f"{self.module} has no {self.path}")


def section(number: str) -> str:
    found = re.search(rf"^### {re.escape(number)} .*?(?=^##|\Z)", DOCUMENT, re.MULTILINE | re.DOTALL)
    assert found is not None, number
    return found[0]


def rows(text: str) -> Iterator[list[str]]:
    for line in text.splitlines():
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        if cells and not cells[0].startswith(("---", ":--")):
            yield cells


def named(text: str) -> list[tuple[str, str | None]]:
    """Return the names in backticks, each with its parameters."""
    found = [match.partition("(") for match in _NAME.findall(text)]
    return [(path, rest.removesuffix(")") if bracket else None) for path, bracket, rest in found]


def names_of_section(number: str) -> Iterator[Name]:
    module, classes = NAMES_IN[number]
    for cells in rows(section(number)):
        if cells[0] in {"Method", "Name"}:
            continue
        parameters = re.match(r"`\(([^`]*)\)`", cells[1]) if number == "5.1" else None
        for path, own in named(cells[0]):
            if path not in {"str"}:
                yield Name(module, path, parameters[1] if parameters else own, tuple(classes))
        if number == "5.3":  # the second column of this section names members of the class in the first
            for path, own in named(cells[1]):
                if own is not None and not own.startswith('"'):  # a message is in quotes
                    yield Name(module, path, own, tuple(classes))
    if number == "5.5":
        functions = section(number).partition("\n")[2].partition("`Serializable`")[0]
        for path, own in named(functions):
            yield Name(module, path, None if own is None or "..." in own else own, tuple(classes))


def every_name() -> Iterator[Name]:
    for number in NAMES_IN:
        yield from names_of_section(number)
    for module, paths in FURTHER_NAMES.items():
        for path in paths:
            head, bracket, rest = path.partition("(")
            yield Name(module, head, rest.removesuffix(")") if bracket else None)


def parameters_of(function: object) -> list[str]:
    signature = inspect.signature(function)  # type: ignore[arg-type]
    shown = [str(each.replace(annotation=inspect.Parameter.empty)) for each in signature.parameters.values()]
    return [each for each in shown if each != "self"]


def comparable(parameter: str) -> str:
    name, _, default = parameter.replace(" ", "").partition("=")
    return name if not default or name in CHANGED_DEFAULTS else f"{name}={default.replace('logging.INFO', '20')}"


ALL_NAMES = sorted({(each.module, each.path, each.parameters, each.classes) for each in every_name()}, key=str)


@pytest.mark.parametrize(("module", "path", "parameters", "classes"), ALL_NAMES)
def test_every_name_of_the_original_exists_with_its_parameters(
    module: str, path: str, parameters: str | None, classes: tuple[str, ...]
) -> None:
    if (module, path) == ("voxel51.users.api", "API.base_url"):  # set by the constructor
        return

    value = Name(module, path, parameters, classes).resolve()

    if parameters:
        expected = [comparable(each) for each in parameters.split(", ")]
        ours = [comparable(each) for each in parameters_of(value)]
        if path == "post_data_as_url":  # takes the orders of several versions, so all but the first are optional
            expected, ours = ([each.partition("=")[0] for each in parameters] for parameters in (expected, ours))
        assert ours[: len(expected)] == expected


def test_the_tables_are_read() -> None:
    paths = {path for _, path, _, _ in ALL_NAMES}

    assert {"batch_update_jobs_ttl", "Token.from_str", "set_data_parameter", "add_search_or", "ensure_basedir"} <= paths
    assert len(ALL_NAMES) > 120


def commands() -> Iterator[tuple[str, str]]:
    """Yield each command of the original, and the cell of the document with its options."""
    options: dict[str, str] = {}
    for cells in rows(section("6.1")):
        text = cells[0].strip("`").replace("\\|", "|")
        if text == "Command":
            continue
        words = [word for word in text.split() if not word.startswith(("[", "ID", "PATH", "TOKEN"))]
        verbs = words[-1].split("|")
        for verb in verbs:
            command = " ".join([*words[:-1], verb])
            more = options.get("data list", "") if "as `data list`" in cells[1] else ""
            options[command] = f"{cells[1]} {more}"
            yield command, options[command]


@pytest.mark.parametrize(("command", "text"), [*commands()], ids=lambda value: value if "-" not in value else "")
def test_every_command_of_the_original_has_its_options(command: str, text: str) -> None:
    parsers = {each.prog.removeprefix("voxel51 "): each for each in all_parsers(build_parser())}

    known = {option for action in parsers[command]._actions for option in action.option_strings}

    pairs = re.findall(r"(?<![\w-])(-[a-z])/(--[a-z-]+)", text)
    assert {option for pair in pairs for option in pair} | {*re.findall(r"--[a-z][a-z-]+", text)} <= known
