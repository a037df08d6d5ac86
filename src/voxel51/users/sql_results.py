"""Results of SQL over labels, as rows, and as tables of pandas, polars and Arrow where these are installed."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from voxel51.wire.documents import JsonObject

if TYPE_CHECKING:
    import pandas
    import polars
    import pyarrow

_MOST_SHOWN = 20
"""Rows that notebooks show."""


@dataclass(frozen=True, slots=True)
class SqlResult:
    """Result of a query.

    Attributes:
        columns: names of the columns.
        rows: one list of values for each row.
        is_complete: whether all rows are here; the platform limits their number.
    """

    columns: list[str]
    rows: list[list[Any]]  # of any SQL type
    is_complete: bool

    @classmethod
    def of(cls, document: JsonObject) -> "SqlResult":
        """Return the result in the platform's response."""
        return cls([each["name"] for each in document["columns"]], document["rows"], document["is_complete"])

    def _repr_html_(self) -> str:
        """Return the view in notebooks: a table of the first rows."""
        from voxel51.users.html import table_html  # noqa: PLC0415  (only for notebooks)

        shown = self.rows[:_MOST_SHOWN]
        more = len(self.rows) - len(shown)
        left_out = f"<p>{more} more rows</p>" if more else ""
        return f"{table_html(shown, self.columns)}{left_out}"

    def to_dicts(self) -> list[dict[str, Any]]:
        """Return each row as name of the column -> value."""
        return [dict(zip(self.columns, row, strict=True)) for row in self.rows]

    def to_pandas(self) -> "pandas.DataFrame":
        """Return a pandas data frame."""
        import pandas  # noqa: PLC0415  (not needed otherwise)

        return pandas.DataFrame(self.rows, columns=self.columns)

    def to_polars(self) -> "polars.DataFrame":
        """Return a polars data frame."""
        import polars  # noqa: PLC0415  (not needed otherwise)

        return polars.DataFrame(self.rows, schema=self.columns, orient="row")

    def to_arrow(self) -> "pyarrow.Table":
        """Return an Arrow table."""
        import pyarrow  # noqa: PLC0415  (not needed otherwise)

        values = [list(column) for column in zip(*self.rows, strict=True)] or [[] for _ in self.columns]
        return pyarrow.table(values, names=self.columns)
