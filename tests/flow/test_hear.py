"""What happens to an utterance, doubted or not."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from tests.flow.house import SCRIPTS, START, SURE, House, open_house

from earwitness.audio.clip import decode_flac
from earwitness.audio.samples import to_int16
from earwitness.engines.scripted import Reading, Script, ScriptedEngine, recording
from earwitness.errors import AudioError, StoreError
from earwitness.flow.hear import Keeper, hear, joined
from earwitness.flow.memory import RecentSpeech
from earwitness.model import ItemState, Samples, Source, Term
from earwitness.ports import Capabilities
from earwitness.speech.segment import PIECE_SECONDS


def rules_of(house: House, utterance: str) -> list[str]:
    return [flag.rule for flag in house.records.utterance(utterance).flags]


def test_an_undoubted_utterance_is_answered_and_not_kept(house: House) -> None:
    answer = house.hear(4)
    assert (answer.transcript.text, answer.flags, answer.utterance) == (
        "turn off the light",
        (),
        None,
    )
    assert house.records.items() == []
    assert house.clips_on_disk() == []


def test_a_doubted_utterance_is_kept_to_the_bit_with_its_reasons(house: House) -> None:
    answer = house.hear(0)
    assert answer.utterance is not None
    kept = house.records.utterance(answer.utterance)
    assert "low_confidence" in [flag.rule for flag in kept.flags]
    assert house.records.item(kept.id).state is ItemState.WAITING
    sound = decode_flac(house.hearing.keeper.blobs.get(kept.clip))
    assert np.array_equal(sound, recording(0))


def test_flagged_words_have_times(house: House) -> None:
    answer = house.hear(0)
    assert all(word.start is not None for word in answer.transcript.best.words)
    assert next(flag for flag in answer.flags if flag.rule == "low_confidence").start == 0.0


def test_hearing_the_same_again_keeps_it_once(house: House) -> None:
    assert house.hear(0).utterance == house.hear(0).utterance
    assert len(house.records.items()) == 1


def test_a_recogniser_that_fails_is_a_flag_and_the_clip_is_kept(house: House) -> None:
    answer = house.hear(6)
    assert answer.utterance is not None
    assert rules_of(house, answer.utterance) == ["engine_failure"]
    assert "out of memory" in answer.flags[0].reason
    assert len(house.clips_on_disk()) == 1


def test_a_bug_in_a_recogniser_loses_no_clip(tmp_path: Path) -> None:
    class Broken(ScriptedEngine):
        def encode(self, audio: Samples) -> object:
            raise IndexError("list index out of range")

    house = open_house(tmp_path, engine=Broken(SCRIPTS))
    answer = house.hear(4)
    assert answer.utterance is not None
    assert "IndexError" in answer.flags[0].reason


def test_a_second_recogniser_that_fails_is_a_flag(tmp_path: Path) -> None:
    house = open_house(tmp_path, second=ScriptedEngine({4: Script(fails="gone")}, name="other"))
    answer = house.hear(4)
    assert answer.transcript.text == "turn off the light"
    assert [flag.rule for flag in answer.flags] == ["engine_failure"]


def test_a_second_recogniser_that_disagrees_is_a_flag(tmp_path: Path) -> None:
    other = Script((Reading("burn of delight", -1.0, confidence=SURE),))
    house = open_house(tmp_path, second=ScriptedEngine({4: other}, name="other"))
    assert "second_engine" in [flag.rule for flag in house.hear(4).flags]


def test_speech_that_gives_no_words_is_doubted(house: House) -> None:
    assert [flag.rule for flag in house.hear(7).flags] == ["empty_result"]


def test_silence_is_no_reason_to_doubt(house: House) -> None:
    (answer,) = hear([np.zeros(16_000, np.float32)], Source(), START, house.hearing)
    assert (answer.transcript.text, answer.utterance) == ("", None)


def test_the_audit_sample_keeps_what_nobody_doubts(tmp_path: Path) -> None:
    answer = open_house(tmp_path, audit=1.0).hear(4)
    assert [flag.rule for flag in answer.flags] == ["audit_sample"]


# --- said again in other words ------------------------------------------------


def test_somebody_who_repeats_themselves_has_both_attempts_kept(house: House) -> None:
    assert house.hear(4).utterance is None
    house.now += timedelta(seconds=10)
    second = house.hear(5)
    assert [flag.rule for flag in second.flags] == ["rephrase"]
    texts = {
        house.records.utterance(item.utterance).transcript.text for item in house.records.items()
    }
    assert texts == {"turn off the light", "turn off the lights now"}
    sounds = [decode_flac(house.hearing.keeper.blobs.get(key)) for key in house.clips_on_disk()]
    assert any(np.array_equal(sound, recording(4)) for sound in sounds)


def test_half_a_minute_later_it_is_no_repetition(house: House) -> None:
    house.hear(4)
    house.now += timedelta(seconds=31)
    assert house.hear(5).flags == ()


def test_another_device_does_not_repeat(house: House) -> None:
    house.hear(4, Source(device="kitchen"))
    house.now += timedelta(seconds=5)
    assert house.hear(5, Source(device="bedroom")).flags == ()


def test_without_memory_nothing_is_remembered(tmp_path: Path) -> None:
    house = open_house(tmp_path, memory=RecentSpeech(megabytes=0.0))
    house.hear(4)
    house.now += timedelta(seconds=5)
    assert house.hear(5).flags == ()


# --- which terms are heard ----------------------------------------------------


def test_a_term_of_one_household_is_heard_there_alone(house: House) -> None:
    house.records.publish(
        0, put=[Term("yeet", scope="household:7")], by="ada", why="", now=house.now
    )
    assert house.text_of(0, Source(household="7")) == "yeet that alarm"
    assert house.text_of(0, Source(household="8")) == "eat that alarm"


def test_a_term_of_a_language_is_heard_in_its_countries(house: House) -> None:
    house.records.publish(0, put=[Term("yeet", scope="locale:en")], by="ada", why="", now=house.now)
    assert house.text_of(0, Source(locale="en_GB")) == "yeet that alarm"
    assert house.text_of(0, Source(locale="de-DE")) == "eat that alarm"


def test_a_recogniser_without_live_terms_is_given_none(tmp_path: Path) -> None:
    class Deaf(ScriptedEngine):
        capabilities = Capabilities(lexicon=False, nbest=True, word_times=False, repeatable=True)

    house = open_house(tmp_path, second=Deaf({0: SCRIPTS[0]}, name="deaf"))
    house.records.publish(0, put=[Term("yeet")], by="ada", why="", now=house.now)
    answer = house.hear(0)
    assert answer.transcript.text == "yeet that alarm"
    assert "eat that alarm" in answer.flags[0].reason


# --- what cannot be kept ------------------------------------------------------


def test_a_clip_that_cannot_be_kept_is_an_error_and_not_silence(house: House) -> None:
    class Full:
        def put(self, content: bytes) -> str:
            raise StoreError("no space left")

    keeper = Keeper(house.records, Full(), house.hearing.keeper.codec)  # type: ignore[arg-type]
    hearing = replace(house.hearing, keeper=keeper)
    with pytest.raises(StoreError, match="no space left"):
        list(hear([recording(0)], Source(), START, hearing))
    assert house.records.items() == []


def test_the_pieces_of_a_long_recording_are_joined(house: House) -> None:
    length, pause = 0.9 * PIECE_SECONDS, np.zeros(16_000 * 2, np.float32)
    parts = [part for number in (4, 11, 4) for part in (recording(number, length), pause)]
    answers = list(hear(parts, Source(), START, house.hearing))
    whole = joined(answers)
    assert len(answers) == 3
    assert whole is not None
    assert whole.text == "turn off the light the weather is fine turn off the light"
    assert joined([]) is None


# --- nothing undoubted touches a disk -----------------------------------------

CANARIES = 300


def canary(number: int) -> Samples:
    """A second of noise that no other recording has, at the level of its number."""
    noise = np.random.default_rng(number).choice([-1.0, 1.0], 16_000).astype(np.float32)
    return np.asarray(recording(number) * noise, np.float32)


def written_files(*folders: Path) -> Iterator[tuple[Path, bytes]]:
    for folder in folders:
        for path in folder.rglob("*"):
            if path.is_file():
                yield path, path.read_bytes()


def test_undoubted_sound_and_text_touch_no_disk_no_temporary_file_and_no_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    temporary, data = tmp_path / "temporary", tmp_path / "data"
    temporary.mkdir()
    data.mkdir()
    monkeypatch.setattr("tempfile.tempdir", os.fspath(temporary))
    scripts = {
        number: Script((Reading(f"canary{number:04d} sings", -1.0, confidence=SURE),))
        for number in range(CANARIES)
    }
    scripts[CANARIES] = Script((Reading("doubted canary9999", -3.0, confidence=0.1),))
    house = open_house(data, engine=ScriptedEngine(scripts), memory=RecentSpeech(seconds=0.0))
    for number in range(CANARIES + 1):
        house.now += timedelta(seconds=2)
        list(hear([canary(number)], Source(), house.now, house.hearing))

    found = list(written_files(data, temporary))
    output = "".join(capfd.readouterr()).encode()
    everything = b"".join(content for _, content in found) + output
    assert b"canary9999" in everything, "the scan must find what is kept"
    kept_pcm = [
        to_int16(sound).tobytes() for _, content in found if (sound := _flac(content)) is not None
    ]
    assert kept_pcm == [to_int16(canary(CANARIES)).tobytes()]
    for number in range(CANARIES):
        pcm = to_int16(canary(number))
        assert f"canary{number:04d}".encode() not in everything
        assert pcm[:64].tobytes() not in everything
        assert canary(number)[:64].tobytes() not in everything
    house.records.close()


def _flac(content: bytes) -> Samples | None:
    try:
        return decode_flac(content)
    except AudioError:
        return None
