"""Service errors: what a service refuses to do, and why.

Exception
└── ServiceError            the request cannot be served; the text says why and what to do
    ├── BadRequest          the request is invalid, or not allowed in the present state
    ├── Unauthenticated     the credential is missing or unknown
    ├── Forbidden           the credential is valid but lacks a permission
    ├── NotFound            the object does not exist for this caller
    ├── Lost                the stored bytes of the object are missing or damaged
    ├── Conflict            the object already exists, or is in use
    ├── Locked              another request is using the object
    ├── UnsupportedType     the media type of the body is not supported
    ├── UnsupportedVersion  the version of the protocol is not supported
    ├── Damaged             the body does not match its checksum
    ├── Unprocessable       the idempotency key was used for another request
    ├── TooManyRequests     too many requests, at once or over time
    ├── TooSlow             the body did not arrive in time
    ├── TooLarge            the body is larger than this platform accepts
    ├── OutOfSpace          the platform's disk is full
    ├── OverQuota           the caller's quota would be exceeded
    ├── SourceRefused       another host refuses a request, or its response is unusable
    ├── SourceAway          another host is unreachable or too slow; a retry may succeed
    └── Unavailable         the platform is stopping or overloaded
        └── DatabaseAway    the database does not answer, so it is unknown whether the last change was committed

`voxel51.server.http.errors` maps each to its HTTP status; services raise them without knowing HTTP.
"""


class ServiceError(Exception):
    """The request cannot be served. The text is shown to the caller."""


class BadRequest(ServiceError):
    """The request is invalid: malformed, unknown names, values out of range, or not allowed in the present state."""


class Unauthenticated(ServiceError):
    """The credential is missing, unknown, expired or revoked."""


class Forbidden(ServiceError):
    """The credential is valid but lacks the permission."""


class NotFound(ServiceError):
    """The object does not exist, or belongs to another user; the caller cannot tell which."""


class Lost(ServiceError):
    """The record of the object exists, but its stored bytes are missing or damaged."""


class Conflict(ServiceError):
    """The object already exists, or something still refers to it."""


class Locked(ServiceError):
    """Another request is using the object. The same request may succeed in a moment."""


class UnsupportedType(ServiceError):
    """The media type of the body is not supported here."""


class UnsupportedVersion(ServiceError):
    """The caller uses a version of a protocol that the platform does not support."""


class Damaged(ServiceError):
    """The body does not match its checksum; nothing of it was kept."""


class Unprocessable(ServiceError):
    """The idempotency key of the request was used for a different request."""


class TooManyRequests(ServiceError):
    """Too many requests, at once or over time. After ``wait_seconds`` a retry may succeed."""

    def __init__(self, message: str, wait_seconds: int = 1) -> None:
        super().__init__(message)
        self.wait_seconds = wait_seconds


class TooSlow(ServiceError):
    """The body did not arrive in time. The same request may succeed over a better connection."""


class TooLarge(ServiceError):
    """The body has more bytes than this platform accepts."""


class OutOfSpace(ServiceError):
    """The platform's disk is full. Its operator must free space."""


class OverQuota(ServiceError):
    """The caller's quota would be exceeded. The caller must delete data or ask for a larger quota."""


class Unavailable(ServiceError):
    """The platform is stopping or overloaded. The same request may succeed in a moment."""


class DatabaseAway(Unavailable):
    """The database does not answer, or broke off. The same request may succeed once it is back.

    It is unknown whether the transaction was committed: a file that its record may name must not be deleted. Without a
    record, the sweeper deletes it.
    """


class SourceRefused(ServiceError):
    """Another host refuses a request, or its response is not what was announced."""


class SourceAway(ServiceError):
    """Another host is unreachable, too slow, or breaks off. The same request may succeed in a moment."""
