"""Label lists: labels may contain any character, including the comma that separates them."""

from urllib.parse import parse_qsl, urlsplit

import pytest

from voxel51.server.search.query import LabelQuery
from voxel51.users.calls.labels import search


@pytest.mark.parametrize(
    "labels",
    [("dog", "car"), ("dog, big", "car"), ("a\\b",), ("a\\", "b"), ("\\,", ",")],
    ids=str,
)
def test_client_and_platform_agree_on_label_queries(labels: tuple[str, ...]) -> None:
    call = search(labels)

    assert LabelQuery.read(dict(parse_qsl(urlsplit(call.path).query))).labels == labels


@pytest.mark.parametrize(
    ("text", "labels"),
    [("dog,car", ("dog", "car")), (" dog , ,car,dog", ("dog", "car")), ("a\\b", ("a\\b",)), ("a\\", ("a\\",))],
)
def test_handwritten_label_lists_are_parsed(text: str, labels: tuple[str, ...]) -> None:
    assert LabelQuery.read({"labels": text}).labels == labels
