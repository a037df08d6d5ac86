"""Resources: which one serves a path, and with which values of its placeholders."""

import pytest
from starlette.routing import Match

from voxel51.server.http.resources import ResourceTree

PATHS = ("/v1/data", "/v1/data/list", "/v1/data/{data_id}", "/v1/data/{data_id}/url", "/v1/data/list/{name}/{part}")


@pytest.fixture
def tree():
    tree = ResourceTree()
    for path in PATHS:
        tree.add(path, path)  # type: ignore[arg-type]  # stands for a resource
    return tree


@pytest.mark.parametrize(
    ("path", "resource", "values"),
    [
        ("/v1/data", "/v1/data", {}),
        ("/v1/data/list", "/v1/data/list", {}),
        ("/v1/data/7", "/v1/data/{data_id}", {"data_id": "7"}),
        ("/v1/data/{data_id}", "/v1/data/{data_id}", {"data_id": "{data_id}"}),
        ("/v1/data/list/url", "/v1/data/{data_id}/url", {"data_id": "list"}),
        ("/v1/data/list/a/b", "/v1/data/list/{name}/{part}", {"name": "a", "part": "b"}),
    ],
)
def test_literals_win_over_placeholders(tree, path, resource, values):
    match, found = tree.matches({"type": "http", "path": path})
    assert match is Match.FULL
    assert (found["resource"], found["path_params"]) == (resource, values)


def test_an_encoded_slash_is_part_of_a_name(tree):
    found = tree.matches({"type": "http", "path": "/v1/data/a/b c", "raw_path": b"/v1/data/a%2fb%20c"})[1]
    assert (found["resource"], found["path_params"]) == ("/v1/data/{data_id}", {"data_id": "a/b c"})
    assert tree.matches({"type": "http", "path": "/v1/data", "raw_path": b"/v1%2Fdata"})[0] is Match.NONE


@pytest.mark.parametrize("path", ["/", "/v1", "/v1/data/", "/v1/data//url", "/v1/data/7/urls", "/v1/data/list/a/b/c"])
def test_other_paths_are_not_found(tree, path):
    assert tree.matches({"type": "http", "path": path})[0] is Match.NONE
