"""Builds: real packages from an index on loopback, resolved and installed by uv in the sandbox."""

import base64
import threading

import pytest

from support.package_index import PackageIndex, make_wheel
from voxel51.runners.environments.errors import BuildError, BuildUnavailable, IndexUnavailable
from voxel51.runners.environments.store import BUILD_LIMITS, EnvironmentStore, StoreSettings
from voxel51.runners.environments.uv import IndexSettings

BUNDLE = '''
from colours import RED
from voxel51.platform import Video, VideoLabels, analytic


@analytic(version="1.0.0")
def red_cars(video: Video, colour: str = RED) -> VideoLabels:
    """Find red cars.

    Args:
        video: the video to look at.
        colour: the colour.
    """
'''


def quiet(_line):
    """Drop the output of a build."""


def write(source, *requirements):
    lines = "".join(f"#   {requirement!r},\n" for requirement in requirements)
    path = source / "red_cars.py"
    path.write_text(f"# /// script\n# dependencies = [\n{lines}# ]\n# ///\n{BUNDLE}")
    return path


def add_colours(index, version="1.0"):
    index.add_wheel("colours", version, {"colours/__init__.py": "from paint import RED\n"}, ["paint>=2"])
    for paint in ("1.9", "2.0", "2.1"):
        index.add_wheel("paint", paint, {"paint.py": f"RED = 'red {paint}'\n"})


def test_packages_are_pinned_installed_and_imported(store, index, source):
    add_colours(index)

    resolved = store.resolve(write(source, "colours", "voxel51-platform[sdk]"), quiet)
    with store.prepare(resolved.lock, quiet) as environment:
        described = store.describe(environment, source / resolved.module)

    pins = [line.partition(" ")[0] for line in resolved.lock.splitlines() if not line.startswith(" ")]
    assert pins == ["colours==1.0", "paint==2.1"]
    assert resolved.lock.count("--hash=sha256:") == 2
    assert described.document["parameters"][0]["default"] == "red 2.1"


def test_lock_installs_the_same_versions_later(store, index, source):
    add_colours(index)
    lock = store.resolve(write(source, "colours"), quiet).lock
    index.add_wheel("paint", "3.0", {"paint.py": "RED = 'red 3.0'\n"})

    with store.prepare(lock, quiet) as environment:
        assert (environment.packages / "paint.py").read_text() == "RED = 'red 2.1'\n"


