"""Passkeys: WebAuthn credentials that an authenticator finds by itself and unlocks for its owner.

https://www.w3.org/TR/webauthn-3/. What a browser sends is JSON as its ``toJSON`` writes it.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_address
from urllib.parse import urlsplit

import structlog
import webauthn
from webauthn.helpers import (
    parse_authentication_credential_json,
    parse_client_data_json,
    parse_registration_credential_json,
)
from webauthn.helpers.structs import (
    AuthenticationCredential,
    AuthenticatorSelectionCriteria,
    AuthenticatorTransport,
    PublicKeyCredentialDescriptor,
    RegistrationCredential,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from earwitness.accounts import Account, Passkey
from earwitness.errors import AccessRefused, InputError
from earwitness.flow.access import named, secret_hash
from earwitness.flow.accounts import SignedIn, begin, has_own_ways
from earwitness.flow.challenges import VALID, Challenges
from earwitness.ports import AccountRecords

NAME = "Earwitness"
LOCALHOST = "localhost"
JOIN, SIGN_IN = "passkey join", "passkey sign-in"
ADD, AGAIN = "passkey add", "passkey again"
"""What a challenge is for; the latter two go with the id of an account."""
MOST_PASSKEYS = 20
_MILLISECONDS = int(VALID.total_seconds() * 1000)
_VERIFIED = UserVerificationRequirement.REQUIRED

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class RelyingParty:
    """Who a passkey is for: a host's name, and the one origin at which it may be used."""

    id: str
    origin: str


@dataclass(frozen=True, slots=True)
class Ceremony:
    """One exchange with one browser, whose secret is ``browser``."""

    party: RelyingParty
    challenges: Challenges
    browser: str
    now: datetime


def relying_party(host: str, scheme: str, public_url: str) -> RelyingParty | None:
    """At the ``host`` (and port) that a browser asked for; None where there can be no passkey.

    An address is no domain, and a domain that the settings do not name could be anybody's.

    >>> relying_party("localhost:10380", "http", "")
    RelyingParty(id='localhost', origin='http://localhost:10380')
    >>> relying_party("ew.example", "http", "https://ew.example")
    RelyingParty(id='ew.example', origin='https://ew.example')
    >>> relying_party("127.0.0.1:10380", "http", "")
    >>> relying_party("evil.example", "https", "https://ew.example")
    """
    public = urlsplit(public_url)
    if public.hostname and host == public.netloc and not _is_address(public.hostname):
        return RelyingParty(public.hostname, f"{public.scheme}://{public.netloc}")
    if host == LOCALHOST or host.startswith(f"{LOCALHOST}:"):
        return RelyingParty(LOCALHOST, f"{scheme}://{host}")
    return None


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


# --- what a browser is asked -----------------------------------------------------


def options_to_join(name: str, ceremony: Ceremony) -> str:
    """JSON for ``navigator.credentials.create``. Raises InputError for a bad name."""
    shown = named("name", name)
    challenge = _challenge(JOIN, ceremony)
    return _creation(shown, _account_of(challenge, ceremony), challenge, ceremony, ())


def options_to_add(account: Account, known: Sequence[Passkey], ceremony: Ceremony) -> str:
    """The same for another passkey of somebody who is signed in."""
    challenge = _challenge(f"{ADD} {account.id}", ceremony)
    return _creation(account.name, account.id, challenge, ceremony, known)


def options_to_sign_in(ceremony: Ceremony) -> str:
    """JSON for ``navigator.credentials.get``: the authenticator knows whose passkey it has."""
    return _request(_challenge(SIGN_IN, ceremony), ceremony, ())


def options_again(account: Account, known: Sequence[Passkey], ceremony: Ceremony) -> str:
    """The same for somebody who is signed in, with a passkey of theirs."""
    return _request(_challenge(f"{AGAIN} {account.id}", ceremony), ceremony, known)


def _challenge(use: str, ceremony: Ceremony) -> bytes:
    return ceremony.challenges.new(use, ceremony.browser, ceremony.now)


def _account_of(challenge: bytes, ceremony: Ceremony) -> str:
    """The id of the account that will be made with a challenge: an authenticator asks for it."""
    return ceremony.challenges.derive(challenge, "account")[:8].hex()


def _creation(
    name: str, account_id: str, challenge: bytes, ceremony: Ceremony, known: Sequence[Passkey]
) -> str:
    options = webauthn.generate_registration_options(
        rp_id=ceremony.party.id,
        rp_name=NAME,
        user_name=name,
        user_id=account_id.encode(),
        challenge=challenge,
        timeout=_MILLISECONDS,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED, user_verification=_VERIFIED
        ),
        exclude_credentials=_described(known),
    )
    return webauthn.options_to_json(options)


def _request(challenge: bytes, ceremony: Ceremony, known: Sequence[Passkey]) -> str:
    options = webauthn.generate_authentication_options(
        rp_id=ceremony.party.id,
        challenge=challenge,
        timeout=_MILLISECONDS,
        allow_credentials=_described(known),
        user_verification=_VERIFIED,
    )
    return webauthn.options_to_json(options)


def _described(known: Sequence[Passkey]) -> list[PublicKeyCredentialDescriptor]:
    transports = set(AuthenticatorTransport)
    return [
        PublicKeyCredentialDescriptor(
            each.credential,
            transports=[AuthenticatorTransport(way) for way in each.transports if way in transports]
            or None,
        )
        for each in known
    ]


# --- what it answers -------------------------------------------------------------


