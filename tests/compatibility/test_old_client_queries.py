"""Queries in the encodings of all generations of old clients, on the same routes."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests

from support.accounts import User
from support.raw_http import send

Ask = Callable[[User, str, dict[str, Any]], dict[str, Any]]


def ask_with_json_body(user: User, path: str, query: dict[str, Any]) -> dict[str, Any]:
    """Python, 2020-04: a JSON body on GET, lists joined by commas."""
    joined = {name: ",".join(value) if isinstance(value, list) else value for name, value in query.items()}
    answer = requests.get(f"{user.v1}/{path}", headers=user.headers, json=joined)
    answer.raise_for_status()
    return dict(answer.json())


def ask_with_json_arrays(user: User, path: str, query: dict[str, Any]) -> dict[str, Any]:
    """Node, 2020-04: a JSON body on GET, lists as arrays; lower-case headers and no User-Agent."""
    headers = {"authorization": f"Bearer {user.key}", "content-type": "application/json"}
    answer = send("GET", f"{user.v1}/{path}", headers, json.dumps(query, separators=(",", ":")).encode())
    assert answer.status == 200, answer.body
    return dict(answer.json())


def ask_with_joined_query_string(user: User, path: str, query: dict[str, Any]) -> dict[str, Any]:
    """Python, 2020-01: everything in the query string, lists joined by commas, booleans as Python writes them."""
    joined = {name: ",".join(value) if isinstance(value, list) else value for name, value in query.items()}
    answer = requests.get(f"{user.v1}/{path}", headers=user.headers, params=joined)
    answer.raise_for_status()
    return dict(answer.json())


def ask_with_repeated_keys(user: User, path: str, query: dict[str, Any]) -> dict[str, Any]:
    """Python, 2019-10: the query string, one key for every element."""
    answer = requests.get(f"{user.v1}/{path}", headers=user.headers, params=query)
    answer.raise_for_status()
    return dict(answer.json())


def ask_with_indexed_keys(user: User, path: str, query: dict[str, Any]) -> dict[str, Any]:
    """Node, applications: the query string, ``fields[0]=…&fields[1]=…``, brackets percent-encoded."""
    flat: list[tuple[str, Any]] = []
    for name, value in query.items():
        if isinstance(value, list):
            flat += [(f"{name}[{index}]", element) for index, element in enumerate(value)]
        else:
            flat.append((name, str(value).lower() if isinstance(value, bool) else value))
    answer = requests.get(f"{user.v1}/{path}", headers=user.headers, params=flat)
    answer.raise_for_status()
    return dict(answer.json())


def ask_with_empty_brackets(user: User, path: str, query: dict[str, Any]) -> dict[str, Any]:
    """A common form that no known client uses: ``fields[]=…&fields[]=…``."""
    flat = {f"{name}[]" if isinstance(value, list) else name: value for name, value in query.items()}
    answer = requests.get(f"{user.v1}/{path}", headers=user.headers, params=flat)
    answer.raise_for_status()
    return dict(answer.json())


every_encoding = pytest.mark.parametrize(
    "ask",
    [
        pytest.param(ask_with_json_body, id="Python 2020-04"),
        pytest.param(ask_with_json_arrays, id="Node 2020-04"),
        pytest.param(ask_with_joined_query_string, id="Python 2020-01"),
        pytest.param(ask_with_repeated_keys, id="Python 2019-10"),
        pytest.param(ask_with_indexed_keys, id="Node applications"),
        pytest.param(ask_with_empty_brackets, id="empty brackets"),
    ],
)


@pytest.fixture(scope="module")
def owner(shared_user: User) -> User:
    """A user with three files whose names begin with ``encoding-``."""
    for name in ("encoding-one.txt", "encoding-two.txt", "encoding-three.csv"):
        files = {"file": (name, b"content", "text/plain")}
        requests.post(f"{shared_user.v1}/data", headers=shared_user.headers, files=files).raise_for_status()
    return shared_user


@every_encoding
def test_fields_search_sort_and_limit_work_in_every_encoding(owner: User, ask: Ask) -> None:
    query = {"fields": ["id", "name"], "search": ["name:encoding-", "name:one|two"], "sort": "name:desc", "limit": 5}

    answer = ask(owner, "data", query)

    assert [record["name"] for record in answer["data"]] == ["encoding-two.txt", "encoding-one.txt"]
    assert all(set(record) == {"id", "name"} for record in answer["data"])
    assert answer["count"] == 2


@every_encoding
def test_offset_and_limit_work_in_every_encoding(owner: User, ask: Ask) -> None:
    query = {"fields": ["name"], "search": ["name:encoding-"], "sort": "name:asc", "offset": 1, "limit": 1}

    answer = ask(owner, "data", query)

    assert [record["name"] for record in answer["data"]] == ["encoding-three.csv"]
    assert answer["count"] == 3, "count includes all matches, not only the page"


@every_encoding
def test_all_versions_works_in_every_encoding(owner: User, ask: Ask) -> None:
    query = {"fields": ["id", "name"], "search": ["scope:public|user", "name:shot-detection"], "all_versions": True}

    answer = ask(owner, "analytics", query)

    assert [record["name"] for record in answer["analytics"]] == ["voxel51/shot-detection"]


def test_an_empty_query_returns_all_fields(owner: User) -> None:
    answer = requests.get(f"{owner.v1}/data", headers=owner.headers, json={})

    record = answer.json()["data"][0]
    assert list(record) == ["id", "name", "size", "type", "upload_date", "expiration_date", "encoding"]


@pytest.mark.parametrize("spelling", ["True", "true", "TRUE", "1"])
def test_a_flag_is_searched_in_every_spelling(owner: User, spelling: str) -> None:
    everything = requests.get(f"{owner.v1}/analytics", headers=owner.headers, json={}).json()

    found = requests.get(f"{owner.v1}/analytics", headers=owner.headers, json={"search": f"pending:{spelling}"}).json()

    assert found["count"] == sum(record["pending"] for record in everything["analytics"])


@pytest.mark.parametrize("spelling", ["False", "false"])
def test_archived_false_finds_jobs_that_are_not_archived(owner: User, spelling: str) -> None:
    job = create_ready_job(owner)

    found = requests.get(
        f"{owner.v1}/jobs", headers=owner.headers, json={"fields": "id", "search": f"archived:{spelling}"}
    ).json()

    assert job in [record["id"] for record in found["jobs"]]


def test_numbers_may_be_text(owner: User) -> None:
    query = {"search": "name:encoding-", "limit": "2", "offset": "1"}

    found = requests.get(f"{owner.v1}/data", headers=owner.headers, json=query).json()

    assert len(found["data"]) == 2


def test_a_search_is_split_at_its_first_colon_and_at_unescaped_commas(owner: User) -> None:
    files = {"file": ("colon a:b, c.txt", b"content", "text/plain")}
    requests.post(f"{owner.v1}/data", headers=owner.headers, files=files).raise_for_status()

    def names_found_by(search: str) -> list[str]:
        answer = requests.get(f"{owner.v1}/data", headers=owner.headers, json={"search": search})
        return [record["name"] for record in answer.json()["data"]]

    assert names_found_by("name:a:b,c.txt") == ["colon a:b, c.txt"]
    assert names_found_by(r"name:b\, c") == ["colon a:b, c.txt"]
    assert names_found_by("name:a:b,encoding-one") == []


def test_the_error_names_an_unsupported_search_field(owner: User) -> None:
    answer = requests.get(f"{owner.v1}/data", headers=owner.headers, json={"search": "colour:red"})

    assert answer.status_code == 400
    assert "Invalid search parameter colour" in answer.json()["error"]["message"]


def test_the_list_of_analytics_accepts_a_body_on_get(owner: User) -> None:
    answer = requests.get(f"{owner.v1}/analytics/list", headers=owner.headers, json={"all_versions": False})

    names = [record["name"] for record in answer.json()["analytics"]]
    assert {"voxel51/shot-detection", "voxel51/object-tracks"} <= set(names)


def test_details_of_an_analytic_serve_both_generations(owner: User) -> None:
    listed = requests.get(f"{owner.v1}/analytics/list", headers=owner.headers, json={"all_versions": False}).json()
    analytic_id = listed["analytics"][0]["id"]

    details = requests.get(f"{owner.v1}/analytics/{analytic_id}", headers=owner.headers).json()
    document = requests.get(f"{owner.v1}/analytics/{analytic_id}/doc", headers=owner.headers).json()

    assert details["analytic"]["id"] == analytic_id
    for key in ("info", "inputs", "parameters", "outputs", "zip_outputs"):
        assert details[key] == document[key]


def test_one_trailing_slash_is_accepted(owner: User) -> None:
    answer = requests.get(f"{owner.v1}/data/list/", headers=owner.headers, allow_redirects=False)

    assert answer.status_code == 200


def test_sixteen_threads_with_one_connection_per_call_are_served(owner: User) -> None:
    def ask(number: int) -> int:
        return requests.get(f"{owner.v1}/data", headers=owner.headers, json={"limit": 1 + number % 3}).status_code

    with ThreadPoolExecutor(16) as pool:
        statuses = list(pool.map(ask, range(320)))

    assert statuses == [200] * 320


def create_ready_job(user: User) -> str:
    data = requests.get(f"{user.v1}/data", headers=user.headers, json={"limit": 1}).json()["data"][0]
    request = {"analytic": "voxel51/shot-detection", "inputs": {"video": {"data-id": data["id"]}}, "parameters": {}}
    files = {"file": ("job.json", json.dumps(request), "application/json")}
    form = {"job_name": "ready", "auto_start": "False"}
    answer = requests.post(f"{user.v1}/jobs", headers=user.headers, files=files, data=form)
    answer.raise_for_status()
    return str(answer.json()["job"]["id"])
