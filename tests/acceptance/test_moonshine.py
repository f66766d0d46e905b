"""The real recogniser on the recordings that ship: what it promises, to the bit."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import cache
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pytest
from tests.recordings import noise, silence

from earwitness import starter
from earwitness.audio.reader import Reader
from earwitness.engines.moonshine import Moonshine
from earwitness.errors import EngineError
from earwitness.model import SAMPLE_RATE, Hypothesis, Lexicon, Samples, Term, Transcript
from earwitness.speech.dictionary import known_words
from earwitness.speech.lexicon import COMMON
from earwitness.speech.text import normalise
from earwitness.starter import Recording, Role

TAUGHT = {
    "yeet": Term("yeet", misheard=("eat", "yield")),
    "bussin": Term("bussin", misheard=("busing", "bus in")),
    "rizz": Term("rizz", misheard=("rise", "rice", "raised")),
    "finna": Term("finna", misheard=("finer", "for dinner")),
    "Saoirse": Term("Saoirse", spoken=("sersha",), misheard=("sure she", "search a")),
    "gochujang": Term("gochujang", misheard=("go choose a", "gochoo jung")),
}
SAID = starter.recordings(Role.DEMO)
ALIKE = starter.recordings(Role.SOUND_ALIKE)
ORDINARY = starter.recordings(Role.REGRESSION)[::4]
WHEEL = sorted(Path(str(files("moonshine_voice") / "assets")).glob("*.wav"))


@pytest.fixture(scope="module")
def engines() -> tuple[Moonshine, Moonshine]:
    return Moonshine(), Moonshine()


@pytest.fixture(scope="module")
def engine(engines: tuple[Moonshine, Moonshine]) -> Moonshine:
    return engines[0]


@pytest.fixture(scope="module")
def reader() -> Iterator[Reader]:
    reader = Reader()
    yield reader
    reader.close()


_READ: dict[Path, Samples] = {}


def clip(reader: Reader, path: Path) -> Samples:
    if path not in _READ:
        _READ[path] = reader.read(path)
    return _READ[path]


def named(name: str) -> Path:
    return starter.folder() / "demo" / f"{name}.opus"


def lexicon(*terms: Term, revision: int = 1) -> Lexicon:
    return Lexicon(revision, MappingProxyType({term.key: term for term in terms}))


def hear(engine: Moonshine, audio: Samples, *terms: Term) -> Transcript:
    return engine.decode(engine.encode(audio), lexicon(*terms))


def said(hypothesis: Hypothesis | None) -> tuple[object, ...]:
    """What was heard and how it scored, without the confidence in it."""
    assert hypothesis is not None
    words = [(word.text, word.logprobs, word.term) for word in hypothesis.words]
    return hypothesis.text, words, hypothesis.logprob, hypothesis.terms


@cache
def unsaid(count: int) -> tuple[Term, ...]:
    """Dictionary words that no starter recording has."""
    heard = {word for each in starter.recordings() for word in normalise(each.text).split()}
    words = sorted(
        word for word in known_words() if word.isalpha() and len(word) > 2 and word not in COMMON
    )
    chosen = random.Random(7).sample(words, 2 * count)
    return tuple(Term(word) for word in chosen if word not in heard)[:count]


def ids(recordings: Sequence[Recording]) -> list[str]:
    return [recording.path.stem for recording in recordings]


# --- exactly repeatable -------------------------------------------------------


def test_two_engines_and_two_hearings_give_the_same_to_the_bit(
    engines: tuple[Moonshine, Moonshine], reader: Reader
) -> None:
    for path in [*map(named, ("yeet-1", "saoirse-4", "not-rizz-1")), *WHEEL[:1]]:
        audio = clip(reader, path)[: 10 * SAMPLE_RATE]
        heard = [hear(each, audio, *TAUGHT.values()) for each in (*engines, *engines)]
        assert heard[1:] == heard[:-1], path.name


def test_threads_that_hear_at_once_hear_what_one_hears(engine: Moonshine, reader: Reader) -> None:
    clips = [clip(reader, recording.path) for recording in SAID[:6]] * 2
    lexicons = [lexicon(*TAUGHT.values()), lexicon(revision=2)]
    jobs = [(audio, live) for audio in clips for live in lexicons]
    encoded = [engine.encode(audio) for audio in clips[:6]]

    def decode(job: tuple[Samples, Lexicon]) -> Transcript:
        return engine.decode(engine.encode(job[0]), job[1])

    alone = [decode(job) for job in jobs]
    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(decode, jobs)) == alone
        shared = pool.map(lambda i: engine.decode(encoded[i // 2 % 6], lexicons[i % 2]), range(24))
        assert list(shared) == alone


def random_lexicon(choose: random.Random, pool: Sequence[Term], before: Lexicon) -> Lexicon:
    """A few terms put, changed or dropped."""
    terms = dict(before.terms)
    for term in choose.sample(pool, choose.randrange(1, 6)):
        if term.key in terms and choose.random() < 0.6:
            del terms[term.key]
        else:
            margin = choose.choice([term.margin, None, 0.0, 5.0, 9.0])
            terms[term.key] = replace(term, margin=margin)
    return lexicon(*terms.values(), revision=before.revision + 1)


@pytest.mark.parametrize("name", ["yeet-3", "bussin-3", "rizz-4", "saoirse-2", "not-finna-2"])
def test_a_decoding_that_was_kept_is_the_one_that_would_be_made(
    name: str, engines: tuple[Moonshine, Moonshine], reader: Reader
) -> None:
    """Over a chain of revisions, against an engine that sees each for the first time."""
    audio = clip(reader, named(name))
    listened = engines[0].encode(audio)
    choose = random.Random(name)
    text = hear(engines[1], audio).text
    near = [Term(word) for word in normalise(text).split() if word not in COMMON]
    pool = [*TAUGHT.values(), *near, *unsaid(40)]
    live = lexicon()
    for _ in range(12):
        live = random_lexicon(choose, pool, live)
        fresh = engines[1].decode(engines[1].encode(audio), lexicon(*live.terms.values()))
        kept = engines[0].decode(listened, live)
        assert replace(kept, revision=0) == replace(fresh, revision=0), sorted(live.terms)


def test_after_a_term_has_gone_all_is_as_before(engine: Moonshine, reader: Reader) -> None:
    listened = engine.encode(clip(reader, named("yeet-1")))
    before = engine.decode(listened, lexicon())
    with_term = engine.decode(listened, lexicon(TAUGHT["yeet"], revision=2))
    after = engine.decode(listened, lexicon(revision=3))
    assert with_term.best.terms == ("yeet",)
    assert replace(after, revision=1) == before


# --- terms that nobody says ---------------------------------------------------


@pytest.mark.parametrize("recording", ORDINARY, ids=ids(ORDINARY))
def test_a_term_that_nobody_says_changes_nothing(
    recording: Recording, engine: Moonshine, reader: Reader
) -> None:
    listened = engine.encode(clip(reader, recording.path))
    before = engine.decode(listened, lexicon())
    after = engine.decode(listened, lexicon(*TAUGHT.values()))
    assert said(after.best) == said(before.best)
    assert said(after.unbiased) == said(before.best)


def test_two_thousand_terms_that_nobody_says_change_nothing(
    engine: Moonshine, reader: Reader
) -> None:
    many = lexicon(*unsaid(2000))
    changed = []
    for recording in ORDINARY:
        listened = engine.encode(clip(reader, recording.path))
        before, after = engine.decode(listened, lexicon()), engine.decode(listened, many)
        assert said(after.unbiased) == said(before.best)
        if said(after.best)[:3:2] != said(before.best)[:3:2]:
            changed.append((before.text, after.text))
    assert len(many.terms) == 2000
    assert changed == []


@pytest.mark.parametrize("recording", ALIKE, ids=ids(ALIKE))
def test_what_sounds_alike_is_not_rewritten(
    recording: Recording, engine: Moonshine, reader: Reader
) -> None:
    heard = hear(engine, clip(reader, recording.path), *TAUGHT.values())
    assert heard.best.terms == ()
    assert not set(normalise(heard.text).split()) & {term.key for term in TAUGHT.values()}


# --- terms that are said ------------------------------------------------------


def test_taught_terms_are_heard_in_most_recordings_that_have_them(
    engine: Moonshine, reader: Reader
) -> None:
    """Every term in several voices; the few that the model hears as something else are missed."""
    heard = {
        recording.path.stem: recording.extra[0]
        in hear(engine, clip(reader, recording.path), *TAUGHT.values(), *unsaid(200)).best.terms
        for recording in SAID
    }
    assert sum(heard.values()) >= 0.85 * len(heard), heard
    for name in TAUGHT:
        voices = [yes for stem, yes in heard.items() if stem.startswith(name.lower())]
        assert sum(voices) >= 2, (name, heard)


def test_a_term_is_heard_only_where_it_is_live(engine: Moonshine, reader: Reader) -> None:
    audio = clip(reader, named("yeet-1"))
    assert "yeet" not in hear(engine, audio).text.lower()
    heard = hear(engine, audio, Term("yeet"))
    assert heard.text.startswith("Yeet ")
    assert heard.best.words[0].term == "yeet"
    assert {word.term for word in heard.best.words[1:]} == {None}
    assert heard.unbiased is not None
    assert "yeet" not in heard.unbiased.text.lower()


def test_a_spoken_form_prints_the_written_one(engine: Moonshine, reader: Reader) -> None:
    audio = clip(reader, named("saoirse-1"))
    heard = hear(engine, audio, Term("Saoirse", spoken=("sersha", "seer sha")))
    assert heard.text.startswith("Tell Saoirse that")
    assert heard.best.terms == ("Saoirse",)


def test_a_misheard_form_prints_the_written_one(engine: Moonshine, reader: Reader) -> None:
    audio = clip(reader, named("gochujang-2"))
    plain = hear(engine, audio).text
    form = " ".join(normalise(plain).split()[4:])
    heard = hear(engine, audio, Term("gojuchang", misheard=(form,), margin=40.0))
    assert heard.text == "Order two jars of gojuchang."
    refused = hear(engine, audio, Term("gojuchang", misheard=(form,), margin=0.0))
    assert refused.text == plain


def test_a_misheard_form_is_put_right_in_a_clip_that_was_heard_before(
    engine: Moonshine, reader: Reader
) -> None:
    """Nothing in the term's own letters would have made anybody listen again."""
    audio = clip(reader, named("not-yeet-2"))
    term = Term("quinoa", misheard=("noon",), margin=40.0)
    listened = engine.encode(audio)
    assert engine.decode(listened, lexicon()).text == "Remind me to eat at noon."
    heard = engine.decode(listened, lexicon(term))
    assert heard.text == "Remind me to eat at quinoa."
    assert replace(heard, revision=1) == hear(engine, audio, term)


