"""Uploaded analytics: manifests, images, versions and deletion."""

import bz2
import gzip
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests

from demo.platform_process import PlatformProcess
from support.accounts import Application, User
from support.image_archives import a_tar, docker_archive, oci_layout
from support.platforms import CALLING
from support.stored_files import stored_keys

MANIFEST: dict[str, Any] = {
    "info": {"name": "counter", "version": "1.0", "description": "d", "supports_cpu": True, "supports_gpu": True},
    "inputs": [{"name": "video", "type": "types.Video", "description": "d", "required": True}],
    "parameters": [
        {"name": "threshold", "type": "types.Number", "description": "d", "placeholder": "0.5", "required": False,
         "default": 0.5}
    ],
    "outputs": [
        {"name": "labels", "type": "types.VideoLabels", "description": "d", "filename": "labels.json",
         "post_as_data": False, "schema": None}
    ],
    "zip_outputs": False,
}  # fmt: skip

_NO_ENGINE = (
    "it is a container image, and containers cannot be run: no container engine was found (setting container_engine)"
)


DOCKER, OCI = docker_archive(b"x" * 3000), oci_layout()


@pytest.fixture
def user(platform: PlatformProcess, tmp_path: Path) -> User:
    return User.create(platform, tmp_path)


def with_info(**values: Any) -> dict[str, Any]:
    return {**MANIFEST, "info": {**MANIFEST["info"], **values}}


def upload(
    user: User, manifest: Any = MANIFEST, prefix: str = "", headers: Any = None, **form: str
) -> requests.Response:
    content = manifest if isinstance(manifest, bytes) else json.dumps(manifest).encode()
    url, files = f"{user.v1}{prefix}/analytics", {"file": ("m.json", content)}
    return requests.post(url, files=files, data=form, headers=headers or user.headers, timeout=30)


def uploaded(user: User, manifest: Any = MANIFEST) -> str:
    return str(upload(user, manifest).json()["analytic"]["id"])


def upload_image(user: User, analytic_id: str, kind: str, image: bytes = DOCKER) -> requests.Response:
    url, files = f"{user.v1}/analytics/{analytic_id}/images", {"file": ("image.tar.gz", image, "application/x-tar")}
    return requests.post(url, params={"type": kind}, files=files, headers=user.headers, timeout=60)


def get(user: User, path: str) -> Any:
    return requests.get(f"{user.v1}/{path}", headers=user.headers, timeout=20).json()


def delete(user: User, analytic_id: str) -> int:
    return requests.delete(f"{user.v1}/analytics/{analytic_id}", headers=user.headers, timeout=20).status_code


def test_analytic_is_pending_until_its_images_are_uploaded(user):
    answer = upload(user)
    analytic = answer.json()["analytic"]

    assert answer.status_code == 201
    assert (analytic["name"], analytic["version"], analytic["scope"]) == (f"{user.name}/counter", "1.0", "user")
    assert (analytic["supports_cpu"], analytic["supports_gpu"], analytic["is_image_to_video"]) == (True, True, False)
    analytic_id = analytic["id"]
    assert analytic_id not in [listed["id"] for listed in get(user, "analytics/list")["analytics"]]
    assert analytic_id in [found["id"] for found in get(user, "analytics")["analytics"]]
    for kind, image, pending in (("cpu", DOCKER, True), ("cpu", OCI, True), ("GPU", gzip.compress(DOCKER), False)):
        assert upload_image(user, analytic_id, kind, image).status_code == 201
        assert get(user, f"analytics/{analytic_id}")["analytic"]["pending"] is pending
    assert analytic_id in [listed["id"] for listed in get(user, "analytics/list")["analytics"]]
    assert upload_image(user, analytic_id, "CPU").status_code == 409
    assert get(user, f"analytics/{analytic_id}/doc") == MANIFEST


