# Generated from src/voxel51/users/rules.py by .ci/generate_async.py: do not edit.
# Change the source, then run: make generate
"""Calls of the async client for rules: run analytics on each new video."""

from collections.abc import AsyncIterator

from voxel51.users.async_compound import AsyncCompoundCalls
from voxel51.users.calls import rules
from voxel51.users.rule_flows import Runs, all_items, new_rule
from voxel51.wire.rules import Rule, RuleItem


class AsyncRuleCalls(AsyncCompoundCalls):
    """Mix-in with the calls for rules."""

    async def create_rule(
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
        return await self._send(rules.create(new_rule(runs, collection_id, source_id, name)))

    async def list_rules(self) -> list[Rule]:
        """List your rules, the newest first."""
        return await self._send(rules.list_all())

    async def get_rule(self, rule_id: str) -> Rule:
        """Return a rule, with the number of its items in each state and its last failure."""
        return await self._send(rules.details(rule_id))

    def iter_rule_items(self, rule_id: str, state: str | None = None) -> AsyncIterator[RuleItem]:
        """Iterate over what a rule started, the newest first: each a video with an analytic and its job.

        ``state`` is a `RuleItemState`, such as ``FAILED``.
        """
        return self._iterate(all_items(rule_id, state))

    async def pause_rule(self, rule_id: str) -> Rule:
        """Start no more jobs by a rule. Videos that you add meanwhile wait until `resume_rule`."""
        return await self._send(rules.change(rule_id, "pause"))

    async def resume_rule(self, rule_id: str) -> Rule:
        """Go on with a paused rule."""
        return await self._send(rules.change(rule_id, "resume"))

    async def retry_rule(self, rule_id: str) -> Rule:
        """Run the failed items of a rule again."""
        return await self._send(rules.change(rule_id, "retry"))

    async def delete_rule(self, rule_id: str) -> None:
        """Delete a rule. The jobs that it started stay."""
        await self._send(rules.delete(rule_id))
