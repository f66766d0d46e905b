"""Forms in memory, words put together out of pieces, and subtitles out of words."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request

from earwitness.audio.memory import MemoryFile
from earwitness.doors.openai_api.errors import ApiError
from earwitness.doors.openai_api.heard import Heard
from earwitness.doors.openai_api.segments import Segment, segments, srt, vtt
from earwitness.doors.openai_api.uploads import Budget, Form, Limits, read_form
from earwitness.engines.scripted import ScriptedEngine
from earwitness.errors import TermRefused
from earwitness.flow import brought
from earwitness.flow.hear import Answer
from earwitness.model import Flag, Hypothesis, Lexicon, Term, TermState, Transcript, Word
from earwitness.speech.segment import Cut

LIMITS = Limits(file=1000, stall_seconds=10.0)


# --- forms ----------------------------------------------------------------------


def read(chunks: Sequence[bytes], boundary: str = "xyz", limits: Limits = LIMITS) -> Form:
    """The form out of a body that comes in these chunks."""
    messages = [{"type": "http.request", "body": each, "more_body": True} for each in chunks]
    messages.append({"type": "http.request", "body": b"", "more_body": False})
    coming = iter(messages)

    async def receive() -> dict[str, object]:
        return next(coming)

    kind = f"multipart/form-data; boundary={boundary}".encode()
    scope = {"type": "http", "method": "POST", "headers": [(b"content-type", kind)]}
    return asyncio.run(read_form(Request(scope, receive), limits, lambda size: None))


def content(file: MemoryFile | None) -> bytes | None:
    return None if file is None else Path(f"/proc/self/fd/{file.fileno()}").read_bytes()


def part(name: str, value: bytes, filename: str | None = None) -> bytes:
    file = "" if filename is None else f'; filename="{filename}"'
    return f'--xyz\r\nContent-Disposition: form-data; name="{name}"{file}\r\n\r\n'.encode() + (
        value + b"\r\n"
    )


def cut(body: bytes, places: Sequence[int]) -> list[bytes]:
    edges = [0, *sorted({place % (len(body) + 1) for place in places}), len(body)]
    return [body[start:end] for start, end in pairwise(edges)]


@given(
    st.lists(st.text(max_size=20), max_size=5), st.binary(max_size=900), st.lists(st.integers(0))
)
def test_a_form_is_the_same_however_it_is_cut(
    values: list[str], file: bytes, places: list[int]
) -> None:
    fields = b"".join(part("keywords[]", value.encode()) for value in values)
    whole = fields + part("file", file, "a.wav") + b"--xyz--\r\n"
    if b"--xyz" in file or any("--xyz" in value for value in values):
        return
    form = read(cut(whole, places))
    assert form.fields == ({"keywords[]": values} if values else {})
    assert content(form.file) == file


def outcome(chunks: Sequence[bytes]) -> object:
    try:
        return type(read(chunks))
    except ApiError as error:
        return error.status


@given(st.lists(st.binary(max_size=300), max_size=5), st.booleans())
def test_whatever_comes_is_a_form_or_an_error_of_the_api(chunks: list[bytes], begun: bool) -> None:
    start = part("model", b"whisper-1") + b"--xyz" if begun else b""
    assert outcome([start, *chunks]) in (Form, 400, 413)


@given(st.data())
def test_a_form_that_is_damaged_anywhere_is_a_form_or_an_error(data: st.DataObject) -> None:
    whole = bytearray(part("model", b"m") + part("file", b"sound", "a.wav") + b"--xyz--\r\n")
    for _ in range(data.draw(st.integers(1, 4))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    assert outcome([bytes(whole)]) in (Form, 400, 413)


def test_a_file_is_measured_while_it_comes() -> None:
    chunks = iter([part("file", b"x" * 600, "a")[:-2], b"x" * 600])
    with pytest.raises(ApiError) as refused:
        read(list(chunks))
    assert refused.value.status == 413


def test_a_budget_is_shared_and_nobody_has_it_all() -> None:
    budget = Budget(100, 60)
    with budget.hold("ada", 50) as ada, budget.hold("bob", 40) as bob:
        ada(50)
        bob(40)
        for who, size, status in (("ada", 20, 429), ("eve", 20, 503)):
            with pytest.raises(ApiError) as refused, budget.hold(who, size):
                pass
            assert refused.value.status == status
        with budget.hold("ada", 0) as more, pytest.raises(ApiError) as refused:
            more(20)
        assert refused.value.status == 429
        ada(10)
    with budget.hold("eve", 60) as eve:
        eve(60)


def test_who_announces_much_and_sends_nothing_takes_no_room_from_others() -> None:
    budget = Budget(100, 60)
    with budget.hold("ada", 60), budget.hold("ada", 60), budget.hold("eve", 60) as eve:
        eve(60)


def test_what_is_empty_holds_nothing_however_often() -> None:
    budget = Budget(100, 60)
    with budget.hold("ada", 0):
        with budget.hold("ada", 0):
            pass
        with budget.hold("ada", 60) as ada:
            ada(60)


def test_a_file_in_memory_lives_as_long_as_somebody_knows_it() -> None:
    file = MemoryFile("a.wav")
    file.write(b"one")
    file.write(b" two")
    place = Path(f"/proc/self/fd/{file.fileno()}")
    assert (place.read_bytes(), file.size) == (b"one two", 7)
    assert "memfd:" in str(place.readlink())
    other = file
    del file
    assert place.exists()
    del other
    assert not place.exists()


# --- what was heard -------------------------------------------------------------


def answer(
    text: str,
    start: float,
    end: float,
    overlap: float = 0.0,
    *,
    times: bool = False,
    rule: str = "",
) -> Answer:
    texts = text.split()
    step = (end - start) / max(1, len(texts))
    words = tuple(
        Word(each, (-0.5,), 0.9, *((step * at, step * (at + 1)) if times else ()))
        for at, each in enumerate(texts)
    )
    transcript = Transcript((Hypothesis(text, words, -1.0),), "e", "m", 3, end - start, 0.8)
    flags = (Flag(rule, 1.0, 1.0, ""),) if rule else ()
    return Answer(Cut(start, end, overlap), transcript, flags, None)


def told(*answers: Answer) -> tuple[list[str], Heard]:
    """What is told after each answer, and at the end."""
    heard, parts = Heard(), []
    for each in answers:
        heard.add(each)
        parts.append(" ".join(spoken.word.text for spoken in heard.settled()))
    parts.append(" ".join(spoken.word.text for spoken in heard.rest()))
    return parts, heard


def test_all_but_the_last_word_is_told_at_once() -> None:
    parts, heard = told(answer("turn it off.", 0, 2), answer("Thank you.", 3, 4))
    assert parts == ["turn it", "off. Thank", "you."]
    assert heard.text == "turn it off. Thank you."


def test_what_two_pieces_share_is_told_once_and_nothing_is_taken_back() -> None:
    first = answer("we went to the gar", 0, 15)
    second = answer("the garden gate", 14.8, 20, 0.2)
    parts, heard = told(first, second)
    assert parts == ["we went to the", "garden", "gate"]
    assert heard.text == "we went to the garden gate"
    assert [spoken.piece for spoken in heard.words] == [0, 0, 0, 0, 1, 1]


@given(
    st.lists(
        st.tuples(st.lists(st.sampled_from("abc"), max_size=6), st.sampled_from([0.0, 0.2, 0.4])),
        max_size=8,
    )
)
def test_what_is_told_bit_by_bit_is_the_text(pieces: list[tuple[list[str], float]]) -> None:
    answers = [
        answer(" ".join(words), 10 * at, 10 * at + 10, overlap)
        for at, (words, overlap) in enumerate(pieces)
    ]
    parts, heard = told(*answers)
    assert " ".join(filter(None, parts)) == heard.text


def test_an_engine_without_words_has_a_text_all_the_same() -> None:
    only_text = Transcript((Hypothesis("no words here", (), -1.0),), "e", "m", 0, 1.0)
    _, heard = told(Answer(Cut(2.0, 3.0), only_text, (), None))
    assert heard.text == "no words here"
    (segment,) = segments(heard)
    assert (segment.start, segment.end, segment.average_logprob) == (2.0, 3.0, 0.0)


def test_it_failed_where_every_piece_failed() -> None:
    failed = answer("", 0, 1, rule="engine_failure")
    assert told(failed)[1].failed
    assert not told(failed, answer("yes", 1, 2))[1].failed
    assert not told()[1].failed
    assert not told(answer("", 0, 1, rule="empty_result"))[1].failed


# --- segments -------------------------------------------------------------------


def cues(*answers: Answer) -> list[str]:
    return [segment.text for segment in segments(told(*answers)[1])]


def test_a_segment_ends_with_its_sentence() -> None:
    heard = answer("It is late. Is it? Go home!", 0, 4, times=True)
    assert cues(heard) == ["It is late.", "Is it?", "Go home!"]


def test_a_segment_ends_at_a_pause() -> None:
    one, other = answer("go on", 0, 1, times=True), answer("and on", 2, 3, times=True)
    assert cues(one, other) == ["go on", "and on"]
    assert cues(one, answer("and on", 1.2, 3, times=True)) == ["go on and on"]


def test_a_segment_can_be_read_in_its_time() -> None:
    long = answer(" ".join(["extraordinary"] * 30), 0, 12, times=True)
    found = segments(told(long)[1])
    assert " ".join(each.text for each in found) == long.transcript.text
    assert all(len(each.text) <= 84 and each.end - each.start <= 7 for each in found)


def test_without_times_a_segment_is_a_piece() -> None:
    assert cues(answer("One. Two.", 0, 4), answer("Three.", 4, 6)) == ["One. Two.", "Three."]


def test_subtitles_of_hours_have_their_hours() -> None:
    heard = told(answer("a <b> & c", 3661.0004, 3662.9996, times=True))[1]
    (segment,) = segments(heard)
    assert srt([segment]) == "1\n01:01:01,000 --> 01:01:03,000\na <b> & c\n\n"
    assert vtt([segment]).endswith("01:01:01.000 --> 01:01:03.000\na &lt;b&gt; &amp; c\n\n")


def test_averages_are_those_of_tokens() -> None:
    heard = Heard()
    words = (Word("a", (-1.0, -2.0)), Word("b", (-6.0,)))
    transcript = Transcript((Hypothesis("a b", words, -9.0),), "e", "m", 0, 1.0)
    heard.add(Answer(Cut(0.0, 1.0), transcript, (), None))
    assert Segment(0.0, 1.0, tuple(heard.words)).average_logprob == -3.0


# --- terms that are brought along -----------------------------------------------

ENGINE = ScriptedEngine({})


def lexicon(*terms: Term) -> Lexicon:
    return Lexicon(1, {term.key: term for term in terms})


def test_a_term_is_brought_once_and_not_where_it_is_taught() -> None:
    taught = lexicon(Term("Saoirse", spoken=("seersha",), state=TermState.LIVE))
    found = brought.asked_for(["yeet", " Yeet ", "SAOIRSE", "chilli  oil"], taught, ENGINE)
    assert [term.written for term in found] == ["Yeet", "chilli oil"]


def test_a_term_that_clashes_with_a_taught_one_is_refused() -> None:
    taught = lexicon(Term("yeet", misheard=("yeat",)))
    with pytest.raises(TermRefused, match="clashes"):
        brought.asked_for(["yeat"], taught, ENGINE)
    assert brought.unknown_in("a yeat, a gyatt", taught, ENGINE) != ()
    assert [t.written for t in brought.unknown_in("a yeat, a gyatt", taught, ENGINE)] == ["gyatt"]


def test_only_words_that_no_dictionary_has_are_taken_from_a_text() -> None:
    text = "Call Saoirse's friend (Xochitl) at 9; the O'Brien-Gyatt kitchen, please. \u4f60\u597d"
    words = [term.written for term in brought.unknown_in(text, lexicon(), ENGINE)]
    assert "Xochitl" in words
    assert not {"Call", "friend", "kitchen", "9"} & set(words)


def test_of_a_long_text_no_more_is_taken_than_may_be() -> None:
    text = " ".join(f"yeet{'abcdefghij'[n % 10]}{'klmnopqrst'[n // 10 % 10]}" for n in range(1000))
    assert len(brought.unknown_in(text, lexicon(), ENGINE)) == brought.MOST
    assert len(brought.unknown_in(text, lexicon(), ENGINE, most=3)) == 3
