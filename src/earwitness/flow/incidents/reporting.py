"""I heard something: what is reported is sealed, committed to, and then acknowledged.

Nothing is acknowledged before all of it is durable: the originals by the hash of their
content, the records of the case with their leaves and the log's signed head, and the copy of
that head. Whoever sends a report again, because something went away in between, has the code
that the form was opened with, and gets the same case.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from earwitness.accounts import Account
from earwitness.errors import InputError, NotFound
from earwitness.evidence.checkpoints import Checkpoint
from earwitness.evidence.notes import Note, NoteError
from earwitness.evidence.receipts import Receipt, ReceiptError
from earwitness.evidence.records import Value
from earwitness.flow.incidents import acting, cases, escalation, evidence, identity, logbook
from earwitness.flow.incidents.cases import Look
from earwitness.flow.incidents.codes import code_hash
from earwitness.flow.incidents.evidence import Brought
from earwitness.flow.incidents.logbook import Logbook
from earwitness.flow.incidents.parts import Incidents
from earwitness.incidents import climbing, conflicts
from earwitness.incidents.deliveries import Ahead
from earwitness.incidents.folding import fold
from earwitness.incidents.records import FIRST, HOUSE, Draft, Kind, chained
from earwitness.listening import Harm, Imminence
from earwitness.ports import CaseRow

MOST_NAMED = 20
MOST_HEADS = 1000
"""Of the log, that are looked at for who signed them: so many behind a report, and the newest."""


@dataclass(frozen=True, slots=True)
class Statement:
    """A report as it was written. ``implicated`` are names or roles; ``by`` who reports.

    ``by_id`` is the id of their account; empty for somebody who has none. ``confidential``: only
    two people together learn who it was, and the reporter is told that they did.
    """

    by: str
    harm: Harm
    imminence: Imminence
    heard: str
    when: str = ""
    implicated: tuple[str, ...] = ()
    utterance: str | None = None
    by_id: str = ""
    confidential: bool = False


def statement(
    by: str,
    harm: str,
    imminence: str,
    heard: str,
    when: str = "",
    implicated: str = "",
    utterance: str | None = None,
    by_id: str = "",
    confidential: bool = False,
) -> Statement:
    """From a form; ``implicated`` has one name a line. Raises InputError."""
    try:
        kind, danger = Harm(harm), Imminence(imminence)
    except ValueError as error:
        raise InputError("Choose what kind of harm it is, and when.") from error
    heard = acting.written(heard, "Say what you heard.")
    when = acting.short(when)
    names = tuple(dict.fromkeys(" ".join(line.split()) for line in implicated.splitlines()))
    named = tuple(name for name in names if name)
    if len(named) > MOST_NAMED or any(len(name) > 200 for name in named):
        raise InputError(f"Name at most {MOST_NAMED}, one on a line.")
    return Statement(by, kind, danger, heard, when, named, utterance, by_id, confidential)


def ask(said: Statement, on: Incidents) -> None:
    """Raises InputError where a name is nobody's: before anything goes out, whoever reports can
    write it as it is known here. Only for who has an account: it says who else has one.
    """
    known = conflicts.matched(said.implicated, on.policy, on.records.accounts())
    if nobodys := [each for each in said.implicated if each not in known]:
        raise InputError(
            f"Nobody here is called {', '.join(nobodys)}: that keeps nobody away. Write the name "
            "of their account, or a role; or send it again as it is to report it all the same."
        )


# --- a report ---------------------------------------------------------------


def report(said: Statement, code: str, now: datetime, on: Incidents) -> Receipt:
    """Acknowledged on return, and not before. Idempotent by ``code``.

    Raises InputError, NotFound for a clip that is not kept, and LogBroken where the log is
    not what it was: nothing is acknowledged then.
    """
    hashed = code_hash(code)
    logbook.check(on.book)
    case = on.records.case_of(hashed) or _open(said, hashed, now, on)
    return acknowledged(case.id, on)


def differs(said: Statement, kept: Look) -> bool:
    """Whether what is kept under a code is not what is said now: it was sent before, otherwise."""
    first = kept.first
    now = (said.harm, said.imminence, said.heard, said.when, [*said.implicated], said.utterance)
    names = ("harm", "imminence", "heard", "when", "implicated", "utterance")
    return now != tuple(first[name] for name in names)


def adopt(now: datetime, on: Incidents) -> int:
    """Reports from before there were cases become cases, whose clocks begin now; how many did.

    Idempotent. Nobody has a code of them; whoever reported them has an account, and their list.
    """
    ids, adopted = {each.name: each.id for each in on.records.accounts()}, 0
    for early in on.records.early_reports():
        hashed = hashlib.sha256(b"earwitness early report v1\n" + early.id.encode()).digest()
        if on.records.case_of(hashed):
            continue
        said = Statement(
            early.reporter,
            early.harm,
            early.imminence,
            early.heard,
            f"reported on {early.at.isoformat(timespec='minutes')}",
            utterance=early.utterance,
            by_id=ids.get(early.reporter, ""),
        )
        logbook.check(on.book)
        _open(said, hashed, now, on)
        logbook.try_to_remember(on.book)
        adopted += 1
    return adopted


def _open(said: Statement, hashed: bytes, now: datetime, on: Incidents) -> CaseRow:
    new = CaseRow(secrets.token_hex(8), hashed, now)
    drafts, ahead = _routed(new, _drafts(said, new, now, on), now, on)
    return on.records.open_case(new, drafts, ahead, on.book)


def acknowledged(case: str, on: Incidents) -> Receipt:
    """The receipt of all that is in the log, once its head is beside the store, too."""
    on.with_room(lambda: logbook.remember(on.book))
    return on.with_room(lambda: logbook.receipt(case, on.book))


def add(
    code: str,
    text: str,
    now: datetime,
    on: Incidents,
    retaliation: bool = False,
    utterance: str = "",
) -> Receipt:
    """What the reporter says later; that somebody retaliates makes the case climb at once.

    ``utterance``: another clip, which is sealed as the first one was. Raises NotFound for a code
    that opens nothing, InputError, RevisionConflict.
    """
    return add_to(opened(code, on).id, text, now, on, retaliation, utterance)


def add_to(
    case: str,
    text: str,
    now: datetime,
    on: Incidents,
    retaliation: bool = False,
    utterance: str = "",
) -> Receipt:
    """By whoever is known to have reported it."""
    said = acting.written(text, "Write something.")
    fields: dict[str, Value] = {"text": said, "retaliation": retaliation}
    try:
        originals = evidence.around(utterance, now, on) if utterance else []
    except NotFound as error:
        raise InputError("There is no such clip, or it is not kept any more.") from error
    added = cases.draft(Kind.ADDED, {"at": now.isoformat(), **fields})
    return _added(case, [added, *originals, *evidence.held(originals, now)], now, on)


def bring(code: str, given: Brought, about: str, now: datetime, on: Incidents) -> Receipt:
    """A file, sealed, and what the reporter says of it. Raises as ``add``."""
    return bring_to(opened(code, on).id, given, about, now, on)


def bring_to(case: str, given: Brought, about: str, now: datetime, on: Incidents) -> Receipt:
    """By whoever is known to have reported it."""
    said = acting.written(about, "Say what the file is.")
    sealed = evidence.brought(given, cases.look(case, on), now, on)
    fields: dict[str, Value] = {"at": now.isoformat(), "text": said, "retaliation": False}
    return _added(case, [cases.draft(Kind.ADDED, fields), sealed], now, on)


def implicate(code: str, names: Sequence[str], now: datetime, on: Incidents) -> Receipt:
    """Whom the reporter names later; they see nothing more from now on. Raises as ``add``."""
    return implicate_in(opened(code, on).id, names, now, on)


def implicate_in(case: str, names: Sequence[str], now: datetime, on: Incidents) -> Receipt:
    """By whoever is known to have reported it."""
    found = cases.look(case, on)
    fields = {"at": now.isoformat(), **acting.named(names, found)}
    return _added(case, [cases.draft(Kind.IMPLICATED, fields)], now, on)


def _added(case: str, drafts: Sequence[Draft], now: datetime, on: Incidents) -> Receipt:
    logbook.check(on.book)
    cases.add(cases.look(case, on), drafts, now, on)
    return acknowledged(case, on)


def own(case: str, by: Account, on: Incidents) -> Look:
    """A report of somebody's own, which is not confidential. Raises NotFound for all others."""
    found = cases.look(case, on)
    if case == HOUSE or not cases.is_own(by, found.status):
        raise NotFound("There is no such report of yours.")
    return found


