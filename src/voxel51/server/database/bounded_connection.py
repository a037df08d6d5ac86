"""Connections to PostgreSQL that do not wait for ever for a server that is paused or unreachable.

The server cannot enforce a time limit that it does not notice, and TCP delivers to a paused process: the client must
count the time itself.
"""

from typing import Any

from psycopg import Connection, OperationalError
from psycopg.errors import _WaitTimeout

ANSWER_SECONDS = 30.0
"""Time limit of one statement. It is far above what the slowest statement of a request takes."""


class BoundedConnection(Connection[Any]):  # rows of any shape, as SQLAlchemy uses it
    """A connection that is closed when a statement takes too long.

    Attributes:
        answer_seconds: time limit of each statement; None for none, such as in a migration.
    """

    answer_seconds: float | None = ANSWER_SECONDS

    def wait(self, gen: Any, interval: float = 0.1, timeout: float | None = None) -> Any:  # as psycopg declares them
        """Run a statement to its end.

        Raises:
            psycopg.OperationalError: the time limit was reached; the connection is closed.
        """
        limit = self.answer_seconds if timeout is None else timeout
        try:
            return super().wait(gen, interval, limit)
        except _WaitTimeout:
            if timeout is not None:
                raise
            self.pgconn.finish()  # its state is unknown: the statement may still run
            raise OperationalError(f"no answer within {limit:g} s") from None
