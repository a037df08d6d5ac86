"""Collections: their members, who may read and edit them, and what stays when something is deleted."""

import pytest

from voxel51.server.collections import counts
from voxel51.server.collections import members as members_module
from voxel51.server.data import matching
from voxel51.server.database.search import Query, Term
from voxel51.server.errors import BadRequest, Conflict, Forbidden, NotFound


def names(page):
    return [record["name"] for record in page["data"]]


BY_NAME = Query(fields=("name",), sort=("name", False), limit=10)


@pytest.fixture
def junction(site, alice):
    return site.collections.create(alice, {"name": " Junction ", "description": "North"})["id"]


def add(site, user, collection_id, *names):
    ids = [site.data.add(user, name.encode(), f"{name}.mp4") for name in names]
    site.members.add(user, collection_id, ids, ())
    return ids


def test_a_collection_is_listed_with_its_owner_role_and_size(site, alice, bob, junction):
    add(site, alice, junction, "a", "b")
    site.collections.share(alice, junction, "bob", "viewer")

    [own], [shared] = site.collections.all(alice), site.collections.all(bob)

    assert (own["name"], own["owner"], own["role"], own["data_count"]) == ("Junction", "alice", "owner", 2)
    assert shared == {**own, "role": "viewer"}


def test_names_are_unique_for_their_owner_only(site, alice, bob, junction):
    with pytest.raises(Conflict, match="'Junction'"):
        site.collections.create(alice, {"name": "Junction"})
    other = site.collections.create(alice, {"name": "Bridge"})["id"]
    with pytest.raises(Conflict):
        site.collections.change(alice, other, {"name": "Junction"})
    assert site.collections.change(alice, other, {"name": "Bridge", "description": "x"})["description"] == "x"
    assert site.collections.create(bob, {"name": "Junction"})["owner"] == "bob"


def test_large_collections_share_a_bound_of_what_is_counted(site, alice, monkeypatch):
    monkeypatch.setattr(counts, "FIRST_COUNT", 2)
    monkeypatch.setattr(counts, "MAX_ROWS", 12)
    ids = {name: site.collections.create(alice, {"name": name})["id"] for name in ("empty", "small", "large", "vast")}
    add(site, alice, ids["small"], "a")
    add(site, alice, ids["large"], *"bcd")
    add(site, alice, ids["vast"], *"efghij")

    listed = {each["name"]: (each["data_count"], each["is_count_exact"]) for each in site.collections.all(alice)}

    assert listed == {"empty": (0, True), "small": (1, True), "large": (3, True), "vast": (3, False)}
    assert site.collections.get(alice, ids["vast"])["data_count"] == 6


@pytest.mark.parametrize("name", ["", " ", "x" * 129, "a\nb", "a\x00"])
def test_invalid_names_are_refused(site, alice, name):
    with pytest.raises(BadRequest, match="is not a valid name"):
        site.collections.create(alice, {"name": name})


def test_the_number_of_collections_is_limited(site, alice, monkeypatch):
    monkeypatch.setattr("voxel51.server.collections.service.MAX_COLLECTIONS", 2)
    for name in "ab":
        site.collections.create(alice, {"name": name})
    with pytest.raises(BadRequest, match="which is the limit"):
        site.collections.create(alice, {"name": "c"})


def test_strangers_see_nothing(site, alice, bob, junction):
    [data_id] = add(site, alice, junction, "a")
    term = (Term("name", ("a",)),)
    for attempt in (
        lambda: site.collections.get(bob, junction),
        lambda: site.collections.change(bob, junction, {"name": "x"}),
        lambda: site.collections.delete(bob, junction),
        lambda: site.collections.shares(bob, junction),
        lambda: site.collections.share(bob, junction, "bob", "editor"),
        lambda: site.collections.unshare(bob, junction, "bob"),
        lambda: site.members.query(bob, junction, Query()),
        lambda: site.members.find(bob, junction, data_id),
        lambda: site.members.add(bob, junction, [], ()),
        lambda: site.members.remove(bob, junction, [data_id], ()),
        lambda: site.members.remove(bob, junction, None, term),
    ):
        with pytest.raises(NotFound):
            attempt()
    assert site.collections.all(bob) == []
    assert names(site.members.query(alice, junction, BY_NAME)) == ["a.mp4"]


