"""OpenID provider: load its metadata and keys, build authorization URLs, redeem codes and verify ID tokens.

https://openid.net/specs/openid-connect-core-1_0.html and https://openid.net/specs/openid-connect-discovery-1_0.html
"""

import base64
import hashlib
import hmac
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote_plus, urlencode

import jwt

from voxel51.server.errors import SourceRefused, Unauthenticated
from voxel51.server.outbound.guard import Guard
from voxel51.server.outbound.json_requests import request_json

_SCOPE = "openid profile email"
_CACHE_SECONDS = 3600.0
_KEY_REFRESH_SECONDS = 30.0
"""Minimum age of the cached keys before an unknown key id makes them load again."""

_LEEWAY_SECONDS = 60.0
_MAX_SUBJECT_LENGTH = 255
_MAX_EMAIL_LENGTH = 320
_ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
"""Accepted signatures: by a private key of the provider. Shared secrets (HS256) and ``none`` are rejected."""


@dataclass(frozen=True, slots=True)
class OidcClient:
    """The platform's registration with the provider. Without a ``secret``, it is a public client that uses PKCE."""

    issuer: str
    id: str
    secret: str
    name: str  # of the provider, shown to users


@dataclass(frozen=True, slots=True)
class Identity:
    """A provider account. ``email`` is set only where the provider verified it; ``name_hint`` suggests a user name."""

    issuer: str
    subject: str
    name_hint: str
    email: str | None


@dataclass(frozen=True, slots=True)
class AuthorizationSecrets:
    """Random values of one authorization request, each used once.

    Attributes:
        state: binds the redirect to the browser that started the sign-in.
        nonce: binds the ID token to this request.
        verifier: PKCE code verifier, binds the code to this request.
    """

    state: str
    nonce: str
    verifier: str


