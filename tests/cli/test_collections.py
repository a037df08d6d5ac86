"""Tags and collections by the command line and by the client, on a real platform."""

from cli.conftest import Voxel51
from voxel51.users.api import API
from voxel51.users.query import DataQuery


def test_data_are_tagged_and_collected(voxel51: Voxel51, api: API, tmp_path) -> None:
    ids = []
    for name in ("north.mp4", "south.mp4"):
        (tmp_path / name).write_text(name)
        ids.append(api.upload_data(str(tmp_path / name))["id"])

    tagged = voxel51("data", "tag", *ids, "unknown", "--add", "Street Scene", "--set", "camera=north", "--json")
    assert [each["tags"] for each in tagged.document["result"]] == [["street-scene"]] * 2, tagged.out
    assert "not found" in str(tagged.document["failures"])
    assert "street-scene" in voxel51("data", "tags").out
    assert voxel51("data", "tag", ids[1], "--remove", "street-scene", "--unset", "camera").status == 0
    listed = voxel51("data", "list", "--facts", "--search", "tag:street-scene,metadata:camera=north", "--json")
    assert [(each["name"], each["metadata"]) for each in listed.document] == [("north.mp4", {"camera": "north"})]
    assert "street-scene" in voxel51("data", "list", "--facts").out

    assert voxel51("collections", "create", "junction", "--description", "North").status == 0
    assert "1 data added" in voxel51("collections", "add", "junction", "--search", "tag:street-scene").out
    assert "1 data added" in voxel51("collections", "add", "junction", *ids).out
    assert "south.mp4" in voxel51("collections", "data", "junction").out
    assert "1 data removed" in voxel51("collections", "remove", "junction", ids[1]).out
    collection = api.collection("junction")
    assert (collection["data_count"], collection["role"], collection["description"]) == (1, "owner", "North")
    [member] = api.iter_collection_data(collection["id"], DataQuery().add_fields(["id", "name"]))
    assert member == {"id": ids[0], "name": "north.mp4"}
    path = api.download_collection_data(collection["id"], ids[0], str(tmp_path / "copy"))
    assert (tmp_path / "copy").read_text() == "north.mp4"
    assert path == str(tmp_path / "copy")
    assert "User 'carol' not found" in voxel51("collections", "share", "junction", "carol").err
    assert voxel51("collections", "shares", "junction", "--json").document == []

    assert api.save_search("busy streets", "tag:street-scene")["sort"] is None
    assert [each["name"] for each in api.list_searches()] == ["busy streets"]
    api.delete_search("busy streets")
    assert api.update_collection(collection["id"], description="South")["description"] == "South"
    assert voxel51("collections", "delete", "junction").status == 0
    assert voxel51("collections", "list", "--json").document == []
    assert len(api.list_data()) == 2