def is_acknowledged(found: Look, book: Logbook) -> bool:
    """Whether enough witnesses have signed a head with the report in it, so far as can be seen."""
    reported = next((each.index for each in found.good if each.kind == Kind.REPORTED), None)
    if not book.quorum or reported is None:
        return True
    size = book.size()
    earliest = range(reported + 1, min(size, reported + MOST_HEADS) + 1)
    newest = range(size, max(reported, size - MOST_HEADS), -1)
    return any(_is_covered(reported, at, book) for at in (*earliest, *newest))


def _is_covered(index: int, at: int, book: Logbook) -> bool:
    """Whether enough witnesses have signed the head that is kept at a size, and it has a leaf."""
    with suppress(NoteError):  # the more so where there is none
        note = Note.parse(book.records.checkpoint(at))
        if len(note.signed_by(each.key for each in book.witnesses)) >= book.quorum:
            head = Checkpoint.parse(note.text)
            return head.origin == book.key.name and head.size > index
    return False


def opened(code: str, on: Incidents) -> CaseRow:
    """Raises NotFound, in the same words for whatever is no code of a case."""
    try:
        found = on.records.case_of(code_hash(code))
    except InputError:
        found = None
    if found is None:
        raise NotFound("No report has this code.")
    return found


def since(texts: Sequence[str]) -> list[int]:
    """The sizes of the log that older receipts know of; what is no receipt is passed over."""
    sizes = []
    for text in texts:
        try:
            sizes.append(Receipt.parse(text).head.size)
        except ReceiptError:
            continue
    return sizes


