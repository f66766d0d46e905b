"""Who signs people in besides ourselves."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from earwitness.accounts import Identity


class IdentityProvider(Protocol):
    """OpenID Connect, the code flow with PKCE. Every method may wait for another server."""

    def address(self, state: str, nonce: str, verifier: str, back: str) -> str:
        """Where a browser goes to sign in; it comes to ``back`` with ``state`` and a code.

        Raises AccessRefused where the provider cannot be asked.
        """

    def identity(self, code: str, nonce: str, verifier: str, back: str, now: datetime) -> Identity:
        """Who brought the code, by an ID token that was checked. Raises AccessRefused."""
