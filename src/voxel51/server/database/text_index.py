"""Text index: find the records of a holder whose texts contain a searched one, without comparing all their texts.

The index has the trigrams of each text: all its parts of three characters, in lower case. A text that contains the
searched one contains all trigrams of it. The reverse does not hold, so the records that are found are candidates: the
caller compares their texts. A searched text of one or two characters has no trigram, and finds no candidates.

On SQLite the index is a full-text table (FTS5). Triggers of migration 0035 keep it in step with the records, in the
same transaction. Its words are made by `words_of`; each names the field and the holder, so a search reads nothing of
other holders. On PostgreSQL there are indexes of the extension pg_trgm, which it uses for comparisons by itself.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from zlib import crc32

from sqlalchemy import Column, Connection, Integer, MetaData, Select, String, Table, select

_LENGTH = 3
_MAX_WORDS = 24
"""Maximum number of words by which one text is searched. More of them exclude few further candidates."""

_MAX_TEXTS = 100
"""Maximum number of texts in one expression. The index is not used for more of them."""

_tables = MetaData()
"""Tables that only SQLite has, apart from those that the platform declares."""


@dataclass(frozen=True, slots=True)
class TextIndex:
    """Index of the texts of the records in ``table``."""

    table: str

    def candidates(self, expression: str) -> Select[str]:
        """Return a query for the ids of the records that match an expression of FTS5."""
        records = Table(f"{self.table}_texts", _tables, Column("number", Integer), Column("record_id", String),
                        keep_existing=True)  # fmt: skip
        return select(records.c.record_id).where(records.c.number.in_(self.numbers(expression)))

    def numbers(self, expression: str) -> Select[int]:
        """Return a query for the numbers of the candidates in the index."""
        name = f"{self.table}_words"
        words = Table(name, _tables, Column(name, String), Column("rowid", Integer), keep_existing=True)
        return select(words.c.rowid).where(words.c[name].op("MATCH")(expression))


def has_text_index(connection: Connection) -> bool:
    """Return whether searches must ask the index themselves: PostgreSQL does by itself."""
    return connection.dialect.name == "sqlite"


def words_of(holder: str, field: str, text: str) -> set[str]:
    """Return the words of a text in the index. They consist of letters and digits of ASCII only."""
    prefix = f"{field[0]}{crc32(holder.encode()):08x}"
    return {prefix + trigram for trigram in _trigrams(text.lower())}


def _trigrams(lower: str) -> Iterator[str]:
    """Yield the trigrams of a text in hexadecimal."""
    if lower.isascii():  # the same, in a third of the time
        digits = lower.encode().hex()
        return (digits[start : start + 2 * _LENGTH] for start in range(0, len(digits) - 2 * _LENGTH + 1, 2))
    parts = (lower[start : start + _LENGTH] for start in range(len(lower) - _LENGTH + 1))
    return (part.encode("utf-8", "surrogatepass").hex() for part in parts)


def indexed_words(owner_id: str, application_id: str | None, *fields_and_texts: str | None) -> str:
    """Return the words of a record: the function ``indexed_words`` of SQLite, which the triggers call.

    To change the words, make the index again in a migration.
    """
    pairs = [*zip(fields_and_texts[::2], fields_and_texts[1::2], strict=True)]
    holders = [holder for holder in (owner_id, application_id) if holder is not None]
    found = (words_of(holder, str(field), text or "") for holder in holders for field, text in pairs)
    return " ".join(sorted(set().union(*found)))


def expression_of(holder: str, texts_by_field: Mapping[str, Iterable[str]]) -> str | None:
    """Return the expression of FTS5 that matches if any of the texts is in its field.

    Return None if one of the texts is too short, or if there are too many.
    """
    words = [words_of(holder, field, text) for field, texts in texts_by_field.items() for text in texts]
    if not all(words) or len(words) > _MAX_TEXTS:
        return None
    return " OR ".join(f"({' AND '.join(sorted(each)[:_MAX_WORDS])})" for each in words)