def test_owner_sees_which_images_exist(user, shared_user):
    analytic_id = uploaded(user)
    assert get(user, f"analytics/{analytic_id}")["analytic"]["images"] == []
    upload_image(user, analytic_id, "CPU", OCI)

    (image,) = get(user, f"analytics/{analytic_id}")["analytic"]["images"]
    assert (image["type"], image["format"], image["size_bytes"]) == ("CPU", "oci", len(OCI))
    assert all("images" not in found for found in get(user, "analytics")["analytics"])
    public = get(shared_user, "analytics/list")["analytics"][0]["id"]
    assert "images" not in get(shared_user, f"analytics/{public}")["analytic"]


def test_newest_complete_version_is_the_latest(user):
    def listed() -> list[str]:
        return [a["version"] for a in get(user, "analytics/list")["analytics"] if a["name"].endswith("/counter")]

    ids = {version: uploaded(user, with_info(version=version, supports_gpu=False)) for version in ("0.9", "0.10", "1")}
    for version in ("0.10", "0.9"):
        upload_image(user, ids[version], "CPU", bz2.compress(OCI))

    assert listed() == ["0.10"]
    assert delete(user, ids["0.10"]) == 204
    assert listed() == ["0.9"]
    assert get(user, f"analytics/{ids['0.10']}")["error"]["code"] == 404


def test_image_to_video_analytic_needs_a_heading_only(user):
    heading = {"info": {**MANIFEST["info"], "supports_gpu": False}}

    analytic = upload(user, heading, analytic_type="IMAGE_TO_VIDEO").json()["analytic"]

    assert analytic["is_image_to_video"] is True
    document = get(user, f"analytics/{analytic['id']}/doc")
    assert document["info"] == heading["info"]
    assert [entry["name"] for entry in document["inputs"]] == ["video"]
    assert [(entry["name"], entry["filename"]) for entry in document["outputs"]] == [("labels", "labels.json")]
    assert upload(user, MANIFEST, analytic_type="IMAGE_TO_VIDEO").status_code == 400
    assert upload(user, heading).status_code == 400
    assert upload(user, MANIFEST, analytic_type="image").status_code == 400


def entry(kind: str, **values: Any) -> dict[str, Any]:
    return {**MANIFEST, kind: [{**MANIFEST[kind][0], **values}]}


def without(kind: str, name: str) -> dict[str, Any]:
    return {**MANIFEST, kind: [{key: value for key, value in MANIFEST[kind][0].items() if key != name}]}


BAD_MANIFESTS = [
    (b"{", "not valid JSON"),
    (b"[" * 100_000, "not valid JSON"),
    ([], "must be a JSON object"),
    ({}, "inputs: is missing"),
    ({**MANIFEST, "more": 1}, "more: is unknown"),
    (with_info(version=1), "info.version: must be text"),
    (with_info(version=""), "info.version: must not be empty"),
    (with_info(name="a/b"), "info.name: 'a/b' is not a valid name"),
    (with_info(name="x" * 65), "info.name: has 65 characters"),
    (with_info(supports_cpu="true"), "info.supports_cpu: must be true or false"),
    (with_info(supports_cpu=False, supports_gpu=False), "info: supports_cpu or supports_gpu must be true"),
    ({**MANIFEST, "inputs": {}}, "inputs: must be a list"),
    ({**MANIFEST, "inputs": ["video"]}, "inputs[0]: must be an object"),
    ({**MANIFEST, "inputs": MANIFEST["inputs"] * 2}, "inputs[1].name: 'video' is the value of inputs[0] as well"),
    (entry("inputs", type="Video"), "inputs[0].type: 'Video' is not a valid type"),
    (entry("inputs", required=1), "inputs[0].required: must be true or false"),
    (without("parameters", "placeholder"), "parameters[0].placeholder: is missing"),
    (entry("parameters", default="0.5"), "parameters[0].default: '0.5' is not a types.Number"),
    (entry("parameters", name="video"), "parameters[0].name: 'video' is the name of an input as well"),
    (entry("outputs", filename="../x"), "outputs[0].filename: '../x' is not a safe file name"),
    (entry("outputs", schema=1), "outputs[0].schema: must be an object or null"),
    (
        {**MANIFEST, "outputs": [{**MANIFEST["outputs"][0], "name": n, "filename": n} for n in "ab"]},
        "outputs: a job keeps one file, not 2",
    ),
    (with_info(description="\ud800"), "half of a surrogate pair"),
    (with_info(description="\x00"), "info.description: contains control characters"),
    ({**MANIFEST, "extensions": {"parameters": {"threshold": 5}}}, "threshold: must be an object"),
    ({**MANIFEST, "zip_outputs": "no"}, "zip_outputs: must be true or false"),
    ({**MANIFEST, "inputs": [0] * 150}, "and 130 more"),
    ({**MANIFEST, "inputs": [0] * 201}, "inputs: has 201 entries; the maximum is 200"),
]  # fmt: skip


