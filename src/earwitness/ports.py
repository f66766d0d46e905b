"""What the inside asks of the outside. Each port states its promise.

Implementations live in ``engines``, ``audio`` and ``stores`` and are named in
``wiring`` alone. The contract tests in ``tests/contract`` run every implementation
of a port against the same suite.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

from earwitness.accounts import Account, Password, Role, Session
from earwitness.model import (
    ApiKey,
    Device,
    Event,
    ItemState,
    Judgement,
    Lease,
    Lexicon,
    ReviewItem,
    Samples,
    Span,
    Term,
    Transcript,
    Trial,
    TrialOutcome,
    Utterance,
)


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What an engine can do; what it cannot is an error when asked, never silence."""

    lexicon: bool
    """Honours live terms and their misheard forms."""
    nbest: bool
    word_times: bool
    repeatable: bool
    """The same audio, engine and revision give the same transcript."""


class Engine(Protocol):
    """A recogniser. Safe to call from several threads.

    Listening is split in two so that a trial can decode again without listening
    again: ``encode`` does what depends on the audio alone.
    """

    name: str
    model: str
    """Names the weights and their hash; every transcript carries it."""
    capabilities: Capabilities

    def check(self, term: Term) -> None:
        """Raises TermRefused, with the reason, where this engine cannot honour the term.

        Raises LexiconUnsupported where it has no live terms at all.
        """

    def prepare(self, lexicon: Lexicon) -> None:
        """Compiles a revision ahead, so that no utterance pays for it. Idempotent."""

    def encode(self, audio: Samples) -> Any:
        """Audio of at most ``MAX_ENGINE_SECONDS`` -> an opaque value for ``decode``."""

    def decode(self, encoded: Any, lexicon: Lexicon, *, times: bool = False) -> Transcript:
        """The n-best with the lexicon's live terms; ``times`` asks for word times.

        Raises EngineError when the recogniser fails. Silence gives an empty text.
        """


class SpeechDetector(Protocol):
    """Finds speech."""

    def spans(self, audio: Samples) -> Sequence[Span]:
        """Stretches with speech, in order, not overlapping. Deterministic."""


class LiveDetector(Protocol):
    """Finds speech in many streams at once, a chunk at a time.

    What is said of a chunk depends on the chunks of its own stream since ``fresh`` alone.
    """

    chunk: int
    """Samples that are judged at a time."""

    def fresh(self) -> Any:
        """The memory of a stream that begins."""

    def probabilities(self, memories: Sequence[Any], chunks: Samples) -> Sequence[float]:
        """The next chunk of several streams, ``[streams, chunk]`` -> the probability of speech.

        Each stream's memory is brought up to date in place. Not to be called by two
        threads at once with the same memory.
        """


class AudioReader(Protocol):
    """Decodes any supported recording outside this process."""

    def read(self, path: Path) -> Samples:
        """The whole recording at ``SAMPLE_RATE``, mono.

        Raises AudioError, which names the file, for everything that cannot be
        decoded, is too long or would take too much memory or time.
        """


class ClipCodec(Protocol):
    """How a clip is kept: 16-bit lossless, in memory, no temporary file.

    ``decode(encode(audio))`` is ``audio`` rounded to 16 bits, and rounding twice
    changes nothing, so what was heard and what was kept are the same samples.
    """

    def encode(self, audio: Samples) -> bytes: ...

    def decode(self, content: bytes) -> Samples:
        """Raises AudioError for content that ``encode`` did not make."""


class Blobs(Protocol):
    """Clips by key. Durable on return of ``put``; content-addressed; create-only."""

    def put(self, content: bytes) -> str: ...

    def get(self, key: str) -> bytes:
        """Raises NotFound."""

    def delete(self, key: str) -> None: ...

    def keys(self) -> Sequence[str]: ...


class LexiconSource(Protocol):
    """Where a recogniser looks before each utterance."""

    def current(self) -> Lexicon:
        """The newest published revision; a pointer read when nothing changed."""


