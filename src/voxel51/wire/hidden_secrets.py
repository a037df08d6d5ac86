"""Hidden secrets: replace the secrets of a job by asterisks in its log and in its messages.

That is for secrets that are printed by mistake, such as in the URL of an error message. An analytic that means to
reveal one can write it in another form.
"""

from collections.abc import Iterable, Sequence

LEAST_SECRET_BYTES = 6
"""Shorter secrets are not hidden: they may be part of any word."""

_ASTERISK = b"*"


def hideable(secrets: Iterable[str]) -> list[bytes]:
    """Return the values that are hidden, the longest first: one may contain another."""
    values = {secret.encode() for secret in secrets}
    return sorted((each for each in values if len(each) >= LEAST_SECRET_BYTES), key=len, reverse=True)


def hide(text: bytes, values: Sequence[bytes]) -> bytes:
    """Return the text with asterisks instead of each value, of the same length."""
    for value in values:
        text = text.replace(value, _ASTERISK * len(value))
    return text


def hide_in_part(text: bytes, values: Sequence[bytes]) -> bytes:
    """Return a part of a log as `hide` does, also without the end of a value that it begins with, and vice versa."""
    text = hide(text, values)
    for value in values:
        lengths = range(min(len(value) - 1, len(text)), LEAST_SECRET_BYTES - 1, -1)
        cut = next((length for length in lengths if text.startswith(value[-length:])), 0)
        text = _ASTERISK * cut + text[cut:]
        cut = next((length for length in lengths if text.endswith(value[:length])), 0)
        text = text[: len(text) - cut] + _ASTERISK * cut
    return text
