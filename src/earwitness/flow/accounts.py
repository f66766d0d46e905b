"""Who works here: one-time links, signing in, sessions.

A store keeps SHA-256 hashes of secrets that were drawn at random, 256 bits each, and
Argon2id hashes of passwords, which people choose. Whoever signs in with a wrong name, a
wrong password or a wrong code gets the same answer after the same work.
"""

from __future__ import annotations

import hmac
import secrets
import unicodedata
from base64 import b32encode
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from threading import Lock

import pyotp
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from earwitness.accounts import Account, Password, Role, Session
from earwitness.errors import AccessRefused, InputError
from earwitness.flow.access import named, secret_hash
from earwitness.ports import AccountRecords

FIRST_ROLES = frozenset({Role.ADMINISTRATOR, Role.LEAD, Role.ANALYST})
"""Of the first account: whoever tries it alone is all of these."""
LINK_VALID = timedelta(hours=24)
SECRET_BYTES = 32
TOTP_BYTES = 20
"""As many as the output of its hash, SHA-1 (RFC 4226, section 4)."""
STEP_SECONDS = 30
STEPS_APART = 1
"""How far the clock of whoever signs in may be from ours, in steps (RFC 6238, section 5.2)."""
OBVIOUS = ("earwitness", "workbench", "listen", "analyst")
"""Words of ours, which no list of common passwords has (ASVS 5, 6.1.2)."""
WEIGHED = 32
"""Characters of a password that are weighed: what these make hard to guess stays so, and more
of a kind that looks like many words would take seconds."""
HARD = 3
"""Of zxcvbn's scores: more than 10^8 guesses."""
SHORTEST_PASSWORD, LONGEST_PASSWORD = 12, 256
IDLE, LONGEST = timedelta(hours=1), timedelta(hours=12)
RECENT = timedelta(minutes=15)
"""So long ago at most somebody must have shown who they are, to change how one signs in."""
SEEN_EVERY = timedelta(minutes=1)
"""A session's last use is written down no oftener."""
MAX_AGENT = 200

_HASHER = PasswordHasher()
_WEIGHING = Lock()


@dataclass(frozen=True, slots=True)
class Offer:
    """A one-time link. ``secret`` is kept nowhere."""

    secret: str
    roles: frozenset[Role]
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class SignedIn:
    """``secret`` goes into a cookie, and is kept nowhere."""

    secret: str
    session: Session


def offer(
    roles: frozenset[Role],
    by: str,
    now: datetime,
    *,
    records: AccountRecords,
    valid: timedelta = LINK_VALID,
) -> Offer:
    """A new link with which one account can be made. Raises InputError without any role."""
    if not roles:
        raise InputError("An account has one role at least.")
    secret = secrets.token_urlsafe(SECRET_BYTES)
    records.offer_account(secret_hash(secret), roles, by, now + valid)
    return Offer(secret, roles, now + valid)


def first_offer(now: datetime, *, records: AccountRecords) -> Offer | None:
    """The link of the first account, in place of any earlier one; None once there is an account."""
    return None if records.accounts() else offer(FIRST_ROLES, "", now, records=records)


def new_totp() -> bytes:
    """A secret for somebody's authenticator."""
    return secrets.token_bytes(TOTP_BYTES)


def totp_uri(name: str, totp: bytes) -> str:
    """What an authenticator reads from a picture: otpauth://totp/..."""
    return _totp(totp).provisioning_uri(name=name, issuer_name="Earwitness")


def join(
    secret: str,
    name: str,
    password: str,
    totp: bytes,
    code: str,
    now: datetime,
    *,
    records: AccountRecords,
) -> Account:
    """Uses up a link. ``code`` shows that the authenticator has the secret ``totp``.

    Raises AccessRefused for the link, InputError for a name, password or code.
    """
    step = _check_new(name, password, totp, code, now)
    new = Account(secrets.token_hex(8), named("name", name), frozenset(), now)
    records.offered(secret_hash(secret), now)  # before the work of hashing
    made = records.make_account(
        secret_hash(secret), new, Password(_HASHER.hash(_normal(password)), totp)
    )
    records.use_step(made.id, step)
    return made


def sign_in(
    name: str, password: str, code: str, agent: str, now: datetime, *, records: AccountRecords
) -> SignedIn:
    """A new session. Raises AccessRefused, in the same words whatever was wrong."""
    account = check(name, password, code, now, records=records)
    return begin(account, agent, now, records=records)


def check(
    name: str, password: str, code: str, now: datetime, *, records: AccountRecords
) -> Account:
    """Whose these are; the code is used up. Raises AccessRefused as ``sign_in``."""
    found = records.account_named(name) if name.isprintable() else None
    account, known = found or (None, _nobody())
    right = _is_password(known.hash, password)
    step = _step(known.totp, code, now)
    if account is None or not right or step is None or account.disabled_at is not None:
        raise AccessRefused("Name, password and code do not belong together.")
    if not records.use_step(account.id, step):
        raise AccessRefused("This code was used already; wait for the next one.")
    return account


def set_password(
    session: Session,
    password: str,
    totp: bytes,
    code: str,
    now: datetime,
    *,
    records: AccountRecords,
) -> None:
    """A new password and authenticator; whoever else is signed in with the account is not any more.

    Raises InputError for a password or code.
    """
    has_own_ways(session.account, records=records)
    name = records.person(session.account).account.name
    step = _check_new(name, password, totp, code, now)
    records.set_password(session.account, Password(_HASHER.hash(_normal(password)), totp))
    records.use_step(session.account, step)
    records.end_sessions(session.account, but=session.id)


