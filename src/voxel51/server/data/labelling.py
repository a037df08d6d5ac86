"""Tags and metadata of data: free words, and free values by key, which their owner sets and searches."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Select, delete, func, insert, or_, select

from voxel51.server.accounts.callers import User
from voxel51.server.data.matching import Matches
from voxel51.server.data.records import no_such_data
from voxel51.server.data.tables import data, data_metadata, data_tags
from voxel51.server.database.advisory_locks import acquire_advisory_locks
from voxel51.server.database.chunks import in_chunks
from voxel51.server.database.conditions import Relation
from voxel51.server.database.database import Database
from voxel51.server.errors import BadRequest, NotFound, ServiceError
from voxel51.server.outcomes import Outcomes
from voxel51.wire.collections import (
    MAX_PER_DATA,
    MAX_TAG_LENGTH,
    MAX_VALUE_LENGTH,
    DataChange,
    DataChanges,
    DataLabelling,
    KnownTag,
)

_NAME = re.compile(r"[^\W_][\w./-]*")
_CONTROL = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
_MOST_KNOWN_TAGS = 1000
_BATCH_SIZE = 500
"""Number of data that one transaction changes."""


def normal_name(text: str, noun: str = "tag") -> str:
    """Return a tag or a key in its one form: lower case, NFC, with ``-`` for spaces.

    Raises:
        BadRequest: it is too long, or has characters that searches use for other purposes.
    """
    name = "-".join(unicodedata.normalize("NFC", text).lower().split())
    if not _NAME.fullmatch(name) or len(name) > MAX_TAG_LENGTH:
        raise BadRequest(
            f"{text!r:.100} is not a valid {noun}: use 1 to {MAX_TAG_LENGTH} letters, digits, '-', '_', '.' and '/', "
            "starting with a letter or digit"
        )
    return name


def _normal_value(key: str, text: str) -> str:
    value = unicodedata.normalize("NFC", text).strip()
    if not value or len(value) > MAX_VALUE_LENGTH or _CONTROL.search(value):
        raise BadRequest(
            f"The value of {key!r} must have 1 to {MAX_VALUE_LENGTH} characters, and no control characters: "
            f"{text!r:.100}. Send null to remove the key"
        )
    return value


class _Change:
    """A `DataChange` with normal names."""

    def __init__(self, change: DataChange) -> None:
        self.add = list(dict.fromkeys(normal_name(tag) for tag in change.get("add_tags", ())))
        self.remove = list(dict.fromkeys(normal_name(tag) for tag in change.get("remove_tags", ())))
        given = {normal_name(key, "key"): value for key, value in change.get("metadata", {}).items()}
        self.values = {key: _normal_value(key, value) for key, value in given.items() if value is not None}
        self.keys = list(given)
        for noun, names in (("tags", [*self.add, *self.remove]), ("keys", self.keys)):
            if len(names) > 2 * MAX_PER_DATA:
                raise BadRequest(f"Too many {noun} in one request: {len(names)}; the maximum is {2 * MAX_PER_DATA}")
        if not (self.add or self.remove or self.keys):
            raise BadRequest("Nothing to change: send add_tags, remove_tags or metadata")


class LabellingService:
    """Tags and metadata. Every method sees only the data of the given owner."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def change(self, owner: User, data_ids: Sequence[str], change: DataChange) -> Outcomes[DataLabelling]:
        """Change the tags and metadata of each of these data; return them as they are then.

        The outcome is `NotFound` for an id that the owner does not have, and `BadRequest` for data that would have too
        many tags or keys, and stay as they are.

        Raises:
            BadRequest: a name or value is invalid, or there is nothing to change.
        """
        checked = _Change(change)
        outcomes: dict[str, DataLabelling | ServiceError] = {}
        for part in in_chunks(data_ids, _BATCH_SIZE):
            with self._database.write() as connection:
                # Of two changes of one owner, the second counts what the first has set.
                acquire_advisory_locks(connection, f"tags of {owner.id}")
                outcomes |= _changed(connection, owner.id, part, checked)
        return outcomes

    def change_matching(self, owner: User, matches: Matches, change: DataChange) -> DataChanges:
        """Change the tags and metadata of all data that match, in parts: each part is changed as a whole.

        Raises:
            BadRequest: the search, a name or a value is invalid, or there is nothing to change.
        """
        _Change(change)  # is checked before the first part is searched
        changed, failures = 0, list[str]()
        for part in matches.parts(self._database):
            for outcome in self.change(owner, part, change).values():
                if not isinstance(outcome, ServiceError):
                    changed += 1
                elif not isinstance(outcome, NotFound):  # deleted meanwhile
                    failures.append(str(outcome))
        return {
            "changed": changed,
            "failed": len(failures),
            "failure": failures[0] if failures else None,
            "is_complete": not matches.is_broken_off,
        }

    def tags(self, owner: User) -> list[KnownTag]:
        """Return the tags of the owner's data, the most frequent first."""
        number = func.count().label("number")
        statement = (
            select(data_tags.c.tag, number)
            .where(data_tags.c.owner_id == owner.id)
            .group_by(data_tags.c.tag)
            .order_by(number.desc(), data_tags.c.tag)
            .limit(_MOST_KNOWN_TAGS)
        )
        with self._database.read() as connection:
            return [{"tag": row.tag, "data": row.number} for row in connection.execute(statement)]


