"""What a service refuses to do, and why.

Exception
└── ServiceError            the request cannot be served; the text says what was wrong and what to try
    ├── BadRequest          the request itself is wrong, or not allowed in this state
    ├── Unauthenticated     no credential, or one that is not known
    ├── Forbidden           a known credential without the right
    ├── NotFound            no such thing for this caller
    ├── Conflict            it is already there, or in use
    ├── Locked              somebody else is at it right now
    ├── UnsupportedType     of a media type that is not taken
    ├── UnsupportedVersion  of a protocol that the platform does not speak so
    ├── Damaged             what came is not what its checksum says
    ├── Unprocessable       a repetition that is none: its idempotency key came with something else before
    ├── TooManyRequests     too many at once, or too often
    ├── TooLarge            larger than this platform takes
    ├── OutOfSpace          the platform's disk is full
    ├── OverQuota           more than this caller may have
    ├── SourceRefused       what somebody else's host serves cannot be had from it
    ├── SourceAway          somebody else's host does not answer as it should; it may in a moment
    └── Unavailable         not now: the platform is stopping or overloaded

`voxel51.server.http.errors` maps each to its HTTP status; services raise them without knowing HTTP.
"""


class ServiceError(Exception):
    """The request cannot be served. Its text is shown to the caller."""


class BadRequest(ServiceError):
    """The request is wrong: malformed, unknown names, values out of range, or a move its state does not allow."""


class Unauthenticated(ServiceError):
    """No credential came, or one that is not known, expired or revoked."""


class Forbidden(ServiceError):
    """The credential is known and has not the right."""


class NotFound(ServiceError):
    """There is no such thing, or it belongs to somebody else: the caller cannot tell which."""


class Conflict(ServiceError):
    """It is already there, or something still needs it."""


class Locked(ServiceError):
    """Another request is at it right now. The same request may work in a moment."""


class UnsupportedType(ServiceError):
    """The body has a media type that is not taken here."""


class UnsupportedVersion(ServiceError):
    """The caller speaks a version of a protocol that the platform does not."""


class Damaged(ServiceError):
    """What came is not what its checksum says; nothing of it was kept."""


class Unprocessable(ServiceError):
    """It claims to repeat a request, and is another."""


class TooManyRequests(ServiceError):
    """Too many at once, or too often. After ``wait_seconds`` it may work."""

    def __init__(self, message: str, wait_seconds: int = 1) -> None:
        super().__init__(message)
        self.wait_seconds = wait_seconds


class TooLarge(ServiceError):
    """More bytes than this platform takes."""


class OutOfSpace(ServiceError):
    """The platform has no room for this. Its operator must free some."""


class OverQuota(ServiceError):
    """More than this caller may have. It must free some, or ask for more."""


class Unavailable(ServiceError):
    """Not now; the same request may work in a moment."""


class SourceRefused(ServiceError):
    """A file that another host serves cannot be had: it says no, or what it sends is not what was announced."""


class SourceAway(ServiceError):
    """Another host cannot be reached, is too slow or breaks off. The same request may work in a moment."""