class IdentityProvider:
    """One OpenID provider. Its metadata and keys are loaded on first use and cached for an hour."""

    def __init__(self, client: OidcClient, guard: Guard) -> None:
        self.client = client
        self._guard = guard
        self._lock = threading.Lock()
        self._documents: dict[str, tuple[float, Mapping[str, object]]] = {}

    def discover(self) -> None:
        """Load the provider's metadata unless it is cached; raise as `authorization_url` does."""
        self._metadata()

    def authorization_url(self, redirect_uri: str, authorization: AuthorizationSecrets) -> str:
        """Return the URL at which a browser signs in, and which sends it back to ``redirect_uri``.

        Raises:
            SourceAway: the provider does not respond.
            SourceRefused: its metadata is unusable.
        """
        digest = hashlib.sha256(authorization.verifier.encode("ascii")).digest()
        query = {
            "response_type": "code",
            "client_id": self.client.id,
            "redirect_uri": redirect_uri,
            "scope": _SCOPE,
            "state": authorization.state,
            "nonce": authorization.nonce,
            "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode("ascii"),
            "code_challenge_method": "S256",
        }
        endpoint = self._endpoint("authorization_endpoint")
        return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(query)}"

    def identify(self, code: str, redirect_uri: str, authorization: AuthorizationSecrets) -> Identity:
        """Redeem an authorization ``code`` and return the provider account that it stands for.

        Raises:
            Unauthenticated: the code is invalid, or the ID token is, or belongs to another request.
            SourceAway: the provider does not respond.
            SourceRefused: its metadata is unusable.
        """
        tokens = self._redeem(code, redirect_uri, authorization.verifier)
        claims = self._verify_id_token(tokens.get("id_token"), authorization.nonce)
        subject = str(claims["sub"])
        if "email" not in claims:  # many providers give it at the userinfo endpoint only
            claims = {**self._user_info(tokens.get("access_token"), subject), **claims}
        email = claims.get("email") if claims.get("email_verified") in (True, "true") else None
        hint = claims.get("preferred_username") or claims.get("email") or claims.get("name") or ""
        email = email if isinstance(email, str) and len(email) <= _MAX_EMAIL_LENGTH else None
        return Identity(self.client.issuer, subject, str(hint).partition("@")[0], email)

    def _redeem(self, code: str, redirect_uri: str, verifier: str) -> Mapping[str, object]:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri,
            "code_verifier": verifier,
            "client_id": self.client.id,
        }
        headers = {}
        if self.client.secret and self._supports_basic_authentication():
            # RFC 6749, section 2.3.1: id and secret are form-encoded before they are joined.
            pair = f"{quote_plus(self.client.id)}:{quote_plus(self.client.secret)}".encode("ascii")
            headers["Authorization"] = f"Basic {base64.b64encode(pair).decode('ascii')}"
        elif self.client.secret:
            form["client_secret"] = self.client.secret
        status, tokens = request_json(self._guard, self._endpoint("token_endpoint"), headers, form)
        if status != 200:
            reason = str(tokens.get("error", status))[:100]
            raise Unauthenticated(f"{self.client.name} rejected this sign-in: {reason}. Start the sign-in again")
        return tokens

    def _verify_id_token(self, token: object, nonce: str) -> Mapping[str, object]:
        """Return the claims of an ID token, verified as section 3.1.3.7 of OpenID Connect Core requires."""
        try:
            if not isinstance(token, str):
                raise jwt.DecodeError("the response has no ID token")
            claims: dict[str, object] = jwt.decode(
                token,
                self._signing_key(jwt.get_unverified_header(token).get("kid")),
                algorithms=_ALGORITHMS,
                audience=self.client.id,
                issuer=self.client.issuer,
                leeway=_LEEWAY_SECONDS,
                options={"require": ["exp", "iat", "iss", "aud", "sub"]},
            )
        except jwt.PyJWTError as error:
            raise Unauthenticated(f"The ID token of {self.client.name} is invalid: {error}") from None
        if not hmac.compare_digest(str(claims.get("nonce", "")).encode(), nonce.encode()):
            raise Unauthenticated(
                f"The ID token of {self.client.name} belongs to another sign-in. Start the sign-in again"
            )
        if (
            claims.get("azp", self.client.id) != self.client.id
            or not 1 <= len(str(claims["sub"])) <= _MAX_SUBJECT_LENGTH
        ):
            raise Unauthenticated(
                f"The ID token of {self.client.name} was issued to another client. Start the sign-in again"
            )
        return claims

    def _signing_key(self, key_id: str | None) -> jwt.PyJWK:
        # The provider may have rotated its keys since they were cached: on an unknown key id, load them once more, but
        # not more often than every `_KEY_REFRESH_SECONDS`, as the id comes from outside.
        for max_age_seconds in (_CACHE_SECONDS, _KEY_REFRESH_SECONDS):
            document = self._document(self._endpoint("jwks_uri"), max_age_seconds)
            keys = [key for key in jwt.PyJWKSet.from_dict(dict(document)).keys if key.public_key_use in (None, "sig")]
            matching = [key for key in keys if key.key_id == key_id]
            if matching or (key_id is None and len(keys) == 1):
                return (matching or keys)[0]
        raise jwt.InvalidKeyError(f"it is signed with the key {key_id!r:.100}, which the provider does not publish")

    def _user_info(self, access_token: object, subject: str) -> Mapping[str, object]:
        endpoint = self._metadata().get("userinfo_endpoint")
        if not isinstance(endpoint, str) or not isinstance(access_token, str) or not access_token.isascii():
            return {}
        status, claims = request_json(self._guard, endpoint, {"Authorization": f"Bearer {access_token}"})
        return claims if status == 200 and claims.get("sub") == subject else {}

    def _endpoint(self, name: str) -> str:
        url = self._metadata().get(name)
        if not isinstance(url, str):
            raise SourceRefused(f"The metadata of {self.client.name} has no {name}")
        return url

    def _supports_basic_authentication(self) -> bool:
        methods = self._metadata().get("token_endpoint_auth_methods_supported") or ("client_secret_basic",)
        return isinstance(methods, list | tuple | str) and "client_secret_basic" in methods

    def _metadata(self) -> Mapping[str, object]:
        url = f"{self.client.issuer.rstrip('/')}/.well-known/openid-configuration"
        metadata = self._document(url, _CACHE_SECONDS)
        if metadata.get("issuer") != self.client.issuer:
            self._documents.pop(url, None)  # so that a corrected provider is noticed at once
            raise SourceRefused(
                f"{url} names the issuer {metadata.get('issuer')!r:.200}; the setting oidc_issuer must be the same"
            )
        return metadata

    def _document(self, url: str, max_age_seconds: float) -> Mapping[str, object]:
        # One request at a time: concurrent sign-ins wait for it and use its result.
        with self._lock:
            loaded_at, document = self._documents.get(url, (0.0, None))
            if document is None or time.monotonic() - loaded_at > max_age_seconds:
                status, document = request_json(self._guard, url)
                if status != 200:
                    raise SourceRefused(f"{self.client.name} responded with status {status} at {url}")
                self._documents[url] = (time.monotonic(), document)
            return document