def begin_again(
    session: Session, account: Account, now: datetime, *, records: AccountRecords
) -> SignedIn:
    """In place of a session, for somebody who has shown anew who they are."""
    signed = begin(account, session.agent, now, records=records)
    records.end_session(session.id)
    return signed


def is_recent(session: Session, now: datetime) -> bool:
    """Whether somebody showed who they are not long ago: a session begins with that."""
    return now - session.began_at < RECENT


def begin(account: Account, agent: str, now: datetime, *, records: AccountRecords) -> SignedIn:
    """A session for somebody who has shown who they are. Raises AccessRefused if disabled."""
    secret = secrets.token_urlsafe(SECRET_BYTES)
    shown = "".join(filter(str.isprintable, agent))[:MAX_AGENT]
    prune(now, records=records)
    session = Session(secrets.token_hex(8), account.id, now, now, shown)
    records.begin_session(session, secret_hash(secret))
    return SignedIn(secret, session)


def set_roles(account_id: str, roles: frozenset[Role], *, records: AccountRecords) -> Account:
    """Ends the account's sessions. Raises InputError without any role, else as the store does."""
    if not roles:
        raise InputError("An account has one role at least; disable it to shut somebody out.")
    has_own_ways(account_id, records=records)
    return records.set_roles(account_id, roles)


def has_own_ways(account_id: str, *, records: AccountRecords) -> None:
    """Raises InputError for whom a provider of identities signs in: it decides."""
    issuer = records.person(account_id).issuer
    if issuer is not None:
        raise InputError(f"{issuer} says who signs in with this account, and with which roles.")


def prune(now: datetime, *, records: AccountRecords) -> None:
    """What is over by the clock is not listed as if it were open."""
    records.end_old_sessions(now - IDLE, now - LONGEST)


def whose(secret: str, now: datetime, *, records: AccountRecords) -> tuple[Session, Account]:
    """The session of a cookie, and who it is. Raises AccessRefused for one that has ended."""
    found = records.session(secret_hash(secret))
    if found is None or found[1].disabled_at is not None:
        raise AccessRefused("You are signed out; sign in again.")
    session, account = found
    if now - session.seen_at >= IDLE or now - session.began_at >= LONGEST:
        records.end_session(session.id)
        raise AccessRefused("You were signed out after a while; sign in again.")
    if now - session.seen_at >= SEEN_EVERY:
        records.seen(session.id, now)
    return session, account


# --- passwords ------------------------------------------------------------------


def _check_new(name: str, password: str, totp: bytes, code: str, now: datetime) -> int:
    """The step of the code. Raises InputError."""
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        raise InputError(
            f"A password has {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters; any will do."
        )
    if is_guessable(password, name):
        raise InputError("This password is the first that others would try; take another one.")
    step = _step(totp, code, now)
    if step is None:
        raise InputError("This code is not what the authenticator shows at the moment.")
    return step


def is_guessable(password: str, name: str) -> bool:
    """Whether somebody who knows the common passwords and its owner's name would soon find it.

    Weighed by zxcvbn, with its lists (D. L. Wheeler, USENIX Security 2016).

    >>> [is_guessable(each, "Ada") for each in ("Password2026!", "adaadaadaada", "121212121212")]
    [True, True, True]
    >>> is_guessable("correct horse battery", "Ada")
    False
    """
    from zxcvbn import zxcvbn  # 0.1 s, for its lists

    plain = unicodedata.normalize("NFKC", password)[:WEIGHED]
    known = (*OBVIOUS, unicodedata.normalize("NFKC", name).casefold().strip())
    with _WEIGHING:  # it keeps what is known of the owner in a table of its module
        return int(zxcvbn(plain, user_inputs=known)["score"]) < HARD


def _normal(password: str) -> bytes:
    """The same however a keyboard composes it (NIST SP 800-63B-4, section 3.1.1.2)."""
    return unicodedata.normalize("NFKC", password).encode(errors="surrogateescape")


def _is_password(known: str, password: str) -> bool:
    try:
        return _HASHER.verify(known, _normal(password[: LONGEST_PASSWORD + 1]))
    except (VerificationError, InvalidHashError):
        return False


@cache
def _nobody() -> Password:
    """So that a name that nobody has takes as long as any other."""
    return Password(_HASHER.hash(secrets.token_bytes(SECRET_BYTES)), new_totp())


# --- codes of an authenticator ----------------------------------------------------


def _totp(secret: bytes) -> pyotp.TOTP:
    return pyotp.TOTP(b32encode(secret).decode(), interval=STEP_SECONDS)


def _step(secret: bytes, code: str, now: datetime) -> int | None:
    """The step of which this is the code; every step is looked at, so none takes longer."""
    typed = "".join(code.split()).encode(errors="surrogateescape")
    at, totp = int(now.timestamp()) // STEP_SECONDS, _totp(secret)
    steps = range(at - STEPS_APART, at + STEPS_APART + 1)
    right = [step for step in steps if hmac.compare_digest(totp.generate_otp(step).encode(), typed)]
    return max(right, default=None)