@pytest.mark.parametrize(("manifest", "said"), BAD_MANIFESTS, ids=[said for _, said in BAD_MANIFESTS])
def test_invalid_manifest_is_reported_by_field(shared_user, manifest, said):
    answer = upload(shared_user, manifest)

    assert answer.status_code == 400
    assert said in answer.json()["error"]["message"]


def test_concurrent_uploads_create_a_version_once(user):
    with ThreadPoolExecutor(8) as threads:
        statuses = sorted(threads.map(lambda _: upload(user).status_code, range(8)))

    assert statuses == [201] + [409] * 7


BAD_IMAGES = [
    pytest.param(b"", "it is empty: 0 bytes were uploaded", id="nothing"),
    pytest.param(b"\x7fELF" + bytes(4000), "not a tar archive", id="a program"),
    pytest.param(a_tar({"bin/sh": b"x", "etc/passwd": b"x"}), "'manifest.json'", id="a tar of something else"),
    pytest.param(a_tar({"inner/manifest.json": b"[]"}), "'manifest.json'", id="the right name at the wrong place"),
    pytest.param(DOCKER[:5000], "truncated", id="a tar that is cut"),
    pytest.param(gzip.compress(DOCKER)[:-40], "truncated", id="a gzip that is cut"),
    pytest.param(b"\x1f\x8b" + bytes(500), "damaged", id="a gzip that is none"),
    pytest.param(bz2.compress(DOCKER)[:60], "truncated", id="a bzip2 that is cut"),
    pytest.param(b"BZh9" + b"\x00" * 500, "damaged", id="a bzip2 that is none"),
    pytest.param(gzip.compress(a_tar({"a": bytes(100_000_000)})), "which is too much for its size", id="a bomb"),
]


@pytest.mark.parametrize(("image", "said"), BAD_IMAGES)
def test_invalid_image_is_refused_and_not_stored(platform, user, image, said):
    analytic_id = uploaded(user)
    before = set(stored_keys(platform.folder))

    answer = upload_image(user, analytic_id, "CPU", image)

    assert answer.status_code == 400
    assert said in answer.json()["error"]["message"]
    assert {key for key in stored_keys(platform.folder) if key.startswith("images/")} <= before
    assert get(user, f"analytics/{analytic_id}")["analytic"]["pending"] is True


@pytest.mark.parametrize("kind", ["", "TPU", "GPU", "CPU GPU"])
def test_undeclared_image_is_refused(user, kind):
    answer = upload_image(user, uploaded(user, with_info(supports_gpu=False)), kind)

    assert answer.status_code == 400
    assert "CPU" in answer.json()["error"]["message"]


def test_deleting_an_analytic_deletes_its_images(start_platform, tmp_path):
    platform = start_platform()
    user = User.create(platform, tmp_path)
    analytic_id = uploaded(user)
    for _ in range(2):
        assert upload_image(user, analytic_id, "CPU").status_code == 201
    assert [key.partition("/")[0] for key in stored_keys(platform.folder)] == ["images"]

    assert delete(user, analytic_id) == 204

    assert stored_keys(platform.folder) == {}
    assert upload(user).status_code == 201  # the version is free again


