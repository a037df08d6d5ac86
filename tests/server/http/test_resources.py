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


@pytest.mark.parametrize("path", ["/", "/v1", "/v1/data/", "/v1/data//url", "/v1/data/7/urls", "/v1/data/list/a/b/c"])
def test_other_paths_are_not_found(tree, path):
    assert tree.matches({"type": "http", "path": path})[0] is Match.NONE
