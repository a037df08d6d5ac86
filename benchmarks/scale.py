"""Scale: lists, searches and overviews of a platform with a million jobs, beside one with a thousand.

Half of the million jobs belong to the user who asks, a hundredth to another who asks, and the rest to twenty users of
an application that asks too. On the small platform, the user and the users of the application have a thousand each.
Each figure is the server's processor time per request, alternately on both platforms: the time by the clock depends on
what else the machine does. ``VOXEL51_BENCH_JOBS`` sets another number than a million. With
``VOXEL51_BENCH_DATABASE=postgresql``, the platforms use PostgreSQL, whose processor time is included.
"""

import http.client
import json
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode, urlsplit

sys.path.append(str(Path(__file__).resolve().parents[1] / "tests"))

from benchmarks.support.figures import Figure
from benchmarks.support.many_jobs import COMMON_LABEL, COMMON_WORD, RARE_LABEL, RARE_WORD, Share, fill
from demo.platform_process import PlatformProcess
from support.postgresql import PostgreSQL, running_postgresql
from voxel51.server.accounts.applications import ApplicationService
from voxel51.server.accounts.callers import ROLE_SCOPES, Application, User
from voxel51.server.accounts.service import AccountService
from voxel51.server.accounts.tokens import TokenService, TokenSpec
from voxel51.server.database.database import Database, sqlite_url
from voxel51.wire.accounts import Role
from voxel51.wire.query import DATA_FIELDS, JOBS_FIELDS

JOBS = int(os.environ.get("VOXEL51_BENCH_JOBS", "1000000"))
FEW_JOBS = 1000
RUNS = 9
REQUESTS = 5
GOAL = "< 2"
APPLICATION = "application"
APPLICATION_USERS = 20
ON_POSTGRESQL = os.environ.get("VOXEL51_BENCH_DATABASE") == "postgresql"


@dataclass
class Caller:
    """A connection to a platform, with the credential of a user. ``server`` is the database server, if there is one."""

    platform: PlatformProcess
    server: PostgreSQL | None
    connection: http.client.HTTPConnection
    headers: dict[str, str]

    def milliseconds(self, path: str) -> float:
        """Send some requests, and return the processor time that the platform took for each."""
        began = self._processor_milliseconds()
        for _ in range(REQUESTS):
            self.document(path)
        return (self._processor_milliseconds() - began) / REQUESTS

    def document(self, path: str) -> dict[str, object]:
        """Return the response to a request."""
        self.connection.request("GET", path, headers=self.headers)
        response = self.connection.getresponse()
        body = response.read()
        assert response.status == 200, (path, response.status, body[:300])
        found: dict[str, object] = json.loads(body)
        return found

    def _processor_milliseconds(self) -> float:
        processes = [self.platform.pid, *(self.server.process_ids() if self.server else [])]
        threads = [thread for pid in processes for thread in Path(f"/proc/{pid}/task").glob("*/schedstat")]
        return sum(int(thread.read_text().split()[0]) for thread in threads) / 1e6


