"""Texts of labels for files that do not take every character."""

import re

_NOT_IN_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def printable_text(text: str) -> str:
    """``text``, with a question mark for each character that XML 1.0 has not."""
    return _NOT_IN_XML.sub("?", text)
