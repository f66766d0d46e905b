"""What is written for other tools can be read back, and damage is named."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earwitness.doors.formats import judged, terms_csv
from earwitness.doors.formats.judged import Judged
from earwitness.errors import InputError
from earwitness.model import Term

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
CLIPS = st.builds(
    Judged,
    audio=TEXT,
    seconds=st.floats(0, 100).map(lambda seconds: round(seconds, 3)),
    texts=st.lists(st.tuples(TEXT, TEXT), min_size=1, max_size=2).map(tuple),
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


@given(st.lists(CLIPS, min_size=1))
def test_label_studio_reads_what_was_judged(clips: list[Judged]) -> None:
    assert judged.read(judged.write_label_studio(clips), "tasks.json") == clips


@given(st.lists(CLIPS, min_size=1))
def test_a_nemo_manifest_holds_the_last_word_on_every_clip(clips: list[Judged]) -> None:
    kept = judged.read(judged.write_nemo(clips), "manifest.json")
    assert [(clip.audio, clip.seconds, clip.text) for clip in kept] == [
        (clip.audio, clip.seconds, clip.text) for clip in clips
    ]


@pytest.mark.parametrize(
    "text",
    ["[", "{", "[1]", '{"text": "no audio"}', '[{"data": {}, "annotations": []}]', "[" * 100_000],
)
def test_a_damaged_manifest_is_refused_by_name(text: str) -> None:
    with pytest.raises(InputError, match=r"manifest\.json"):
        judged.read(text, "manifest.json")
