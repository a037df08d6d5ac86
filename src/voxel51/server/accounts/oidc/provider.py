"""An OpenID provider: what it says of itself, and what it says of somebody who comes from it.

https://openid.net/specs/openid-connect-core-1_0.html and https://openid.net/specs/openid-connect-discovery-1_0.html
"""

import base64
import hashlib
import hmac
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote_plus, urlencode

import jwt

from voxel51.server.errors import SourceRefused, Unauthenticated
from voxel51.server.outbound.documents import ask
from voxel51.server.outbound.guard import Guard

_SCOPE = "openid profile email"
_KEPT_SECONDS = 3600.0
_KEYS_AGAIN_SECONDS = 30.0
"""So soon the provider's keys are asked for again when a token names one that is not among them."""

_LEEWAY_SECONDS = 60.0
_LONGEST_SUBJECT = 255
_LONGEST_EMAIL = 320
_ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
"""Signatures by a private key of the provider's. Those by a shared secret, and none, do not count."""


@dataclass(frozen=True, slots=True)
class Client:
    """What the provider knows this platform as. Without a ``secret`` it is a public client, by PKCE alone."""

    issuer: str
    id: str
    secret: str
    name: str  # of the provider, as people read it


@dataclass(frozen=True, slots=True)
class Identity:
    """Whom the provider vouches for. ``email`` is one that it verified; ``name_hint`` is what they are called there."""

    issuer: str
    subject: str
    name_hint: str
    email: str | None


@dataclass(frozen=True, slots=True)
class Attempt:
    """The secrets of one attempt to sign in, which tie its parts together: each counts once."""

    state: str
    nonce: str
    verifier: str


