"""Labels may have any signs in them; they are joined by commas on the way."""

from urllib.parse import parse_qsl, urlsplit

import pytest

from voxel51.server.search.query import LabelQuery
from voxel51.users.calls.labels import search


@pytest.mark.parametrize(
    "labels",
    [("dog", "car"), ("dog, big", "car"), ("a\\b",), ("a\\", "b"), ("\\,", ",")],
    ids=str,
)
def test_what_the_client_looks_for_is_what_the_platform_looks_for(labels: tuple[str, ...]) -> None:
    call = search(labels)

    assert LabelQuery.read(dict(parse_qsl(urlsplit(call.path).query))).labels == labels


@pytest.mark.parametrize(
    ("text", "labels"),
    [("dog,car", ("dog", "car")), (" dog , ,car,dog", ("dog", "car")), ("a\\b", ("a\\b",)), ("a\\", ("a\\",))],
)
def test_labels_that_are_joined_by_hand_are_read(text: str, labels: tuple[str, ...]) -> None:
    assert LabelQuery.read({"labels": text}).labels == labels
