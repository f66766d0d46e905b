"""Whom a provider of identities signs in: known by issuer and subject, never by name or e-mail.

The provider says at every sign-in which roles somebody has, and nobody else does. Its
accounts have no password or passkey of ours, so whom it shuts out cannot sign in.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import datetime

from earwitness.accounts import Account, Identity, Role
from earwitness.errors import AccessRefused, InputError
from earwitness.flow.access import MAX_NAME, secret_hash
from earwitness.flow.accounts import SECRET_BYTES, SignedIn, begin
from earwitness.ports import AccountRecords

_TRIES = 3


def sign_in(
    known: Identity,
    mapping: Mapping[str, Role],
    agent: str,
    now: datetime,
    *,
    records: AccountRecords,
) -> SignedIn:
    """A new session; the first one makes the account. Raises AccessRefused without any role.

    Raises InputError where the provider takes the last administrator's right away.
    """
    roles = frozenset(mapping[value] for value in known.values if value in mapping)
    if not roles:
        raise AccessRefused("Your organisation gives you no role here; ask whoever runs it.")
    account = records.identified(known.issuer, known.subject)
    if account is None:
        account = _make(known, roles, now, records)
    elif account.roles != roles and account.disabled_at is None:
        account = records.set_roles(account.id, roles)
    return begin(account, agent, now, records=records)


def _make(
    known: Identity, roles: frozenset[Role], now: datetime, records: AccountRecords
) -> Account:
    """Under the name that it has there, or with something behind it where somebody has that."""
    for attempt in range(_TRIES):
        name = _name(known, secrets.token_hex(2) if attempt else "")
        new = Account(secrets.token_hex(8), name, roles, now)
        try:
            link = secret_hash(secrets.token_urlsafe(SECRET_BYTES))
            return records.make_identified(link, new, known)
        except InputError:
            faster = records.identified(known.issuer, known.subject)
            if faster is not None:
                return faster
    raise AccessRefused("Your account could not be made; try again.")


def _name(known: Identity, behind: str) -> str:
    """
    >>> _name(Identity("i", "s", " Ada\u200b ", frozenset()), "07")
    'Ada (07)'
    """
    end = f" ({behind})" if behind else ""
    shown = "".join(filter(str.isprintable, known.name)).strip() or "somebody"
    return shown[: MAX_NAME - len(end)].strip() + end