class IdentityProvider:
    """One provider. What it says of itself is asked for when it is first needed, and again every hour."""

    def __init__(self, client: Client, guard: Guard) -> None:
        self.client = client
        self._guard = guard
        self._lock = threading.Lock()
        self._documents: dict[str, tuple[float, Mapping[str, Any]]] = {}

    def look(self) -> None:
        """Ask what the provider says of itself, unless that is known; raises as `authorization_url` does."""
        self._about()

    def authorization_url(self, redirect_uri: str, attempt: Attempt) -> str:
        """Where to send somebody's browser, which then comes back to ``redirect_uri``.

        Raises:
            SourceAway: the provider does not answer.
            SourceRefused: it says nothing that can be used.
        """
        digest = hashlib.sha256(attempt.verifier.encode("ascii")).digest()
        query = {
            "response_type": "code",
            "client_id": self.client.id,
            "redirect_uri": redirect_uri,
            "scope": _SCOPE,
            "state": attempt.state,
            "nonce": attempt.nonce,
            "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode("ascii"),
            "code_challenge_method": "S256",
        }
        endpoint = self._endpoint("authorization_endpoint")
        return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(query)}"

    def identify(self, code: str, redirect_uri: str, attempt: Attempt) -> Identity:
        """Whom ``code`` stands for.

        Raises:
            Unauthenticated: nobody, or not in this attempt.
            SourceAway: the provider does not answer.
            SourceRefused: it says nothing that can be used.
        """
        answer = self._redeem(code, redirect_uri, attempt.verifier)
        claims = self._verified(answer.get("id_token"), attempt.nonce)
        if "email" not in claims:  # many tell it at another place alone
            claims = {**self._user_info(answer.get("access_token"), claims["sub"]), **claims}
        email = claims.get("email") if claims.get("email_verified") in (True, "true") else None
        hint = claims.get("preferred_username") or claims.get("email") or claims.get("name") or ""
        email = email if isinstance(email, str) and len(email) <= _LONGEST_EMAIL else None
        return Identity(self.client.issuer, claims["sub"], str(hint).partition("@")[0], email)

    def _redeem(self, code: str, redirect_uri: str, verifier: str) -> Mapping[str, Any]:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri,
            "code_verifier": verifier,
            "client_id": self.client.id,
        }
        headers = {}
        if self.client.secret and "client_secret_basic" in self._ways_to_say_who():
            pair = f"{quote_plus(self.client.id)}:{quote_plus(self.client.secret)}".encode("ascii")
            headers["Authorization"] = f"Basic {base64.b64encode(pair).decode('ascii')}"
        elif self.client.secret:
            form["client_secret"] = self.client.secret
        status, answer = ask(self._guard, self._endpoint("token_endpoint"), headers, form)
        if status != 200:
            reason = str(answer.get("error", status))[:100]
            raise Unauthenticated(f"{self.client.name} does not confirm this sign-in ({reason}); begin it again")
        return answer

    def _verified(self, token: Any, nonce: str) -> dict[str, Any]:
        """The claims of an ID token, checked as section 3.1.3.7 of OpenID Connect Core has it."""
        try:
            claims: dict[str, Any] = jwt.decode(
                token,
                self._signing_key(jwt.get_unverified_header(token).get("kid")),
                algorithms=_ALGORITHMS,
                audience=self.client.id,
                issuer=self.client.issuer,
                leeway=_LEEWAY_SECONDS,
                options={"require": ["exp", "iat", "iss", "aud", "sub"]},
            )
        except jwt.PyJWTError as error:
            raise Unauthenticated(f"What {self.client.name} says of you does not count: {error}") from None
        if not hmac.compare_digest(str(claims.get("nonce", "")).encode(), nonce.encode()):
            raise Unauthenticated(f"What {self.client.name} says was said in another sign-in; begin it again")
        if claims.get("azp", self.client.id) != self.client.id or not 1 <= len(claims["sub"]) <= _LONGEST_SUBJECT:
            raise Unauthenticated(f"What {self.client.name} says is meant for somebody else; begin the sign-in again")
        return claims

    def _signing_key(self, name: str | None) -> jwt.PyJWK:
        for may_be_old_seconds in (_KEPT_SECONDS, _KEYS_AGAIN_SECONDS):
            document = self._document(self._endpoint("jwks_uri"), may_be_old_seconds)
            keys = [key for key in jwt.PyJWKSet.from_dict(dict(document)).keys if key.public_key_use in (None, "sig")]
            named = [key for key in keys if key.key_id == name]
            if named or (name is None and len(keys) == 1):
                return (named or keys)[0]
        raise jwt.InvalidKeyError(f"it is signed by a key {name!r:.100} that is not among the provider's")

    def _user_info(self, access_token: Any, subject: str) -> Mapping[str, Any]:
        endpoint = self._about().get("userinfo_endpoint")
        if not isinstance(endpoint, str) or not isinstance(access_token, str) or not access_token.isascii():
            return {}
        status, answer = ask(self._guard, endpoint, {"Authorization": f"Bearer {access_token}"})
        return answer if status == 200 and answer.get("sub") == subject else {}

    def _endpoint(self, name: str) -> str:
        url = self._about().get(name)
        if not isinstance(url, str):
            raise SourceRefused(f"{self.client.name} names no {name}")
        return url

    def _ways_to_say_who(self) -> Any:
        return self._about().get("token_endpoint_auth_methods_supported") or ("client_secret_basic",)

    def _about(self) -> Mapping[str, Any]:
        url = f"{self.client.issuer.rstrip('/')}/.well-known/openid-configuration"
        about = self._document(url, _KEPT_SECONDS)
        if about.get("issuer") != self.client.issuer:
            self._documents.pop(url, None)  # asked for anew once it, or the setting, is put right
            raise SourceRefused(
                f"{url} is the description of {about.get('issuer')!r:.200}; the setting oidc_issuer must be that"
            )
        return about

    def _document(self, url: str, may_be_old_seconds: float) -> Mapping[str, Any]:
        with self._lock:
            asked_at, document = self._documents.get(url, (0.0, None))
            if document is None or time.monotonic() - asked_at > may_be_old_seconds:
                status, document = ask(self._guard, url)
                if status != 200:
                    raise SourceRefused(f"{self.client.name} answers {status} at {url}")
                self._documents[url] = (time.monotonic(), document)
            return document