def test_a_term_that_is_said_twice_is_heard_twice(engine: Moonshine, reader: Reader) -> None:
    twice = [clip(reader, named("yeet-1")), silence(0.2), clip(reader, named("yeet-4"))]
    heard = hear(engine, np.concatenate(twice), Term("yeet", misheard=("eat",), margin=12.0))
    assert heard.best.terms == ("yeet", "yeet")
    assert [word.term for word in heard.best.words].count("yeet") == 2


def test_several_terms_are_heard_in_one_utterance(engine: Moonshine, reader: Reader) -> None:
    both = [clip(reader, named("yeet-3")), silence(0.2), clip(reader, named("saoirse-1"))]
    heard = hear(engine, np.concatenate(both), *TAUGHT.values())
    assert heard.best.terms == ("yeet", "Saoirse")


def test_a_term_that_is_heard_anyway_is_marked_at_both_ends(
    engine: Moonshine, reader: Reader
) -> None:
    audio = clip(reader, named("not-yeet-2"))
    words = hear(engine, audio).text.rstrip(".").split()
    first, last = Term(words[0].lower()), Term(words[-1].lower())
    heard = hear(engine, audio, first, last)
    assert heard.best.terms == (first.written, last.written)
    assert [bool(word.term) for word in heard.best.words] == [
        i in (0, len(words) - 1) for i in range(len(words))
    ]
    assert said(heard.best)[0] == hear(engine, audio).text


