"""What is written for other tools can be read back, and damage is named."""

from __future__ import annotations

import csv
import io
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earwitness.doors.formats import judged, labels, terms_csv
from earwitness.doors.formats.cells import FORMULA, bare, guarded
from earwitness.doors.formats.judged import Judged, Said
from earwitness.doors.formats.textgrids import textgrid, textgrids
from earwitness.errors import InputError
from earwitness.flow.gold import Label, Refused
from earwitness.model import Term, Verdict, Word

TEXT = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1)
FORM = st.from_regex(r"[a-z'=+@-]+( [a-z]+)?", fullmatch=True)
TERMS = st.builds(
    Term,
    written=TEXT,
    spoken=st.lists(FORM, max_size=3).map(tuple),
    misheard=st.lists(FORM, max_size=3).map(tuple),
    scope=st.sampled_from(["everywhere", "locale:en-GB", "household:7"]),
    weight=st.sampled_from([0.5, 1.0, 2.25]),
    why=st.just("") | TEXT,
)
WORDS = TEXT.map(str.split).map(" ".join).filter(bool)
SAID = st.builds(Said, listener=TEXT, text=WORDS)
OTHER = st.builds(Said, listener=TEXT, text=st.just(""), verdict=st.sampled_from(list(Verdict)[1:]))
CLIPS = st.builds(
    Judged,
    audio=TEXT,
    seconds=st.floats(0, 100).map(lambda seconds: round(seconds, 3)),
    said=st.lists(SAID | OTHER, min_size=1, max_size=3).map(tuple),
    machine=TEXT,
    model=TEXT,
    engine=TEXT,
    revision=st.integers(0, 10**6),
    utterance=st.uuids().map(lambda each: each.hex),
    clip=TEXT,
    gold=st.none() | st.builds(Said, listener=st.just("gold"), text=WORDS),
)


@given(st.lists(TERMS, unique_by=lambda term: term.key))
def test_terms_survive_a_spreadsheet(terms: list[Term]) -> None:
    assert terms_csv.read(terms_csv.write(terms), "terms.csv") == terms


def test_a_cell_that_looks_like_a_formula_is_disarmed() -> None:
    assert "'=1+1" in terms_csv.write([Term("yeet", why="=1+1")])


def test_a_file_saved_by_a_spreadsheet_with_a_byte_order_mark_is_read() -> None:
    assert terms_csv.read("\ufeffwritten\nyeet\n", "terms.csv") == [Term("yeet")]


def test_a_file_with_semicolons_and_empty_rows_is_read() -> None:
    text = "\ufeffwritten;misheard;why\r\nyeet;eat|yeast;slang, young\r\n;;\r\n"
    wanted = Term("yeet", misheard=("eat", "yeast"), why="slang, young")
    assert terms_csv.read(text, "terms.csv") == [wanted]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("", "terms.csv, line 1: .*'written'"),
        ("scope\neverywhere\n", "terms.csv, line 1: .*'written'"),
        ("word\nyeet\n", "terms.csv, line 1, column 1: 'word'"),
        ("written,colour\nyeet,red\n", "terms.csv, line 1, column 2: 'colour'"),
        ("written,why,why\nyeet,a,b\n", "terms.csv, line 1, column 3: 'why'"),
        ("written\nyeet,and more\n", "terms.csv, line 2, column 2"),
        ("written,why\n,slang\n", "terms.csv, line 2, column 'written'"),
        ("written\nBet\nyeet\nbet\n", "line 4, column 'written': 'bet' is on line 2"),
        *(
            (f"written,weight\nbet,1\nyeet,{weight}\n", "terms.csv, line 3, column 'weight'")
            for weight in ("heavy", "-1", "0", "0.01", "4.5", "inf", "nan")
        ),
        ('written\n"yeet\n', "line 2"),
    ],
)
def test_a_damaged_file_of_terms_is_refused_where_it_is_damaged(text: str, names: str) -> None:
    with pytest.raises(InputError, match=names):
        terms_csv.read(text, "terms.csv")


@given(st.lists(CLIPS, min_size=1, max_size=4))
def test_label_studio_and_nemo_files_give_back_what_was_judged(clips: list[Judged]) -> None:
    wordy = [clip for clip in clips if clip.texts]
    assert labels.clips("".join(judged.label_studio(clips)), "tasks.json") == wordy
    written = [clip for clip in clips if clip.decided.verdict is Verdict.TRANSCRIPT]
    kept = labels.clips("".join(judged.nemo(clips)), "manifest.json")
    assert kept == [clip for clip in written if clip.texts]


@given(st.lists(CLIPS, min_size=1, max_size=4, unique_by=lambda clip: clip.utterance))
def test_every_file_says_of_each_clip_what_was_decided(clips: list[Judged]) -> None:
    said = [(each.utterance, each.decided.verdict, each.decided.text) for each in clips]
    for write in (judged.label_studio, judged.clips_csv):
        read = labels.labels("".join(write(clips)), "file")
        assert [(e.utterance, e.verdict, e.text) for e in read if isinstance(e, Label)] == said
    for row in list(csv.reader(io.StringIO("".join(judged.clips_csv(clips)))))[1:]:
        assert not [cell for cell in row if cell.startswith(FORMULA)]


