"""Errors of building a bundle, each with the place in the source that causes it."""


class BuildError(Exception):
    """Source or lock from which no analytic can be made: the fault of its author.

    Attributes:
        message: what is wrong and what to do, for the author.
        file: path of the file in the source, relative to its root; None if no file is at fault.
        line: line in that file, from 1; None if no line is at fault.
        field: path of the invalid field of the manifest, such as ``parameters[0].default``; None for none.
    """

    def __init__(
        self, message: str, file: str | None = None, line: int | None = None, field: str | None = None
    ) -> None:
        self.message = message
        self.file = file
        self.line = line
        self.field = field
        super().__init__(message)

    def __str__(self) -> str:
        """Return the message, after ``file:line`` if they are known."""
        place = ":".join(str(part) for part in (self.file, self.line) if part is not None)
        return f"{place}: {self.message}" if place else self.message


class BuildUnavailable(Exception):
    """Build that failed for a reason of this machine or the package index: it may succeed later."""


class IndexUnavailable(BuildUnavailable):
    """Package index that does not answer.

    Attributes:
        is_refused: it answered, but refuses access, or this platform may not reach its files: an operator must change a
            setting.
    """

    def __init__(self, message: str, *, is_refused: bool = False) -> None:
        self.is_refused = is_refused
        super().__init__(message)