def test_environment_is_built_once_for_concurrent_callers(store, index, source):
    add_colours(index)
    lock = store.resolve(write(source, "colours"), quiet).lock
    found = []

    threads = [threading.Thread(target=lambda: found.append(store.prepare(lock, quiet))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len({environment.packages for environment in found}) == 1
    assert index.asked.count("/files/paint-2.1-py3-none-any.whl") <= 2  # its metadata once, its content once


def test_environment_survives_a_restart_and_is_rebuilt_when_damaged(store, make_store, index, source):
    add_colours(index)
    lock = store.resolve(write(source, "colours"), quiet).lock
    store.prepare(lock, quiet).release()
    index.asked.clear()

    with make_store(IndexSettings(url=index.url)).prepare(lock, quiet) as environment:
        assert index.asked == []
        (environment.packages / "paint.py").write_text("RED = 'damaged'\n")
    with make_store(IndexSettings(url=index.url)).prepare(lock, quiet) as environment:
        assert (environment.packages / "paint.py").read_text() == "RED = 'red 2.1'\n"


@pytest.mark.parametrize(
    ("requirement", "line", "message"),
    [
        pytest.param("colours>=9", 4, "colours", id="no-such-version"),
        pytest.param("nonesuch", 4, "nonesuch was not found", id="no-such-package"),
        pytest.param("colours==1.0 nonsense", 4, "(?i)parse|expected", id="syntax"),
        pytest.param("numpy<1", 4, "SDK provides numpy", id="contradicts-the-sdk"),
        pytest.param("voxel51-platform>=99", 4, "SDK provides voxel51-platform", id="newer-sdk"),
    ],
)
def test_requirement_that_cannot_be_resolved_has_its_line(store, index, source, requirement, line, message):
    add_colours(index)

    with pytest.raises(BuildError, match=message) as caught:
        store.resolve(write(source, "paint", requirement), quiet)

    assert (caught.value.file, caught.value.line) == ("red_cars.py", line)


def test_sdk_never_comes_from_an_index(store, index, source):
    version = store.sdk.versions["voxel51-platform"]
    index.add_wheel("voxel51-platform", version, {"voxel51/__init__.py": ""}, ["evil"])
    index.add_wheel("numpy", store.sdk.versions["numpy"], {"numpy/__init__.py": ""}, ["evil"])
    index.add_wheel("evil", "1.0", {"evil.py": ""})
    index.add_wheel("paint", "2.1", {"paint.py": ""}, ["voxel51-platform[sdk]", "numpy"])

    lock = store.resolve(write(source, "paint", "numpy", "voxel51-platform"), quiet).lock

    assert lock.startswith("paint==2.1")
    assert "evil" not in lock
    assert "numpy" not in lock
    assert not [path for path in index.asked if "numpy" in path or "voxel51" in path]


def test_other_content_than_was_locked_is_refused(store, index, source):
    add_colours(index)
    lock = store.resolve(write(source, "colours"), quiet).lock
    index.add_wheel("paint", "2.1", {"paint.py": "RED = 'another'\n"})

    with pytest.raises(BuildError, match=r"(?i)hash mismatch"):
        store.prepare(lock, quiet)

    assert list((store._folder / "building").iterdir()) == []
    assert list((store._folder / "built").iterdir()) == []


def test_source_distribution_is_refused_and_does_not_run(store, index, source):
    index.add_source_distribution("paint", "1.0", "raise SystemExit('it ran')")
    lines = []

    with pytest.raises(BuildError, match="paint"):
        store.resolve(write(source, "paint"), lines.append)

    assert "it ran" not in "".join(lines)


def test_source_distribution_is_built_where_the_operator_allows_it(make_store, index, source):
    index.add_source_distribution("paint", "1.0", "print('it ran')")
    store = make_store(IndexSettings(url=index.url, allow_source_distributions=True))

    lock = store.resolve(write(source, "paint"), quiet).lock

    with store.prepare(lock, quiet) as environment:
        assert (environment.packages / "paint.py").exists()


def test_folder_of_wheels_needs_no_index(make_store, tmp_path, source):
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    (wheels / "paint-2.1-py3-none-any.whl").write_bytes(make_wheel("paint", "2.1", {"paint.py": ""}))
    store = make_store(IndexSettings(url="", wheel_folder=wheels))

    lock = store.resolve(write(source, "paint"), quiet).lock

    with store.prepare(lock, quiet) as environment:
        assert (environment.packages / "paint.py").exists()


def test_files_at_another_server_need_the_setting(make_store, index, source):
    with PackageIndex() as other:
        add_colours(other)
        index.files.update(other.files)
        for name in other.files:
            index.redirects[f"/files/{name}"] = f"{other.url.removesuffix('/simple')}/files/{name}"
        path = write(source, "paint")

        lines = []
        with pytest.raises(BuildUnavailable):
            make_store(IndexSettings(url=index.url)).resolve(path, lines.append)
        allowed = IndexSettings(url=index.url, file_servers=(other.url,))
        assert other.asked == []

        assert make_store(allowed).resolve(path, quiet).lock.startswith("paint==2.1")


def test_index_that_does_not_answer_is_not_the_fault_of_the_bundle(make_store, source):
    with PackageIndex() as index:
        url = index.url
    store = make_store(IndexSettings(url=url))

    with pytest.raises(BuildUnavailable, match=f"the package index {url} does not answer"):
        store.resolve(write(source, "paint"), quiet)


@pytest.mark.parametrize("status", [401, 403])
def test_index_that_refuses_access_is_named_and_not_the_fault_of_the_bundle(make_store, index, source, status):
    index.refusal = status
    store = make_store(IndexSettings(url=index.url.replace("//", "//user:wrong@")))

    with pytest.raises(IndexUnavailable, match=f"{index.url} refuses access: {status} ") as caught:
        store.resolve(write(source, "paint"), quiet)

    assert caught.value.is_refused
    assert "wrong" not in str(caught.value)


PASSWORD = "a secret/password"


def with_password(index):
    """Let the index ask for a password, and return its settings with it."""
    index.password = f"user:{PASSWORD}"
    return IndexSettings(url=index.url.replace("//", "//user:a%20secret%2Fpassword@"), allow_source_distributions=True)


@pytest.mark.parametrize("is_absolute", [False, True], ids=["relative-links", "absolute-links"])
def test_index_with_a_password_serves_builds(make_store, index, source, is_absolute):
    add_colours(index)
    index.is_absolute = is_absolute
    store = make_store(with_password(index))

    lock = store.resolve(write(source, "colours"), quiet).lock

    with store.prepare(lock, quiet) as environment:
        assert (environment.packages / "paint.py").exists()


def test_code_of_a_build_does_not_find_the_password_of_the_index(make_store, index, source):
    read = (
        "import glob, os, pathlib\nfound = [str(dict(os.environ))]\n"
        "for path in [*glob.glob('/proc/[0-9]*/environ'), *glob.glob('/proc/[0-9]*/cmdline')]:\n"
        "    try:\n        found.append(str(pathlib.Path(path).read_bytes()))\n    except OSError:\n        pass\n"
        "raise SystemExit('FOUND ' + ' '.join(found))"
    )
    index.add_source_distribution("nosy", "1.0", read)
    store, lines = make_store(with_password(index)), []

    lock = store.resolve(write(source, "nosy"), lines.append).lock
    with pytest.raises(BuildError):
        store.prepare(lock, lines.append)

    found = next(line for line in lines if "FOUND " in line)
    assert "UV_DEFAULT_INDEX" in found
    for secret in (PASSWORD, "a%20secret", base64.b64encode(index.password.encode()).decode()):
        assert secret not in found


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        pytest.param({"wall_seconds": 0.2}, "longer than its limit of 0.2 s", id="time"),
        pytest.param({"scratch_bytes": 20 << 20, "wall_seconds": 60}, "disk space", id="disk"),
    ],
)
def test_build_over_a_limit_leaves_nothing(make_store, index, source, limits, message):
    index.add_wheel("paint", "2.1", {f"paint/{number}.bin": bytes(1 << 20) for number in range(200)})
    lock = make_store(IndexSettings(url=index.url)).resolve(write(source, "paint"), quiet).lock
    store = make_store(IndexSettings(url=index.url), limits={**BUILD_LIMITS, **limits})

    with pytest.raises(BuildError, match=message):
        store.prepare(lock, quiet)

    assert list((store._folder / "building").iterdir()) == []
    assert list((store._folder / "built").iterdir()) == []


def test_quota_removes_environments_that_are_not_in_use(make_store, index, source):
    for name in ("paint", "glue", "paper"):
        index.add_wheel(name, "1.0", {f"{name}.bin": bytes(1 << 20)})
    store = make_store(IndexSettings(url=index.url), quota_bytes=(5 << 20) // 2)
    locks = {name: store.resolve(write(source, name), quiet).lock for name in ("paint", "glue", "paper")}

    with store.prepare(locks["paint"], quiet):
        store.prepare(locks["glue"], quiet).release()
        store.prepare(locks["paper"], quiet).release()

        assert store.prepared(locks["paint"]) is not None
        assert store.prepared(locks["glue"]) is None
    with store.prepare(locks["glue"], quiet) as environment:
        assert (environment.packages / "glue.bin").exists()


def test_store_that_is_not_open_builds_nothing(tmp_path, source):
    store = EnvironmentStore(tmp_path / "environments", None, StoreSettings())

    with pytest.raises(BuildUnavailable, match="not open"):
        store.prepare("", quiet)
