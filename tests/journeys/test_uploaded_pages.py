"""Uploaded HTML pages: they are downloaded as files and never rendered."""

import requests

from support.accounts import User

PAGE = b"<!doctype html><script>fetch('/v1/account').then(r => r.json()).then(console.log)</script>"


def test_uploaded_page_is_downloaded_and_not_rendered(shared_user: User) -> None:
    files = {"file": ("page.html", PAGE, "text/html")}
    data_id = requests.post(f"{shared_user.v1}/data", files=files, headers=shared_user.headers).json()["data"]["id"]

    answer = requests.get(f"{shared_user.v1}/data/{data_id}/download", headers=shared_user.headers)

    assert answer.content == PAGE
    assert answer.headers["content-disposition"].startswith("attachment")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'; sandbox"


def test_api_responses_are_not_rendered(shared_user: User) -> None:
    for path in ("/account", "/nothing", "/data/list"):
        answer = requests.get(shared_user.v1 + path, headers=shared_user.headers)
        assert "sandbox" in answer.headers["content-security-policy"]