def _routed(
    new: CaseRow, drafts: Sequence[Draft], now: datetime, on: Incidents
) -> tuple[Sequence[Draft], Ahead]:
    """With the policy that the case follows from now on, and the rungs with which it begins."""
    accounts, policy = on.records.accounts(), on.policy
    routed = escalation.routed(accounts, now, on)
    so_far = [link.kept(new.id) for link in chained(new.id, 0, FIRST, [*drafts, routed])]
    status = fold(new.id, [(each, True) for each in so_far], accounts, policy)
    told = [cases.draft(*each) for each in climbing.begin(status, now)]
    every = [*drafts, routed, *told]
    kept = [link.kept(new.id) for link in chained(new.id, 0, FIRST, every)]
    status = fold(new.id, [(each, True) for each in kept], accounts, policy)
    return every, cases.ahead(status, kept)


def _drafts(said: Statement, new: CaseRow, now: datetime, on: Incidents) -> list[Draft]:
    originals = evidence.around(said.utterance, now, on) if said.utterance else []
    first = cases.draft(
        Kind.REPORTED,
        {
            "at": now.isoformat(),
            **_by(said, new, on),
            "harm": said.harm.value,
            "imminence": said.imminence.value,
            "heard": said.heard,
            "when": said.when,
            **acting.who_is_named(said.implicated, on.policy, on.records.accounts()),
            "utterance": said.utterance,
            "code": new.code_hash.hex(),
        },
    )
    return [first, *originals, *evidence.held(originals, now)]


def _by(said: Statement, new: CaseRow, on: Incidents) -> dict[str, Value]:
    if not said.confidential:
        return {"by": said.by, "by_id": said.by_id}
    sealed = identity.seal(said.by, said.by_id, new.code_hash, on.identity_key)
    return {"by": "", "by_id": "", "sealed_by": sealed}