def test_viewers_read_and_editors_also_change_the_members(site, alice, bob, junction):
    [of_alice] = add(site, alice, junction, "a")
    site.collections.share(alice, junction, "bob", "viewer")
    own = site.data.add(bob, b"b", "b.mp4")

    assert site.members.find(bob, junction, of_alice).owner_id == alice.id
    assert site.members.details(bob, junction, of_alice)["name"] == "a.mp4"
    for attempt in (
        lambda: site.members.add(bob, junction, [own], ()),
        lambda: site.members.remove(bob, junction, [of_alice], ()),
        lambda: site.collections.change(bob, junction, {"name": "x"}),
        lambda: site.collections.delete(bob, junction),
        lambda: site.collections.share(bob, junction, "alice", "viewer"),
    ):
        with pytest.raises(Forbidden, match="You are viewer of collection 'Junction'"):
            attempt()

    site.collections.share(alice, junction, "bob", "editor")
    assert site.collections.shares(bob, junction) == [{"username": "bob", "role": "editor"}]
    added = site.members.add(bob, junction, [own, of_alice], ())
    assert added == {"changed": 1, "not_found": [of_alice], "is_complete": True}
    assert names(site.members.query(alice, junction, BY_NAME)) == ["a.mp4", "b.mp4"]
    assert site.members.find(alice, junction, own).name == "b.mp4"
    for attempt in (
        lambda: site.collections.delete(bob, junction),
        lambda: site.collections.share(bob, junction, "alice", "viewer"),
    ):
        with pytest.raises(Forbidden):
            attempt()


def test_a_share_ends_by_its_owner_or_by_leaving(site, alice, bob, junction):
    for user in (alice, bob):
        site.collections.share(alice, junction, "bob", "viewer")
        site.collections.unshare(user, junction, "bob")
        assert site.collections.all(bob) == []
    with pytest.raises(NotFound, match="not shared with user 'bob'"):
        site.collections.unshare(alice, junction, "bob")


def test_a_collection_is_shared_with_users_of_the_same_application_only(site, alice, junction):
    with pytest.raises(BadRequest, match="User 'carol' not found"):
        site.collections.share(alice, junction, "carol", "viewer")
    with pytest.raises(BadRequest, match="is yours"):
        site.collections.share(alice, junction, "alice", "viewer")
    with pytest.raises(BadRequest, match="viewer or editor"):
        site.collections.share(alice, junction, "alice", "owner")


@pytest.mark.parametrize("batch_size", [1, 500])
def test_members_are_added_and_removed_by_a_search(site, alice, bob, junction, monkeypatch, batch_size):
    monkeypatch.setattr(members_module, "_BATCH_SIZE", batch_size)
    monkeypatch.setattr(matching, "_BATCH_SIZE", batch_size)
    ids = [site.data.add(alice, name.encode(), f"{name}.mp4") for name in ("day-1", "day-2", "night")]
    site.data.add(bob, b"x", "day-of-bob.mp4")
    site.labels.change(alice, ids[1:], {"add_tags": ["rain"]})

    added = site.members.add(alice, junction, None, (Term("name", ("day",)),))
    again = site.members.add(alice, junction, None, (Term("tag", ("rain",)),))
    removed = site.members.remove(alice, junction, None, (Term("tag", ("rain",)),))

    assert added == {"changed": 2, "not_found": [], "is_complete": True}
    assert again["changed"] == 1
    assert removed["changed"] == 2
    assert names(site.members.query(alice, junction, BY_NAME)) == ["day-1.mp4"]


def test_a_search_that_matches_very_many_is_done_in_parts(site, alice, junction, monkeypatch):
    monkeypatch.setattr(matching, "_BATCH_SIZE", 1)
    monkeypatch.setattr(matching, "MOST_MATCHES", 2)
    for name in "abc":
        site.data.add(alice, name.encode(), f"{name}.mp4")

    first = site.members.add(alice, junction, None, (Term("name", ("mp4",)),))

    assert first == {"changed": 2, "not_found": [], "is_complete": False}


