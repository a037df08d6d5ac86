"""Hostile bundles and packages: what their code reaches at every step at which it runs."""

import io
import json
import os
import socket
import stat
import threading
import zipfile
from contextlib import suppress

import pytest

from samples.bundles import bundle
from support.package_index import PackageIndex, make_wheel
from support.sandboxes import sandbox_report, strongest_sandbox
from support.waiting import LIMIT_SECONDS
from voxel51.runners.environments.bundle_runner import BundleRunner
from voxel51.runners.environments.errors import BuildError
from voxel51.runners.environments.store import BUILD_LIMITS
from voxel51.runners.environments.uv import IndexSettings
from voxel51.runners.interface import ExitReason
from voxel51.runners.launch import LaunchSpec
from voxel51.runners.sandbox.policy import SandboxKind
from voxel51.wire.tasks import JobLimits

pytestmark = pytest.mark.skipif(
    sandbox_report().kind is not SandboxKind.NAMESPACES and "CI" not in os.environ, reason="no namespaces here"
)

LIMITS = JobLimits(
    wall_seconds=60, cpu_seconds=60, memory_bytes=1 << 30, file_bytes=1 << 28, open_files=256, processes=50,
    scratch_bytes=1 << 28,
)  # fmt: skip

PROBE = """
import json, os, pathlib, socket

def attempt(call):
    try:
        return f"got {call()!r}"[:300]
    except (OSError, ValueError) as error:
        return "refused"

def connect(host, port):
    with socket.create_connection((host, port), timeout=3) as connection:
        return connection.getpeername()

def probe():
    targets = json.loads(%r)
    found = {path: attempt(lambda: pathlib.Path(path).read_bytes()) for path in targets["files"]}
    found |= {path: attempt(lambda: os.listdir(path)) for path in targets["folders"]}
    found |= {f"write {path}": attempt(lambda: pathlib.Path(path, "planted").touch()) for path in targets["writing"]}
    found |= {str(address): attempt(lambda: connect(*address)) for address in targets["addresses"]}
    found |= {"trace": attempt(lambda: pathlib.Path(f"/proc/{targets['pid']}/environ").read_bytes())}
    print("PROBE", json.dumps(found), flush=True)
"""


class Secrets:
    """Secrets of a platform, a server on loopback, and text of a module whose ``probe()`` tries to reach them."""

    def __init__(self, folder):
        data, bundles, environments = folder / "data", folder / "bundles", folder / "environments"
        places = [data, bundles / "sources" / "secret-source", environments / "built" / "secret-environment"]
        for place in places:
            place.mkdir(parents=True)
            (place / "secret").write_text("secret")
        self.listener = socket.create_server(("127.0.0.1", 0))
        targets = {
            "files": [*(str(place / "secret") for place in places), "/etc/shadow"],
            "folders": [*(str(place) for each in places for place in (each, each.parent)), "/root", "/home"],
            "writing": [str(environments), str(environments / "sdk"), "/usr", "/etc", "/"],
            "addresses": [self.listener.getsockname(), ("1.1.1.1", 443)],
            "pid": os.getpid(),
        }
        self.probe = PROBE % json.dumps(targets)


def results(lines):
    return [json.loads(line.partition("PROBE ")[2]) for line in lines if "PROBE " in line]


def assert_refused(found):
    assert "secret" not in str(found.values()), found
    reached = {target: result for target, result in found.items() if result != "refused"}
    assert all(result.startswith("got [") for result in reached.values()), reached  # listings of folders with its own


@pytest.fixture
def secrets(tmp_path):
    secrets = Secrets(tmp_path)
    yield secrets
    secrets.listener.close()


ANALYTIC = '''
from voxel51.platform import Video, VideoLabels, analytic

@analytic(version="1.0.0")
def cars(video: Video) -> VideoLabels:
    """Find cars.

    Args:
        video: the video to look at.
    """
'''


