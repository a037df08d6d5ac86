"""Who calls: the people and programs that credentials stand for."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class User:
    """A person, or a program acting for one: of the platform itself, or of an application when that is set."""

    id: str
    name: str
    application_id: str | None = None

    @property
    def identity(self) -> str:
        """What tells this caller from every other, of whatever kind."""
        return f"user:{self.id}"


@dataclass(frozen=True, slots=True)
class Application:
    """A program that has users of its own, acting for none of them in particular."""

    id: str
    name: str

    @property
    def identity(self) -> str:
        """What tells this caller from every other, of whatever kind."""
        return f"application:{self.id}"


Caller = User | Application
"""Whoever may look at analytics: what is public, and what is theirs."""
