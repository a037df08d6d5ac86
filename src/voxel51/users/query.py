"""Queries: which records, which of their fields, in which order."""

from collections.abc import Iterable
from typing import Any, ClassVar, Self
from urllib.parse import urlencode

from voxel51.wire.query import ANALYTICS_FIELDS, DATA_FIELDS, JOBS_FIELDS

__all__ = ["AnalyticsQuery", "BaseQuery", "DataQuery", "JobsQuery"]


class BaseQuery:
    """A query in the making. Every method returns the query itself, so calls can be chained.

    Attributes:
        fields: wanted fields, in order; empty is all.
        search: terms that must all match (`voxel51.wire.query` has the language).
        sort: ``<field>:asc`` or ``<field>:desc``; None leaves the order to the platform.
        offset: how many matches to skip.
        limit: how many to return at most; None is all.
    """

    SUPPORTED_FIELDS: ClassVar[tuple[str, ...]] = ()

    def __init__(self) -> None:
        self.fields: list[str] = []
        self.search: list[str] = []
        self.sort: str | None = None
        self.offset: int | None = None
        self.limit: int | None = None

    def add_field(self, field: str) -> Self:
        """Ask for a field. One that records do not have is ignored."""
        if field in self.SUPPORTED_FIELDS:
            self.fields.append(field)
        return self

    def add_fields(self, fields: Iterable[str]) -> Self:
        """Ask for fields."""
        for field in fields:
            self.add_field(field)
        return self

    def add_all_fields(self) -> Self:
        """Ask for every field."""
        return self.add_fields(self.SUPPORTED_FIELDS)

    def add_search(self, field: str, search_str: object) -> Self:
        r"""Find those whose ``field`` contains the text. In it, ``|`` parts alternatives; ``\`` takes the meaning
        from ``,`` ``:`` and ``|``.
        """
        return self.add_search_direct(f"{field}:{search_str}")

    def add_search_or(self, field: str, search_strs: Iterable[object]) -> Self:
        """Find those whose ``field`` contains any of the texts."""
        return self.add_search(field, "|".join(str(text) for text in search_strs))

    def add_search_over_all_fields(self, search_str: str) -> Self:
        """Find those of which any field contains the text."""
        return self.add_search_direct(search_str)

    def add_search_direct(self, search_str: str) -> Self:
        """Add a search in the platform's own words, such as ``state:READY|QUEUED,archived:False``."""
        self.search.append(str(search_str))
        return self

    def sort_by(self, field: str, descending: bool = True) -> Self:
        """Order by a field. One that records do not have is ignored."""
        if field in self.SUPPORTED_FIELDS:
            self.sort = f"{field}:{'desc' if descending else 'asc'}"
        return self

    def set_offset(self, offset: int) -> Self:
        """Skip the first matches. What is no number from 0 is ignored."""
        if isinstance(offset, int) and offset >= 0:
            self.offset = offset
        return self

    def set_limit(self, limit: int) -> Self:
        """Return so many at most. What is no number from 1 is ignored."""
        if isinstance(limit, int) and limit > 0:
            self.limit = limit
        return self

    def to_dict(self) -> dict[str, Any]:
        """The query as it goes out: lists joined by commas, and without what was not chosen."""
        chosen = {name: value for name, value in vars(self).items() if value and not name.startswith("_")}
        return {name: ",".join(value) if isinstance(value, list) else value for name, value in chosen.items()}

    def to_str(self) -> str:
        """The query as the query string of a URL."""
        return urlencode(self.to_dict())

    def __str__(self) -> str:
        return self.to_str()


class AnalyticsQuery(BaseQuery):
    """A query for analytics. ``all_versions`` includes those that are not the latest."""

    SUPPORTED_FIELDS = ANALYTICS_FIELDS

    def __init__(self) -> None:
        super().__init__()
        self.all_versions = False

    def set_all_versions(self, all_versions: bool) -> Self:
        """Include versions that are not the latest, or not."""
        self.all_versions = all_versions
        return self


class DataQuery(BaseQuery):
    """A query for data."""

    SUPPORTED_FIELDS = DATA_FIELDS


class JobsQuery(BaseQuery):
    """A query for jobs."""

    SUPPORTED_FIELDS = JOBS_FIELDS
