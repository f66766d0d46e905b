"""A small OpenID Connect provider on loopback: the code flow with PKCE, as the standards have it.

It is strict with its client, and can be told to lie in what it signs. Its parts come from
joserfc and authlib.
"""

from __future__ import annotations

import json
import secrets
import threading
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from time import time
from typing import Any
from urllib.parse import parse_qs, unquote, urlencode, urlsplit

from authlib.oauth2.rfc7636 import create_s256_code_challenge
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, OctKey, RSAKey

CLIENT, SECRET = "earwitness", "s3cret: of a client"


@dataclass
class Provider:
    """``claims`` take the place of true ones, None leaves one out; ``sign`` is how it signs."""

    issuer: str = ""
    subject: str = "248289761001"
    roles: Any = field(default_factory=lambda: ["listeners"])
    name: str = "Ada"
    claims: dict[str, Any] = field(default_factory=dict)
    about: dict[str, Any] = field(default_factory=dict)
    sign: str = "RS256"
    back: str = ""
    """The one address to which it sends browsers back."""
    used: list[str] = field(default_factory=list)
    """Paths that were asked for."""

    def __post_init__(self) -> None:
        self._codes: dict[str, dict[str, str]] = {}
        self.new_keys()

    def new_keys(self) -> None:
        made = {"use": "sig"}
        self._keys = {
            "RS256": RSAKey.generate_key(2048, {**made, "kid": secrets.token_hex(4)}),
            "ES256": ECKey.generate_key("P-256", {**made, "kid": secrets.token_hex(4)}),
        }

    def described(self) -> dict[str, Any]:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256", "ES256"],
            "code_challenge_methods_supported": ["S256"],
            "authorization_response_iss_parameter_supported": True,
            **self.about,
        }

    def keys(self) -> dict[str, Any]:
        public = KeySet(list(self._keys.values())).as_dict(private=False)
        others = [{"kty": "nobody knows this"}, {"kty": "oct", "k": "AAAA"}, "none at all"]
        return {"keys": [*others, *public["keys"]]}

    def authorize(self, asked: dict[str, str]) -> str:
        """Where the browser goes on; whoever asks is signed in here already."""
        assert asked["client_id"] == CLIENT
        assert asked["redirect_uri"] == self.back
        assert asked["response_type"] == "code"
        assert "openid" in asked["scope"].split()
        assert asked["code_challenge_method"] == "S256"
        assert int(asked["max_age"]) > 0
        code = secrets.token_urlsafe(16)
        self._codes[code] = asked
        answer = {"code": code, "state": asked["state"], "iss": self.issuer}
        return f"{asked['redirect_uri']}?{urlencode(answer)}"

    def token(self, form: dict[str, str], authorization: str) -> dict[str, Any] | None:
        """None for a client that is none, or a code that is not its own or was used."""
        kind, _, credentials = authorization.partition(" ")
        client, _, secret = b64decode(credentials).decode().partition(":")
        asked = self._codes.pop(form["code"], None)
        if (kind, unquote(client), unquote(secret)) != ("Basic", CLIENT, SECRET) or not asked:
            return None
        assert form["grant_type"] == "authorization_code"
        assert form["redirect_uri"] == asked["redirect_uri"]
        assert create_s256_code_challenge(form["code_verifier"]) == asked["code_challenge"]
        return {
            "access_token": secrets.token_urlsafe(16),
            "token_type": "Bearer",
            "id_token": self._id_token(asked["nonce"]),
        }

    def _id_token(self, nonce: str) -> str:
        now = int(time())
        true = {
            "iss": self.issuer, "sub": self.subject, "aud": CLIENT, "exp": now + 300, "iat": now,
            "auth_time": now, "nonce": nonce, "roles": self.roles,
            "preferred_username": self.name,
        }  # fmt: skip
        claims = {name: v for name, v in (true | self.claims).items() if v is not None}
        if self.sign == "none":
            return jwt.encode({"alg": "none"}, claims, OctKey.import_key("x"), ["none"])
        if self.sign == "HS256":  # with what everybody knows as the secret
            public = self._keys["RS256"].as_pem(private=False)
            header = {"alg": "HS256", "kid": self._keys["RS256"].kid}
            return jwt.encode(header, claims, OctKey.import_key(public), ["HS256"])
        if self.sign == "stranger":
            key = RSAKey.generate_key(2048)
            return jwt.encode({"alg": "RS256", "kid": self._keys["RS256"].kid}, claims, key)
        if self.sign == "access":
            key = self._keys["RS256"]
            return jwt.encode({"alg": "RS256", "typ": "at+jwt", "kid": key.kid}, claims, key)
        key = self._keys[self.sign]
        return jwt.encode({"alg": self.sign, "kid": key.kid}, claims, key)


@contextmanager
def provider() -> Iterator[Provider]:
    """One that listens, on a thread of its own."""
    known = Provider()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            at = urlsplit(self.path)
            known.used.append(at.path)
            match at.path:
                case "/.well-known/openid-configuration":
                    self._answer(200, known.described())
                case "/keys":
                    self._answer(200, known.keys())
                case "/authorize":
                    asked = {name: value for name, (value,) in parse_qs(at.query).items()}
                    self.send_response(302)
                    self.send_header("Location", known.authorize(asked))
                    self.end_headers()
                case _:
                    self._answer(404, {})

        def do_POST(self) -> None:
            known.used.append(self.path)
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            form = {name: value for name, (value,) in parse_qs(body).items()}
            answer = known.token(form, self.headers["Authorization"] or "")
            self._answer(400 if answer is None else 200, answer or {"error": "invalid_grant"})

        def _answer(self, status: int, content: dict[str, Any]) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(json.dumps(content).encode())

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    known.issuer = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield known
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
