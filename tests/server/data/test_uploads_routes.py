"""Resumable uploads over HTTP: the headers of the protocol, and every kind of invalid request."""

import base64
import hashlib
import os

import pytest
import requests

from support.accounts import User

TUS = {"Tus-Resumable": "1.0.0"}
PIECE = {**TUS, "Content-Type": "application/offset+octet-stream"}
CONTENT = os.urandom(3_000_000)
SHA256 = hashlib.sha256(CONTENT)


def header_of(digest: bytes) -> str:
    return f"sha-256=:{base64.b64encode(digest).decode()}:"


def begin(user: User, length: int | str = len(CONTENT), body: bytes = b"", **headers: str) -> requests.Response:
    converted = {name.replace("_", "-"): text for name, text in headers.items()}
    headers = {**user.headers, **TUS, "Upload-Length": str(length), **converted}
    return requests.post(f"{user.v1}/data/uploads", data=body, headers=headers, timeout=20)


def url_of(user: User, created: requests.Response) -> str:
    return user.v1.removesuffix("/v1") + created.headers["Location"]


def send(user: User, url: str, body: bytes, offset: int | str = 0, **headers: str) -> requests.Response:
    converted = {name.replace("_", "-"): text for name, text in headers.items()}
    headers = {**user.headers, **PIECE, "Upload-Offset": str(offset), **converted}
    return requests.patch(url, data=body, headers=headers, timeout=20)


def state(user: User, url: str) -> requests.Response:
    return requests.head(url, headers={**user.headers, **TUS}, timeout=20)


def test_options_need_no_authentication(shared_user):
    answer = requests.options(f"{shared_user.v1}/data/uploads", timeout=20)

    assert answer.status_code == 204
    assert answer.headers["Tus-Version"] == answer.headers["Tus-Resumable"] == "1.0.0"
    assert set(answer.headers["Tus-Extension"].split(",")) >= {"creation", "termination", "expiration", "checksum"}
    assert int(answer.headers["Tus-Max-Size"]) > 0


def test_resumable_upload_from_start_to_end(shared_user):
    metadata = f"filename {base64.b64encode('für dich.mp4'.encode()).decode()},flag,data_ttl MjA5OS0wMS0wMQ=="
    created = begin(shared_user, Upload_Metadata=metadata)
    url = url_of(shared_user, created)
    assert (created.status_code, created.headers["Upload-Offset"]) == (201, "0")
    assert created.headers["Upload-Expires"].endswith("GMT")

    first = send(shared_user, url, CONTENT[:1_000_001])
    half = state(shared_user, url)
    last = send(shared_user, url, CONTENT[1_000_001:], 1_000_001)

    assert (first.status_code, first.headers["Upload-Offset"]) == (204, "1000001")
    assert (half.status_code, half.headers["Upload-Offset"], half.headers["Upload-Length"]) == (
        200,
        "1000001",
        str(len(CONTENT)),
    )
    assert half.headers["Upload-Metadata"] == metadata
    assert half.headers["Cache-Control"] == "no-store"
    assert "X-Voxel51-Data-Id" not in half.headers
    assert last.headers["Repr-Digest"] == header_of(SHA256.digest())
    data_id = last.headers["X-Voxel51-Data-Id"]
    assert state(shared_user, url).headers["X-Voxel51-Data-Id"] == data_id
    record = requests.get(f"{shared_user.v1}/data/{data_id}", headers=shared_user.headers, timeout=20).json()["data"]
    assert (record["name"], record["type"], record["sha256"]) == ("für dich.mp4", "video/mp4", SHA256.hexdigest())
    assert record["expiration_date"].startswith("2099-01-01")


def test_upload_may_be_complete_on_creation(shared_user):
    created = begin(shared_user, body=CONTENT, Content_Type=PIECE["Content-Type"])

    assert created.status_code == 201, created.text
    assert created.headers["Upload-Offset"] == str(len(CONTENT))
    assert created.headers["X-Voxel51-Data-Id"]


def test_repeated_creation_makes_one_upload(shared_user):
    answers = [begin(shared_user, Idempotency_Key=f"begin-{os.getpid()}") for _ in range(2)]

    assert answers[0].headers["Location"] == answers[1].headers["Location"]
    assert answers[1].headers["Idempotency-Replayed"] == "true"


@pytest.mark.parametrize(
    "metadata",
    [
        "filename !!!",
        "filename //8=",
        "ünïcode QQ==",
        "a QQ==,a QQ==",
        "data_ttl MjAwMC0wMS0wMQ==",
        "data_ttl cXF4",
        ",",
    ],
    ids=["no base64", "no text", "no ASCII", "twice", "past", "no date", "nothing"],
)
def test_invalid_metadata_is_rejected(shared_user, metadata):
    headers = {**shared_user.headers, **TUS, "Upload-Length": "1", "Upload-Metadata": metadata.encode()}
    answer = requests.post(f"{shared_user.v1}/data/uploads", headers=headers, timeout=20)

    assert answer.status_code == 400, answer.headers
    assert answer.json()["error"]["message"]


