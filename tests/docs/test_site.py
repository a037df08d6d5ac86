"""The built site: complete reference, valid links, no resources from other hosts."""

import argparse
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import fields

import pytest
import requests

from demo.platform_process import PlatformProcess
from docs.site import Page, Site
from support.documentation_pages import DOCUMENTATION, blocks, pages
from voxel51.cli.main import build_parser
from voxel51.cli.parsing import all_parsers
from voxel51.platform.entry_points import analytic_entry_points
from voxel51.server.settings import PREFIX, Settings

PUBLIC = r"voxel51\.(?:users|apps|labels|transport|platform)[\w.]*"


def test_all_written_pages_are_built(site: Site) -> None:
    written = [page.relative_to(DOCUMENTATION) for page in pages() if page.is_relative_to(DOCUMENTATION)]

    assert {page.with_suffix(".html").as_posix() for page in written} - set(site.pages) == set()


def test_every_link_and_anchor_exists(site: Site) -> None:
    assert sum(len(page.links) for page in site.pages.values()) > 1000
    assert list(site.broken()) == []


def test_broken_links_are_detected(site: Site) -> None:
    page = Page(site.folder / "index.html", links=["nowhere.html", "index.html#nothing", "index.html"])
    known = {**site.pages, "index.html": page}

    assert list(Site(site.folder, {"index.html": known["index.html"]}).broken()) == [
        "index.html -> nowhere.html",
        "index.html -> index.html#nothing",
    ]


def test_nothing_is_loaded_from_another_host(site: Site) -> None:
    loaded = {link for page in site.pages.values() for link in page.loads}

    assert any(link.endswith(".css") or ".css?" in link for link in loaded)
    assert {link for link in loaded if re.match(r"(https?:)?//", link)} == set()


def test_every_setting_has_an_entry(site: Site) -> None:
    names = {PREFIX + setting.name.upper() for setting in fields(Settings)}

    assert names - site.headings("generated/settings") == set()


def test_settings_name_their_option_of_server_start(site: Site) -> None:
    text = (site.folder / "generated" / "settings.html").read_text(encoding="utf-8")

    for option in ("dir", "host", "port", "public-url", "job-url", "tls-certificate", "tls-key"):
        assert f"voxel51 server start --{option}" in re.sub(r"<[^>]+>", "", text), option


def test_every_route_has_an_entry(site: Site, platform: PlatformProcess) -> None:
    described = requests.get(f"{platform.url}/openapi.json").json()
    routes = {f"{method.upper()} /v1{path}" for path, methods in described["paths"].items() for method in methods}

    assert routes - site.headings("generated/http") == set()
    assert set(described["components"]["schemas"]) - site.headings("generated/http/shapes") == set()


def test_every_command_has_an_entry(site: Site) -> None:
    names = {parser.prog for parser in all_parsers(build_parser())}

    assert len(names) > 50
    assert names - site.headings("generated/command") == set()


def test_every_analytic_has_a_page(site: Site) -> None:
    names = {name for name in analytic_entry_points() if name.startswith("voxel51/")} - {"voxel51/rendition"}

    assert names
    assert names - site.headings("generated/analytics/") == set()


def test_modules_imported_by_examples_are_documented(site: Site) -> None:
    shown = {
        module
        for page in pages()
        for block in blocks(page, "py", "python")
        if block.source is None
        for module in re.findall(rf"^\s*(?:from|import) ({PUBLIC})", block.text, re.MULTILINE)
    }
    there = {anchor for page in site.pages.values() for anchor in page.anchors}

    assert "voxel51.users.api" in shown
    assert {module for module in shown if f"module-{module}" not in there} == set()


def test_examples_of_analytics_are_valid(site: Site) -> None:
    """Parse the command with the command line's parser, and compile the Python code."""
    made = sorted((DOCUMENTATION / "generated" / "analytics").glob("*.md"))
    for page in made:
        for block in blocks(page, "python"):
            compile(block.text, str(block), "exec")
        for block in blocks(page, "sh"):
            options = _parse_command(block.text.split()[1:])
            assert options.analytic == f"voxel51/{page.stem}", str(block)
            assert options.videos == ["street.mp4"]
    assert len(made) > 9


def _parse_command(words: list[str]) -> argparse.Namespace:
    return build_parser().parse_args([word.strip("'") for word in words])


@pytest.fixture
def no_packages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """An environment in which Python has no Sphinx."""
    folder = tmp_path_factory.mktemp("bare")
    (folder / "python3").symlink_to(sys.base_prefix + "/bin/python3")
    yield {"PATH": f"{folder}:{os.defpath}"}


def test_missing_sphinx_is_reported(no_packages: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("clone") / "docs"
    folder.mkdir()
    script = folder / "generate_docs.bash"
    script.write_bytes((DOCUMENTATION / "generate_docs.bash").read_bytes())

    done = subprocess.run(["bash", script], env=no_packages, capture_output=True, text=True, check=False)

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "generate_docs: Sphinx, Furo and MyST are not installed; run 'make dev' first\n"