def _changed(
    connection: Connection, owner_id: str, data_ids: Sequence[str], change: _Change
) -> dict[str, DataLabelling | ServiceError]:
    mine = select(data.c.id).where(data.c.id.in_(data_ids), data.c.owner_id == owner_id)
    found = set(connection.execute(mine).scalars())
    tags, metadata = tags_of(connection, [*found]), metadata_of(connection, [*found])
    outcomes: dict[str, DataLabelling | ServiceError] = {}
    for data_id in data_ids:
        if data_id not in found:
            outcomes[data_id] = no_such_data(data_id)
            continue
        after = sorted({*tags.get(data_id, ()), *change.add} - {*change.remove})
        values = {key: value for key, value in metadata.get(data_id, {}).items() if key not in change.keys}
        values |= change.values
        if max(len(after), len(values)) > MAX_PER_DATA:
            outcomes[data_id] = BadRequest(
                f"Data '{data_id}' would have {len(after)} tags and {len(values)} keys; the maximum is {MAX_PER_DATA} "
                "of each. Remove some"
            )
        else:
            outcomes[data_id] = {"id": data_id, "tags": after, "metadata": dict(sorted(values.items()))}
    changed = [data_id for data_id, outcome in outcomes.items() if isinstance(outcome, dict)]
    _write(connection, owner_id, changed, change)
    return outcomes


def _write(connection: Connection, owner_id: str, data_ids: Sequence[str], change: _Change) -> None:
    tag, entry = data_tags.c, data_metadata.c
    gone = [*change.add, *change.remove]
    connection.execute(delete(data_tags).where(tag.data_id.in_(data_ids), tag.tag.in_(gone)))
    connection.execute(delete(data_metadata).where(entry.data_id.in_(data_ids), entry.key.in_(change.keys)))
    kept = [each for each in change.add if each not in change.remove]
    tags = [{"data_id": data_id, "owner_id": owner_id, "tag": each} for data_id in data_ids for each in kept]
    values = [
        {"data_id": data_id, "owner_id": owner_id, "key": key, "value": value}
        for data_id in data_ids
        for key, value in change.values.items()
    ]
    if tags:
        connection.execute(insert(data_tags), tags)
    if values:
        connection.execute(insert(data_metadata), values)


def tags_of(connection: Connection, data_ids: Sequence[str]) -> Mapping[str, list[str]]:
    """Return the tags of these data, by id, in alphabetical order."""
    chosen = select(data_tags.c.data_id, data_tags.c.tag).where(data_tags.c.data_id.in_(data_ids))
    found: dict[str, list[str]] = {}
    for row in connection.execute(chosen.order_by(data_tags.c.tag)):
        found.setdefault(row.data_id, []).append(row.tag)
    return found


def metadata_of(connection: Connection, data_ids: Sequence[str]) -> Mapping[str, dict[str, str]]:
    """Return the metadata of these data, by id."""
    entry = data_metadata.c
    chosen = select(entry.data_id, entry.key, entry.value).where(entry.data_id.in_(data_ids)).order_by(entry.key)
    found: dict[str, dict[str, str]] = {}
    for row in connection.execute(chosen):
        found.setdefault(row.data_id, {})[row.key] = row.value
    return found


def labelling_of(connection: Connection, data_ids: Sequence[str]) -> Mapping[str, Mapping[str, object]]:
    """Return the tags and metadata of each of these data, however many there are."""
    found: dict[str, Mapping[str, object]] = {}
    for chunk in in_chunks(data_ids):
        tags, metadata = tags_of(connection, chunk), metadata_of(connection, chunk)
        found |= {each: {"tags": tags.get(each, []), "metadata": metadata.get(each, {})} for each in chunk}
    return found


def _rows_with_tag(tags: Sequence[str]) -> Select[Any]:
    names = [normal_name(tag) for tag in tags]
    return select(data_tags.c.data_id.label("record_id")).where(data_tags.c.tag.in_(names))


def _rows_with_entry(entries: Sequence[str]) -> Select[Any]:
    conditions = []
    for text in entries:
        key, equals, value = text.partition("=")
        has_key = data_metadata.c.key == normal_name(key, "key")
        conditions.append(has_key & (data_metadata.c.value == _normal_value(key, value)) if equals else has_key)
    return select(data_metadata.c.data_id.label("record_id")).where(or_(*conditions))


RELATIONS: Mapping[str, Relation] = {
    "tag": Relation(_rows_with_tag, data_tags.c.data_id, data_tags.c.owner_id),
    "metadata": Relation(_rows_with_entry, data_metadata.c.data_id, data_metadata.c.owner_id),
}
"""Search fields of data: a tag; a key of metadata, or a key and its value as ``key=value``."""

COMPUTED = {"tags": tags_of, "metadata": metadata_of}
"""Fields of data that a query returns if it names them."""
