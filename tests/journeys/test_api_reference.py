"""API reference: the platform describes its API without contacting any other host."""

import re

import requests

from demo.platform_process import PlatformProcess


def test_every_operation_has_its_parameters_and_responses(platform: PlatformProcess) -> None:
    document = requests.get(f"{platform.url}/openapi.json").json()

    verbs_of_paths = document["paths"].items()
    operations = [(path, verb, each) for path, verbs in verbs_of_paths for verb, each in verbs.items()]
    assert {path for path, _, _ in operations} >= {"/data", "/jobs/{job_id}/start", "/links/data/{data_id}"}
    for path, verb, operation in operations:
        assert operation["summary"], (path, verb)
        assert any(status.startswith("2") or status == "302" for status in operation["responses"]), (path, verb)
        placeholders = set(re.findall(r"{(\w+)}", path))
        assert {p["name"] for p in operation["parameters"] if p["in"] == "path"} == placeholders, (path, verb)
    assert len({operation["operationId"] for _, _, operation in operations}) == len(operations)


def test_every_reference_in_the_description_resolves(platform: PlatformProcess) -> None:
    text = requests.get(f"{platform.url}/openapi.json").text
    shapes = requests.get(f"{platform.url}/openapi.json").json()["components"]["schemas"]

    named = set(re.findall(r'"#/components/schemas/([^"]+)"', text))

    assert named
    assert named <= set(shapes)


def test_reference_page_loads_from_this_host_only(platform: PlatformProcess) -> None:
    page = requests.get(platform.url + "/docs/api")

    assert page.headers["content-type"].startswith("text/html")
    assert "default-src 'self'" in page.headers["content-security-policy"]
    assert "frame-ancestors 'none'" in page.headers["content-security-policy"]
    assets = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert assets
    for asset in assets:
        assert asset.startswith("/"), f"{asset} is on another host"
        assert requests.get(platform.url + asset).status_code == 200, asset


def test_no_other_assets_are_served(platform: PlatformProcess) -> None:
    for name in ("swagger-editor.html", "..%2f..%2fsetup.py", "index.html"):
        assert requests.get(f"{platform.url}/docs/api/{name}").status_code == 404