def join(
    secret: str, name: str, answer: str, ceremony: Ceremony, *, records: AccountRecords
) -> Account:
    """Uses up a link with a new passkey in place of a password.

    Raises AccessRefused for the link or the passkey, InputError for the name.
    """
    records.offered(secret_hash(secret), ceremony.now)
    parsed, challenge = _new_credential(answer)
    made = Account(_account_of(challenge, ceremony), named("name", name), frozenset(), ceremony.now)
    new = _verified(parsed, challenge, JOIN, made.id, "", ceremony)
    return records.make_account(secret_hash(secret), made, new)


def add(
    account: Account, name: str, answer: str, ceremony: Ceremony, *, records: AccountRecords
) -> Passkey:
    """Another passkey. Raises AccessRefused, or InputError for a bad name or one too many."""
    has_own_ways(account.id, records=records)
    called = named("name", name) if name.strip() else ""
    if len(records.passkeys(account.id)) >= MOST_PASSKEYS:
        raise InputError(f"An account has at most {MOST_PASSKEYS} passkeys; remove one first.")
    parsed, challenge = _new_credential(answer)
    new = _verified(parsed, challenge, f"{ADD} {account.id}", account.id, called, ceremony)
    records.add_passkey(new)
    return new


def sign_in(answer: str, agent: str, ceremony: Ceremony, *, records: AccountRecords) -> SignedIn:
    """A new session. Raises AccessRefused, in the same words whatever was wrong."""
    account = _owner(answer, SIGN_IN, ceremony, records)
    return begin(account, agent, ceremony.now, records=records)


def show_again(
    account: Account, answer: str, ceremony: Ceremony, *, records: AccountRecords
) -> None:
    """That somebody who is signed in is there. Raises AccessRefused as ``sign_in``."""
    if _owner(answer, f"{AGAIN} {account.id}", ceremony, records).id != account.id:
        raise _refused()


def credential_of(answer: str) -> str:
    """The id that an answer names, for counting attempts; empty where it cannot be read."""
    try:
        return parse_authentication_credential_json(answer).id
    except Exception:
        return ""


def _refused() -> AccessRefused:
    return AccessRefused("This passkey does not open this, or it took too long; try again.")


def _new_credential(answer: str) -> tuple[RegistrationCredential, bytes]:
    """Whatever the library raises on what a peer made up: it is refused."""
    try:
        parsed = parse_registration_credential_json(answer)
        return parsed, _brought_back(parsed.response.client_data_json)
    except Exception as error:
        raise _refused() from error


def _brought_back(client_data: bytes) -> bytes:
    """The challenge that a browser signed. Raises ValueError where a frame of others asked."""
    read = parse_client_data_json(client_data)
    if read.cross_origin:
        raise ValueError("asked for in a frame of another origin")
    return read.challenge


def _spend(challenge: bytes, use: str, ceremony: Ceremony) -> None:
    try:
        ceremony.challenges.spend(challenge, use, ceremony.browser, ceremony.now)
    except AccessRefused as error:
        raise _refused() from error


def _verified(
    parsed: RegistrationCredential,
    challenge: bytes,
    use: str,
    account_id: str,
    name: str,
    ceremony: Ceremony,
) -> Passkey:
    _spend(challenge, use, ceremony)
    try:
        verified = webauthn.verify_registration_response(
            credential=parsed,
            expected_challenge=challenge,
            expected_rp_id=ceremony.party.id,
            expected_origin=ceremony.party.origin,
            require_user_verification=True,
        )
    except Exception as error:
        raise _refused() from error
    return Passkey(
        secrets.token_hex(8),
        account_id,
        verified.credential_id,
        verified.credential_public_key,
        verified.sign_count,
        tuple(way.value for way in parsed.response.transports or ()),
        name or _guessed_name(verified.credential_backed_up),
        ceremony.now,
    )


def _guessed_name(backed_up: bool) -> str:
    return "synced passkey" if backed_up else "passkey on one device"


def _owner(answer: str, use: str, ceremony: Ceremony, records: AccountRecords) -> Account:
    """Whose passkey signed this challenge. Raises AccessRefused."""
    try:
        parsed = parse_authentication_credential_json(answer)
        challenge = _brought_back(parsed.response.client_data_json)
    except Exception as error:
        raise _refused() from error
    _spend(challenge, use, ceremony)
    known, account = records.passkey(parsed.raw_id) or (None, None)
    if known is None or account is None or account.disabled_at is not None:
        raise _refused()
    handle = parsed.response.user_handle  # left out at times where we named the passkeys
    if handle != account.id.encode() and (handle is not None or use == SIGN_IN):
        raise _refused()
    count = _signed(parsed, challenge, known, ceremony)
    if not records.use_passkey(known.id, count, ceremony.now):
        # WebAuthn, section 6.1.1: two authenticators may hold the same private key.
        log.warning("passkey may have been copied", account=account.id, passkey=known.id)
        raise _refused()
    return account


def _signed(
    parsed: AuthenticationCredential, challenge: bytes, known: Passkey, ceremony: Ceremony
) -> int:
    """The authenticator's count, which the store compares: only a right signature counts."""
    try:
        verified = webauthn.verify_authentication_response(
            credential=parsed,
            expected_challenge=challenge,
            expected_rp_id=ceremony.party.id,
            expected_origin=ceremony.party.origin,
            credential_public_key=known.public_key,
            credential_current_sign_count=0,
            require_user_verification=True,
        )
    except Exception as error:
        raise _refused() from error
    return verified.new_sign_count
