"""Did it help, or did we imagine it? Listeners who know nothing write what they hear.

Nothing of it is shown to anybody, who asked included, before everybody has written.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from earwitness.accounts import Account, Role
from earwitness.errors import AccessRefused, InputError, NotFound
from earwitness.examining import BlindAnswer, BlindTest, CalledOff, FindingVersion
from earwitness.flow import findings
from earwitness.flow.examination import Piece
from earwitness.flow.subjects import printed
from earwitness.ports import Records
from earwitness.sound import chain as chains
from earwitness.sound.findings import blind
from earwitness.sound.findings import finding as rules
from earwitness.sound.findings.blind import Answer, Hearing, Result
from earwitness.sound.findings.finding import Finding, Heard
from earwitness.sound.findings.pieces import divided

MOST_PIECES = 24
MOST_LISTENERS = 12
SHORTEST_REASON, MOST_WHY = 3, 1000
READ = frozenset({Role.LEAD, Role.RESPONDER})
"""Who may read findings, and so may know what is said to be heard."""
SAME_LENGTH = 0.01
"""Seconds by which two versions may differ and still be cut at the same moments."""


# --- who may, and the start ---------------------------------------------------------


def strangers(utterance: str, finding: str, by: str, records: Records) -> list[Account]:
    """Who could listen blind: analysts who heard nothing of the clip and may read no finding."""
    known = {by}
    known |= {each.listener for each in records.playbacks(utterance)}
    known |= {each.analyst for each in records.judgements(utterance)}
    known |= {each.by for each in records.finding(finding)}
    return [
        each
        for each in records.accounts()
        if each.disabled_at is None
        and Role.ANALYST in each.roles
        and not each.roles & READ
        and each.name not in known
    ]


def begun(
    test: str,
    seed: bytes,
    kept: FindingVersion,
    piece: Piece,
    listeners: Sequence[str],
    count: int,
    by: str,
    now: datetime,
    records: Records,
) -> BlindTest:
    """A test of what a finding did, to be kept. ``count`` is into how many pieces it is cut.

    Raises InputError for a finding in which nothing was done, for listeners who are too few or
    know the clip, and for pieces that cannot be cut.
    """
    chain = findings.chain_of(rules.parse(kept.content))
    if not chain.steps:
        raise InputError("Nothing was done to the original, so there is nothing to compare.")
    able = {each.name for each in strangers(kept.utterance, kept.finding, by, records)}
    if knowing := [each for each in listeners if each not in able]:
        raise InputError(f"Not blind, or no listener here: {', '.join(knowing)}. Choose another.")
    if len(listeners) > MOST_LISTENERS or count > MOST_PIECES:
        raise InputError(f"At most {MOST_LISTENERS} listeners and {MOST_PIECES} pieces.")
    before, after = piece.original.recording, piece.result.treated.recording
    if count > 1 and abs(before.seconds - after.seconds) > SAME_LENGTH:
        raise InputError("This chain changes how long it lasts: compare it in one piece.")
    made = BlindTest(
        test, kept.finding, kept.utterance, seed, chains.written(chain),
        divided(before, count), tuple(listeners), by, now,
    )  # fmt: skip
    planned(made)
    return made


def planned(test: BlindTest) -> blind.BlindTest:
    """Who hears what in which order. Raises InputError as ``sound.findings.blind.plan``."""
    return blind.plan(test.seed, [_name(each) for each in test.pieces], test.listeners)


def _name(piece: tuple[float, float]) -> str:
    return f"{piece[0]:.3f}-{piece[1]:.3f}"


# --- listening ----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Turn:
    """What somebody hears next; ``hearing`` is None once they have written to everything, or
    the test was called off.
    """

    test: BlindTest
    hearing: Hearing | None
    done: int
    of: int

    @property
    def piece(self) -> tuple[float, float]:
        """Of what they hear next, in seconds."""
        assert self.hearing is not None
        return next(each for each in self.test.pieces if _name(each) == self.hearing.pair)


def turn(test: BlindTest, listener: str, records: Records) -> Turn:
    """Raises NotFound for who is no listener of it."""
    order = planned(test).orders.get(listener)
    if order is None:
        raise NotFound("There is no such blind test.")
    answers = _answers(records.blind_answers(test.id))
    done = sum(each.listener == listener for each in answers)
    if test.called_off:
        return Turn(test, None, done, len(order))
    label = blind.next_label(planned(test), answers, listener)
    hearing = next((each for each in order if each.label == label), None)
    return Turn(test, hearing, done, len(order))


def waiting(listener: str, records: Records) -> list[Turn]:
    """The tests that wait for this listener, who is still blind, the oldest first."""
    turns = (turn(each, listener, records) for each in records.blind_tests_of(listener))
    return [
        each
        for each in turns
        if each.hearing is not None and listener not in no_longer_blind(each.test, records)
    ]


def why_of(test: BlindTest) -> str:
    """What is on record as the reason for which a listener was given a recording."""
    return f"blind test {test.id[:12]}"


def no_longer_blind(test: BlindTest, records: Records) -> list[str]:
    """Listeners who heard the clip elsewhere, or came to read findings, before they had written
    to everything.
    """
    knowing = {
        each.listener for each in records.playbacks(test.utterance) if each.why != why_of(test)
    }
    knowing |= {each.name for each in records.accounts() if each.roles & READ}
    known = [each for each in test.listeners if each in knowing]
    return [each for each in known if turn(test, each, records).hearing is not None]


def require_blind(test: BlindTest, listener: str, records: Records) -> None:
    """Raises AccessRefused for who is not blind any more, as ``no_longer_blind`` has it."""
    if listener in no_longer_blind(test, records):
        raise AccessRefused(
            "You have heard this clip elsewhere meanwhile, or may read findings by now, so you are"
            f" not blind any more. Tell {test.by}: the test needs another listener."
        )


def require_no_listener(utterance: str, who: str, records: Records) -> None:
    """Raises AccessRefused for who has yet to write in a blind test of this clip."""
    if any(each.test.utterance == utterance for each in waiting(who, records)):
        raise AccessRefused(
            "You are a listener of a blind test of this clip: write what you hear there first."
        )


def answered(
    test: BlindTest, listener: str, label: str, text: str, now: datetime, records: Records
) -> bool:
    """Keeps an answer to what is heard next; whether everybody has written to everything now.

    Raises InputError for another recording than the next one, AlreadyJudged for a second
    answer, AccessRefused for who is not blind any more, NotFound for a stranger.
    """
    require_blind(test, listener, records)
    hearing = turn(test, listener, records).hearing
    if hearing is None or hearing.label != label:
        raise InputError("This recording is not the one that you hear next; load the page again.")
    records.add_blind_answer(BlindAnswer(test.id, listener, label, " ".join(text.split()), now))
    return is_over(test, records)


# --- called off ---------------------------------------------------------------------


def may_call_off(test: BlindTest, who: str, records: Records) -> bool:
    """Who began it; anybody who may write findings, once they have no account here any more."""
    return who == test.by or test.by in _gone([test.by], records)


def call_off(test: BlindTest, by: str, why: str, now: datetime, records: Records) -> None:
    """Ends it without a result: what was written is shown to nobody, and nothing more is.

    Raises AccessRefused, InputError without a reason or where it is over, RevisionConflict.
    """
    if not may_call_off(test, by, records):
        raise AccessRefused(f"{test.by} began this test, and nobody else calls it off.")
    if len(why) < SHORTEST_REASON:
        raise InputError("Say why it is called off; it goes into the finding.")
    if is_over(test, records):
        raise InputError("This test is over: its result stays.")
    records.call_off(CalledOff(test.id, by, now, why[:MOST_WHY]))


def counted(test: BlindTest, by: str, now: datetime, records: Records) -> FindingVersion:
    """The next version of its finding, which says that it was called off, to be kept."""
    kept = records.finding(test.finding)[-1]
    content = rules.written(with_results(rules.parse(kept.content), test.finding, records))
    return replace(kept, number=kept.number + 1, by=by, at=now, content=content)


def gone(test: BlindTest, records: Records) -> list[str]:
    """Listeners who cannot come back, for their accounts are disabled, and have yet to write."""
    left = [each for each in test.listeners if turn(test, each, records).hearing is not None]
    return _gone(left, records)


def _gone(names: Sequence[str], records: Records) -> list[str]:
    here = {each.name for each in records.accounts() if each.disabled_at is None}
    return [each for each in names if each not in here]


def _why_ended(test: BlindTest, records: Records) -> str:
    ended, done = test.called_off, len(records.blind_answers(test.id))
    assert ended is not None
    return (
        f"A blind test with {', '.join(test.listeners)}, begun by {test.by} on"
        f" {printed(test.at)}, was called off by {ended.by} on {printed(ended.at)} after {done} of"
        f" {2 * len(test.pieces) * len(test.listeners)} answers, because: {ended.why}"
    )


# --- the end ------------------------------------------------------------------------


def is_over(test: BlindTest, records: Records) -> bool:
    """Whether everybody has written; nothing is shown to anybody before, and of a test that was
    called off never.
    """
    if test.called_off:
        return False
    return blind.may_reveal(planned(test), _answers(records.blind_answers(test.id)))


def result(test: BlindTest, records: Records, agreed: Mapping[str, str] | None = None) -> Result:
    """Raises InputError before everybody has written, and where it was called off."""
    if test.called_off:
        raise InputError("This test was called off: it has no result.")
    return blind.scored(planned(test), _answers(records.blind_answers(test.id)), agreed)


def agreed_words(test: BlindTest, given: Sequence[str]) -> dict[str, str] | None:
    """By piece; None where none is given. Raises InputError where some are missing."""
    if not any(blind.words(each) for each in given):
        return None
    if len(given) != len(test.pieces):
        raise InputError("Each piece needs its agreed words; write them, or leave all out.")
    return {_name(each): words for each, words in zip(test.pieces, given, strict=True)}


def put_in(
    test: BlindTest,
    by: str,
    now: datetime,
    records: Records,
    agreed: Mapping[str, str] | None = None,
) -> FindingVersion:
    """The next version of the finding, with what was heard and the result, to be kept.

    Raises InputError before the end, and where the finding has another chain by now.
    """
    kept = records.finding(test.finding)[-1]
    finding = rules.parse(kept.content)
    if not _is_of(test, finding):
        raise InputError(
            "The finding has another chain by now: this test says nothing of that one."
        )
    content = _with(finding, test, records, agreed)
    return replace(kept, number=kept.number + 1, by=by, at=now, content=rules.written(content))


def with_results(finding: Finding, name: str, records: Records) -> Finding:
    """With what came out before of the chain that it has now, so that nobody leaves that out by
    changing the chain and changing it back; and with the tests that were called off. ``name`` is
    the finding's.
    """
    tests = records.blind_tests(name)
    ended = tuple(_why_ended(each, records) for each in tests if each.called_off)
    finding = replace(finding, called_off=ended)
    if finding.blind is not None:
        begun_so = sum(_is_of(each, finding) for each in tests)
        return replace(finding, blind=replace(finding.blind, tests=begun_so))
    for test in tests:
        if _is_of(test, finding) and is_over(test, records):
            finding = _with(finding, test, records)
    return finding


def _is_of(test: BlindTest, finding: Finding) -> bool:
    return chains.written(findings.chain_of(finding)) == test.chain


def _with(
    finding: Finding, test: BlindTest, records: Records, agreed: Mapping[str, str] | None = None
) -> Finding:
    others = [each for each in finding.heard if not each.blind or each.by not in test.listeners]
    begun_so = sum(each.chain == test.chain for each in records.blind_tests(test.finding))
    made = replace(result(test, records, agreed), tests=begun_so)
    return replace(finding, heard=(*others, *heard(test, records)), blind=made)


def heard(test: BlindTest, records: Records) -> list[Heard]:
    """What each listener wrote of each version, piece by piece, once everybody has."""
    written = {(each.listener, each.label): each.text for each in records.blind_answers(test.id)}
    found = []
    for listener, order in planned(test).orders.items():
        for treated in (False, True):
            labels = {each.pair: each.label for each in order if each.treated is treated}
            texts = [written[listener, labels[_name(each)]] or "(nothing)" for each in test.pieces]
            found.append(Heard(listener, " / ".join(texts), treated, True))
    return found


def _answers(kept: Iterable[BlindAnswer]) -> list[Answer]:
    return [Answer(each.listener, each.label, each.text) for each in kept]
