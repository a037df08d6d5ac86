"""The key of a bucket, as Amazon's programs find it."""

from pathlib import Path

import obstore
import pytest

from support.s3 import ACCESS_KEY, SECRET_KEY, S3Server
from voxel51.server.settings import SettingError, Settings
from voxel51.server.storage_location import open_bucket


@pytest.fixture
def without_keys(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


def settings(s3: S3Server, folder: Path) -> Settings:
    given = {"dir": str(folder), "storage_url": s3.location(), "storage_endpoint": s3.endpoint}
    return Settings.load({}, given)


def test_key_comes_from_the_shared_credentials_file(
    s3: S3Server, tmp_path: Path, without_keys: pytest.MonkeyPatch
) -> None:
    credentials = tmp_path / "credentials"
    credentials.write_text(
        f"[default]\naws_access_key_id = {ACCESS_KEY}\naws_secret_access_key = {SECRET_KEY}\n"
        "[other]\naws_access_key_id = other\naws_secret_access_key = 100%\n"
    )
    without_keys.setenv("AWS_SHARED_CREDENTIALS_FILE", str(credentials))

    bucket = open_bucket(settings(s3, tmp_path))
    obstore.put(bucket, "file", b"content")
    assert bytes(obstore.get(bucket, "file").bytes()) == b"content"

    without_keys.setenv("AWS_PROFILE", "other")
    with pytest.raises(obstore.exceptions.BaseError):
        obstore.put(open_bucket(settings(s3, tmp_path)), "file", b"refused")


@pytest.mark.parametrize(
    ("content", "reason"),
    [(None, "FileNotFoundError"), ("[default]\n", "aws_access_key_id is missing"), ("[x]\n", "default is missing"),
     ("words", "MissingSectionHeaderError")],
)  # fmt: skip
def test_a_file_without_a_key_is_refused(
    s3: S3Server, tmp_path: Path, without_keys: pytest.MonkeyPatch, content: str | None, reason: str
) -> None:
    credentials = tmp_path / "credentials"
    if content is not None:
        credentials.write_text(content)
    without_keys.setenv("AWS_SHARED_CREDENTIALS_FILE", str(credentials))

    with pytest.raises(SettingError, match=rf"has no key of the profile 'default': {reason}"):
        open_bucket(settings(s3, tmp_path))
