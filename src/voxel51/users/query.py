"""Queries: select records by search terms, choose their fields and order, and page through them."""

from collections.abc import Iterable
from typing import ClassVar, Self
from urllib.parse import urlencode

from voxel51.wire.query import ANALYTICS_FIELDS, DATA_FIELDS, DATA_FURTHER_FIELDS, JOBS_FIELDS

__all__ = ["AnalyticsQuery", "BaseQuery", "DataQuery", "JobsQuery"]


class BaseQuery:
    """Builder of a query. Every method returns the query itself, so that calls can be chained.

    Attributes:
        fields: the fields to return, in order; an empty list returns all fields.
        search: terms that must all match; `voxel51.wire.query` documents the syntax.
        sort: ``<field>:asc`` or ``<field>:desc``; None leaves the order to the platform.
        offset: the number of matches to skip.
        limit: the maximum number of matches to return; None returns all.
        cursor: the ``next_cursor`` of the page before, instead of an offset.
    """

    SUPPORTED_FIELDS: ClassVar[tuple[str, ...] | None] = None
    """Fields of the records; None in this base class, as in the original client."""

    FURTHER_FIELDS: ClassVar[tuple[str, ...]] = ()
    """Further fields that can be added and sorted by; `add_all_fields` leaves them out, as the original client does."""

    def __init__(self) -> None:
        self.fields: list[str] = []
        self.search: list[str] = []
        self.sort: str | None = None
        self.offset: int | None = None
        self.limit: int | None = None
        self.cursor: str | None = None

    def add_field(self, field: str) -> Self:
        """Add a field to return. An unsupported field is ignored."""
        if field in (self.SUPPORTED_FIELDS or ()) or field in self.FURTHER_FIELDS:
            self.fields.append(field)
        return self

    def add_fields(self, fields: Iterable[str]) -> Self:
        """Add fields to return. Unsupported fields are ignored."""
        for field in fields:
            self.add_field(field)
        return self

    def add_all_fields(self) -> Self:
        """Add every supported field."""
        return self.add_fields(self.SUPPORTED_FIELDS or ())

    def add_search(self, field: str, search_str: object) -> Self:
        r"""Require that ``field`` contains the text.

        In the text, ``|`` separates alternatives, and ``\`` escapes ``,`` ``:`` and ``|``.
        """
        return self.add_search_direct(f"{field}:{search_str}")

    def add_search_or(self, field: str, search_strs: Iterable[object]) -> Self:
        """Require that ``field`` contains at least one of the texts."""
        return self.add_search(field, "|".join(str(text) for text in search_strs))

    def add_search_over_all_fields(self, search_str: str) -> Self:
        """Require that at least one field contains the text."""
        return self.add_search_direct(search_str)

    def add_search_direct(self, search_str: str) -> Self:
        """Add search terms in the syntax of the platform, such as ``state:READY|QUEUED,archived:False``."""
        self.search.append(str(search_str))
        return self

    def sort_by(self, field: str, descending: bool = True) -> Self:
        """Sort by a field. An unsupported field is ignored."""
        if field in (self.SUPPORTED_FIELDS or ()) or field in self.FURTHER_FIELDS:
            self.sort = f"{field}:{'desc' if descending else 'asc'}"
        return self

    def set_offset(self, offset: int) -> Self:
        """Skip the first ``offset`` matches. A value that is not an integer from 0 is ignored."""
        if isinstance(offset, int) and offset >= 0:
            self.offset = offset
        return self

    def set_limit(self, limit: int) -> Self:
        """Return at most ``limit`` matches. A value that is not an integer from 1 is ignored."""
        if isinstance(limit, int) and limit > 0:
            self.limit = limit
        return self

    def set_cursor(self, cursor: str | None) -> Self:
        """Continue where the page with this ``next_cursor`` ended. The query must otherwise be the same."""
        self.cursor = cursor
        return self

    def to_dict(self) -> dict[str, object]:
        """Return the query as it is sent: lists joined by commas, options that were not set left out."""
        options = {name: value for name, value in vars(self).items() if value and not name.startswith("_")}
        return {name: ",".join(value) if isinstance(value, list) else value for name, value in options.items()}

    def to_str(self) -> str:
        """Return the query as the query string of a URL."""
        return urlencode(self.to_dict())

    def __str__(self) -> str:
        return self.to_str()


class AnalyticsQuery(BaseQuery):
    """Query for analytics.

    Attributes:
        all_versions: whether to include versions other than the latest.
    """

    SUPPORTED_FIELDS: ClassVar[tuple[str, ...] | None] = ANALYTICS_FIELDS

    def __init__(self) -> None:
        super().__init__()
        self.all_versions: bool = False

    def set_all_versions(self, all_versions: bool) -> Self:
        """Include or exclude versions other than the latest."""
        self.all_versions = all_versions
        return self


class DataQuery(BaseQuery):
    """Query for data.

    `add_field` also takes the fields of `FURTHER_FIELDS`, such as ``duration_seconds``. Numbers are searched by
    comparisons: ``add_search("duration_seconds", ">600")``.
    """

    SUPPORTED_FIELDS: ClassVar[tuple[str, ...] | None] = DATA_FIELDS
    FURTHER_FIELDS: ClassVar[tuple[str, ...]] = DATA_FURTHER_FIELDS


class JobsQuery(BaseQuery):
    """Query for jobs."""

    SUPPORTED_FIELDS: ClassVar[tuple[str, ...] | None] = JOBS_FIELDS
