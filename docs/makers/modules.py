"""The pages of the Python modules that people import, read from their docstrings."""

import importlib
import inspect
from collections.abc import Mapping
from typing import NamedTuple

from makers.markdown import toctree


class Page(NamedTuple):
    """One page: its title, and the modules on it, below ``voxel51``."""

    title: str
    modules: str


PAGES: Mapping[str, Page] = {
    "users": Page("The client of a user", "users.api"),
    "users-async": Page("The same for asyncio", "users.async_api"),
    "tokens": Page("Tokens", "users.auth apps.auth"),
    "jobs": Page("Job requests, and how jobs end", "users.jobs users.running users.progress"),
    "queries": Page("Queries", "users.query"),
    "errors": Page("Errors of the client", "transport.errors"),
    "helpers": Page("Small helpers of the original client", "users.utils users.logging"),
    "applications": Page("The client of an application", "apps.api apps.async_api"),
    "label-records": Page(
        "Labels as objects", "labels.video labels.video_base labels.image labels.objects labels.events "
        "labels.attributes labels.geometry labels.support labels.masks labels.metadata"),
    "label-files": Page(
        "Reading, writing and checking labels", "labels.validate labels.errors labels.writer labels.merge "
        "labels.spans labels.files"),
    "label-formats": Page(
        "Labels for other tools", "labels.formats labels.readers labels.formats.fiftyone "
        "labels.formats.supervision"),
    "label-measures": Page("Comparing and measuring labels", "labels.evaluate labels.compare"),
    "label-drawing": Page("Drawing labels", "labels.draw labels.contact_sheet labels.drawing_primitives"),
    "media": Page(
        "Videos as files", "labels.media labels.media.video_reader labels.media.frame labels.media.containers "
        "labels.media.frame_index labels.media.still_images labels.media.playable labels.media.video_writer "
        "labels.media.audio_reader"),
    "analytics": Page(
        "Writing an analytic", "platform.analytic platform.job platform.frames platform.selection "
        "platform.parameter_groups platform.errors platform.weights platform.local"),
}  # fmt: skip
"""Name of the file -> page."""

_CLIENTS = {"users.api": "API", "users.async_api": "AsyncAPI", "apps.api": "ApplicationAPI",
            "apps.async_api": "AsyncApplicationAPI"}  # fmt: skip
"""Module -> class on which people look for every call, those that it inherits too."""

_INTRODUCTION = """# Python

What is meant to be imported. The bare install has the client, and labels as objects and files; drawing and media need
the extra `labels`, and writing an analytic the extra `analytics`.
"""
_NOT_OURS = "object,Exception,BaseException,Generic,Protocol"


def pages() -> dict[str, str]:
    """File name -> reStructuredText, which alone can hold what docstrings say; and the list of them."""
    made = {f"python/{name}.rst": _page(page) for name, page in PAGES.items()}
    return {**made, "python/index.md": "\n".join([_INTRODUCTION, *toctree(PAGES)])}


def _page(page: Page) -> str:
    lines = [page.title, "=" * len(page.title), ""]
    for name in page.modules.split():
        module = f"voxel51.{name}"
        lines += [module, "-" * len(module), ""]
        if name in _CLIENTS:
            lines += _calls(module, _CLIENTS[name])
        lines += [f".. automodule:: {module}"]
        lines += [f"   :inherited-members: {_NOT_OURS}"] if name in _CLIENTS else []
        lines += [""]
    return "\n".join(lines)


def _calls(module: str, name: str) -> list[str]:
    """All calls of a client in short, each with a link to its description."""
    methods = inspect.getmembers(getattr(importlib.import_module(module), name), inspect.isroutine)
    lines = [f"Calls of {name}, each described below:", ""]
    for method, function in methods:
        said = inspect.getdoc(function)
        if said and not method.startswith("_"):
            lines += [f"- :meth:`~{module}.{name}.{method}`: {said.splitlines()[0]}"]
    return [*lines, ""]
