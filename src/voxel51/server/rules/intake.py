"""Intake of rules: note each new video for the rules that wait for it, in the transaction that adds the video.

So a video and its items are recorded together or not at all, and a process that dies afterwards loses none of them.
"""

import uuid
from collections.abc import Callable, Iterable, Sequence

from sqlalchemy import ColumnElement, Connection, and_, insert, or_, select

from voxel51.server.data.tables import data, source_files
from voxel51.server.database.chunks import in_chunks
from voxel51.server.database.types import DatabaseRow
from voxel51.server.rules.tables import rule_items, rules
from voxel51.wire import dates
from voxel51.wire.data import DataRecord
from voxel51.wire.rules import RuleItemState, RuleTrigger

_VIDEO = "video/"
"""Begin of the media types that rules note. Other files, such as models and parameters of jobs, start nothing."""


class RuleIntake:
    """Notes new videos. ``noted`` is called with a connection whose commit makes items wait."""

    def __init__(self, noted: Callable[[], None]) -> None:
        self._noted = noted

    def data_added(self, connection: Connection, owner_id: str, record: DataRecord) -> None:
        """Note new data for the rules of its owner about uploads, and about its source if it has one."""
        if not (record["type"] or "").startswith(_VIDEO):
            return
        data_id = record["id"]
        of_source = select(source_files.c.source_id).where(source_files.c.data_id == data_id)
        rule = rules.c
        waits = or_(rule.trigger == RuleTrigger.UPLOAD.value, rule.source_id.in_(of_source))
        self._note(connection, _rules_of(connection, owner_id, waits), [data_id])

    def members_added(self, connection: Connection, collection_id: str, owner_id: str, data_ids: Sequence[str]) -> None:
        """Note data that their owner added to a collection. Call it under a lock of the collection."""
        found = _rules_of(connection, owner_id, rules.c.collection_id == collection_id)
        if not found:
            return
        chosen = select(data.c.id).where(data.c.id.in_(data_ids), data.c.media_type.startswith(_VIDEO))
        videos = {*connection.execute(chosen).scalars()}
        self._note(connection, found, [each for each in data_ids if each in videos])

    def _note(self, connection: Connection, found: Iterable[DatabaseRow], data_ids: Sequence[str]) -> None:
        item, now = rule_items.c, dates.now()
        rows = []
        for rule in found:
            noted = select(item.data_id).where(item.rule_id == rule.id, item.data_id.in_(data_ids))
            known = {*connection.execute(noted).scalars()}
            rows += [
                {"id": str(uuid.uuid4()), "rule_id": rule.id, "data_id": data_id, "run": run,
                 "state": RuleItemState.WAITING.value, "noted_at": now}
                for data_id in data_ids if data_id not in known
                for run in range(len(rule.runs))
            ]  # fmt: skip
        for chunk in in_chunks(rows):
            connection.execute(insert(rule_items), chunk)
        if rows:
            self._noted()


def _rules_of(connection: Connection, owner_id: str, waits: ColumnElement[bool]) -> Sequence[DatabaseRow]:
    chosen = select(rules.c.id, rules.c.runs).where(and_(rules.c.owner_id == owner_id, waits))
    return connection.execute(chosen).all()
