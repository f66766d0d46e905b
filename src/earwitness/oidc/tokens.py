"""What an ID token must be (OpenID Connect Core 1.0, section 3.1.3.7)."""

from __future__ import annotations

import hmac
from datetime import datetime
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from joserfc.jwt import JWTClaimsRegistry

from earwitness.errors import AccessRefused

ALGORITHMS = ("RS256", "PS256", "ES256", "Ed25519", "EdDSA")
"""With a key pair: whoever can check a token cannot make one, and nobody can leave it unsigned."""
LEEWAY_SECONDS = 60
TYPES = (None, "JWT")
"""An access token is none of these (RFC 9068)."""


def checked(
    token: str, keys: KeySet, issuer: str, client: str, nonce: str, longest: int, now: datetime
) -> dict[str, Any]:
    """Its claims. ``longest`` is how many seconds ago somebody may have shown who they are.

    Raises AccessRefused.
    """
    at = int(now.timestamp())
    rules = JWTClaimsRegistry(
        at,
        LEEWAY_SECONDS,
        iss={"essential": True, "value": issuer},
        sub={"essential": True},
        aud={"essential": True, "value": client},
        exp={"essential": True},
        iat={"essential": True},
        nonce={"essential": True},
        auth_time={"essential": True},
    )
    try:
        read = jwt.decode(token, keys, algorithms=ALGORITHMS)
        rules.validate(read.claims)
    except (JoseError, ValueError, TypeError) as error:
        raise AccessRefused("The provider's word cannot be trusted; sign in again.") from error
    claims: dict[str, Any] = read.claims
    if not _is_ours(claims, client, nonce) or read.header.get("typ") not in TYPES:
        raise AccessRefused("The provider's word cannot be trusted; sign in again.")
    if not _is_number(claims["auth_time"]) or at - claims["auth_time"] > longest + LEEWAY_SECONDS:
        raise AccessRefused("You showed the provider too long ago who you are; sign in again.")
    return claims


def _is_ours(claims: dict[str, Any], client: str, nonce: str) -> bool:
    """Made for this request, and for nobody besides us."""
    audience, party = claims["aud"], claims.get("azp", client)
    alone = audience in (client, [client])
    named = claims["nonce"] if isinstance(claims["nonce"], str) else ""
    subject = claims["sub"]
    same = hmac.compare_digest(named.encode(errors="replace"), nonce.encode())
    return same and alone and party == client and isinstance(subject, str) and subject != ""


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
