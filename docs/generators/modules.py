"""Reference pages of the public Python modules, generated from their docstrings."""

import importlib
import inspect
from collections.abc import Mapping
from typing import NamedTuple

from generators.markdown import toctree


class Page(NamedTuple):
    """A page: its title, and the modules it describes, relative to ``voxel51``."""

    title: str
    modules: str


PAGES: Mapping[str, Page] = {
    "users": Page("Client for users", "users.api"),
    "users-async": Page("Client for asyncio", "users.async_api"),
    "tokens": Page("Tokens", "users.auth apps.auth"),
    "jobs": Page("Job requests and results", "users.jobs users.scheduling users.scheduled_work "
        "users.pipeline_documents users.running users.batch_results users.notebook_media users.progress"),
    "queries": Page("Queries", "users.query"),
    "errors": Page("Client errors", "transport.errors"),
    "helpers": Page("Helpers of the original client", "users.utils users.logging"),
    "applications": Page("Client for applications", "apps.api apps.async_api"),
    "label-records": Page(
        "Label records", "labels.video labels.builder labels.video_base labels.image labels.objects labels.events "
        "labels.attributes labels.geometry labels.support labels.masks labels.metadata"),
    "label-files": Page(
        "Read, write and validate labels", "labels.validate labels.errors labels.writer labels.merge "
        "labels.spans labels.files"),
    "label-formats": Page(
        "Convert labels", "labels.formats labels.readers labels.formats.fiftyone "
        "labels.formats.supervision"),
    "label-measures": Page(
        "Evaluate and compare labels", "labels.evaluate labels.compare labels.box_differences labels.charts "
        "labels.chart_files labels.chart_pictures "
        "labels.label_table"),
    "label-drawing": Page("Draw labels", "labels.draw labels.contact_sheet labels.drawing_primitives"),
    "media": Page(
        "Read and write media", "labels.media labels.media.video_reader labels.media.frame labels.media.containers "
        "labels.media.frame_index labels.media.still_images labels.media.playable labels.media.video_writer "
        "labels.media.audio_reader"),
    "analytics": Page(
        "Write an analytic", "platform platform.decorator platform.annotations platform.definition "
        "platform.entry_points platform.job platform.video platform.frame_batches platform.selection "
        "platform.parameter_groups platform.errors platform.weights platform.local platform.splitting "
        "platform.frame_part platform.measures"),
    "original-sdk": Page(
        "The original SDK", "platform.task platform.api platform.utils platform.auth platform.config "
        "platform.serializable image2video.core"),
}  # fmt: skip
"""File name -> page."""

_CLIENTS = {"users.api": "API", "users.async_api": "AsyncAPI", "apps.api": "ApplicationAPI",
            "apps.async_api": "AsyncApplicationAPI"}  # fmt: skip
"""Module -> class whose inherited methods are documented too."""

_INTRODUCTION = """# Python

The public modules. The light client includes the client and label modules; drawing and media modules need the extra
`labels`, and analytics need the extra `analytics`.
"""
_NOT_OURS = "object,Exception,BaseException,Generic,Protocol"


def pages() -> dict[str, str]:
    """Return file name -> reStructuredText (the format of the docstrings), and the index page."""
    generated = {f"python/{name}.rst": _page(page) for name, page in PAGES.items()}
    return {**generated, "python/index.md": "\n".join([_INTRODUCTION, *toctree(PAGES)])}


def _page(page: Page) -> str:
    lines = [page.title, "=" * len(page.title), ""]
    for name in page.modules.split():
        module = f"voxel51.{name}"
        lines += [module, "-" * len(module), ""]
        if name in _CLIENTS:
            lines += _calls(module, _CLIENTS[name])
        lines += [f".. automodule:: {module}"]
        lines += [f"   :inherited-members: {_NOT_OURS}"] if name in _CLIENTS else []
        # Names that the async modules re-export are documented on the page of the blocking client.
        lines += ["   :ignore-module-all:"] if name.endswith("async_api") else []
        lines += [""]
    return "\n".join(lines)


def _calls(module: str, name: str) -> list[str]:
    """Return a list of a client's methods with links to their descriptions."""
    methods = inspect.getmembers(getattr(importlib.import_module(module), name), inspect.isroutine)
    lines = [f"Methods of `{name}`:", ""]
    for method, function in methods:
        docstring = inspect.getdoc(function)
        if docstring and not method.startswith("_"):
            lines += [f"- :meth:`~{module}.{name}.{method}`: {docstring.splitlines()[0]}"]
    return [*lines, ""]