def test_a_manifest_of_another_tool_is_read_without_our_fields() -> None:
    line = '{"audio_filepath": "a.wav", "duration": 1.5, "text": "yeet that"}\n'
    assert labels.clips(line, "m.json") == [Judged("a.wav", 1.5, (Said("", "yeet that"),))]
    (refused,) = labels.labels(line, "m.json")
    assert isinstance(refused, Refused)
    assert (refused.where, refused.why) == ("m.json, line 1", "it does not name an utterance")


def test_a_task_that_nobody_has_done_yet_is_passed_over() -> None:
    text = '[{"data": {"audio": "a.wav"}, "annotations": []}]'
    assert labels.clips(text, "tasks.json") == []
    (refused,) = labels.labels(text, "tasks.json")
    assert isinstance(refused, Refused)
    assert "annotated" in refused.why


def test_a_text_that_was_changed_in_the_file_is_what_counts() -> None:
    (line,) = judged.nemo([Judged("a.wav", 1.0, (Said("a", "eat that"),), utterance="u1")])
    changed = line.replace('"text": "eat that", "u', '"text": "yeet that", "u')
    assert changed != line
    (label,) = labels.labels(changed, "m.json")
    assert isinstance(label, Label)
    assert label.text == "yeet that"


@pytest.mark.parametrize(
    "text",
    ["[", "{", "[1]", '{"text": "no audio"}', '[{"data": {}, "annotations": []}]', "[" * 100_000],
)
def test_a_damaged_manifest_is_refused_by_name(text: str) -> None:
    with pytest.raises(InputError, match=r"manifest\.json"):
        labels.clips(text, "manifest.json")
    assert all(isinstance(each, Refused) for each in labels.labels(text, "manifest.json"))


def test_bad_lines_are_named_and_stop_no_other() -> None:
    text = (
        "utterance,verdict,text\r\nu1,transcript,'=1+1\r\n,transcript,x\r\nu2,nonsense,x\r\n"
        "u3\r\nu4,no_speech,\r\nu5,,plain,more\r\n"
    )
    read = labels.labels(text, "f.csv")
    assert [each.where for each in read if isinstance(each, Refused)] == [
        "f.csv, line 3", "f.csv, line 4", "f.csv, line 5", "f.csv, line 7",
    ]  # fmt: skip
    assert [each for each in read if isinstance(each, Label)] == [
        Label("f.csv, line 2", "u1", Verdict.TRANSCRIPT, "=1+1"),
        Label("f.csv, line 6", "u4", Verdict.NO_SPEECH, ""),
    ]
    for empty in ("", "utterance,text\n"):
        with pytest.raises(InputError, match=r"f\.csv"):
            labels.labels(empty, "f.csv")
    with pytest.raises(InputError, match=r"line 1: no column text and utterance"):
        labels.labels("a,b\n1,2\n", "f.csv")


def test_a_textgrid_is_as_praat_writes_it() -> None:
    words = (Word("Eat", (), start=0.25, end=0.5), Word('"that"', (), start=0.4, end=9.0))
    said = (Said("a", 'yeet "that"'),)
    clip = Judged("a.wav", 1.5, said, machine="eat\nthat", utterance="../u1", words=words)
    assert textgrid(clip) == TEXTGRID
    archive = zipfile.ZipFile(io.BytesIO(b"".join(textgrids([clip]))))
    assert archive.namelist() == [".._u1.TextGrid"]
    assert archive.read(".._u1.TextGrid").decode() == TEXTGRID
    silent = textgrid(Judged("a.wav", 0.0, (Said("a", "", Verdict.NO_SPEECH),)))
    assert "size = 2" in silent
    assert '"words"' not in silent


TEXTGRID = '''File type = "ooTextFile"
Object class = "TextGrid"

xmin = 0
xmax = 1.5
tiers? <exists>
size = 3
item []:
    item [1]:
        class = "IntervalTier"
        name = "human"
        xmin = 0
        xmax = 1.5
        intervals: size = 1
        intervals [1]:
            xmin = 0
            xmax = 1.5
            text = "yeet ""that"""
    item [2]:
        class = "IntervalTier"
        name = "machine"
        xmin = 0
        xmax = 1.5
        intervals: size = 1
        intervals [1]:
            xmin = 0
            xmax = 1.5
            text = "eat that"
    item [3]:
        class = "IntervalTier"
        name = "words"
        xmin = 0
        xmax = 1.5
        intervals: size = 3
        intervals [1]:
            xmin = 0
            xmax = 0.25
            text = ""
        intervals [2]:
            xmin = 0.25
            xmax = 0.5
            text = "Eat"
        intervals [3]:
            xmin = 0.5
            xmax = 1.5
            text = """that"""
'''


@given(TEXT)
def test_a_guarded_cell_comes_back(text: str) -> None:
    assert bare(guarded(text)) == text
    assert not guarded(text).startswith(FORMULA)
