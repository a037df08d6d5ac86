"""Uploaded analytics through the client: manifest, images and deletion."""

import gzip
import json

import pytest

from support.accounts import User
from support.image_archives import docker_archive
from voxel51.users.api import API, APIError
from voxel51.users.auth import Token

DOCUMENT = {
    "info": {
        "name": "vehicle-sense",
        "version": "0.1.0",
        "description": "Finds vehicles",
        "supports_cpu": True,
        "supports_gpu": True,
    },
    "inputs": [{"name": "video", "type": "types.Video", "description": "the video", "required": True}],
    "parameters": [],
    "outputs": [],
    "zip_outputs": False,
}


def test_client_uploads_completes_and_deletes_an_analytic(platform, tmp_path):
    user = User.create(platform, tmp_path)
    api = API(token=Token.from_json(str(user.token)))
    document, image = tmp_path / "analytic.json", tmp_path / "image.tar.gz"
    document.write_text(json.dumps(DOCUMENT), encoding="utf-8")
    image.write_bytes(gzip.compress(docker_archive()))

    record = api.upload_analytic(document)
    name = f"{user.name}/vehicle-sense"
    assert (record["name"], record["scope"], record["pending"]) == (name, "user", True)
    assert api.get_analytic_doc(record["id"]) == DOCUMENT

    api.upload_analytic_image(record["id"], image, "cpu")
    assert api.get_analytic_details(record["id"])["pending"]
    api.upload_analytic_image(record["id"], image, "GPU")
    assert not api.get_analytic_details(record["id"])["pending"]
    assert name in [analytic["name"] for analytic in api.list_analytics()]

    api.delete_analytic(record["id"])
    with pytest.raises(APIError, match="not found"):
        api.get_analytic_details(record["id"])
    assert api.upload_analytic(document)["id"] != record["id"]
