"""The report says everything that the finding holds, escapes it, and needs nothing else."""

from __future__ import annotations

import re
import zlib
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.test_sound_finding import COMPLETE

from earwitness.errors import InputError
from earwitness.sound.findings.contents import Custody, Picture, sections
from earwitness.sound.findings.finding import Material
from earwitness.sound.findings.helvetica import wrapped
from earwitness.sound.findings.pdf import pdf
from earwitness.sound.findings.report import html
from earwitness.sound.png import grey, heat, parts, png

SHOWN = Picture("The original", png(np.eye(8, dtype=np.uint8) * 255, heat()), (0, 2), (0, 8000))
CUSTODY = [Custody("2026-01-02 10:00", "Ann", "took it from the server")]


class Page(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.text += data


def strings(content: bytes) -> bytes:
    """What a PDF shows, line by line."""
    shown = re.findall(rb"\(((?:\\.|[^\\()])*)\) Tj", content)
    return b"\n".join(re.sub(rb"\\(.)", rb"\1", each) for each in shown)


def test_a_report_says_what_the_finding_holds() -> None:
    shown = Page(html(COMPLETE, [SHOWN], CUSTODY)).text
    for each in (
        COMPLETE.question,
        "0" * 64,
        "Butterworth 1930",
        "hz 80",
        "3.00",
        "9.50",
        "put it down",
        "p = 0.0078",
        "consistent with one uninterrupted original recording",
        "The first word is masked by a door.",
        "took it from the server",
        "8000 Hz",
    ):
        assert each in shown


def test_each_recording_has_custody_of_its_own() -> None:
    other = Material("a" * 64, "another device, offset +1.00 ms", True)
    finding = replace(COMPLETE, recordings=(*COMPLETE.recordings, other))
    theirs = Custody("2026-01-03 11:00", "Bob", "sealed it", other.sha256)
    for shown in (
        Page(html(finding, (), [*CUSTODY, theirs])).text,
        strings(pdf(finding, (), [*CUSTODY, theirs])).decode("cp1252"),
    ):
        custody = shown.partition("Custody")[2].partition("The original")[0]
        first, between, second = custody.partition("another device, offset +1.00 ms")
        assert between
        assert "took it from the server" in first
        assert "sealed it" not in first
        assert "sealed it" in second
    alone = html(finding, (), CUSTODY)
    assert alone.count("No record of custody was given.") == 1


def test_a_test_that_was_called_off_is_said_whatever_was_heard() -> None:
    ended = "A blind test was called off by Lea, because: Bob left"
    for finding in (COMPLETE, replace(COMPLETE, heard=(), blind=None)):
        shown = Page(html(replace(finding, called_off=(ended,)))).text
        assert ended in shown.partition("Heard")[2].partition("Limits")[0]


def test_conclusions_stand_apart_from_and_behind_what_was_observed() -> None:
    titles = [each.title for each in sections(COMPLETE, CUSTODY)]
    assert titles.index("Conclusions") > max(
        titles.index(each) for each in ("The original", "Measured", "Heard", "Limits")
    )


def test_a_report_that_is_not_complete_says_so_first() -> None:
    first = sections(replace(COMPLETE, limits=()))[0]
    assert first.title == "Not complete"
    assert first.parts == ("Say what this finding does not show.",)


def test_one_result_of_several_tests_says_so() -> None:
    assert COMPLETE.blind
    assert "chosen among several" not in html(COMPLETE)
    several = replace(COMPLETE, blind=replace(COMPLETE.blind, tests=3))
    assert "3 blind tests were begun with this chain" in Page(html(several)).text


def test_a_result_for_listening_is_marked() -> None:
    marked = replace(COMPLETE, invented=True)
    assert "For listening" in html(marked)
    assert "For listening" not in html(COMPLETE)
    assert b"For listening" in strings(pdf(marked))


def test_nothing_that_was_written_becomes_a_tag() -> None:
    attack = '"><script>alert(1)</script><img src=x>'
    odd = replace(
        COMPLETE,
        question=attack,
        conclusions=(attack,),
        chain={"steps": [{"do": attack, attack: attack}]},
        versions={attack: attack},
    )
    page = Page(html(odd, [replace(SHOWN, title=attack)], [Custody(attack, attack, attack)]))
    assert not {"script", "img"} & set(page.tags)
    assert page.text.count(attack) >= 8


def test_a_report_loads_nothing_from_elsewhere() -> None:
    page = Page(html(COMPLETE, [SHOWN], CUSTODY))
    assert not {"script", "link", "iframe", "object"} & set(page.tags)
    sources = [value or "" for name, value in page.attributes if name in ("src", "href")]
    assert len(sources) == 1
    assert sources[0].startswith("data:image/png;base64,")
    assert "url(" not in html(COMPLETE, [SHOWN], CUSTODY)


def test_a_picture_needs_axes_that_span_something() -> None:
    with pytest.raises(InputError, match="span"):
        replace(SHOWN, seconds=(1.0, 1.0))


# --- PDF --------------------------------------------------------------------


def test_the_table_of_a_pdf_points_at_its_objects() -> None:
    content = pdf(COMPLETE, [SHOWN], CUSTODY)
    start = int(content.split(b"startxref\n")[1].split()[0])
    places = re.findall(rb"(\d{10}) 00000 n ", content[start:])
    assert len(places) > 6
    for number, place in enumerate(places, 1):
        assert content[int(place) :].startswith(b"%d 0 obj\n" % number)


def test_the_same_finding_makes_the_same_pdf() -> None:
    assert pdf(COMPLETE, [SHOWN], CUSTODY) == pdf(COMPLETE, [SHOWN], CUSTODY)


def test_a_pdf_says_what_the_page_says() -> None:
    shown = strings(pdf(COMPLETE, [SHOWN], CUSTODY)).replace(b"\n", b" ")
    for section in sections(COMPLETE, CUSTODY):
        assert section.title.encode() in shown
    assert b"The voice says: put it down." in shown


def test_a_long_finding_goes_on_over_many_pages() -> None:
    long = replace(COMPLETE, limits=tuple(f"Limit {number}" for number in range(300)))
    content = pdf(long)
    count = len(re.findall(rb"/Type /Page ", content))
    assert count > 4
    assert f"Page {count} of {count}".encode() in content
    assert all(f"Limit {number}".encode() in content for number in range(300))
    heights = [float(each) for each in re.findall(rb" ([\d.-]+) Td", content)]
    assert min(heights) > 20


def test_what_the_fonts_do_not_have_is_written_as_its_code() -> None:
    assert wrapped("caf\u00e9 \u4f60", 500, 9.5) == [b"caf\xe9 \\u4f60"]


def test_parentheses_and_backslashes_stay_text() -> None:
    odd = replace(COMPLETE, question=r"a) Tj ET \ (b")
    assert rb"a) Tj ET \ (b" in strings(pdf(odd))


@given(st.text(max_size=300), st.floats(30, 400))
def test_no_line_runs_over_and_no_word_is_lost(text: str, wide: float) -> None:
    lines = wrapped(text, wide, 9.5)
    shown = "".join(each if each.isprintable() or each == "\n" else " " for each in text)
    assert b"".join(b"".join(lines).split()) == b"".join(
        shown.encode("cp1252", "backslashreplace").split()
    )


def test_a_picture_of_a_pdf_is_the_same_picture() -> None:
    content = pdf(COMPLETE, [SHOWN])
    found = parts(SHOWN.png)
    assert found.data in content
    assert len(zlib.decompress(found.data)) == found.rows * (found.columns + 1)


def test_a_picture_from_elsewhere_is_refused() -> None:
    with pytest.raises(InputError, match="not a picture"):
        pdf(COMPLETE, [replace(SHOWN, png=b"GIF89a")])
    assert parts(png(np.zeros((1, 1), np.uint8), grey())).columns == 1
