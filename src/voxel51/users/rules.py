"""Calls of the client for rules: run analytics on each new video."""

from collections.abc import Iterator

from voxel51.users.calls import rules
from voxel51.users.compound import CompoundCalls
from voxel51.users.rule_flows import Runs, all_items, new_rule
from voxel51.wire.rules import Rule, RuleItem


class RuleCalls(CompoundCalls):
    """Mix-in with the calls for rules."""

    def create_rule(
        self,
        runs: Runs,
        *,
        collection_id: str | None = None,
        source_id: str | None = None,
        name: str | None = None,
    ) -> Rule:
        """Run analytics on each video that you add from now on, and return the rule that does it.

        Args:
            runs: the full name of an analytic, or several, each as a name or as a `voxel51.wire.rules.NewRuleRun` with
                ``parameters``, ``version``, ``compute_mode`` and ``input``.
            collection_id: only videos that you add to this collection.
            source_id: only videos of this source; `list_data_sources` lists yours.
            name: name of the rule; default: the names of the analytics.
        """
        return self._send(rules.create(new_rule(runs, collection_id, source_id, name)))

    def list_rules(self) -> list[Rule]:
        """List your rules, the newest first."""
        return self._send(rules.list_all())

    def get_rule(self, rule_id: str) -> Rule:
        """Return a rule, with the number of its items in each state and its last failure."""
        return self._send(rules.details(rule_id))

    def iter_rule_items(self, rule_id: str, state: str | None = None) -> Iterator[RuleItem]:
        """Iterate over what a rule started, the newest first: each a video with an analytic and its job.

        ``state`` is a `RuleItemState`, such as ``FAILED``.
        """
        return self._iterate(all_items(rule_id, state))

    def pause_rule(self, rule_id: str) -> Rule:
        """Start no more jobs by a rule. Videos that you add meanwhile wait until `resume_rule`."""
        return self._send(rules.change(rule_id, "pause"))

    def resume_rule(self, rule_id: str) -> Rule:
        """Go on with a paused rule."""
        return self._send(rules.change(rule_id, "resume"))

    def retry_rule(self, rule_id: str) -> Rule:
        """Run the failed items of a rule again."""
        return self._send(rules.change(rule_id, "retry"))

    def delete_rule(self, rule_id: str) -> None:
        """Delete a rule. The jobs that it started stay."""
        self._send(rules.delete(rule_id))
