"""Wiring of rules: what they note, and the thread that starts their jobs."""

from collections.abc import Iterable
from dataclasses import dataclass

from voxel51.server.accounts.callers import User
from voxel51.server.background_thread import AdvancingThread
from voxel51.server.database.signals import EVENTS, RULES
from voxel51.server.http.route import Route
from voxel51.server.job_batches.earlier_results import EarlierResults
from voxel51.server.rules.intake import RuleIntake
from voxel51.server.rules.plan import RulePlanner
from voxel51.server.rules.routes import rule_routes
from voxel51.server.rules.service import RuleService
from voxel51.server.rules.starter import RuleStarter
from voxel51.server.wiring.collections import CollectionServices
from voxel51.server.wiring.data import DataServices
from voxel51.server.wiring.foundation import Foundation
from voxel51.server.wiring.jobs import JobServices
from voxel51.wire.rules import Rule


@dataclass(frozen=True, slots=True)
class RuleServices:
    """The services of rules, and the thread that starts their jobs."""

    rules: RuleService
    thread: AdvancingThread

    def routes(self) -> Iterable[Route]:
        """Yield the routes of rules."""
        return rule_routes(self.rules)

    def export(self, user: User) -> list[Rule]:
        """Return the rules of a user, for the export of their account."""
        return self.rules.all(user)


def build_rules(
    foundation: Foundation, data: DataServices, jobs: JobServices, collections: CollectionServices
) -> RuleServices:
    """Build the services of rules, and let them note the new data of all other services."""
    database, signals, process = foundation.database, foundation.signals, foundation.process
    submission = jobs.jobs.submission
    planner = RulePlanner(submission)
    starter = RuleStarter(database, submission, planner, EarlierResults(jobs.analytics))
    thread = AdvancingThread("rules", "starting jobs of rules", starter.advance, lambda: process.leads)
    for topic in (RULES, EVENTS):
        signals.on(topic, thread.wake)
    database.on_write(thread.wake)
    wake = signals.sender(RULES)
    intake = RuleIntake(lambda: database.after_commit(wake))
    data.data.on_added(intake.data_added)
    data.sources.on_added(intake.data_added)
    collections.members.on_added(intake.members_added)
    return RuleServices(RuleService(database, planner, wake), thread)
