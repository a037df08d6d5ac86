"""Fixtures: the services of rules, collections and jobs, and two users, on SQLite and PostgreSQL."""

from dataclasses import dataclass
from typing import Any

import pytest

from support.job_batches import ANALYTIC, BatchTestServices
from support.job_fixtures import alice, bob, services  # noqa: F401  (pytest finds them here)
from support.job_services import JobServices
from voxel51.server.accounts.callers import User
from voxel51.server.collections.members import MemberService
from voxel51.server.collections.service import CollectionService
from voxel51.server.job_batches.earlier_results import EarlierResults
from voxel51.server.rules.intake import RuleIntake
from voxel51.server.rules.plan import RulePlanner
from voxel51.server.rules.service import RuleService
from voxel51.server.rules.starter import RuleStarter
from voxel51.wire.rules import Rule, RuleItem


@dataclass
class Site:
    """The services that a test of rules needs."""

    jobs: JobServices
    batches: BatchTestServices
    rules: RuleService
    starter: RuleStarter
    intake: RuleIntake
    collections: CollectionService
    members: MemberService

    def create(self, user: User, **given: Any) -> Rule:
        """Create a rule, by default one that runs the deterministic analytic on every upload."""
        return self.rules.create(user, {"trigger": "upload", "runs": [{"analytic": ANALYTIC}], **given})

    def advance(self) -> None:
        """Advance all rules until nothing more can be done at once."""
        while self.starter.advance():
            pass

    def run(self) -> None:
        """Advance all rules until all of their jobs are complete."""
        self.advance()
        while self.batches.end_jobs():
            self.advance()

    def counts(self, user: User, rule: Rule) -> dict[str, int]:
        """Return the counts of a rule that are not zero."""
        return {state: n for state, n in self.rules.details(user, rule["id"])["counts"].items() if n}

    def items(self, user: User, rule: Rule, **given: Any) -> list[RuleItem]:
        """Return the items of a rule, the newest first."""
        return self.rules.items(user, rule["id"], **{"state": None, "limit": 1000, "cursor": None, **given})["items"]


@pytest.fixture
def site(services: JobServices) -> Site:  # noqa: F811  (the fixture)
    database, submission = services.database, services.jobs.submission
    planner, intake = RulePlanner(submission), RuleIntake(lambda: None)
    members = MemberService(database, services.data)
    services.data.on_added(intake.data_added)
    members.on_added(intake.members_added)
    return Site(
        jobs=services,
        batches=BatchTestServices(services),
        rules=RuleService(database, planner, lambda: None),
        starter=RuleStarter(database, submission, planner, EarlierResults(services.analytics)),
        intake=intake,
        collections=CollectionService(database),
        members=members,
    )
