"""OIDC provider on loopback that sends the claims and tokens that a test chooses, valid or not."""

import json
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

from support.loopback_server import Loopback, Received, Reply

CLIENT_ID = "this-platform"
CLIENT_SECRET = "known to both: ä?&"


@dataclass
class Says:
    """The responses of the provider. ``claims`` replace those of the ID token; a value of None omits the claim."""

    claims: dict[str, Any] = field(default_factory=dict)
    info: dict[str, Any] | None = None
    algorithm: str = "RS256"
    key: Any = None
    key_id: str = "first"
    token_status: int = 200
    id_token: str | None = None


class LooseProvider(Loopback):
    """A provider that issues the code ``code`` to every browser and sends the tokens of `says` for it."""

    def __init__(self) -> None:
        super().__init__()
        self.says = Says()
        self.nonce = ""
        self.keys = {"first": rsa.generate_private_key(65537, 2048)}
        self.choose = self._choose

    def visit(self, url: str) -> str:
        """Sign in like a browser: remember the nonce, and return the URL that the provider redirects to."""
        query = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        self.nonce = query["nonce"]
        return f"{query['redirect_uri']}?code=code&state={query['state']}"

    def _choose(self, request: Received) -> Reply:
        path = urlsplit(request.path).path
        if path == "/.well-known/openid-configuration":
            return Reply.of(self._about())
        if path == "/keys":
            public = [self._public(name, key) for name, key in self.keys.items()]
            return Reply.of({"keys": public})
        if path == "/authorize":  # every browser is signed in and redirected back at once
            return Reply(302, headers={"Location": self.visit(request.path)})
        if path == "/token":
            return Reply.of({"error": "invalid_grant"}, 400) if self.says.token_status != 200 else self._token()
        if path == "/userinfo" and self.says.info is not None:
            return Reply.of(self.says.info)
        return Reply.error(404, "not found")

    def _about(self) -> dict[str, Any]:
        names = {
            "authorization_endpoint": "/authorize",
            "token_endpoint": "/token",
            "jwks_uri": "/keys",
            "userinfo_endpoint": "/userinfo",
        }
        about: dict[str, Any] = {name: self.url + path for name, path in names.items()}
        return {"issuer": self.url, **about}

    def _public(self, name: str, key: rsa.RSAPrivateKey) -> dict[str, Any]:
        return {**json.loads(RSAAlgorithm.to_jwk(key.public_key())), "kid": name, "use": "sig"}

    def _token(self) -> Reply:
        says, now = self.says, int(time.time())
        claims = {"iss": self.url, "sub": "1", "aud": CLIENT_ID, "iat": now, "exp": now + 60, "nonce": self.nonce}
        claims = {name: text for name, text in {**claims, **says.claims}.items() if text is not None}
        key = self.keys["first"] if says.key is None else says.key
        token = says.id_token or jwt.encode(claims, key, says.algorithm, {"kid": says.key_id})
        return Reply.of({"access_token": "access", "token_type": "Bearer", "id_token": token})
