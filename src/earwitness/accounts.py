"""Who works here: accounts, their roles, their sessions. Frozen values.

A role is a set of rights, not a rank (docs/design/workbench.md).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Role(StrEnum):
    """What somebody is here for. Whoever has several roles has the rights of each."""

    ANALYST = "analyst"  # listens, writes, teaches
    LEAD = "lead"  # looks after the queue, the terms and the agreement of analysts
    RESPONDER = "responder"  # acts on incidents
    PRIVACY_OFFICER = "privacy-officer"  # consent, retention, erasure
    AUDITOR = "auditor"  # reads who did what, and changes nothing
    ADMINISTRATOR = "administrator"  # accounts and settings; hears nothing


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody who may sign in. ``name`` is also who judged and taught, so it never changes."""

    id: str
    name: str
    roles: frozenset[Role]
    made_at: datetime
    disabled_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Session:
    """One browser in which somebody is signed in. Its secret is kept nowhere.

    ``agent`` is what the browser says it is, for the list of one's own sessions.
    """

    id: str
    account: str
    began_at: datetime
    seen_at: datetime
    agent: str


@dataclass(frozen=True, slots=True)
class Identity:
    """Who somebody is to a provider of identities: by ``issuer`` and ``subject`` alone.

    ``name`` is only how they are called there, ``values`` what its claim of roles holds.
    """

    issuer: str
    subject: str
    name: str
    values: frozenset[str]


@dataclass(frozen=True, slots=True)
class Person:
    """An account as those see it who look after accounts.

    ``seen_at`` is when somebody was last signed in with it, ``sessions`` how many are open.
    Whom an ``issuer`` signs in has no other way, and the roles that it says.
    """

    account: Account
    seen_at: datetime | None
    password: bool
    passkeys: int
    sessions: int
    issuer: str | None = None


@dataclass(frozen=True, slots=True)
class Invitation:
    """A one-time link that nobody used yet. ``id`` opens nothing."""

    id: str
    roles: frozenset[Role]
    by: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Passkey:
    """A key pair in somebody's authenticator, of which we have the public half (WebAuthn).

    ``credential`` is the id by which the authenticator knows it, ``public_key`` a COSE key.
    ``sign_count`` is how often it says that it has signed; many always say 0.
    """

    id: str
    account: str
    credential: bytes
    public_key: bytes
    sign_count: int
    transports: tuple[str, ...]
    name: str
    made_at: datetime
    last_used_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Token:
    """What a program shows in place of a person's session. Its secret is kept nowhere.

    It never has more than ``roles``, nor more than its account has at the moment.
    """

    id: str
    account: str
    name: str
    roles: frozenset[Role]
    made_at: datetime
    expires_at: datetime
    revoked_at: datetime | None = None
    last_used_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Password:
    """The Argon2id hash of a password, and the TOTP secret that goes with it (RFC 6238)."""

    hash: str
    totp: bytes
