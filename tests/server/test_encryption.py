"""Encryption of stored secrets: the secret key is created once, private to its owner, and never a weak one."""

import stat

import pytest

from voxel51.server.encryption import load_secret_key


def test_secret_key_is_created_once_with_mode_0600(tmp_path):
    first = load_secret_key(tmp_path / "signing.key")

    assert len(first) == 32
    assert load_secret_key(tmp_path / "signing.key") == first
    assert stat.S_IMODE((tmp_path / "signing.key").stat().st_mode) == 0o600


def test_damaged_secret_key_is_rejected(tmp_path):
    (tmp_path / "signing.key").write_bytes(b"")

    with pytest.raises(RuntimeError, match=r"signing\.key has 0 bytes"):
        load_secret_key(tmp_path / "signing.key")