def test_deleting_data_removes_them_and_deleting_a_collection_leaves_data(site, alice, junction):
    gone, stays = add(site, alice, junction, "a", "b")

    site.data.data.delete(alice, [gone])
    assert names(site.members.query(alice, junction, BY_NAME)) == ["b.mp4"]
    site.collections.delete(alice, junction)

    assert site.data.data.find(alice.id, stays).name == "b.mp4"
    assert site.collections.all(alice) == []


def test_own_data_are_found_by_collection(site, alice, bob, junction):
    add(site, alice, junction, "a", "b")
    site.data.add(alice, b"c", "c.mp4")
    for value in (junction, "Junction"):
        query = Query(fields=("name", "collections"), search=(Term("collection", (value,)),), sort=("name", False))
        found = site.data.data.query(alice, query)["data"]
        assert [(each["name"], each["collections"]) for each in found] == [
            ("a.mp4", ["Junction"]), ("b.mp4", ["Junction"])
        ]  # fmt: skip
        assert site.data.data.query(bob, query)["data"] == []


def test_saved_searches_belong_to_their_owner(site, alice, bob):
    saved = site.searches.put(alice, "Long nights", {"search": "tag:night,duration_seconds:>600"})
    site.searches.put(alice, "Long nights", {**saved, "sort": "name:asc"})

    assert site.searches.all(alice) == [{**saved, "sort": "name:asc"}]
    assert site.searches.all(bob) == []
    with pytest.raises(NotFound):
        site.searches.delete(bob, "Long nights")
    for name, search in (("empty", " "), ("..", "tag:night")):
        with pytest.raises(BadRequest):
            site.searches.put(alice, name, {"search": search})
    site.searches.delete(alice, "Long nights")
    assert site.searches.all(alice) == []


def test_lists_of_members_are_not_searched_by_other_collections(site, alice, bob, junction):
    [data_id] = add(site, alice, junction, "a")
    private = site.collections.create(alice, {"name": "Private"})["id"]
    site.members.add(alice, private, [data_id], ())
    add(site, bob, site.collections.create(bob, {"name": junction})["id"], "b")  # named like the id of another
    site.collections.share(alice, junction, "bob", "editor")

    for name in ("collection", "collection_id", "label", "analytic", "not_run", "collections"):
        query = Query(fields=("id",), search=(Term(name, (private,)),), limit=10)
        with pytest.raises(BadRequest, match=f"Invalid search parameter {name}; .* tag"):
            site.members.query(bob, junction, query)
        with pytest.raises(BadRequest, match="Invalid search parameter"):
            site.members.remove(bob, junction, None, query.search)
    assert names(site.members.query(bob, junction, BY_NAME)) == ["a.mp4"]
    asked = site.members.query(bob, junction, Query(fields=("name", "collections"), limit=10))
    assert asked["data"] == [{"name": "a.mp4"}]


def test_members_are_matched_by_the_id_of_the_collection_alone(site, alice, junction):
    add(site, alice, junction, "a")
    add(site, alice, site.collections.create(alice, {"name": junction})["id"], "b")

    assert names(site.members.query(alice, junction, BY_NAME)) == ["a.mp4"]


def test_data_do_not_tell_the_name_of_a_collection_after_its_share_has_ended(site, alice, bob, junction):
    site.collections.share(alice, junction, "bob", "editor")
    add(site, bob, junction, "b")
    by_collection = Query(fields=("name", "collections"), search=(Term("collection", ("Junction",)),), limit=10)
    assert site.data.data.query(bob, by_collection)["data"] == [{"name": "b.mp4", "collections": ["Junction"]}]

    site.collections.unshare(alice, junction, "bob")

    assert site.data.data.query(bob, by_collection)["data"] == []
    assert site.data.data.query(bob, Query(fields=("collections",), limit=10))["data"] == [{"collections": None}]


def test_export_has_own_collections_with_members_and_shares(site, alice, bob, junction):
    site.collections.share(alice, junction, "bob", "editor")
    [of_alice], [of_bob] = add(site, alice, junction, "a"), add(site, bob, junction, "b")

    [own], [shared] = site.collections.export(alice), site.collections.export(bob)

    assert own["data_ids"] == sorted([of_alice, of_bob])
    assert own["shares"] == [{"username": "bob", "role": "editor"}]
    assert (shared["name"], shared["data_ids"], shared["shares"]) == ("Junction", [of_bob], [])
