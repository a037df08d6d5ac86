"""What the errors of the HTTP library mean to those who call."""

from urllib.parse import urlsplit

from pyreqwest.exceptions import BuilderError, PyreqwestError, RequestTimeoutError

from voxel51.transport.errors import APIError, CannotConnect, ConnectionFailed, TimedOut

_WHILE_CONNECTING = "client error (Connect)"


def origin_of(url: str) -> str:
    """Scheme, host and port of ``url``: what is fit for an error text, since queries hold secrets."""
    scheme, place = urlsplit(url)[:2]
    return f"{scheme}://{place.rpartition('@')[2]}"


def meaning_of(error: Exception, url: str) -> APIError:
    """Our error for what the library raised while it talked to ``url``. Raise it ``from None``: the library's has the
    whole URL in its text.
    """
    origin = origin_of(url)
    if isinstance(error, BuilderError) or not isinstance(error, PyreqwestError):
        return APIError(
            f"{origin} cannot be asked: {_innermost(error)}; an address looks like http://127.0.0.1:5151", 0
        )
    causes = _causes(error)
    if _WHILE_CONNECTING in causes:
        return cannot_reach(origin, _innermost(error))
    if isinstance(error, RequestTimeoutError):
        return did_not_answer(origin)
    return went_broken(origin, _innermost(error))


def cannot_reach(origin: str, reason: str) -> CannotConnect:
    """Nobody could be talked to at ``origin``."""
    return CannotConnect(f"cannot reach {origin}: {reason}; is the platform running there, and is the address right?")


def did_not_answer(origin: str) -> TimedOut:
    """Somebody was there, and silent."""
    return TimedOut(f"{origin} did not answer in time")


def went_broken(origin: str, reason: str) -> ConnectionFailed:
    """The exchange was not brought to its end."""
    return ConnectionFailed(f"the connection to {origin} broke: {reason}")


def _causes(error: Exception) -> list[str]:
    details = getattr(error, "details", None) or {}
    return [cause["message"] for cause in details.get("causes") or []]


def _innermost(error: Exception) -> str:
    """The deepest cause. The outermost is left out: it repeats the whole URL."""
    causes = _causes(error)
    return causes[-1] if len(causes) > 1 else str(error.args[0]) if error.args else type(error).__name__
