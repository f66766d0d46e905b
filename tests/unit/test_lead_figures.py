"""What a lead's figures say of made-up clips, worked out by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.values import START, item, judgement, transcript, utterance

from earwitness.doors.workbench.plots import Point, over_time
from earwitness.errors import InputError
from earwitness.flow import gold, listeners
from earwitness.flow.accuracy import Accuracy, Period, accuracy
from earwitness.flow.unknown import missed_words
from earwitness.model import ItemState, Judgement, Source, Verdict
from earwitness.ports.lead import Closed, Gold

DAY = timedelta(days=1)


def closed(
    name: str,
    human: str,
    machine: str,
    *,
    at: datetime = START,
    revision: int = 0,
    verdict: Verdict = Verdict.TRANSCRIPT,
    by: tuple[str, ...] = ("ada",),
    household: str = "local",
    golden: str | None = None,
) -> Closed:
    heard = replace(
        utterance(name),
        heard_at=at,
        transcript=transcript(machine, revision),
        source=Source(household=household),
    )
    given = tuple(replace(judgement(name, each, human, at), verdict=verdict) for each in by)
    vouched = Gold(name, Verdict.TRANSCRIPT, golden, "lea", "", at) if golden is not None else None
    queued = replace(item(name), state=ItemState.CLOSED, closed_at=at)
    return Closed(queued, heard, given, vouched)


# --- accuracy -------------------------------------------------------------------


def test_accuracy_is_of_utterances_and_of_words() -> None:
    """12 words said, 1 substituted, 1 left out, 1 put in where nobody spoke: 3 in 12."""
    found = accuracy(
        [
            closed("u1", "Turn off the light!", "turn off the light"),
            closed("u2", "yeet that alarm", "eat that alarm"),
            closed("u3", "please play the song now", "please play song now"),
            closed("u4", "", "hm", verdict=Verdict.NO_SPEECH),
            closed("u5", "", "", verdict=Verdict.NO_SPEECH),
            closed("u6", "", "who knows", verdict=Verdict.UNINTELLIGIBLE),
            closed("u7", "", "wer wei\u00df", verdict=Verdict.OTHER_LANGUAGE),
        ],
        [],
    )
    assert found.left_out == 2
    assert found.overall.utterances == 5
    assert found.overall.right is not None
    assert found.overall.wer is not None
    assert found.overall.right.value == pytest.approx(2 / 5)
    assert (found.overall.right.low, found.overall.right.high) == (
        pytest.approx(0.1176, abs=1e-4),
        pytest.approx(0.7693, abs=1e-4),
    )
    assert found.overall.wer.value == pytest.approx(3 / 12)
    assert found.overall.wer.low < 3 / 12 < found.overall.wer.high


def test_gold_decides_over_listeners() -> None:
    found = accuracy([closed("u1", "eat that", "yeet that", golden="yeet that")], [])
    assert found.overall.right is not None
    assert found.overall.right.value == 1.0


def test_weeks_begin_on_monday_and_days_at_midnight_utc() -> None:
    sunday = datetime(2026, 3, 1, 23, 59, tzinfo=UTC)
    clips = [
        closed("u1", "a b", "a b", at=sunday),
        closed("u2", "a b", "a b", at=sunday + timedelta(minutes=2)),
        closed("u3", "a b", "a c", at=sunday + 7 * DAY),
    ]

    def starts(found: Accuracy) -> list[tuple[date, int]]:
        return [(start, estimate.utterances) for start, estimate in found.periods]

    assert starts(accuracy(clips, [])) == [(date(2026, 2, 23), 1), (date(2026, 3, 2), 2)]
    assert starts(accuracy(clips, [], Period.DAY)) == [
        (date(2026, 3, 1), 1),
        (date(2026, 3, 2), 1),
        (date(2026, 3, 8), 1),
    ]


def test_before_and_after_a_revision_is_told_by_what_was_heard_with_it() -> None:
    clips = [
        closed("u1", "yeet it", "eat it", revision=1, at=START + DAY),
        closed("u2", "yeet it", "yeet it", revision=2),
        closed("u3", "yeet it", "yeet it", revision=3),
    ]
    history = [(number, START, "ada", f"why {number}") for number in (4, 3, 2, 1)]
    changes = accuracy(clips, history).changes
    assert [each.revision for each in changes] == [3, 2], "others have no utterance on one side"
    after, before = changes[1].after, changes[1].before
    assert (before.utterances, after.utterances) == (1, 2)
    assert before.right is not None
    assert after.right is not None
    assert (before.right.value, after.right.value) == (0.0, 1.0)


def test_of_nothing_there_is_no_accuracy() -> None:
    found = accuracy([], [(1, START, "ada", "")])
    assert (found.overall.utterances, found.overall.right, found.overall.wer) == (0, None, None)
    assert (found.periods, found.changes) == ((), ())


def test_texts_that_would_take_long_to_align_are_left_out_and_counted() -> None:
    long = "la " * 3000
    found = accuracy([closed("u1", long, long), closed("u2", "a", "a")], [])
    assert (found.left_out, found.overall.utterances) == (1, 1)


# --- unknown words ----------------------------------------------------------------


def test_missed_words_are_counted_by_clip_household_and_analyst() -> None:
    clips = [
        closed("u1", "Hey Saoirse, come here", "hey seer sha come here", by=("ada", "bob")),
        closed("u2", "call Saoirse", "call search a", household="h2", at=START + DAY),
        closed("u3", "call Saoirse now", "call seer sha now", at=START - DAY),
        closed("u4", "the light please", "the lights please"),
        closed("u5", "yeet that", "eat that"),
        closed("u6", "", "saoirse", verdict=Verdict.NO_SPEECH),
        closed("u7", "it is 25 past", "it is 35 past"),
    ]
    found = missed_words(clips, live={"yeet"})
    assert [each.written for each in found] == ["Saoirse", "light"]
    first, second = found
    assert (first.clips, first.households, first.analysts) == (3, 2, 2)
    assert (first.instead, first.in_dictionary) == ("seer sha", False)
    assert (first.newest, first.newest_at) == ("u2", START + DAY)
    assert (second.instead, second.in_dictionary) == ("lights", True)


def test_a_word_that_the_machine_left_out_is_missed_for_nothing() -> None:
    (found,) = missed_words([closed("u1", "say xochitl", "say")], live=())
    assert (found.written, found.instead) == ("xochitl", "")


def test_a_word_that_the_machine_wrote_elsewhere_in_the_clip_is_not_missed() -> None:
    assert missed_words([closed("u1", "b a", "a b")], live=()) == []


@given(st.text(max_size=40), st.text(max_size=40))
def test_any_text_can_be_looked_at(human: str, machine: str) -> None:
    for each in missed_words([closed("u1", human, machine)], live=()):
        assert each.written
        assert each.clips == 1


# --- agreement by pair --------------------------------------------------------------


def heard(number: int, *given: tuple[str, str]) -> list[Judgement]:
    return [judgement(f"u{number}", analyst, text) for analyst, text in given]


def test_pairs_are_shown_by_name_once_they_have_heard_enough_together() -> None:
    clips = [heard(n, ("bob", "a b"), ("ada", "a b" if n % 4 else "a c")) for n in range(20)]
    clips += [heard(n, ("bob", "a b"), ("cleo", "a b")) for n in range(20, 39)]
    clips += [heard(39, ("ada", "a b"), ("bob", "a b"), ("cleo", "a b"))]
    shown, left_out = listeners.by_pair(clips)
    assert [(each.names, each.figures.clips) for each in shown] == [
        (("ada", "bob"), 21),
        (("bob", "cleo"), 20),
    ]
    assert left_out == 1
    agreed = shown[0].figures.agreed
    assert agreed is not None
    assert agreed.value == pytest.approx(16 / 21)


def test_measured_agreement_is_agreement_with_intervals() -> None:
    clips = [heard(n, ("ada", "a b"), ("bob", "a b" if n % 2 else "a c")) for n in range(10)]
    plain, found = listeners.agreement(clips), listeners.measured(clips)
    assert found.clips == plain.clips == 10
    assert found.agreed is not None
    assert found.agreed.value == plain.agreed / plain.clips
    assert found.words is not None
    assert found.words.value == pytest.approx(plain.words)
    assert found.words.low < found.words.value < found.words.high
    assert found.kappa is plain.kappa is None, "nobody chose another verdict"
    assert listeners.measured([]).words is None


# --- gold -----------------------------------------------------------------------------


def test_listeners_are_measured_against_gold_all_together() -> None:
    """ada: 0 of 3 and bob: 1 of 3 words wrong, and one of four verdicts is another."""
    clips = [
        closed("u1", "yeet that alarm", "", by=("ada",), golden="yeet that alarm"),
        closed("u2", "eat that alarm", "", by=("bob",), golden="yeet that alarm"),
        closed("u3", "", "", verdict=Verdict.NO_SPEECH, by=("ada",), golden="psst"),
        closed("u4", "never gold", "", by=("ada",)),
    ]
    found = gold.listeners_error(clips[:3])
    assert (found.clips, found.judgements) == (3, 3)
    assert found.verdicts is not None
    assert found.verdicts.value == pytest.approx(2 / 3)
    assert found.wer is not None
    assert found.wer.value == pytest.approx(1 / 6)
    assert gold.listeners_error(clips[3:]).wer is None
    assert gold.listeners_error([]).verdicts is None


@pytest.mark.parametrize(
    ("verdict", "text", "why"),
    [
        (Verdict.TRANSCRIPT, "", "sure"),
        (Verdict.NO_SPEECH, "words", "sure"),
        (Verdict.TRANSCRIPT, "words", " "),
        (Verdict.TRANSCRIPT, "words", "x" * 1001),
        (Verdict.TRANSCRIPT, "\u202ewords", "sure"),
        (Verdict.TRANSCRIPT, "x" * 10_001, "sure"),
    ],
)
def test_gold_is_what_a_judgement_could_say_with_a_reason(
    verdict: Verdict, text: str, why: str
) -> None:
    with pytest.raises(InputError):
        gold.made("u1", verdict, text, by="lea", why=why, now=START)


# --- plots ------------------------------------------------------------------------------


def test_a_plot_keeps_its_marks_within_its_frame_and_in_order() -> None:
    days = [date(2026, 3, 1) + number * DAY for number in range(0, 30, 7)]
    points = [Point(day, 0.5 + n / 20, 0.3, 0.9) for n, day in enumerate(days)]
    events = [(days[1], "revision 2"), (days[0] - DAY, "too early")]
    plot = over_time("Accuracy", points, events)
    assert [mark.x for mark in plot.marks] == sorted(mark.x for mark in plot.marks)
    for mark in plot.marks:
        assert plot.left <= mark.x <= plot.right
        assert plot.top <= mark.top <= mark.y <= mark.bottom <= plot.bottom
    assert [tick.label for tick in plot.up] == ["20 %", "40 %", "60 %", "80 %", "100 %"]
    assert [event.label for event in plot.events] == ["revision 2"]
    assert plot.events[0].place == plot.marks[1].x
    assert plot.marks[0].label == "2026-03-01: 50.0 % (30.0 to 90.0)"


@given(
    st.lists(
        st.tuples(st.dates(), st.lists(st.floats(0, 3), min_size=3, max_size=3).map(sorted)),
        min_size=1, max_size=20, unique_by=lambda each: each[0],
    )
)  # fmt: skip
def test_any_figures_can_be_drawn(given_points: list[tuple[date, list[float]]]) -> None:
    points = [Point(day, middle, low, high) for day, (low, middle, high) in sorted(given_points)]
    plot = over_time("Anything", points)
    assert 2 <= len(plot.up) <= 12
    for mark in plot.marks:
        assert plot.top - 0.1 <= mark.top <= mark.bottom <= plot.bottom + 0.1


def test_what_happens_within_the_last_period_is_in_the_picture() -> None:
    monday = date(2026, 11, 23)
    points = [Point(monday - timedelta(weeks=1), 0.8, 0.7, 0.9), Point(monday, 0.9, 0.8, 0.95)]
    tuesday = [(monday + timedelta(days=1), "revision 7")]
    assert over_time("Anything", points, tuesday).events == ()
    plot = over_time("Anything", points, tuesday, until=tuesday[0][0])
    assert [each.label for each in plot.events] == ["revision 7"]
    assert plot.marks[-1].x < plot.events[0].place <= plot.right
