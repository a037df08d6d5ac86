"""Query plans: no route and no clean-up reads a whole table, or sorts one, where an index can serve.

SQLite plans without statistics, so its plans do not depend on what is in the tables. Every statement that the platform
sends is explained; those that may read everything are named below, with the reason.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest
from sqlalchemy import event

from support.in_process import HOST, ask
from voxel51.server.accounts.applications import ApplicationService
from voxel51.server.accounts.callers import ROLE_SCOPES, User
from voxel51.server.accounts.service import AccountService
from voxel51.server.accounts.tokens import TokenService, TokenSpec
from voxel51.server.analytics.service import AnalyticService
from voxel51.server.analytics.weights_in_use import WeightsInUse
from voxel51.server.app import Platform, build_platform
from voxel51.server.database import listing
from voxel51.server.jobs.analytic_facts import AnalyticFactsService
from voxel51.server.jobs.result_cache import ResultKeys
from voxel51.server.jobs.reused_results import ReusedResults
from voxel51.server.jobs.service import has_active_jobs
from voxel51.server.search import matching
from voxel51.server.settings import Settings
from voxel51.server.storage.local import LocalStorage
from voxel51.server.wiring.foundation import Addresses
from voxel51.wire.accounts import Role
from voxel51.wire.query import DATA_COMPUTED_FIELDS, DATA_FIELDS, JOBS_FIELDS, MEDIA_FIELDS

URL = f"http://{HOST}"
DATA_SEARCHES = (
    "",
    "name:a",
    "name:gate",
    "type:video",
    "duration_seconds:>600,video_codec:h264",
    "has_audio:true",
    "label:person",
    "analytic:a/b",
    "not_run:a/b",
    "tag:street",
    "metadata:camera=north",
    "collection:junction",
)
SEARCHED = {"upload_date", "name", "duration_seconds"}
"""Orders in which all searches of data are asked; each order is asked without a search."""

LONG_TABLES = {
    "attempts",
    "audit_log",
    "batch_items",
    "batches",
    "collection_members",
    "data",
    "data_metadata",
    "data_tags",
    "events",
    "idempotency_keys",
    "job_inputs",
    "job_run_keys",
    "jobs",
    "label_inputs",
    "label_spans",
    "pipeline_run_steps",
    "pipeline_runs",
    "pipeline_shares",
    "pipeline_versions",
    "pipelines",
    "renditions",
    "shares",
    "tokens",
    "uploads",
    "webhook_deliveries",
}
READ_WHOLE = {
    "FROM jobs GROUP BY jobs.state, jobs.internal": "counts all jobs, from an index",
    "FROM data GROUP BY data.owner_id, data.storage_key": "adds up the files of all users, from an index",
    "FROM jobs LEFT OUTER JOIN renditions": "reads all internal jobs, from an index of these alone",
    "jobs.expired IS 1": "reads the ids of all expired jobs, from an index of these alone",
    "FROM audit_log ORDER BY audit_log.id DESC LIMIT": "reads the newest entries",
}
SORTED = {
    "FROM data_tags": "sorts the tags of a user by their number",
    "attempts.created_at, jobs.id": "sorts the jobs that run",
    "FROM label_spans JOIN jobs": "sorts the labels of a user by their number",
    "WHERE label_spans.job_id IN (": "sorts the spans of the jobs on a page",
    "jobs.id IN (": "sorts a page, or the few matches of a search",
    "ORDER BY tokens.created_at, tokens.id": "sorts the tokens of one account",
    "data.id IN (": "sorts a page, or the few matches of a search",
}


@dataclass
class Recorder:
    """Statements that were sent, each with its parameters and what caused it."""

    cause: str = ""
    sent: dict[str, tuple[str, Any]] = field(default_factory=dict)

    def __call__(self, _c: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, many: bool) -> None:
        if re.match("SELECT|WITH|UPDATE|DELETE", statement):
            self.sent.setdefault(statement, (self.cause, parameters[0] if many else parameters))


@dataclass
class Site:
    """A platform without network, its statements, and the headers of an operator and of an application."""

    platform: Platform
    recorder: Recorder
    credentials: list[dict[str, str]]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder: Path = tmp_path_factory.mktemp("plans")
    platform = build_platform(Settings(dir=str(folder / "data")), Addresses(URL, URL))
    recorder = Recorder()
    event.listen(platform.database.engine, "before_cursor_execute", recorder)
    operator = AccountService(platform.database).create_user("operator", role=Role.OPERATOR)
    operator = replace(operator, scopes=ROLE_SCOPES[Role.OPERATOR])
    application = ApplicationService(platform.database).create("application")
    tokens = TokenService(platform.database)
    keys = [
        tokens.issue(holder, holder, TokenSpec("plans", holder.scopes), URL)["access_token"]["private_key"]
        for holder in (operator, application)
    ]
    credentials = [{"Authorization": f"Bearer {keys[0]}"}, {"X-Voxel51-Application": keys[1]}]
    yield Site(platform, recorder, credentials)
    platform.database.close()


def test_no_statement_reads_or_sorts_a_long_table(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    ask_every_route(site)
    ask_for_lists(site)
    search_labels(site)
    read_facts(site)
    clean_up(site)
    for module in (listing, matching):  # as if every search had many matches
        monkeypatch.setattr(module, "FEW", -1)
    ask_for_lists(site)
    search_labels(site)

    with site.platform.database.read() as connection:
        plans = {
            statement: [row[-1] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)]
            for statement, (_, parameters) in site.recorder.sent.items()
        }
    assert len(plans) > 150
    found = [f"{site.recorder.sent[statement][0]}: {problem}\n  {statement}" for statement, problem in problems(plans)]
    assert not found, "\n".join(found)


def ask_every_route(site: Site) -> None:
    for path, operations in site.platform.description["paths"].items():
        if path.endswith("/events"):  # a stream, which does not end
            continue
        for method in operations:
            site.recorder.cause = f"{method} {path}"
            for headers in site.credentials:
                ask(site.platform.application, method.upper(), f"/v1{re.sub('{.*?}', 'x', path)}", headers)


def ask_for_lists(site: Site) -> None:
    searches = (
        "",
        "name:a",
        "a",
        "name:gate",
        "gate,archived:true",
        "archived:false",
        "state:failed,archived:true",
        "state:queued|running",
        "expired:true",
    )
    user, application = site.credentials
    for path, fields, caller in (
        ("/v1/jobs", JOBS_FIELDS, user),
        ("/v1/data", (*DATA_FIELDS, *MEDIA_FIELDS), user),
        ("/v1/apps/jobs", JOBS_FIELDS, application),
        ("/v1/apps/data", (*DATA_FIELDS, *MEDIA_FIELDS), application),
    ):
        for name in fields:
            for search in searches if fields is JOBS_FIELDS else DATA_SEARCHES if name in SEARCHED else ("",):
                for page in ({}, {"offset": 7}):
                    site.recorder.cause = f"{path} sort={name} search={search} {page}"
                    query = {"sort": f"{name}:asc", "search": search, "limit": 5, **page}
                    if fields is not JOBS_FIELDS:
                        query["fields"] = ",".join((name, *DATA_COMPUTED_FIELDS))
                    assert ask(site.platform.application, "GET", path, caller, query) == 200


def search_labels(site: Site) -> None:
    for query in ("labels=car", "labels=car,dog&together=true&longer_than=1", "text=exit", "labels=car&analytic=a/b"):
        site.recorder.cause = f"/v1/labels?{query}"
        assert ask(site.platform.application, "GET", "/v1/labels", site.credentials[0], dict(parse_qsl(query))) == 200


def read_facts(site: Site) -> None:
    database, user = site.platform.database, User("x", "x")
    analytics = AnalyticService(database, WeightsInUse(Path()))
    site.recorder.cause = "facts of analytics"
    ids = [each["id"] for each in analytics.list(user, all_versions=False)["analytics"]]
    with database.read() as connection:
        assert not any(has_active_jobs(connection, each) for each in ids)
    assert AnalyticFactsService(database, analytics).facts(user, ids).keys() == set(ids) != set()
    site.recorder.cause = "earlier results"
    with ReusedResults(database, LocalStorage(Path())).copy_of("x", ResultKeys("k", "a", "s")) as copied:
        assert copied is None


def clean_up(site: Site) -> None:
    sweeper = site.platform.sweeper
    for act in (*sweeper._deletions, *sweeper._expiries):
        site.recorder.cause = f"clean-up: {act}"
        act()
    for keeps in sweeper._keepers:
        keeps("a key")


def problems(plans: dict[str, list[str]]) -> Iterator[tuple[str, str]]:
    """Yield the statements that read a whole long table or index, or sort rows of a long table."""
    for statement, plan in plans.items():
        names = dict(re.findall(r"(\w+) AS (\w+)", statement))
        tables = {names.get(step.split()[1], step.split()[1]): step for step in plan if step.startswith("SCAN")}
        whole = LONG_TABLES & tables.keys()
        if whole and not is_named(statement, READ_WHOLE):
            yield statement, tables[whole.pop()]
        is_long = any(f"FROM {table} " in statement for table in LONG_TABLES)
        if is_long and "USE TEMP B-TREE FOR ORDER BY" in plan and not is_named(statement, SORTED):
            yield statement, "sorts"


def is_named(statement: str, reasons: dict[str, str]) -> bool:
    return any(part in re.sub(r"\s+", " ", statement) for part in reasons)