def write(source, text, *requirements):
    (source / "cars.py").write_text(f"# /// script\n# dependencies = {list(requirements)!r}\n# ///\n{text}")
    return source / "cars.py"


def test_import_of_a_hostile_source_reaches_nothing(make_store, source, secrets):
    store, lines = make_store(IndexSettings(url="")), []
    path = write(source, f"{secrets.probe}\nprobe()\n{ANALYTIC}")

    with store.prepare("", lines.append) as environment:
        described = store.describe(environment, path, lines.append)

    assert described.document["info"]["name"] == "cars"
    assert_refused(*results(lines))


@pytest.mark.parametrize("hook", ["evil.pth", "sitecustomize.py", "usercustomize.py"])
def test_start_up_code_of_a_package_reaches_nothing(store, index, source, secrets, hook):
    start = "import evil" if hook.endswith(".pth") else "import evil\n"
    index.add_wheel("evil", "1.0", {"evil.py": f"{secrets.probe}\nprobe()\n", hook: start})
    lines = []
    path = write(source, f"import evil\n{ANALYTIC}", "evil")

    lock = store.resolve(path, lines.append).lock
    with store.prepare(lock, lines.append) as environment:
        assert results(lines) == []  # an installation runs nothing
        store.describe(environment, path, lines.append)

    assert results(lines)
    for found in results(lines):
        assert_refused(found)


def test_build_of_a_source_distribution_reaches_the_index_alone(make_store, index, source, secrets):
    with PackageIndex() as other:
        ask = (
            f"\nimport urllib.request\nprint('ASKED', attempt(lambda: urllib.request.urlopen({other.url!r}).read()))\n"
        )
        index.add_source_distribution("evil", "1.0", f"{secrets.probe}\nprobe()\n{ask}")
        store = make_store(IndexSettings(url=index.url, allow_source_distributions=True))
        lines = []
        path = write(source, ANALYTIC, "evil")

        try:
            lock = store.resolve(path, lines.append).lock
            store.prepare(lock, lines.append).release()
        except BuildError as error:
            lines += str(error).splitlines()

        assert other.asked == []
    for found in results(lines):
        assert_refused(found)


@pytest.mark.parametrize(
    ("text", "limits", "message"),
    [
        pytest.param("import os\nwhile True:\n    os.fork()\n", {"processes": 30}, None, id="fork-bomb"),
        pytest.param("x = []\nwhile True:\n    x += bytes(9 << 20)\n", {"memory_bytes": 300 << 20}, None, id="memory"),
        pytest.param(
            "with open('x', 'wb') as file:\n    while True:\n        file.write(bytes(1 << 20))\n",
            {"scratch_bytes": 50 << 20}, "disk space", id="disk",
        ),
        pytest.param("while True:\n    pass\n", {"wall_seconds": 2}, "longer than", id="time"),
    ],
)  # fmt: skip
def test_greedy_import_is_ended_and_leaves_nothing(make_store, source, text, limits, message):
    store = make_store(
        IndexSettings(url=""), limits={**BUILD_LIMITS, **limits}, import_seconds=limits.get("wall_seconds", 60)
    )
    path = write(source, text)

    with store.prepare("", print) as environment, pytest.raises(BuildError, match=message):
        store.describe(environment, path, print)

    assert list((store._folder / "building").iterdir()) == []


def test_gigabyte_of_output_is_dropped(make_store, source):
    store, size_bytes = make_store(IndexSettings(url="")), 0

    def count(line):
        nonlocal size_bytes
        size_bytes += len(line)

    path = write(source, "for _ in range(1 << 14):\n    print('x' * (1 << 16))\n" + ANALYTIC)
    with store.prepare("", print) as environment:
        store.describe(environment, path, count)

    assert size_bytes < 2 << 20


class Outcomes:
    def __init__(self):
        self.found = []
        self.changed = threading.Condition()

    def ended(self, outcome):
        with self.changed:
            self.found.append(outcome)
            self.changed.notify_all()

    def one(self):
        with self.changed:
            assert self.changed.wait_for(lambda: self.found, LIMIT_SECONDS)
            return self.found.pop()


