"""What ``ports.Engine`` promises, on every engine that can run here.

faster-whisper takes part where EARWITNESS_TEST_WHISPER_MODEL names a model folder
and the package is installed; the other engines always do.
"""

from __future__ import annotations

import os
import wave
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pytest
from tests.wyoming_servers import served

from earwitness.engines import Options, open_engine
from earwitness.engines.scripted import Reading, Script, ScriptedEngine, recording
from earwitness.errors import EngineError, LexiconUnsupported, TermRefused
from earwitness.model import SAMPLE_RATE, Hypothesis, Lexicon, Samples, Term, Transcript
from earwitness.ports import Engine
from earwitness.speech.text import normalise, words

WHISPER_MODEL = os.environ.get("EARWITNESS_TEST_WHISPER_MODEL")
NAMES = ["scripted", "moonshine", "moonshine-library", "wyoming"]
if WHISPER_MODEL and find_spec("faster_whisper"):
    NAMES.append("faster-whisper")


@dataclass(frozen=True)
class Case:
    """An engine, a clip of speech, what is said in it, and a term that it does not have."""

    engine: Engine
    speech: Samples
    said: str
    term: Term

    def hear(self, audio: Samples, *terms: Term, times: bool = False) -> Transcript:
        return self.engine.decode(self.engine.encode(audio), lexicon(*terms), times=times)


def lexicon(*terms: Term, revision: int = 7) -> Lexicon:
    return Lexicon(revision, MappingProxyType({term.key: term for term in terms}))


def beckett() -> Samples:
    """Nine seconds of a man reading, from the moonshine-voice wheel."""
    with wave.open(str(files("moonshine_voice") / "assets" / "beckett.wav")) as file:
        assert (file.getframerate(), file.getnchannels()) == (SAMPLE_RATE, 1)
        pcm = np.frombuffer(file.readframes(file.getnframes()), np.int16)
    return (pcm / 32768).astype(np.float32)


def scripted() -> Case:
    heard = (Reading("ever tried ever failed", -2.0), Reading("ever fried ever failed", -4.0))
    engine = ScriptedEngine({0: Script(heard)})
    return Case(engine, recording(0, 9.0), "ever tried ever failed", Term("yeet"))


@pytest.fixture(scope="module", params=NAMES)
def case(request: pytest.FixtureRequest) -> Iterator[Case]:
    if request.param == "scripted":
        yield scripted()
        return
    if request.param == "wyoming":
        with served(open_engine("moonshine")) as url:
            yield Case(
                open_engine("wyoming", Options(url=url)), beckett(), "ever tried", Term("yeet")
            )
        return
    options = Options(Path(WHISPER_MODEL)) if "whisper" in request.param else Options()  # type: ignore[arg-type]
    yield Case(open_engine(request.param, options), beckett(), "ever tried", Term("yeet"))


def hypotheses(transcript: Transcript) -> Sequence[Hypothesis]:
    unbiased = [transcript.unbiased] if transcript.unbiased else []
    return [*transcript.nbest, *unbiased]


def test_speech_is_heard(case: Case) -> None:
    assert case.said in normalise(case.hear(case.speech).text)


def test_a_transcript_says_what_made_it(case: Case) -> None:
    heard = case.hear(case.speech)
    assert (heard.engine, heard.model) == (case.engine.name, case.engine.model)
    assert heard.revision == 7
    assert heard.seconds == pytest.approx(len(case.speech) / SAMPLE_RATE)
    assert case.engine.model


@pytest.mark.parametrize("seconds", [0.0, 0.01, 0.5, 3.0])
def test_silence_has_no_words(case: Case, seconds: float) -> None:
    heard = case.hear(np.zeros(round(seconds * SAMPLE_RATE), np.float32))
    assert heard.text == ""
    assert heard.best.words == ()


@pytest.mark.parametrize("samples", [1, 100, 1600, 5000])
def test_a_clip_too_short_for_words_is_no_failure(case: Case, samples: int) -> None:
    heard = case.hear(case.speech[:samples])
    assert heard.nbest


def test_noise_is_no_failure(case: Case) -> None:
    level = np.float32(0.01) if case.engine.name != "scripted" else np.float32(0)
    noise = np.random.default_rng(0).standard_normal(SAMPLE_RATE * 2).astype(np.float32) * level
    heard = case.hear(noise)
    assert heard.nbest
    assert len(words(heard.text)) <= 20


def test_loud_clipped_speech_is_no_failure(case: Case) -> None:
    if case.engine.name == "scripted":
        return
    assert case.hear(np.clip(case.speech * 40, -1, 1)).nbest


