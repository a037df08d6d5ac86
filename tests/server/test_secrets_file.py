"""The key of signed links is made once, kept from others, and never a weak one."""

import stat

import pytest

from voxel51.server.secrets_file import signing_key


def test_the_key_is_made_once_and_kept_from_others(tmp_path):
    first = signing_key(tmp_path)

    assert len(first) == 32
    assert signing_key(tmp_path) == first
    assert stat.S_IMODE((tmp_path / "signing.key").stat().st_mode) == 0o600


def test_a_damaged_key_is_not_used(tmp_path):
    (tmp_path / "signing.key").write_bytes(b"")

    with pytest.raises(RuntimeError, match=r"signing\.key has 0 bytes"):
        signing_key(tmp_path)