def test_uploaded_analytic_cannot_run_yet(user):
    analytic_id = uploaded(user, with_info(supports_gpu=False))
    request = json.dumps({"analytic": f"{user.name}/counter", "inputs": {}, "parameters": {}}).encode()

    def submit() -> requests.Response:
        form = {"job_name": "j"}
        return requests.post(f"{user.v1}/jobs", files={"file": request}, data=form, headers=user.headers, timeout=20)

    def reasons() -> list[str]:
        listed = get(user, "analytics?search=name:counter")["analytics"]
        records = [get(user, f"analytics/{analytic_id}")["analytic"], *listed]
        return [record["unavailable_reason"] for record in records]

    pending, while_pending = submit(), reasons()
    upload_image(user, analytic_id, "CPU")
    complete, while_complete = submit(), reasons()

    assert (pending.status_code, complete.status_code) == (400, 400)
    assert "none is ready to run" in pending.json()["error"]["message"]
    assert "containers cannot be run: " in complete.json()["error"]["message"]
    assert while_pending == ["not all images that its manifest declares were uploaded"] * 2
    assert while_complete == [_NO_ENGINE] * 2
    public = get(user, "analytics?search=scope:public")["analytics"]
    assert [each["name"] for each in public if each["unavailable_reason"]] == [CALLING]  # which needs a grant


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("shot-detection", "Did you mean 'voxel51/shot-detection'?"),
        ("nobody/shot-detection", "Did you mean 'voxel51/shot-detection'?"),
        ("nothing", "Use a full name"),
    ],
)
def test_unknown_name_is_refused_with_a_likely_one(user, name, hint):
    request = json.dumps({"analytic": name, "inputs": {}, "parameters": {}}).encode()

    answer = requests.post(
        f"{user.v1}/jobs", files={"file": request}, data={"job_name": "j"}, headers=user.headers, timeout=20
    )

    assert answer.status_code == 400
    assert f"Analytic '{name}' not found. {hint}" in answer.json()["error"]["message"]


def test_last_image_repeated_with_its_idempotency_key_gets_the_first_response(user):
    analytic_id = uploaded(user, with_info(supports_gpu=False))
    url, headers = f"{user.v1}/analytics/{analytic_id}/images?type=cpu", {**user.headers, "Idempotency-Key": "k"}

    answers = [requests.post(url, files={"file": ("i.tar", DOCKER)}, headers=headers, timeout=60) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [201, 201]
    assert upload_image(user, analytic_id, "CPU").status_code == 409


def test_analytics_of_an_application_are_shared_by_its_users(platform, user, tmp_path):
    application = Application.create(platform, tmp_path)
    for name in ("a", "b"):
        body = {"username": name}
        requests.post(f"{user.v1}/apps/users", json=body, headers=application.headers(), timeout=20)
    shared = upload(user, prefix="/apps", headers=application.headers("a")).json()["analytic"]
    own = upload(user, headers=application.headers("a")).json()["analytic"]

    def seen(headers: dict[str, str], prefix: str = "") -> set[str]:
        answer = requests.get(f"{user.v1}{prefix}/analytics", headers=headers, timeout=20)
        return {found["id"] for found in answer.json()["analytics"]} & {shared["id"], own["id"]}

    assert (shared["name"], shared["scope"]) == (f"{application.name}/counter", "application")
    assert (own["name"], own["scope"]) == ("a/counter", "user")
    assert seen(application.headers("a")) == {shared["id"], own["id"]}
    assert seen(application.headers("b")) == {shared["id"]}
    assert seen(application.headers(), "/apps") == {shared["id"]}
    assert seen(user.headers) == set()


def test_built_in_analytics_cannot_be_changed(shared_user):
    analytic_id = get(shared_user, "analytics/list")["analytics"][0]["id"]

    assert delete(shared_user, analytic_id) == 403
    assert upload_image(shared_user, analytic_id, "CPU").status_code == 403