@pytest.fixture
def run(make_store, tmp_path, platform):
    """Return what runs the analytic of a text as a bundle, and returns the outcome of its job."""
    outcomes = Outcomes()
    runner = BundleRunner(tmp_path / "bundles", make_store(IndexSettings(url="")), strongest_sandbox())
    runner.open(outcomes.ended)

    def run(text, **limits):
        program = bundle(platform, {"cars.py": text.encode()}, "cars.py")
        runner.start(LaunchSpec("attempt1", program, platform.environment, {**LIMITS, **limits}))
        return outcomes.one()

    yield run
    runner.close()


def test_job_of_a_bundle_reaches_nothing(secrets, run):
    outcome = run(f"{secrets.probe}\nprobe()\n{ANALYTIC}")

    found = results(outcome.log.decode().splitlines())
    assert_refused(*found)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        pytest.param("import os\nwhile True:\n    os.fork()\n", None, id="fork-bomb"),
        pytest.param("x = []\nwhile True:\n    x.append(bytearray(10 << 20))\n", ExitReason.OVER_MEMORY, id="memory"),
        pytest.param(
            "import os\nwhile True:\n    with open(os.urandom(8).hex(), 'wb') as f:\n        f.write(bytes(1 << 25))\n",
            ExitReason.OVER_LIMIT, id="disk",
        ),
        pytest.param("while True:\n    pass\n", ExitReason.OVER_TIME, id="time"),
    ],
)  # fmt: skip
def test_greedy_job_of_a_bundle_is_ended(run, text, reason):
    outcome = run(text, wall_seconds=5 if reason in {None, ExitReason.OVER_TIME} else 60)

    assert reason is None or outcome.exit_reason is reason, outcome
    assert outcome.exit_reason is not ExitReason.EXITED or outcome.exit_code != 0


SHOWN = """
import sys, numpy, voxel51.platform.decorator as decorator
print("MODULES", decorator.__file__, numpy.__file__, sys.executable, flush=True)
"""


def test_package_with_the_names_of_the_sdk_does_not_replace_it(store, index, source):
    names = ("voxel51/__init__.py", "voxel51/platform/decorator.py", "numpy/__init__.py", "json/__init__.py")
    taken = dict.fromkeys(names, "raise SystemExit('it ran')\n")
    scripts = {f"evil-1.0.data/scripts/{name}": "#!python\nprint('it ran')\n" for name in ("uv", "voxel51")}
    paths = {"evil.pth": "/tmp\nimport sys; sys.path.insert(0, '/tmp'); print('it ran')\n", "evil.py": ""}
    index.add_wheel("evil", "1.0", {**taken, **scripts, **paths})
    lines = []
    path = write(source, f"import evil\n{SHOWN}{ANALYTIC}", "evil")

    lock = store.resolve(path, lines.append).lock
    with store.prepare(lock, lines.append) as environment:
        described = store.describe(environment, path, lines.append)

    assert described.document["info"]["name"] == "cars"
    assert "it ran" not in "".join(lines)
    [modules] = [line for line in lines if "MODULES" in line]
    assert str(environment.packages) not in modules


def test_link_in_a_wheel_is_not_installed_as_one(store, index, source):
    wheel = io.BytesIO(make_wheel("evil", "1.0", {"evil.py": ""}))
    with zipfile.ZipFile(wheel, "a") as archive:
        for name, target in {"secret": "/etc/shadow", "folder": "/"}.items():
            link = zipfile.ZipInfo(name)
            link.external_attr = (stat.S_IFLNK | 0o777) << 16
            archive.writestr(link, target)
    index.files["evil-1.0-py3-none-any.whl"] = wheel.getvalue()
    path = write(source, f"import evil\n{ANALYTIC}", "evil")

    with suppress(BuildError), store.prepare(store.resolve(path, print).lock, print) as environment:
        assert not [found for found in environment.packages.rglob("*") if found.is_symlink()]
