"""Private package index: one whose URL has a password, which no build gets to know.

A build runs code of packages, which can read its variables. So it is given the URL of a host that does not exist,
`ALIAS`, without the password. The index proxy, by which all its requests go, asks the index instead, with the password,
and replaces the URL of the index in what it answers: pages of an index may have absolute links.
"""

import base64
import re
from dataclasses import dataclass
from typing import Self
from urllib.parse import SplitResult, unquote, urlsplit

ALIAS = "package-index.invalid"
"""Host by which builds know the index. The top-level domain ``invalid`` is reserved, so no server has this name."""

_PAGES = ("text/html", "application/vnd.pypi.simple", "application/json")


@dataclass(frozen=True, slots=True)
class PrivateIndex:
    """Package index with a password.

    Attributes:
        host, port: its address.
        is_encrypted: whether it speaks TLS.
        path: path of its URL.
        authorization: value of the header ``Authorization``.
    """

    host: str
    port: int
    is_encrypted: bool
    path: str
    authorization: str

    @classmethod
    def of(cls, url: str) -> Self | None:
        """Return the index of this URL; None if that has neither user nor password."""
        parts = urlsplit(url)
        if parts.username is None and parts.password is None:
            return None
        credentials = f"{unquote(parts.username or '')}:{unquote(parts.password or '')}"
        header = "Basic " + base64.b64encode(credentials.encode()).decode()
        is_encrypted = parts.scheme == "https"
        port = parts.port or (443 if is_encrypted else 80)
        return cls((parts.hostname or "").lower(), port, is_encrypted, _target(parts), header)

    @property
    def alias_url(self) -> str:
        """URL of the index for builds."""
        return f"http://{ALIAS}{self.path}"

    @property
    def url(self) -> str:
        """URL of the index without the password."""
        return f"{self._origin}{self.path}"

    @property
    def _origin(self) -> str:
        scheme, usual = ("https", 443) if self.is_encrypted else ("http", 80)
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{scheme}://{host}" if self.port == usual else f"{scheme}://{host}:{self.port}"

    def hide_in(self, text: str) -> str:
        """Replace the address of the index, at the start of links in ``text``, with the alias."""
        origins = {self._origin, f"{'https' if self.is_encrypted else 'http'}://{self.host}:{self.port}"}
        pattern = "|".join(re.escape(each) for each in sorted(origins, key=len, reverse=True))
        return re.sub(rf"(?i)(?:{pattern})(?![\w.:@-])", f"http://{ALIAS}", text)

    def name_in(self, text: str) -> str:
        """Replace the alias in ``text``, a line that a build printed, with the address of the index."""
        return text.replace(f"http://{ALIAS}", self._origin).replace(ALIAS, self.host)


def is_page(content_type: str) -> bool:
    """Return whether a response of this type is a page of an index, which has links."""
    return content_type.lower().startswith(_PAGES)


def _target(parts: SplitResult) -> str:
    return parts.path + (f"?{parts.query}" if parts.query else "")