class UtteranceRecords(Protocol):
    """Doubted utterances and the queue of those that wait for a human.

    Every method that writes is one transaction, durable on return. An item has at
    most one valid lease; whoever holds no valid lease is refused.
    """

    def keep(self, utterance: Utterance, item: ReviewItem) -> None:
        """Utterance, flags, item and a ``doubted`` event. Idempotent by utterance id."""

    def utterance(self, utterance_id: str) -> Utterance: ...

    def item(self, utterance_id: str) -> ReviewItem: ...

    def items(
        self, states: Sequence[ItemState] = (), limit: int = 1000
    ) -> Sequence[ReviewItem]: ...

    def count_items(self) -> Mapping[ItemState, int]:
        """How many items are in each state that has any."""

    def lease(
        self, analyst: str, now: datetime, ttl: timedelta, utterance_id: str | None = None
    ) -> Lease | None:
        """The most valuable item that this analyst may answer, or None.

        What the analyst holds already comes first, under the same token and renewed, so
        that after a crash nobody waits for their own lease to end.
        An analyst who judged an item already never gets it again as second
        listener; an expired lease frees its item.
        """

    def renew(self, lease: Lease, now: datetime, ttl: timedelta) -> Lease: ...

    def release(self, lease: Lease) -> None: ...

    def judge(
        self, lease: Lease, judgement: Judgement, next_state: ItemState, because: str, now: datetime
    ) -> Event:
        """Judgement, next state and a ``judged`` event, if the lease is still valid.

        Raises LeaseLost, and writes nothing, otherwise.
        """

    def judgements(self, utterance_id: str) -> Sequence[Judgement]: ...

    def heard_twice(self) -> Sequence[Sequence[Judgement]]:
        """The blind judgements of every utterance that has at least two, in their order."""

    def backlog(self, limit: int = 1000) -> Sequence[Utterance]:
        """Utterances that nobody has judged yet, most valuable first."""

    def transcribed(self, judgements: int, limit: int = 1000) -> Sequence[tuple[Utterance, str]]:
        """Closed utterances with at least so many judgements, most valuable first.

        With the text of the last judgement, which decides; not those whose last says
        anything else than a transcript.
        """

    def settle(
        self,
        utterance_id: str,
        transcript: Transcript,
        because: str,
        now: datetime,
        terms: Collection[str] = (),
    ) -> bool:
        """Closes a waiting item without a listener; False if somebody holds or judged it.

        ``terms`` are those that explain it; False, too, where one of them is no longer
        live as it was in the transcript's revision. When one no longer holds, the item
        waits again (``LexiconRecords.publish``).
        """

    def reopened(self, revision: int) -> Sequence[str]:
        """The utterances that wait again because of what this revision took back."""


class LexiconRecords(Protocol):
    """Terms, trials and numbered revisions. A revision number is never reused."""

    def revision(self) -> int:
        """The newest number. One indexed read."""

    def lexicon(self, revision: int | None = None) -> Lexicon: ...

    def publish(
        self,
        based_on: int,
        *,
        put: Sequence[Term] = (),
        retire: Sequence[str] = (),
        by: str,
        why: str,
        now: datetime,
        cause: str | None = None,
    ) -> Lexicon:
        """The next revision: terms put (by key) and retired. Durable on return.

        In the same transaction, whatever was settled because of a term that is retired,
        or replaced by a narrower one, waits again with its old priority.

        Idempotent by ``cause``: if that cause published before, its revision is
        returned, however old ``based_on`` is. Raises RevisionConflict, otherwise,
        if ``based_on`` is no longer the newest.
        """

    def restore(self, revision: int, *, by: str, why: str, now: datetime) -> Lexicon:
        """Undo: a new revision with exactly the terms of an older one.

        In the same transaction, whatever was settled because of a term that this takes
        back waits again with its old priority.
        """

    def history(self, limit: int = 100) -> Sequence[tuple[int, datetime, str, str]]:
        """(number, when, who, why), newest first."""

    def save_trial(self, trial_id: str, trial: Trial, outcome: TrialOutcome, now: datetime) -> None:
        """Kept under its id; saving it again replaces it."""

    def trial(self, trial_id: str) -> tuple[Trial, TrialOutcome]: ...

    def trials(
        self, key: str | None = None, *, utterance: str | None = None
    ) -> Sequence[tuple[str, Trial, TrialOutcome]]:
        """Oldest first; those of one term, of terms taught from one utterance, or all."""


class EventRecords(Protocol):
    """The outbox: what was decided and is to be carried out, at least once."""

    def add(self, event: Event) -> None:
        """A decision that no other method records. Durable on return, idempotent by id."""

    def event(self, event_id: str) -> Event:
        """Done or not. Raises NotFound."""

    def pending(self, limit: int = 100) -> Sequence[Event]:
        """Not done yet, oldest first."""

    def done(self, event_id: str, now: datetime) -> None: ...

    def done_all(self, kinds: Collection[str], now: datetime) -> None:
        """Every pending event of these kinds at once: those that ask for nothing."""


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

    def make_account(self, secret_hash: bytes, account: Account, password: Password) -> Account:
        """Uses up the link, whose roles the account gets. Raises AccessRefused as ``offered``.

        Raises InputError where somebody has that name, however it is written.
        """

    def accounts(self) -> Sequence[Account]:
        """Disabled ones too, oldest first."""

    def account_named(self, name: str) -> tuple[Account, Password] | None:
        """However the name is written. None where nobody has it."""

    def set_roles(self, account_id: str, roles: frozenset[Role]) -> Account:
        """Raises NotFound; InputError where nobody would be left to make accounts."""

    def disable_account(self, account_id: str, now: datetime) -> Account:
        """For good. Idempotent. Raises as ``set_roles``."""

    def use_step(self, account_id: str, step: int) -> bool:
        """Whether this 30 s step of TOTP is later than every one that was used; it then is."""

    def begin_session(self, session: Session, secret_hash: bytes) -> None:
        """Raises AccessRefused for an account that is disabled."""

    def session(self, secret_hash: bytes) -> tuple[Session, Account] | None: ...

    def seen(self, session_id: str, now: datetime) -> None: ...

    def sessions(self, account_id: str) -> Sequence[Session]: ...

    def end_session(self, session_id: str) -> None: ...

    def end_sessions(self, account_id: str) -> None: ...


class Records(
    UtteranceRecords, LexiconRecords, EventRecords, AccessRecords, AccountRecords, Protocol
):
    """Everything that the embedded program keeps, in one database."""