@pytest.mark.parametrize("name", ["../../x", "..", "/etc/passwd", "a\x00b", "a\r\nX-Injected: yes"])
def test_unsafe_name_is_cleaned(shared_user, name):
    metadata = f"filename {base64.b64encode(name.encode()).decode()}"
    created = begin(shared_user, 1, b"x", Upload_Metadata=metadata, Content_Type=PIECE["Content-Type"])
    data_id = created.headers["X-Voxel51-Data-Id"]

    record = requests.get(f"{shared_user.v1}/data/{data_id}", headers=shared_user.headers, timeout=20).json()["data"]
    assert not set(record["name"]) & set("/\\\x00\r\n")
    assert record["name"] not in {"", ".", ".."}


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Tus_Resumable": "0.2.2"}, 412),
        ({"Upload_Length": "-1"}, 400),
        ({"Upload_Length": "ten"}, 400),
        ({"Upload_Length": "9" * 19}, 400),
        ({"Upload_Length": "9" * 18}, 413),
        ({"Upload_Length": str(2**40)}, 507),
        ({"Upload_Defer_Length": "1"}, 400),
        ({"Repr_Digest": "sha-256=:AAAA:"}, 400),
    ],
)
def test_invalid_creation_is_rejected(shared_user, headers, status):
    answer = begin(shared_user, **headers)

    assert answer.status_code == status
    assert answer.json()["error"]["code"] == status
    assert answer.headers["Tus-Resumable"] == answer.headers["Tus-Version"] == "1.0.0"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Tus_Resumable": "2.0.0"}, 412),
        ({"Content_Type": "application/octet-stream"}, 415),
        ({"Upload_Offset": ""}, 400),
        ({"Upload_Offset": "-1"}, 400),
        ({"Upload_Offset": "7"}, 409),
        ({"Upload_Checksum": "md5 AAAA"}, 400),
        ({"Upload_Checksum": "sha1 AAAAAAAAAAAAAAAAAAAAAAAAAAA="}, 460),
        ({"Content_Digest": f"sha-256=:{'A' * 43}=:"}, 460),
        ({"Content_Digest": "sha-256=x"}, 400),
    ],
)
def test_rejected_patch_changes_nothing(shared_user, headers, status):
    url = url_of(shared_user, begin(shared_user))
    headers = {name: text.encode() for name, text in headers.items()}

    answer = send(shared_user, url, CONTENT[:2_000_000], **headers)

    assert answer.status_code == status
    assert answer.json()["error"]["code"] == status
    assert state(shared_user, url).headers["Upload-Offset"] == "0"


def test_more_bytes_than_announced_are_rejected(shared_user):
    url = url_of(shared_user, begin(shared_user, 10))
    assert send(shared_user, url, b"x" * 11).status_code == 413
    assert state(shared_user, url).headers["Upload-Offset"] == "0"


def test_wrong_hash_is_rejected_and_reported(shared_user):
    url = url_of(shared_user, begin(shared_user, Repr_Digest=header_of(hashlib.sha256(b"other").digest())))

    answer = send(shared_user, url, CONTENT)

    assert answer.status_code == 400
    assert SHA256.hexdigest() in answer.json()["error"]["message"]
    assert hashlib.sha256(b"other").hexdigest() in answer.json()["error"]["message"]
    assert state(shared_user, url).status_code == 404


def test_deletion_works_with_method_override(shared_user):
    for act in (
        lambda url, headers: requests.delete(url, headers=headers, timeout=20),
        lambda url, headers: requests.post(url, headers={**headers, "X-HTTP-Method-Override": "DELETE"}, timeout=20),
    ):
        url = url_of(shared_user, begin(shared_user))
        assert act(url, {**shared_user.headers, **TUS}).status_code == 204
        assert state(shared_user, url).status_code == 404


@pytest.mark.parametrize("where", ["request", "part"])
@pytest.mark.parametrize("right", [True, False])
def test_form_upload_may_announce_hash(shared_user, where, right):
    announced = {"Repr-Digest": header_of(SHA256.digest() if right else b"\0" * 32)}
    file = ("a.bin", CONTENT, "video/mp4", announced if where == "part" else {})
    headers = {**shared_user.headers, **(announced if where == "request" else {})}

    answer = requests.post(f"{shared_user.v1}/data", files={"file": file}, headers=headers, timeout=20)

    assert answer.status_code == (201 if right else 400), answer.text
    if right:
        assert answer.headers["Repr-Digest"] == header_of(SHA256.digest())
        assert set(answer.json()["data"]) == {
            "id",
            "name",
            "size",
            "type",
            "upload_date",
            "expiration_date",
            "encoding",
        }
    else:
        assert SHA256.hexdigest() in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    ("method", "wanted", "status"), [("GET", "", 200), ("GET", "bytes=5-9", 206), ("HEAD", "", 200)]
)
def test_downloads_have_hash_of_whole_file(shared_user, method, wanted, status):
    made = requests.post(
        f"{shared_user.v1}/data", files={"file": ("a.bin", CONTENT)}, headers=shared_user.headers, timeout=20
    )
    url = f"{shared_user.v1}/data/{made.json()['data']['id']}/download"

    answer = requests.request(method, url, headers={**shared_user.headers, "Range": wanted}, timeout=20)

    assert answer.status_code == status
    assert answer.headers["Repr-Digest"] == header_of(SHA256.digest())