def test_the_words_of_a_hypothesis_are_its_text(case: Case) -> None:
    for hypothesis in hypotheses(case.hear(case.speech)):
        assert " ".join(word.text for word in hypothesis.words) == hypothesis.text
        assert all(word.text.split() == [word.text] for word in hypothesis.words)


def test_no_hypothesis_comes_twice_and_scores_are_log_probabilities(case: Case) -> None:
    heard = case.hear(case.speech)
    texts = [hypothesis.text for hypothesis in heard.nbest]
    assert len(set(texts)) == len(texts)
    if not case.engine.capabilities.nbest:
        assert len(texts) == 1
    for hypothesis in hypotheses(heard):
        assert hypothesis.logprob <= 0
        assert all(score <= 0 for word in hypothesis.words for score in word.logprobs)
        assert all(0 <= word.confidence <= 1 for word in hypothesis.words)


def test_without_live_terms_the_readings_come_best_first(case: Case) -> None:
    scores = [hypothesis.logprob for hypothesis in case.hear(case.speech).nbest]
    assert scores == sorted(scores, reverse=True)


def test_what_is_repeatable_is_repeated(case: Case) -> None:
    if case.engine.capabilities.repeatable:
        again = [case.hear(case.speech, times=False) for _ in range(2)]
        assert again[0] == again[1]
    else:
        assert case.engine.name in ("moonshine_library", "wyoming")


def test_decoding_an_encoded_clip_again_gives_the_same(case: Case) -> None:
    encoded = case.engine.encode(case.speech)
    first, second = (case.engine.decode(encoded, lexicon()) for _ in range(2))
    if case.engine.capabilities.repeatable:
        assert first == second


def test_times_lie_in_order_within_the_clip(case: Case) -> None:
    heard = case.hear(case.speech, times=True)
    for word in heard.best.words:
        if case.engine.capabilities.word_times:
            assert word.start is not None
            assert word.end is not None
            assert 0 <= word.start <= word.end <= heard.seconds
        else:
            assert word.start is word.end is None
    starts = [word.start for word in heard.best.words if word.start is not None]
    assert starts == sorted(starts)


def test_threads_hear_what_one_hears(case: Case) -> None:
    clips = [case.speech, case.speech[: len(case.speech) // 2], case.speech[:0]] * 2
    alone = [case.hear(clip) for clip in clips]
    with ThreadPoolExecutor(3) as pool:
        together = list(pool.map(case.hear, clips))
    if case.engine.capabilities.repeatable:
        assert together == alone
    else:
        assert [bool(heard.text) for heard in together] == [bool(heard.text) for heard in alone]


def test_live_terms_are_honoured_or_refused_aloud(case: Case) -> None:
    if not case.engine.capabilities.lexicon:
        with pytest.raises(LexiconUnsupported, match="yeet"):
            case.engine.check(case.term)
        with pytest.raises(LexiconUnsupported):
            case.engine.prepare(lexicon(case.term))
        with pytest.raises(LexiconUnsupported):
            case.hear(case.speech, case.term)
        return
    case.engine.check(case.term)
    case.engine.prepare(lexicon(case.term))
    heard = case.hear(case.speech, case.term)
    assert case.said in normalise(heard.text)
    assert heard.best.terms == ()


def test_a_misheard_form_is_no_rewriting_where_the_audio_says_otherwise(case: Case) -> None:
    if case.engine.capabilities.lexicon:
        heard = case.hear(case.speech, Term("xylophone", misheard=("tried", "failed")))
        assert case.said in normalise(heard.text)
        assert "xylophone" not in normalise(heard.text)


@pytest.mark.parametrize("written", ["", " ", "a\u0000b", "ab\u202e\u0007", "y" * 5000])
def test_a_term_that_cannot_be_honoured_is_refused(case: Case, written: str) -> None:
    expected = TermRefused if case.engine.capabilities.lexicon else LexiconUnsupported
    with pytest.raises(expected):
        case.engine.check(Term(written))


def test_preparing_twice_changes_nothing(case: Case) -> None:
    terms = (case.term,) if case.engine.capabilities.lexicon else ()
    live = lexicon(*terms)
    case.engine.prepare(live)
    case.engine.prepare(live)
    encoded = case.engine.encode(case.speech)
    assert case.engine.decode(encoded, live).revision == 7


def test_audio_that_is_no_number_is_an_error(case: Case) -> None:
    if case.engine.name == "scripted":
        return
    broken = case.speech.copy()
    broken[1000] = np.nan
    with pytest.raises(EngineError):
        case.hear(broken)
