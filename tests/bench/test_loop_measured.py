"""Teaching, harm, doubt, liveness and memory measured on scripted recordings."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.bench_sets import Spoken, write

from earwitness.audio.reader import Reader
from earwitness.bench import doubt, harm, live, memory, sets, table, teach
from earwitness.bench.doors_table import DOORS, DoorsExtent
from earwitness.bench.manifest import read
from earwitness.bench.program import temporary_program
from earwitness.config import Settings
from earwitness.engines import Options, open_engine
from earwitness.engines.scripted import recording
from earwitness.errors import LexiconUnsupported, ManifestError

WEAK = [("eat that", -2.0, None), ("yeet that", -4.0, "yeet")]
SET = [
    Spoken("yeet that", WEAK, "ann", ["yeet"]),
    Spoken("yeet that", WEAK, "bob", ["yeet"]),
    Spoken("yeet it", [("heat it", -2.0, None), ("yeet it", -30.0, "yeet")], "cem", ["yeet"]),
    Spoken("no cap", [("no cap", -1.0, "no cap"), ("no cat", -0.5, None)], "ann", ["no cap"]),
]
NEGATIVES = [
    Spoken("eat that", WEAK, "dan", ["yeet"]),
    Spoken("go home", [("go home", -1.0, None)], "dan"),
]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """The scripted engine; recordings 0 to 3 are the set, 4 and 5 the negatives."""
    _, script = write(tmp_path / "set", SET)
    _, more = write(tmp_path / "negatives", NEGATIVES, first=len(SET))
    both = json.loads(script.read_text()) | json.loads(more.read_text())
    script.write_text(json.dumps(both), encoding="utf-8")
    return Settings(data=tmp_path / "data", engine="scripted", engine_model=script)


def test_a_term_is_taught_from_one_speaker_and_tested_on_the_others(
    settings: Settings, tmp_path: Path
) -> None:
    planned, untestable = teach.lessons(read(tmp_path / "set" / "manifest.tsv"))
    assert [lesson.term for lesson in planned] == ["yeet"]
    assert planned[0].taught_from.speaker == "ann"
    assert [row.speaker for row in planned[0].tests] == ["bob", "cem"]
    assert untestable == ["no cap"]


def test_terms_take_turns_in_whose_voice_teaches_them(tmp_path: Path) -> None:
    spoken = [
        Spoken(term, [(term, -1.0, term)], speaker, [term])
        for term in ("yeet", "rizz", "glizzy")
        for speaker in ("ann", "bob")
    ]
    manifest, _ = write(tmp_path, spoken)
    planned, _ = teach.lessons(read(manifest))
    assert [lesson.taught_from.speaker for lesson in planned] == ["ann", "bob", "ann"]


def test_a_manifest_without_a_second_speaker_is_refused(tmp_path: Path) -> None:
    manifest, _ = write(tmp_path, SET[:1])
    with pytest.raises(ManifestError, match="two speakers"):
        teach.lessons(read(manifest))


def test_an_engine_without_live_terms_cannot_be_taught(settings: Settings, tmp_path: Path) -> None:
    library = open_engine("moonshine-library")
    with pytest.raises(LexiconUnsupported, match="moonshine_library"):
        teach.run(tmp_path / "set" / "manifest.tsv", settings, Reader(), engine=library)
    with pytest.raises(LexiconUnsupported, match="moonshine_library"):
        harm.run([tmp_path / "set" / "manifest.tsv"], Reader(), library)


def test_harm_is_what_the_terms_changed(settings: Settings, tmp_path: Path) -> None:
    engine = open_engine("scripted", Options(model=settings.engine_model))
    manifests = [tmp_path / name / "manifest.tsv" for name in ("set", "negatives")]
    found = harm.run(manifests, Reader(), engine, sizes=(20, 50))
    assert found["utterances"] == 6
    assert [each["live_terms"] for each in found["sizes"].values()] == [20, 50]
    for each in found["sizes"].values():
        assert (each["u_wer_change"], each["false_accepts_per_hour"]) == (0.0, 0.0)
        assert each["u_wer"] == each["u_wer_without_terms"] == 4 / 12


def test_a_published_word_reaches_every_thread(settings: Settings) -> None:
    found = live.run([recording(0), recording(5)], settings, terms=50, publications=5)
    assert (found["live_terms"], found["threads"]) == (55, 2)
    assert found["seconds_to_every_thread"]["p50"] > 0
    assert found["seconds_to_publish"]["p50"] > 0
    assert found["seconds_to_hear_an_utterance"]["p50"] > 0
    assert found["utterance_seconds"] == {"p50": 1.0, "p99": 1.0}


def test_a_fresh_process_is_measured_with_its_terms(settings: Settings) -> None:
    found = memory.run(recording(0), settings, terms=50)
    assert found["live_terms"] == 50
    assert 0 < found["ready_s"] <= found["first_answer_s"]
    assert 10 < found["rss_mib_when_ready"] <= found["peak_rss_mib"]


def test_doubt_is_measured_against_the_plain_threshold(settings: Settings, tmp_path: Path) -> None:
    engine = open_engine("scripted", Options(model=settings.engine_model))
    found = doubt.run(tmp_path / "set" / "manifest.tsv", Reader(), engine)
    assert (found["utterances"], found["words"]) == (4, 8)
    assert found["word"]["wrong"] == 4

    assert found["word"]["auc"] == found["word"]["auc_plain"]
    assert found["utterance"]["wrong"] == 4
    assert found["utterance"]["auc"] is None


def test_wrong_words_are_those_without_a_match() -> None:
    engine_said = doubt.wrong_words("set 25 now", _hypothesis("Set twenty-five, um now."))
    assert engine_said == [False, False, True, False]
    assert doubt.wrong_words("", _hypothesis("- hm")) == [None, True]


def _hypothesis(text: str):  # type: ignore[no-untyped-def]
    from earwitness.model import Hypothesis, Word

    return Hypothesis(text, tuple(Word(word, (-1.0,)) for word in text.split()), -1.0)


def test_the_recordings_that_ship_stand_in_for_those_that_are_not_there(tmp_path: Path) -> None:
    assert sets.shipped().name == "the recordings that ship"
    assert len(sets.shipped().taught.rows) >= 20
    with pytest.raises(ManifestError, match="speech_librispeech_other"):
        sets.find(tmp_path)


def test_the_table_says_what_was_reached(tmp_path: Path) -> None:
    shipped = sets.shipped()
    few = sets.Sets(
        name="a few",
        speech={"regression": _first(shipped.speech["regression"], 3)},
        terms={"demo": _first(shipped.taught, 4)},
        taught=_first(shipped.taught, 4),
        negatives=_first(shipped.negatives, 2),
    )
    at_doors = DoorsExtent(
        doors=DOORS[:1], talkers=2, seconds=2, connected=3, speaking=2, slow_clients=2
    )
    extent = table.Extent(distractors=10, many=10, very_many=20, publications=2, doors=at_doors)
    with temporary_program(Settings(data=tmp_path)) as program:
        found = json.loads(json.dumps(table.run(program, few, extent=extent)))
    assert len(found["lines"]) == 27 - 3 * len(DOORS[1:])
    assert found["measured"]["taught"]["terms"] == 1
    assert found["measured"]["taught"]["test_clips"] == 3
    assert all(line["met"] in (True, False, None) and line["reached"] for line in found["lines"])
    assert table.render(found).row_count == len(found["lines"])


def _first(manifest, count: int):  # type: ignore[no-untyped-def]
    from dataclasses import replace

    return replace(manifest, rows=manifest.rows[:count])
