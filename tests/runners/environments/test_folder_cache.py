"""Folder cache: quota, leases, damage, and a restart."""

import pytest

from voxel51.runners.environments.folder_cache import FolderCache

KIB = 1024


def made(folder, name="content", size_bytes=64 * KIB):
    content = folder / f"made-{name}"
    (content / "package").mkdir(parents=True)
    (content / "package" / "module.py").write_bytes(b"x" * size_bytes)
    return content


@pytest.fixture
def cache(tmp_path):
    cache = FolderCache(tmp_path / "cache", 200 * KIB)
    cache.open()
    return cache


def keys(cache):
    return {key for key in "abcd" if (lease := cache.lease(key)) is not None and lease.release() is None}


def test_folder_is_leased_by_its_key(cache, tmp_path):
    assert cache.lease("a") is None

    cache.add("a", made(tmp_path)).release()

    with cache.lease("a") as lease:
        assert (lease.folder / "package/module.py").stat().st_size == 64 * KIB


def test_least_recently_used_folder_is_removed(cache, tmp_path):
    for key in "abc":
        cache.add(key, made(tmp_path, key)).release()
    cache.lease("a").release()

    cache.add("d", made(tmp_path, "d")).release()

    assert keys(cache) == {"a", "c", "d"}
    assert cache.used_bytes() <= 200 * KIB


def test_leased_folder_stays(cache, tmp_path):
    lease = cache.add("a", made(tmp_path, "a"))
    for key in "bcd":
        cache.add(key, made(tmp_path, key)).release()

    assert (lease.folder / "package/module.py").exists()
    lease.release()
    cache.add("b", made(tmp_path, "again")).release()
    assert "a" not in keys(cache) or cache.used_bytes() <= 200 * KIB


def test_folders_and_their_order_survive_a_restart(cache, tmp_path):
    for key in "abc":
        cache.add(key, made(tmp_path, key)).release()
    cache.lease("a").release()

    restarted = FolderCache(tmp_path / "cache", 200 * KIB)
    restarted.open()
    restarted.add("d", made(tmp_path, "d")).release()

    assert keys(restarted) == {"a", "c", "d"}


@pytest.mark.parametrize("damage", ["changed", "removed", "added", "no-record", "bad-record"])
def test_damaged_folder_is_not_used(cache, tmp_path, damage):
    cache.add("a", made(tmp_path)).release()
    place = tmp_path / "cache" / "a"
    module = place / "content/package/module.py"
    {
        "changed": lambda: module.write_bytes(b"y" * 64 * KIB),
        "removed": module.unlink,
        "added": lambda: module.with_name("other.py").touch(),
        "no-record": (place / "record.json").unlink,
        "bad-record": lambda: (place / "record.json").write_text("{"),
    }[damage]()
    restarted = FolderCache(tmp_path / "cache", 200 * KIB)
    restarted.open()

    assert restarted.lease("a") is None
    restarted.add("a", made(tmp_path, "again")).release()
    with restarted.lease("a") as lease:
        assert (lease.folder / "package/module.py").read_bytes() == b"x" * 64 * KIB


def test_interrupted_work_is_removed_at_the_next_start(cache, tmp_path):
    half_made = tmp_path / "cache" / ".draft-1-1" / "content"
    half_made.mkdir(parents=True)

    FolderCache(tmp_path / "cache", 200 * KIB).open()

    assert list((tmp_path / "cache").iterdir()) == []


def test_second_maker_of_a_folder_gets_the_first_one(cache, tmp_path):
    first = cache.add("a", made(tmp_path, "a"))

    second = cache.add("a", made(tmp_path, "b", 1))

    assert second.folder == first.folder
    assert (second.folder / "package/module.py").stat().st_size == 64 * KIB
