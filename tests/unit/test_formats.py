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


@given(st.lists(TERMS))
def test_terms_survive_a_spreadsheet(terms: list[Term]) -> None:
    assert terms_csv.read(terms_csv.write(terms), "terms.csv") == terms


def test_a_cell_that_looks_like_a_formula_is_disarmed() -> None:
    assert "'=1+1" in terms_csv.write([Term("yeet", why="=1+1")])


def test_a_file_saved_by_a_spreadsheet_with_a_byte_order_mark_is_read() -> None:
    assert terms_csv.read("\ufeffwritten\nyeet\n", "terms.csv") == [Term("yeet")]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("", "terms.csv"),
        ("word\nyeet\n", "terms.csv"),
        ("written,colour\nyeet,red\n", "terms.csv"),
        ("written\nyeet,and more\n", "line 2"),
        ("written,weight\nyeet,heavy\n", "line 2"),
        ("written,weight\nyeet,-1\n", "line 2"),
        ("written,weight\nyeet,inf\n", "line 2"),
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
