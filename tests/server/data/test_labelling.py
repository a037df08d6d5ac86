"""Tags and metadata: normal names, limits, changes of many data, and searches by them."""

import pytest

from voxel51.server.data import labelling, matching
from voxel51.server.data.labelling import LabellingService, normal_name
from voxel51.server.data.records import DataLists
from voxel51.server.database import listing
from voxel51.server.database.search import Query, Term
from voxel51.server.errors import BadRequest, NotFound
from voxel51.wire.collections import MAX_PER_DATA


@pytest.fixture
def labels(services):
    services.data.lists = DataLists().extended(labelling.RELATIONS, labelling.COMPUTED)
    return LabellingService(services.database)


def names(services, user, *terms):
    query = Query(fields=("name",), search=terms, sort=("name", False), limit=10)
    return [record["name"] for record in services.data.query(user, query)["data"]]


def test_tags_and_metadata_are_set_and_removed_for_many_at_once(services, labels, alice, bob):
    one, two = (services.add(alice, name=f"{name}.mp4") for name in "ab")
    other = services.add(bob)

    changed = labels.change(
        alice, [one, two, other], {"add_tags": [" Night  Shift "], "metadata": {"Camera": "north", "take": "2"}}
    )
    again = labels.change(alice, [one], {"remove_tags": ["night-shift"], "metadata": {"take": None, "camera": "Süd"}})

    assert changed[two] == {"id": two, "tags": ["night-shift"], "metadata": {"camera": "north", "take": "2"}}
    assert isinstance(changed[other], NotFound)
    assert again == {one: {"id": one, "tags": [], "metadata": {"camera": "Süd"}}}
    fields = Query(fields=("name", "tags", "metadata"), sort=("name", False))
    assert services.data.query(alice, fields)["data"] == [
        {"name": "a.mp4", "tags": None, "metadata": {"camera": "Süd"}},
        {"name": "b.mp4", "tags": ["night-shift"], "metadata": {"camera": "north", "take": "2"}},
    ]
    assert labels.tags(alice) == [{"tag": "night-shift", "data": 1}]


@pytest.mark.parametrize("few", [listing.FEW, 0])  # found by their tag, and along the order of the list
def test_data_are_found_by_tag_and_by_key_and_value(services, labels, alice, bob, monkeypatch, few):
    monkeypatch.setattr(listing, "FEW", few)
    one, two, three = (services.add(alice, name=f"{name}.mp4") for name in "abc")
    labels.change(alice, [one, two], {"add_tags": ["street"], "metadata": {"camera": "north"}})
    labels.change(alice, [two, three], {"add_tags": ["rain"], "metadata": {"camera": "south"}})
    labels.change(bob, [services.add(bob, name="of-bob.mp4")], {"add_tags": ["street"]})

    assert names(services, alice, Term("tag", ("Street",))) == ["a.mp4", "b.mp4"]
    assert names(services, alice, Term("tag", ("street",)), Term("tag", ("rain",))) == ["b.mp4"]
    assert names(services, alice, Term("tag", ("street", "rain"))) == ["a.mp4", "b.mp4", "c.mp4"]
    assert names(services, alice, Term("metadata", ("camera=north",))) == ["a.mp4"]
    assert names(services, alice, Term("metadata", ("camera",)), Term("name", ("b.mp4",))) == ["b.mp4"]


def test_tags_go_with_their_data(services, labels, alice):
    data_id = services.add(alice)
    labels.change(alice, [data_id], {"add_tags": ["street"]})

    services.data.delete(alice, [data_id])

    assert labels.tags(alice) == []


@pytest.mark.parametrize("name", ["", " ", "a,b", "a:b", "a|b", "a=b", "-a", "_", "x" * 65, "a\x00b", "\ud800"])
def test_invalid_names_are_refused(name):
    with pytest.raises(BadRequest, match="is not a valid tag"):
        normal_name(name)


@pytest.mark.parametrize(
    "change", [{}, {"metadata": {"k": ""}}, {"metadata": {"k": "v" * 256}}, {"metadata": {"k": "a\x00"}}]
)
def test_invalid_changes_are_refused(services, labels, alice, change):
    data_id = services.add(alice)
    with pytest.raises(BadRequest):
        labels.change(alice, [data_id], change)


def test_data_with_too_many_tags_stay_as_they_are(services, labels, alice):
    full, empty = services.add(alice, b"1"), services.add(alice, b"2")
    labels.change(alice, [full], {"add_tags": [f"t{number}" for number in range(MAX_PER_DATA)]})

    outcomes = labels.change(alice, [full, empty], {"add_tags": ["more"]})

    assert isinstance(outcomes[full], BadRequest)
    assert outcomes[empty]["tags"] == ["more"]
    assert {each["tag"] for each in labels.tags(alice)} >= {"t0", "more"}


def test_tags_of_all_matching_data_are_changed(services, labels, alice, bob, monkeypatch):
    monkeypatch.setattr(matching, "_BATCH_SIZE", 2)
    for number in range(5):
        services.add(alice, f"{number}".encode(), name=f"cam-{number}.mp4")
    services.add(alice, b"other", name="other.mp4")
    services.add(bob, b"of bob", name="cam-9.mp4")
    cameras = Term("name", ("cam",))

    found = labels.change_matching(alice, services.data.matches(alice, [cameras]), {"add_tags": ["Entrance"]})

    assert found == {"changed": 5, "failed": 0, "failure": None, "is_complete": True}
    assert names(services, alice, Term("tag", ("entrance",))) == [f"cam-{number}.mp4" for number in range(5)]
    assert names(services, bob, Term("tag", ("entrance",))) == []
    # The search is by what the change removes, and yet none is left out.
    tagged = services.data.matches(alice, [Term("tag", ("entrance",))])
    assert labels.change_matching(alice, tagged, {"remove_tags": ["entrance"]})["changed"] == 5


def test_matching_data_that_cannot_be_changed_are_counted(services, labels, alice, monkeypatch):
    full = services.add(alice, b"1")
    services.add(alice, b"2")
    labels.change(alice, [full], {"add_tags": [f"t{number}" for number in range(MAX_PER_DATA)]})

    found = labels.change_matching(alice, services.data.matches(alice, []), {"add_tags": ["more"]})

    assert (found["changed"], found["failed"]) == (1, 1)
    assert "tags" in found["failure"]
    with pytest.raises(BadRequest, match="Nothing to change"):
        labels.change_matching(alice, services.data.matches(alice, []), {})
    monkeypatch.setattr(matching, "MOST_MATCHES", 1)
    monkeypatch.setattr(matching, "_BATCH_SIZE", 1)
    part = labels.change_matching(alice, services.data.matches(alice, []), {"add_tags": ["even-more"]})
    assert part["is_complete"] is False
    assert part["changed"] + part["failed"] == 1
