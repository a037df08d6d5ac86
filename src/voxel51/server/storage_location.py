"""Storage location: where the settings keep files, and the identity that the files have there."""

import os
from collections.abc import Mapping
from configparser import ConfigParser
from configparser import Error as ConfigParserError
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from voxel51.server.data_folder import StorageFolder
from voxel51.server.settings import SettingError, Settings

if TYPE_CHECKING:
    from obstore.store import ClientConfig, S3Config, S3Store

_SCHEME = "s3"
_IDENTITY = "identity"

_RETRY_LIMIT = timedelta(seconds=10)
"""Time in which a request to the store is repeated; callers are told to try again after that."""


class StorageBucket:
    """The storage in a bucket, as far as its identity is concerned (`voxel51.server.database.identity`)."""

    def __init__(self, settings: Settings) -> None:
        self.place = settings.storage_url
        self._bucket = open_bucket(settings)

    @property
    def mark(self) -> str:
        """Text that is the same for all processes that share the bucket."""
        return self.place

    def read_id(self) -> str | None:
        """Return the id of the storage; None if it has none yet.

        Raises:
            RuntimeError: the bucket cannot be read.
        """
        import obstore  # noqa: PLC0415  (an extra)

        try:
            text = bytes(obstore.get(self._bucket, _IDENTITY).bytes()).decode("ascii").strip()
        except FileNotFoundError:
            return None
        except obstore.exceptions.BaseError as error:
            raise self._unusable(error) from error
        return text or None

    def write_id(self, storage_id: str) -> None:
        """Record the id.

        Raises:
            RuntimeError: the bucket cannot be written.
        """
        import obstore  # noqa: PLC0415  (an extra)

        try:
            obstore.put(self._bucket, _IDENTITY, f"{storage_id}\n".encode())
        except (obstore.exceptions.BaseError, FileNotFoundError) as error:
            raise self._unusable(error) from error

    def has(self, key: str) -> bool:
        """Return whether the storage has the file ``key``."""
        import obstore  # noqa: PLC0415  (an extra)

        try:
            obstore.head(self._bucket, key)
        except FileNotFoundError:
            return False
        return True

    def _unusable(self, error: Exception) -> RuntimeError:
        reason = str(error).partition("\n")[0][:300]
        return RuntimeError(f"the storage {self.place} cannot be used: {reason}")


def identified_storage(settings: Settings) -> StorageFolder | StorageBucket:
    """Return the storage that the settings name, with its identity."""
    return StorageBucket(settings) if settings.storage_url else StorageFolder(settings.folder, settings.storage_folder)


def holds_files(settings: Settings) -> bool:
    """Return whether there are files in the storage that the settings name.

    Raises:
        RuntimeError: the bucket cannot be read.
    """
    if settings.storage_url:
        return StorageBucket(settings).read_id() is not None
    return any(settings.storage_folder.glob("*/?/*"))


def open_bucket(settings: Settings) -> "S3Store":
    """Return the bucket of ``storage_url``, below its path. The keys come from the variables ``AWS_…``.

    Raises:
        SettingError: the URL is invalid, or the file with the keys.
        RuntimeError: the extra is not installed.
    """
    _require_extra()
    return _bucket(settings, *bucket_and_prefix(settings.storage_url))


def open_source_bucket(settings: Settings, location: str) -> "S3Store":
    """Return the bucket of a source in place, ``s3://BUCKET/PREFIX``, in the same store as the platform's files.

    Raises:
        SettingError, RuntimeError: as `open_bucket` does.
    """
    _require_extra()
    return _bucket(settings, *bucket_and_prefix(location))


def _require_extra() -> None:
    try:
        import obstore  # noqa: F401, PLC0415  (an extra)
    except ImportError:
        raise RuntimeError("S3 needs a package: pip install 'voxel51-platform[s3]'") from None


def _bucket(settings: Settings, bucket: str, prefix: str) -> "S3Store":
    from obstore.store import S3Store  # noqa: PLC0415  (an extra)

    endpoint = settings.storage_endpoint
    # A body may take as long as it needs: the store's client would otherwise end it after 30 s.
    client: ClientConfig = {"allow_http": endpoint.startswith("http://"), "connect_timeout": "5s", "timeout": "24h"}
    return S3Store(
        bucket,
        prefix=prefix or None,
        client_options=client,
        config={**({"endpoint": endpoint} if endpoint else {}), **_keys_in_file(os.environ)},
        retry_config={"max_retries": 3, "retry_timeout": _RETRY_LIMIT},
    )


def _keys_in_file(environment: Mapping[str, str]) -> "S3Config":
    """Return the key that ``AWS_SHARED_CREDENTIALS_FILE`` has, which obstore does not read.

    Variables take precedence, as in Amazon's programs.
    """
    path = environment.get("AWS_SHARED_CREDENTIALS_FILE")
    if not path or "AWS_ACCESS_KEY_ID" in environment:
        return {}
    profile = environment.get("AWS_PROFILE", "default")
    file = ConfigParser(interpolation=None, default_section="")  # a section named `default` is a profile
    try:
        file.read_string(Path(path).read_text(encoding="utf-8"))
        section = file[profile]
        config: S3Config = {
            "access_key_id": section["aws_access_key_id"],
            "secret_access_key": section["aws_secret_access_key"],
        }
    except (OSError, ConfigParserError, KeyError, UnicodeDecodeError) as error:
        reason = f"{error.args[0]} is missing" if isinstance(error, KeyError) else type(error).__name__
        raise SettingError(
            f"AWS_SHARED_CREDENTIALS_FILE: {path} has no key of the profile {profile!r}: {reason}"
        ) from None
    if "aws_session_token" in section:
        config["session_token"] = section["aws_session_token"]
    return config


def bucket_and_prefix(storage_url: str) -> tuple[str, str]:
    """Return the name of the bucket, and the path in it, which may be empty.

    Raises:
        SettingError: the URL is invalid.
    """
    url = urlsplit(storage_url)
    if url.scheme != _SCHEME or not url.netloc or url.query or url.username:
        raise SettingError(f"storage_url must be s3://BUCKET or s3://BUCKET/FOLDER, not {storage_url!r}")
    return url.netloc, url.path.strip("/")
