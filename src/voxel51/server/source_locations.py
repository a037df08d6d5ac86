"""Source locations: folders and prefixes of buckets below which files may be registered in place, and by which users.

The setting ``source_locations`` lists those that operators use, ``user_source_locations`` those that users use
themselves: for all users, for one (``USER=LOCATION``), or for those of an application (``app:APPLICATION=LOCATION``).
"""

from collections.abc import Sequence
from dataclasses import dataclass

BUCKET_SCHEME = "s3://"
_APPLICATION = "app:"


@dataclass(frozen=True, slots=True)
class UserLocation:
    """A location below which users register sources: all users, or those that it names."""

    location: str
    user: str | None = None
    application: str | None = None

    def is_for(self, user: str, application: str | None) -> bool:
        """Return whether a user may register files below it. ``application`` is that of the user, if any."""
        if self.application is not None:
            return application == self.application
        return self.user is None or (application is None and user == self.user)


@dataclass(frozen=True, slots=True)
class SourceLocations:
    """All locations that the settings allow."""

    of_operators: Sequence[str] = ()
    of_users: Sequence[UserLocation] = ()

    def of_user(self, user: str, application: str | None) -> list[str]:
        """Return the locations below which a user may register sources."""
        return list(dict.fromkeys(each.location for each in self.of_users if each.is_for(user, application)))


def read_source_locations(of_operators: str, of_users: str) -> SourceLocations:
    """Return what the two settings allow.

    Raises:
        ValueError: an entry for users is invalid; the text names it.
    """
    return SourceLocations(_entries(of_operators), [_user_location(entry) for entry in _entries(of_users)])


def _entries(text: str) -> list[str]:
    return [entry.strip() for entry in text.split(",") if entry.strip()]


def _user_location(entry: str) -> UserLocation:
    holder, location = "", entry
    if not entry.startswith(("/", BUCKET_SCHEME)):
        holder, _, location = (part.strip() for part in entry.partition("="))
    bucket = location.removeprefix(BUCKET_SCHEME)
    is_location = location.startswith("/") or (bucket != location and bucket.strip("/"))
    if not is_location or {".", ".."} & {*bucket.split("/")} or (location != entry and not holder):
        raise ValueError(
            f"user_source_locations: {entry!r} is invalid; use an absolute path or s3://BUCKET/PREFIX, alone or as "
            "USER=LOCATION or app:APPLICATION=LOCATION"
        )
    if holder.startswith(_APPLICATION):
        return UserLocation(location, application=holder.removeprefix(_APPLICATION).strip())
    return UserLocation(location, user=holder or None)
