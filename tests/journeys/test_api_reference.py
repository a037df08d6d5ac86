"""The platform describes itself, without asking any other host."""

import re

import requests

from demo.platform_process import PlatformProcess


def test_every_operation_says_what_it_needs_and_answers(platform: PlatformProcess) -> None:
    document = requests.get(f"{platform.url}/openapi.json").json()

    operations = [(path, verb, told) for path, verbs in document["paths"].items() for verb, told in verbs.items()]
    assert {path for path, _, _ in operations} >= {"/data", "/jobs/{job_id}/start", "/links/data/{data_id}"}
    for path, verb, told in operations:
        assert told["summary"], (path, verb)
        assert any(status.startswith("2") or status == "302" for status in told["responses"]), (path, verb)
        placeholders = set(re.findall(r"{(\w+)}", path))
        assert {p["name"] for p in told["parameters"] if p["in"] == "path"} == placeholders, (path, verb)
    assert len({told["operationId"] for _, _, told in operations}) == len(operations)


def test_every_reference_in_the_description_leads_to_a_shape(platform: PlatformProcess) -> None:
    text = requests.get(f"{platform.url}/openapi.json").text
    shapes = requests.get(f"{platform.url}/openapi.json").json()["components"]["schemas"]

    named = set(re.findall(r'"#/components/schemas/([^"]+)"', text))

    assert named
    assert named <= set(shapes)


def test_the_human_page_loads_from_this_host_alone(platform: PlatformProcess) -> None:
    page = requests.get(platform.url + "/docs/api")

    assert page.headers["content-type"].startswith("text/html")
    assert "default-src 'self'" in page.headers["content-security-policy"]
    assets = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert assets
    for asset in assets:
        assert asset.startswith("/"), f"{asset} is on another host"
        assert requests.get(platform.url + asset).status_code == 200, asset


def test_nothing_else_is_served_from_the_assets(platform: PlatformProcess) -> None:
    for name in ("swagger-editor.html", "..%2f..%2fsetup.py", "index.html"):
        assert requests.get(f"{platform.url}/docs/api/{name}").status_code == 404