# --- the n-best ---------------------------------------------------------------


@pytest.mark.parametrize("name", ["yeet-1", "rizz-2", "saoirse-4", "not-bussin-1"])
def test_the_n_best_has_the_answer_first_and_the_others_by_score(
    name: str, engine: Moonshine, reader: Reader
) -> None:
    heard = hear(engine, clip(reader, named(name)), *TAUGHT.values())
    texts = [hypothesis.text for hypothesis in heard.nbest]
    scores = [hypothesis.logprob for hypothesis in heard.nbest[1:]]
    assert len(set(texts)) == len(texts) > 1
    assert scores == sorted(scores, reverse=True)
    assert heard.unbiased is not None
    assert heard.unbiased.logprob >= max(scores[0], heard.best.logprob) - 1e-3
    for hypothesis in heard.nbest:
        total = sum(sum(word.logprobs) for word in hypothesis.words)
        assert hypothesis.logprob <= total + 1e-3


# --- difficult input ----------------------------------------------------------


@pytest.mark.parametrize("samples", [0, 1, 160, 1599])
@pytest.mark.parametrize("sound", ["silence", "noise"])
def test_next_to_nothing_is_no_failure(sound: str, samples: int, engine: Moonshine) -> None:
    audio = (silence(1) if sound == "silence" else noise(1))[:samples]
    heard = hear(engine, audio, *TAUGHT.values())
    assert heard.best.terms == ()
    assert heard.seconds == samples / SAMPLE_RATE
    if sound == "silence":
        assert heard.text == ""


def test_no_term_is_heard_in_noise(engine: Moonshine) -> None:
    for seed in range(3):
        heard = hear(engine, noise(2.0, seed=seed), *TAUGHT.values(), *unsaid(200))
        assert heard.best.terms == ()


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_samples_that_are_no_numbers_are_an_error(
    value: float, engine: Moonshine, reader: Reader
) -> None:
    broken = clip(reader, named("yeet-1")).copy()
    broken[5000] = value
    with pytest.raises(EngineError, match="not numbers"):
        hear(engine, broken)


def test_the_callers_audio_is_left_alone(engine: Moonshine, reader: Reader) -> None:
    audio = clip(reader, named("yeet-1")).copy()
    audio.setflags(write=False)
    assert hear(engine, audio, *TAUGHT.values()).best.terms == ("yeet",)
