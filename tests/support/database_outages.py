"""Database outages in tests: transactions fail as they do while a database server is away."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sqlalchemy import event
from sqlalchemy.exc import OperationalError

from voxel51.server.database.database import Database


class Outage:
    """An outage that begins and ends at moments that the test chooses."""

    def __init__(self, database: Database) -> None:
        self.is_on = False
        self.refused = 0
        self._database = database

    def start(self) -> None:
        """Let every transaction fail from now on."""
        self.is_on = True

    def end(self) -> None:
        """Let transactions succeed again."""
        self.is_on = False

    def check(self, *_details: object) -> None:
        """Raise if the database is away."""
        if self.is_on:
            self.refused += 1
            raise OperationalError("BEGIN", None, ConnectionError("the connection is closed"))


@contextmanager
def database_outage(database: Database) -> Iterator[Outage]:
    """Yield an outage of ``database`` that has not begun."""
    outage = Outage(database)
    event.listen(database.engine, "begin", outage.check)
    yield outage
    outage.end()
    event.remove(database.engine, "begin", outage.check)


def failing_after(call: Callable[..., object], outage: Outage) -> Callable[..., object]:
    """Return ``call`` with the outage beginning as soon as it returns."""

    def called(*arguments: object, **named: object) -> object:
        result = call(*arguments, **named)
        outage.start()
        return result

    return called
