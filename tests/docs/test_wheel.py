"""The wheel contains the documentation."""

from pathlib import Path

import pytest
import requests

from demo.unpacked_wheel import path_with, unpacked_wheel
from docs.site import Site
from support.platforms import StartPlatform

_BUILD_SECONDS = 600


@pytest.mark.slow
@pytest.mark.timeout(_BUILD_SECONDS)
def test_a_platform_from_the_wheel_serves_the_site(
    site: Site, tmp_path: Path, start_platform: StartPlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed = unpacked_wheel(tmp_path)
    assert not [path for path in installed.rglob("*") if "doctrees" in path.parts or path.suffix == ".pickle"]
    monkeypatch.setenv("PYTHONPATH", path_with(installed))

    platform = start_platform()

    pages = [f"{platform.url}/docs", f"{platform.url}/docs/generated/settings.html"]
    assert [requests.get(page).status_code for page in pages] == [200, 200]
    folder = installed / "voxel51" / "server" / "site"
    assert {path.relative_to(folder).as_posix() for path in folder.rglob("*.html")} == set(site.pages)
    hidden = folder.with_name("away")
    folder.rename(hidden)
    assert requests.get(pages[0]).status_code == 404, "it was served from elsewhere"
