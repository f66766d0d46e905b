"""The recogniser for tests keeps the rules that it states."""

from __future__ import annotations

import json
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pytest

from earwitness.engines import Options, open_engine
from earwitness.engines.scripted import Reading, Script, ScriptedEngine, number_of, recording
from earwitness.errors import EngineError, SettingsError
from earwitness.model import Lexicon, Term

SAID = Script((Reading("eat that", -2.0), Reading("yeet that", -5.0, term="yeet")))
HIDDEN = Script((Reading("so chill", -2.0), Reading("xochitl", -4.0, term="xochitl", hidden=True)))
ENGINE = ScriptedEngine({0: SAID, 1: HIDDEN, 2: Script(fails="out of memory")})


def lexicon(*terms: Term) -> Lexicon:
    return Lexicon(1, MappingProxyType({term.key: term for term in terms}))


def heard(number: int, *terms: Term) -> str:
    return ENGINE.decode(ENGINE.encode(recording(number)), lexicon(*terms)).text


@pytest.mark.parametrize("number", [0, 1, 77, 2000])
def test_a_number_survives_16_bits_silence_and_cutting(number: int) -> None:
    audio = np.concatenate([np.zeros(500, np.float32), recording(number)[300:]])
    rounded = (np.rint(audio * 32768).clip(-32768, 32767) / 32768).astype(np.float32)
    assert number_of(rounded) == number


def test_silence_gives_an_empty_text() -> None:
    encoded = ENGINE.encode(np.zeros(16000, np.float32))
    assert ENGINE.decode(encoded, Lexicon()).text == ""


def test_a_term_is_heard_only_while_it_is_live() -> None:
    assert heard(0) == "eat that"
    assert heard(0, Term("yeet")) == "yeet that"


def test_a_margin_too_small_keeps_the_unbiased_reading() -> None:
    assert heard(0, Term("yeet", margin=2.9)) == "eat that"
    assert heard(0, Term("yeet", margin=3.0)) == "yeet that"


def test_a_hidden_reading_needs_a_misheard_form() -> None:
    assert heard(1, Term("xochitl")) == "so chill"
    assert heard(1, Term("xochitl", misheard=("so chill",))) == "xochitl"
    assert heard(1, Term("xochitl", misheard=("so cheap",))) == "so chill"


def test_words_carry_times_and_terms_when_asked() -> None:
    encoded = ENGINE.encode(recording(0, seconds=2.0))
    first, second = ENGINE.decode(encoded, lexicon(Term("yeet")), times=True).best.words
    assert (first.term, first.start, first.end) == ("yeet", 0.0, 1.0)
    assert (second.term, second.end) == (None, 2.0)


def test_failures_are_engine_errors() -> None:
    with pytest.raises(EngineError, match="out of memory"):
        heard(2)
    with pytest.raises(EngineError, match="No script for recording 9"):
        heard(9)


def test_scripts_are_read_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "scripts.json"
    file.write_text(json.dumps({"3": {"readings": [{"text": "hello", "logprob": -1.0}]}}))
    engine = open_engine("scripted", Options(model=file))
    assert engine.decode(engine.encode(recording(3)), Lexicon()).text == "hello"


def test_a_broken_file_of_scripts_is_named(tmp_path: Path) -> None:
    file = tmp_path / "scripts.json"
    file.write_text('{"3": {"reading": 1}}')
    with pytest.raises(SettingsError, match=r"scripts\.json"):
        open_engine("scripted", Options(model=file))


def test_an_unknown_engine_names_the_known_ones() -> None:
    with pytest.raises(SettingsError, match="moonshine"):
        open_engine("nobody")
