"""Messages in the status documents that attempts wrote. They may come from any container: their form is not trusted."""

import json
from collections.abc import Mapping

_MAX_MESSAGE_LENGTH = 2000


def last_message(text: str | None) -> str | None:
    """Return the last message in the text of a status document."""
    texts = map(text_of, reversed(messages_of(read_status(text))))
    return next((each for each in texts if each is not None), None)


def read_status(text: str | None) -> dict[str, object]:
    """Return the status document in a text; an empty one if the text contains none."""
    document = json.loads(text) if text else {}
    return document if isinstance(document, dict) else {}


def messages_of(document: Mapping[str, object]) -> list[object]:
    """Return the messages of a status document, whose form is not checked."""
    messages = document.get("messages")
    return messages if isinstance(messages, list) else []


def text_of(message: object) -> str | None:
    """Return the text of a message of a status document, shortened; None if it has none."""
    text = message.get("message") if isinstance(message, dict) else None
    return text[:_MAX_MESSAGE_LENGTH] if isinstance(text, str) else None
