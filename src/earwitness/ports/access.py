"""Who may speak, and who works here."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from earwitness.accounts import (
    Account,
    Identity,
    Invitation,
    Passkey,
    Password,
    Person,
    Role,
    Session,
    Token,
)
from earwitness.model import ApiKey, Device


class AccessRecords(Protocol):
    """Devices and API keys. Secrets come and are kept as hashes (``flow.access``)."""

    def invite(
        self, code_hash: bytes, household: str, room: str, expires_at: datetime, now: datetime
    ) -> None:
        """A code with which one device can enrol once, until ``expires_at``."""

    def enrol(self, code_hash: bytes, device_id: str, key: bytes, now: datetime) -> Device:
        """Uses up the code, in one transaction with the device that it lets in.

        Idempotent for the same code, device and key. Raises AccessRefused for a code that is
        unknown, used or expired.
        """

    def device(self, device_id: str) -> Device:
        """Revoked or not. Raises NotFound."""

    def devices(self) -> Sequence[Device]:
        """Revoked ones too, oldest first."""

    def announce_key(self, device_id: str, key: bytes) -> Device:
        """``Device.next_key``. Raises NotFound; AccessRefused for a revoked device."""

    def use_next_key(self, device_id: str) -> Device:
        """The next key takes the place of the key. Idempotent. Raises NotFound."""

    def set_consent(self, device_id: str, granted: bool) -> Device:
        """Raises NotFound."""

    def revoke_device(self, device_id: str, now: datetime) -> Device:
        """For good. Idempotent. Raises NotFound."""

    def access_revision(self) -> int:
        """Grows with every change to a device or key. One indexed read."""

    def add_api_key(self, key: ApiKey, secret_hash: bytes) -> None: ...

    def api_key(self, secret_hash: bytes) -> ApiKey:
        """Raises AccessRefused for an unknown or revoked one."""

    def api_keys(self) -> Sequence[ApiKey]:
        """Revoked ones too, oldest first."""

    def revoke_api_key(self, key_id: str, now: datetime) -> ApiKey:
        """For good. Idempotent. Raises NotFound."""


class AccountRecords(Protocol):
    """Who signs in. Secrets come and are kept as hashes (``flow.accounts``).

    Whatever takes a right away ends the account's sessions in the same transaction.
    """

    def offer_account(
        self, secret_hash: bytes, roles: frozenset[Role], by: str, expires_at: datetime
    ) -> None:
        """A link that makes one account, until ``expires_at``.

        ``by`` is empty for the set-up, whose link takes the place of any earlier one of its own.
        """

    def offered(self, secret_hash: bytes, now: datetime) -> frozenset[Role]:
        """The roles that a link gives. Raises AccessRefused for an unknown, used or late one."""

    def make_account(self, secret_hash: bytes, new: Account, way: Password | Passkey) -> Account:
        """Uses up the link, whose roles the account gets. Raises AccessRefused as ``offered``.

        Raises InputError where somebody has that name, however it is written, or that passkey.
        """

    def make_identified(self, secret_hash: bytes, new: Account, known: Identity) -> Account:
        """The issuer's word is a link that is used at once, with the roles of ``new``.

        Raises InputError where somebody has that name, or that identity an account.
        """

    def identified(self, issuer: str, subject: str) -> Account | None:
        """The account of whom the issuer calls ``subject``."""

    def accounts(self) -> Sequence[Account]:
        """Disabled ones too, oldest first."""

    def account_named(self, name: str) -> tuple[Account, Password] | None:
        """However the name is written. None where nobody has it, or has it without a password."""

    def set_roles(self, account_id: str, roles: frozenset[Role]) -> Account:
        """Raises NotFound; InputError where nobody would be left to make accounts."""

    def disable_account(self, account_id: str, now: datetime) -> Account:
        """For good. Idempotent. Raises as ``set_roles``."""

    def set_password(self, account_id: str, new: Password) -> None:
        """In place of any earlier one."""

    def has_password(self, account_id: str) -> bool: ...

    def remove_password(self, account_id: str) -> None:
        """Raises InputError where no way to sign in would be left."""

    def use_step(self, account_id: str, step: int) -> bool:
        """Whether this 30 s step of TOTP is later than every one that was used; it then is."""

    def begin_session(self, session: Session, secret_hash: bytes) -> None:
        """Raises AccessRefused for an account that is disabled."""

    def session(self, secret_hash: bytes) -> tuple[Session, Account] | None: ...

    def seen(self, session_id: str, now: datetime) -> None: ...

    def sessions(self, account_id: str) -> Sequence[Session]: ...

    def end_session(self, session_id: str) -> None: ...

    def end_sessions(self, account_id: str, *, but: str = "") -> None:
        """All of them, or all but one."""

    def end_old_sessions(self, seen: datetime, began: datetime) -> None:
        """Those that were not used since ``seen``, or that began before ``began``."""

    def people(self) -> Sequence[Person]:
        """Disabled ones too, oldest first."""

    def person(self, account_id: str) -> Person:
        """Raises NotFound."""

    def invitations(self, now: datetime) -> Sequence[Invitation]:
        """Links that can still be used."""

    def withdraw_invitation(self, invitation_id: str) -> None:
        """Raises NotFound for one that was used or is not known."""

    def add_passkey(self, new: Passkey) -> None:
        """Raises InputError for one that is known already, whoever has it."""

    def passkey(self, credential: bytes) -> tuple[Passkey, Account] | None:
        """By the id that its authenticator gave it."""

    def passkeys(self, account_id: str) -> Sequence[Passkey]:
        """Oldest first."""

    def use_passkey(self, passkey_id: str, sign_count: int, now: datetime) -> bool:
        """Compare and swap: whether the count is later than the known one, or both are 0."""

    def remove_passkey(self, account_id: str, passkey_id: str) -> None:
        """Raises NotFound; InputError where no way to sign in would be left."""


class TokenRecords(Protocol):
    """Tokens of the API (``flow.tokens``). A token is dead with its account."""

    def add_token(self, new: Token, secret_hash: bytes, most: int) -> None:
        """Raises InputError where the account has ``most`` live ones, AccessRefused if disabled."""

    def token(self, secret_hash: bytes) -> tuple[Token, Account] | None:
        """Also one that is revoked or late, or of an account that is disabled."""

    def tokens(self, account_id: str | None = None) -> Sequence[Token]:
        """Of one account or of all, revoked and late ones too, oldest first."""

    def use_token(self, token_id: str, now: datetime) -> None: ...

    def revoke_token(self, token_id: str, now: datetime) -> Token:
        """For good. Idempotent. Raises NotFound."""
