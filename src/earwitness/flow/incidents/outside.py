"""The outside, which was chosen beforehand, opens a case by a code; what they do is on record.

They have no account: a record of theirs has the name of who took the case and no id, so it
stops no clock of those inside.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping, Sequence
from datetime import datetime

from earwitness.accounts import Account
from earwitness.errors import InputError, NotFound
from earwitness.evidence.records import Value
from earwitness.flow.incidents import acting, bundle, cases, codes
from earwitness.flow.incidents.cases import Look
from earwitness.flow.incidents.parts import Incidents
from earwitness.incidents.records import Kind, text_of

_NOBODY = "No case has this code."
_FIRST = "Say first that you have taken it."


def opened(case: str, code: str, on: Incidents) -> Look:
    """Raises NotFound, in the same words for every case and code."""
    try:
        return still(case, codes.code_hash(code), on)
    except InputError as error:
        raise NotFound(_NOBODY) from error


def still(case: str, hashed: bytes, on: Incidents) -> Look:
    """As ``opened``, by the hash of a code that opened it before: it may have become another."""
    try:
        found = cases.look(case, on)
        right = codes.code_hash(cases.outside_code(found, on))
    except (InputError, NotFound) as error:
        raise NotFound(_NOBODY) from error
    if not hmac.compare_digest(hashed, right) or found.status.outside_at is None:
        raise NotFound(_NOBODY)
    return found


def read(found: Look, now: datetime, on: Incidents) -> Look:
    """The case once it is on record that somebody with the code reads it. Raises as ``add``."""
    opening = cases.draft(Kind.OPENED, {"at": now.isoformat()})
    return cases.add_for_good(found, [opening], now, on)


def see(
    found: Look,
    key: str,
    why: str,
    now: datetime,
    on: Incidents,
    steps: Sequence[Mapping[str, Value]] = (),
) -> bytes:
    """As ``acting.heard``; raises InputError where nobody has taken the case."""
    return acting.heard(found, key, why, _taker(found, now), now, on, steps)


def answer(found: Look, text: str, now: datetime, on: Incidents) -> Look:
    """To the reporter. That somebody inside answers them is due all the same."""
    return acting.answered(found, text, False, _taker(found, now), now, on)


def export(found: Look, why: str, now: datetime, on: Incidents) -> bytes:
    """As ``bundle.export``; raises InputError where nobody has taken the case."""
    taker = _taker(found, now)
    return bundle.packed(acting.taken(found, why, taker, now, on), why, taker.name, now, on)


def may_hear(found: Look) -> bool:
    """Once they have taken it."""
    return found.status.accepted_at is not None


def _taker(found: Look, now: datetime) -> Account:
    """Who took it, as they said; nobody who has an account."""
    took = next((each for each in found.good if each.kind == Kind.ACCEPTED), None)
    if took is None:
        raise InputError(_FIRST)
    return Account("", f"{text_of(took, 'who')} (outside)", frozenset(), now)
