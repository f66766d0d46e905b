"""One OpenID Connect provider: what it says of itself, its keys, and codes for ID tokens."""

from __future__ import annotations

import hashlib
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from threading import Lock
from time import monotonic
from typing import Any
from urllib.parse import quote, urlencode

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import JWKRegistry, KeySet

from earwitness.accounts import Identity
from earwitness.config import Settings
from earwitness.errors import AccessRefused, SettingsError
from earwitness.oidc import fetching
from earwitness.oidc.tokens import checked

KINDS = ("RSA", "EC", "OKP")
"""Of key pairs."""
SCOPE = "openid profile"
RECENT_SECONDS = 15 * 60
"""So long ago at most somebody must have shown the provider who they are."""
KEPT_SECONDS = 3600.0
"""How long what it says of itself is believed."""
ASK_SECONDS = 60.0
"""Keys that are not known are asked for no oftener."""


@dataclass(frozen=True)
class Client:
    """Who we are to it, from the settings."""

    issuer: str
    id: str
    secret: str
    claim: str


def open_provider(settings: Settings) -> Provider | None:
    """None where the settings name none. Raises SettingsError for half of one."""
    if not settings.oidc_issuer:
        return None
    for name in ("oidc_client_id", "oidc_roles"):
        if not getattr(settings, name):
            raise SettingsError(f"EARWITNESS_{name.upper()}: is needed with an issuer.")
    secret = _secret(settings)
    client = Client(
        settings.oidc_issuer, settings.oidc_client_id, secret, settings.oidc_roles_claim
    )
    return Provider(client)


def _secret(settings: Settings) -> str:
    file = settings.oidc_client_secret_file
    if file is None:
        return settings.oidc_client_secret
    try:
        return file.read_text(encoding="utf-8").strip()
    except (OSError, ValueError) as error:
        raise SettingsError(f"EARWITNESS_OIDC_CLIENT_SECRET_FILE: cannot read {file}.") from error


class Provider:
    """Implements ``ports.IdentityProvider``. Safe to share between threads."""

    def __init__(self, client: Client, clock: Callable[[], float] = monotonic) -> None:
        self._client, self._clock, self._lock = client, clock, Lock()
        self._about: dict[str, Any] = {}
        self._keys: KeySet | None = None
        self._about_at = self._keys_at = float("-inf")

    def address(self, state: str, nonce: str, verifier: str, back: str) -> str:
        digest = hashlib.sha256(verifier.encode()).digest()
        asked = {
            "response_type": "code",
            "client_id": self._client.id,
            "redirect_uri": back,
            "scope": SCOPE,
            "state": state,
            "nonce": nonce,
            "code_challenge": urlsafe_b64encode(digest).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
            "max_age": str(RECENT_SECONDS),
        }
        at = self._endpoint("authorization_endpoint")
        return f"{at}{'&' if '?' in at else '?'}{urlencode(asked)}"

    def identity(self, code: str, nonce: str, verifier: str, back: str, now: datetime) -> Identity:
        token = self._id_token(code, verifier, back)
        client = self._client
        claims = checked(
            token, self._keys_for(token), client.issuer, client.id, nonce, RECENT_SECONDS, now
        )
        name = claims.get("preferred_username") or claims.get("name") or ""
        values = frozenset(_values(claims, client.claim))
        return Identity(client.issuer, claims["sub"], name if isinstance(name, str) else "", values)

    def is_issuer(self, named: str) -> bool:
        """Whether an answer that names its issuer is this one's, as it must if it says it does
        (RFC 9207).
        """
        says = self._described().get("authorization_response_iss_parameter_supported") is True
        return named == self._client.issuer or (not named and not says)

    def _id_token(self, code: str, verifier: str, back: str) -> str:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": back,
            "code_verifier": verifier,
        }
        credentials, headers = self._credentials()
        answer = fetching.post(self._endpoint("token_endpoint"), form | credentials, headers)
        token = answer.get("id_token")
        if not isinstance(token, str):
            raise AccessRefused("The provider does not say who you are; sign in again.")
        return token

    def _credentials(self) -> tuple[dict[str, str], dict[str, str]]:
        """For a form, and for its headers (RFC 6749, section 2.3.1)."""
        client = self._client
        ways = self._described().get("token_endpoint_auth_methods_supported")
        if not client.secret:
            return {"client_id": client.id}, {}
        if isinstance(ways, list) and "client_secret_basic" not in ways:
            return {"client_id": client.id, "client_secret": client.secret}, {}
        both = f"{quote(client.id, safe='')}:{quote(client.secret, safe='')}"
        return {}, {"Authorization": f"Basic {b64encode(both.encode()).decode()}"}

    # --- what it says of itself --------------------------------------------------

    def _endpoint(self, name: str) -> str:
        found = self._described().get(name)
        if not isinstance(found, str):
            raise AccessRefused("The provider of identities does not say where it is.")
        return found

    def _described(self) -> dict[str, Any]:
        with self._lock:
            if self._clock() - self._about_at > KEPT_SECONDS:
                at = self._client.issuer.rstrip("/") + "/.well-known/openid-configuration"
                about = fetching.get(at)
                if about.get("issuer") != self._client.issuer:
                    raise AccessRefused("The provider of identities says it is another one.")
                self._about, self._about_at = about, self._clock()
            return self._about

    def _keys_for(self, token: str) -> KeySet:
        """Asked for anew where none is the token's: providers change their keys."""
        at, named = self._endpoint("jwks_uri"), _key_id(token)
        with self._lock:
            age = self._clock() - self._keys_at
            known = self._keys is not None and named in {key.kid for key in self._keys.keys}
            if self._keys is None or age > KEPT_SECONDS or (not known and age > ASK_SECONDS):
                self._keys, self._keys_at = _read_keys(fetching.get(at)), self._clock()
            return self._keys


def _read_keys(found: dict[str, Any]) -> KeySet:
    """Those for signatures that we know the kind of; others are passed over."""
    listed = found.get("keys")
    read = [_key(each) for each in listed] if isinstance(listed, list) else []
    return KeySet([key for key in read if key is not None])


def _key(found: Any) -> Any:
    """None for what is no public key for signatures, or is of a kind that we do not know."""
    try:
        if found["kty"] not in KINDS or found.get("use", "sig") != "sig":
            return None
        return JWKRegistry.import_key(found)
    except (JoseError, ValueError, TypeError, KeyError, AttributeError):
        return None


def _key_id(token: str) -> str | None:
    try:
        named = jws.extract_compact(token.encode()).headers().get("kid")
    except (JoseError, ValueError) as error:
        raise AccessRefused("The provider's word cannot be read; sign in again.") from error
    return named if isinstance(named, str) else None


def _values(claims: dict[str, Any], claim: str) -> Iterable[str]:
    """The strings of a claim, by its name or by the way into what is nested.

    >>> sorted(_values({"a.b": "x"}, "a.b")), sorted(_values({"a": {"b": ["x", 1]}}, "a.b"))
    (['x'], ['x'])
    """
    found: Any = claims.get(claim)
    if found is None:
        found = claims
        for part in claim.split("."):
            found = found.get(part) if isinstance(found, dict) else None
    several = found if isinstance(found, list) else [found]
    return [each for each in several if isinstance(each, str)]
