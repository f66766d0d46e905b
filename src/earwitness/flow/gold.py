"""Gold: clips of which a lead vouches for what was said, whatever listeners wrote.

Whoever judges keeps their judgement; gold stands beside it. It is the most trusted part
of the regression set (``flow.clips``), the reference by which accuracy is measured, and
what the word error of listeners is measured against: of all together, of nobody alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from earwitness.errors import InputError, JudgementError
from earwitness.flow.intervals import share
from earwitness.model import Interval, ItemState, Judgement, Verdict
from earwitness.ports import Records
from earwitness.ports.lead import Closed, Gold
from earwitness.review.judgement import MAX_NOTE, same_words, validate
from earwitness.speech.wer import Errors, ratio, score

_WHENEVER = datetime(1970, 1, 1, tzinfo=UTC)


def reasoned(why: str) -> str:
    """The reason of whoever changes something. Raises InputError where it is none."""
    reason = " ".join(why.split())
    if not reason:
        raise InputError("Give a reason; it is kept.")
    if len(reason) > MAX_NOTE:
        raise InputError(f"The reason has {len(reason)} characters; at most {MAX_NOTE}.")
    return reason


def made(utterance: str, verdict: Verdict, text: str, *, by: str, why: str, now: datetime) -> Gold:
    """Raises InputError for no reason, and for what no judgement could say."""
    said = " ".join(text.split())
    validate(Judgement("", utterance, by, verdict, now, said))
    return Gold(utterance, verdict, said, by, reasoned(why), now)


def decision(closed: Closed) -> tuple[Verdict, str]:
    """What is held to have been said: the gold, or else the judgement that decided."""
    best = closed.gold or closed.decided
    return best.verdict, best.text


MOST_CELLS = 250_000
"""Words of one text times words of the other: more would take seconds to align."""


def alignable(one: str, other: str) -> bool:
    """Whether two texts are short enough to be compared while somebody waits for a page."""
    return len(one.split()) * len(other.split()) <= MOST_CELLS


# --- how right listeners are --------------------------------------------------


@dataclass(frozen=True, slots=True)
class ListenersError:
    """Blind listeners against gold, all together.

    ``verdicts`` is the share with gold's verdict; ``wer`` is of those who wrote, where gold
    has words. A gold that was taken from a listener's own text counts that listener as
    right, so both are too good by as many.
    """

    clips: int
    judgements: int
    verdicts: Interval | None
    wer: Interval | None


def listeners_error(golden: Sequence[Closed]) -> ListenersError:
    """Of gold clips. The interval of ``wer`` is the bootstrap over clips (``speech.wer``)."""
    given = [
        (closed.gold, judgement)
        for closed in golden
        for judgement in closed.judgements
        if closed.gold and judgement.blind
    ]
    same = sum(gold.verdict is judgement.verdict for gold, judgement in given)
    counts = [_errors(closed) for closed in golden]
    return ListenersError(
        clips=len(golden),
        judgements=len(given),
        verdicts=share(same, len(given)),
        wer=ratio([errors for errors, _ in counts], [words for _, words in counts])
        if counts
        else None,
    )


def _errors(closed: Closed) -> tuple[int, int]:
    """Word errors of a clip's listeners, and how many words gold has for each of them."""
    gold = closed.gold
    if gold is None or gold.verdict is not Verdict.TRANSCRIPT:
        return 0, 0
    scores: list[Errors] = [
        score(gold.text, judgement.text)
        for judgement in closed.judgements
        if judgement.blind
        and judgement.verdict is Verdict.TRANSCRIPT
        and alignable(gold.text, judgement.text)
    ]
    return sum(each.errors for each in scores), sum(each.words for each in scores)


# --- labels from elsewhere ----------------------------------------------------


@dataclass(frozen=True, slots=True)
class Label:
    """What a file says of one clip. ``where`` names the file and the line."""

    where: str
    utterance: str
    verdict: Verdict
    text: str


@dataclass(frozen=True, slots=True)
class Refused:
    """A line that cannot be used, and why."""

    where: str
    why: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """A file against what is kept: nothing is changed by it.

    ``same`` says what was decided here, ``different`` something else; ``unknown`` are not
    closed clips of this store; ``refused`` cannot be read as labels.
    """

    same: tuple[Label, ...]
    different: tuple[tuple[Label, str], ...]
    unknown: tuple[Refused, ...]
    refused: tuple[Refused, ...]

    @property
    def usable(self) -> tuple[Label, ...]:
        return (*self.same, *(label for label, _ in self.different))


def compared(read: Sequence[Label | Refused], records: Records) -> Comparison:
    """What each line means beside what is kept."""
    labels, refused = _checked(read)
    states = records.states([label.utterance for label in labels])
    known = [label for label in labels if states.get(label.utterance) is ItemState.CLOSED]
    kept = {each.utterance.id: each for each in records.closed_among([k.utterance for k in known])}
    unknown = [_unknown(label, states) for label in labels if label.utterance not in kept]
    same: list[Label] = []
    different: list[tuple[Label, str]] = []
    for label in (each for each in labels if each.utterance in kept):
        verdict, text = decision(kept[label.utterance])
        if verdict is label.verdict and same_words(text, label.text):
            same.append(label)
        else:
            different.append((label, text or verdict.value))
    return Comparison(tuple(same), tuple(different), tuple(unknown), tuple(refused))


def _checked(read: Sequence[Label | Refused]) -> tuple[list[Label], list[Refused]]:
    """Of two lines about one clip the second is refused: which is meant, nobody knows."""
    labels: dict[str, Label] = {}
    refused: list[Refused] = []
    for each in read:
        if isinstance(each, Refused):
            refused.append(each)
        elif (first := labels.get(each.utterance)) is not None:
            refused.append(Refused(each.where, f"the clip is at {first.where} already"))
        elif why := _wrong(each):
            refused.append(Refused(each.where, why))
        else:
            labels[each.utterance] = each
    return list(labels.values()), refused


def every_closed(records: Records, batch: int = 200) -> Iterator[Closed]:
    """Every clip that humans closed, the last closed first, so many in memory at a time."""
    after = None
    while page := records.newest_closed(batch, after=after):
        yield from page
        last = page[-1].item
        assert last.closed_at is not None
        after = last.closed_at, last.utterance


def _wrong(label: Label) -> str:
    try:
        validate(Judgement("", label.utterance, "-", label.verdict, _WHENEVER, label.text))
    except JudgementError as error:
        return str(error)
    return ""


def _unknown(label: Label, states: Mapping[str, ItemState]) -> Refused:
    state = states.get(label.utterance)
    found = "is not kept here" if state is None else f"is {state.value}, not closed by listeners"
    return Refused(label.where, f"the clip {label.utterance!r} {found}")


def imported(
    comparison: Comparison, *, name: str, by: str, why: str, now: datetime, records: Records
) -> int:
    """Makes every usable label gold, in one transaction; how many.

    Raises InputError, and writes nothing, where a line could not be read, for no reason,
    and where there is nothing to import.
    """
    if comparison.refused:
        first = comparison.refused[0]
        count = len(comparison.refused)
        raise InputError(
            f"Nothing was imported: {count} lines cannot be read. {first.where}: {first.why}"
        )
    if not comparison.usable:
        raise InputError("Nothing was imported: no line is about a clip that is closed here.")
    reason = f"imported from {name}: {reasoned(why)}"
    golds = [
        Gold(label.utterance, label.verdict, label.text, by, reason, now)
        for label in comparison.usable
    ]
    records.put_gold(golds)
    return len(golds)
