"""The wheel contains the documentation."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import requests

from docs.site import Site
from support.documentation_pages import ROOT
from support.platforms import StartPlatform

_BUILD_SECONDS = 600


@pytest.mark.slow
@pytest.mark.timeout(_BUILD_SECONDS)
def test_a_platform_from_the_wheel_serves_the_site(
    site: Site, tmp_path: Path, start_platform: StartPlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    build = [sys.executable, "-m", "uv", "build", "--quiet", "--wheel", "--out-dir", tmp_path, ROOT]
    subprocess.run(build, check=True)
    (wheel,) = tmp_path.glob("*.whl")
    installed = tmp_path / "installed"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(installed)
    assert not [path for path in installed.rglob("*") if "doctrees" in path.parts or path.suffix == ".pickle"]
    monkeypatch.setenv("PYTHONPATH", f"{installed}{os.pathsep}{os.environ.get('PYTHONPATH', '')}")

    platform = start_platform()

    pages = [f"{platform.url}/docs", f"{platform.url}/docs/generated/settings.html"]
    assert [requests.get(page).status_code for page in pages] == [200, 200]
    folder = installed / "voxel51" / "server" / "site"
    assert {path.relative_to(folder).as_posix() for path in folder.rglob("*.html")} == set(site.pages)
    hidden = folder.with_name("away")
    folder.rename(hidden)
    assert requests.get(pages[0]).status_code == 503, "it was served from elsewhere"
