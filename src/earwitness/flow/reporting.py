"""I heard something: what is reported is sealed, committed to, and then acknowledged.

Nothing is acknowledged before all of it is durable: the originals by the hash of their
content, the records of the case with their leaves and the log's signed head, and the copy of
that head. Whoever sends a report again, because something went away in between, has the code
that the form was opened with, and gets the same case.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from earwitness.case import Draft, Kind
from earwitness.errors import InputError, NotFound, StoreError
from earwitness.evidence.receipts import Receipt, ReceiptError
from earwitness.evidence.records import SALT_BYTES, Value
from earwitness.flow import logbook
from earwitness.flow.logbook import Logbook
from earwitness.listening import Harm, Imminence
from earwitness.model import Utterance
from earwitness.ports import Blobs, CaseRow, Records

CODE_BYTES = 16
"""Nobody guesses 128 bits."""
LONGEST = 10_000
"""Characters of what was heard."""
AROUND = timedelta(minutes=5)
MOST_AROUND = 50
MOST_NAMED = 20


@dataclass(frozen=True, slots=True)
class Incidents:
    """What incidents need. ``clips`` may be erased by time; ``sealed`` is only ever added to."""

    records: Records
    clips: Blobs
    sealed: Blobs
    book: Logbook


@dataclass(frozen=True, slots=True)
class Statement:
    """A report as it was written. ``implicated`` are names or roles; ``by`` who reports."""

    by: str
    harm: Harm
    imminence: Imminence
    heard: str
    when: str = ""
    implicated: tuple[str, ...] = ()
    utterance: str | None = None


def statement(
    by: str,
    harm: str,
    imminence: str,
    heard: str,
    when: str = "",
    implicated: str = "",
    utterance: str | None = None,
) -> Statement:
    """From a form; ``implicated`` has one name a line. Raises InputError."""
    try:
        kind, danger = Harm(harm), Imminence(imminence)
    except ValueError as error:
        raise InputError("Choose what kind of harm it is, and when.") from error
    if not heard.strip() or len(heard) > LONGEST or len(when) > LONGEST:
        raise InputError(f"Say what you heard, in at most {LONGEST} characters.")
    names = tuple(dict.fromkeys(" ".join(line.split()) for line in implicated.splitlines()))
    named = tuple(name for name in names if name)
    if len(named) > MOST_NAMED or any(len(name) > 200 for name in named):
        raise InputError(f"Name at most {MOST_NAMED}, one on a line.")
    return Statement(by, kind, danger, heard.strip(), when.strip(), named, utterance)


# --- codes ------------------------------------------------------------------


def new_code() -> str:
    """What opens the reporter's page, and what it is acknowledged under; drawn with the form.

    >>> code_hash(new_code()) == code_hash(new_code())
    False
    """
    text = base64.b32encode(secrets.token_bytes(CODE_BYTES)).decode().rstrip("=")
    return "-".join(text[at : at + 5] for at in range(0, len(text), 5))


def code_hash(code: str) -> bytes:
    """32 bytes, however it is typed. Raises InputError for what cannot be a code.

    >>> code_hash("abcde-FGHIJ-klmno-pqrst-uvwxy-a") == code_hash("ABCDEFGHIJKLMNOPQRSTUVWXYA")
    True
    """
    plain = "".join(code.split()).replace("-", "").upper()
    try:
        raw = base64.b32decode(plain + "=" * (-len(plain) % 8))
    except ValueError as error:
        raise InputError("This is no code of a report.") from error
    if len(raw) != CODE_BYTES:
        raise InputError("This is no code of a report: it has 26 letters and digits.")
    return hashlib.sha256(raw).digest()


# --- a report ---------------------------------------------------------------


def report(said: Statement, code: str, now: datetime, on: Incidents) -> Receipt:
    """Acknowledged on return, and not before. Idempotent by ``code``.

    Raises InputError, NotFound for a clip that is not kept, and LogBroken where the log is
    not what it was: nothing is acknowledged then.
    """
    hashed = code_hash(code)
    logbook.check(on.book)
    case = on.records.case_of(hashed)
    if case is None:
        drafts = _drafts(said, now, on)
        new = CaseRow(secrets.token_hex(8), hashed, now)
        case = on.records.open_case(new, drafts, on.book.sign)
    return acknowledged(case.id, on.book)


def acknowledged(case: str, book: Logbook) -> Receipt:
    """The receipt of all that is in the log, once its head is beside the store, too."""
    logbook.remember(book)
    return logbook.receipt(case, book)


def add(code: str, text: str, now: datetime, on: Incidents) -> Receipt:
    """What the reporter says later. Raises NotFound for a code that opens nothing."""
    if not text.strip() or len(text) > LONGEST:
        raise InputError(f"Say it in at most {LONGEST} characters.")
    case = opened(code, on)
    logbook.check(on.book)
    number = len(on.records.records(case.id))
    draft = _draft(Kind.ADDED, {"at": now.isoformat(), "text": text.strip()})
    on.records.add_records(case.id, number, [draft], now, on.book.sign)
    return acknowledged(case.id, on.book)


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


def _drafts(said: Statement, now: datetime, on: Incidents) -> list[Draft]:
    originals = list(_sealed(said.utterance, on)) if said.utterance else []
    first = _draft(
        Kind.REPORTED,
        {
            "at": now.isoformat(),
            "by": said.by,
            "harm": said.harm.value,
            "imminence": said.imminence.value,
            "heard": said.heard,
            "when": said.when,
            "implicated": list(said.implicated),
            "utterance": said.utterance,
        },
    )
    held = [each.fields["utterance"] for each in originals]
    return [first, *originals, *([_draft(Kind.HELD, {"utterances": held})] if held else [])]


def _sealed(utterance_id: str, on: Incidents) -> Iterator[Draft]:
    """The clip, and what is still kept of its device around it, copied where nothing is erased."""
    clip = on.records.utterance(utterance_id)
    around = on.records.near(clip.source.device, clip.heard_at, AROUND)
    beside = [each for each in around if each.id != clip.id][:MOST_AROUND]
    for part, each in (("the clip", clip), *(("beside it", other) for other in beside)):
        yield _original(part, each, on)


def _original(part: str, utterance: Utterance, on: Incidents) -> Draft:
    """A clip that is gone or damaged stops no report; the record says so."""
    transcript, problem, key, size = utterance.transcript, None, None, 0
    try:
        content = on.clips.get(utterance.clip)
    except NotFound:
        problem = "it is not kept any more"
    except StoreError:
        problem = "it is damaged"
    else:
        key, size = on.sealed.put(content), len(content)
    return _draft(
        Kind.SEALED,
        {
            "part": part,
            "sha256": key,
            "bytes": size,
            "problem": problem,
            "format": "audio/flac",
            "utterance": utterance.id,
            "device": utterance.source.device,
            "household": utterance.source.household,
            "heard_at": utterance.heard_at.isoformat(),
            "milliseconds": round(1000 * transcript.seconds),
            "engine": transcript.engine,
            "model": transcript.model,
            "revision": transcript.revision,
        },
    )


def _draft(kind: Kind, fields: dict[str, Value]) -> Draft:
    return Draft(kind, fields, secrets.token_bytes(SALT_BYTES))