def measure() -> list[Figure]:
    with tempfile.TemporaryDirectory(prefix="voxel51-bench-") as name, ExitStack() as stack:
        server = stack.enter_context(running_postgresql()) if ON_POSTGRESQL else None
        few = stack.enter_context(_platform(Path(name) / "few", {"owner": FEW_JOBS}, FEW_JOBS, server))
        own = {"owner": JOBS // 2, "tenth": JOBS // 100}
        many = stack.enter_context(_platform(Path(name) / "many", own, JOBS - sum(own.values()), server))
        figures = [_figure(name, few["owner"], many["owner"], path) for name, path in _paths().items()]
        figures.append(_figure(f"list 25 of {JOBS // 100:,}", few["owner"], many["tenth"], _list("jobs")))
        figures.append(_next_page(few["owner"], many["owner"]))
        figures += [_figure(name, few[APPLICATION], many[APPLICATION], path) for name, path in _application().items()]
        return figures


def _paths() -> dict[str, str]:
    """Return the requests by name. Sorts and filters are those of the console, and the slowest others."""
    sorts = {f"jobs by {field}": _list("jobs", sort=f"{field}:asc") for field in JOBS_FIELDS}
    sorts |= {f"data by {field}": _list("data", sort=f"{field}:asc") for field in DATA_FIELDS}
    searches = ("archived:false", "archived:true", "state:failed", "state:failed,archived:false", "expired:true",
                f"name:{RARE_WORD}", f"name:{COMMON_WORD}")  # fmt: skip
    return {
        "list 25": _list("jobs"),
        **sorts,
        **{f"jobs, {search}": _list("jobs", search=search) for search in searches},
        "jobs, archived:false by name": _list("jobs", search="archived:false", sort="name:asc"),
        "jobs, offset 400": _list("jobs", offset=400),
        "data, type:video": _list("data", search="type:video"),
        "labels, common": f"/v1/labels?labels={COMMON_LABEL}",
        "labels, rare": f"/v1/labels?labels={RARE_LABEL}",
        "labels, two": f"/v1/labels?labels={COMMON_LABEL},dog",
        "label names": "/v1/labels/names",
        "admin queue": "/v1/admin/queue",
        "admin usage": "/v1/admin/usage",
    }


def _application() -> dict[str, str]:
    """Return the requests of the application by name."""
    sorts = {f"application, jobs by {field}": _list("apps/jobs", sort=f"{field}:asc") for field in JOBS_FIELDS}
    sorts |= {f"application, data by {field}": _list("apps/data", sort=f"{field}:asc") for field in DATA_FIELDS}
    searches = ("archived:false", "state:failed", f"name:{RARE_WORD}", f"name:{COMMON_WORD}")
    return {
        **sorts,
        **{f"application, jobs, {search}": _list("apps/jobs", search=search) for search in searches},
        "application usage": "/v1/apps/usage",
    }


def _list(noun: str, **query: object) -> str:
    return f"/v1/{noun}?{urlencode({'limit': 25, **query})}"


def _figure(name: str, few: Caller, many: Caller, path: str) -> Figure:
    return _compared(name, [(many.milliseconds(path), few.milliseconds(path)) for _ in range(RUNS + 1)])


def _next_page(few: Caller, many: Caller) -> Figure:
    """Compare pages by cursor: page after page of the large list, beside the second of the small one."""
    second, following = (_list("jobs", cursor=caller.document(_list("jobs"))["next_cursor"]) for caller in (few, many))
    pairs = []
    for _ in range(RUNS + 1):
        pairs.append((many.milliseconds(following), few.milliseconds(second)))
        following = _list("jobs", cursor=many.document(following)["next_cursor"])
    return _compared("jobs, next page by cursor", pairs)


def _compared(name: str, pairs: list[tuple[float, float]]) -> Figure:
    many, few = zip(*pairs[1:], strict=True)  # the first is slower: statements are compiled
    return Figure(f"{name}: {JOBS:,} jobs", "ms", many, f"{FEW_JOBS:,} jobs", few, GOAL)


@contextmanager
def _platform(
    folder: Path, jobs: dict[str, int], of_application: int, server: PostgreSQL | None
) -> Iterator[dict[str, Caller]]:
    """Start a platform whose users have that many jobs, and those of an application so many; yield them as callers.

    The first user is an operator.
    """
    url = sqlite_url(folder / "platform.sqlite") if server is None else server.empty_database()
    variables = {"VOXEL51_SERVER_REQUESTS_PER_SECOND": "0", "VOXEL51_SERVER_DATABASE_URL": url}
    platform = PlatformProcess(folder, environment=variables)
    folder.mkdir(parents=True)
    names = [*jobs]
    platform.create_user(names[0], folder.with_suffix(".json"))  # creates the database
    database = Database(url)
    accounts = AccountService(database)
    users = [accounts.find(names[0]), *map(accounts.create_user, names[1:])]
    applications = ApplicationService(database)
    application = applications.create(APPLICATION)
    others = [applications.create_user(application, f"user-{number}") for number in range(APPLICATION_USERS)]
    shares = [Share(user, of_application // APPLICATION_USERS) for user in others]
    fill(database, [*(Share(user, jobs[user.name]) for user in users), *shares])
    keys = {user.name: _key(database, user, Role.OPERATOR if user is users[0] else Role.MEMBER) for user in users}
    headers = {name: {"Authorization": f"Bearer {key}"} for name, key in keys.items()}
    headers[APPLICATION] = {"X-Voxel51-Application": _application_key(database, application)}
    database.close()
    with platform:
        address = urlsplit(platform.url).netloc
        yield {
            name: Caller(platform, server, http.client.HTTPConnection(address), own) for name, own in headers.items()
        }


def _key(database: Database, user: User, role: Role) -> str:
    scopes = ROLE_SCOPES[role]
    actor = User(user.id, user.name, None, scopes)
    file = TokenService(database).issue(actor, actor, TokenSpec("bench", scopes), "http://127.0.0.1")
    return file["access_token"]["private_key"]


def _application_key(database: Database, application: Application) -> str:
    file = TokenService(database).issue(
        application, application, TokenSpec("bench", application.scopes), "http://127.0.0.1"
    )
    return file["access_token"]["private_key"]
