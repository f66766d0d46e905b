"""Terms and revisions as a lead looks after them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from tests.values import transcript
from tests.workbench.leading import HOSTILE, LEAD, House, csv_rows, decide, house, links, rows

from earwitness.accounts import Role
from earwitness.model import Heard, Interval, Term, TrialOutcome

TERMS = f"{LEAD}/terms"


@pytest.fixture
def home(tmp_path: Path) -> Iterator[House]:
    with house(tmp_path) as found:
        yield found


@pytest.fixture
def lead(home: House) -> Iterator[httpx.Client]:
    with home.browser(Role.LEAD, name="Lea") as browser:
        yield browser


def term(browser: httpx.Client, key: str) -> httpx.Response:
    return browser.get(f"{LEAD}/term", params={"key": key})


def test_every_term_is_listed_with_its_state(home: House, lead: httpx.Client) -> None:
    assert "No term is taught yet" in lead.get(TERMS).text
    home.publish(Term("Yeet", misheard=("eat",), taught_by="ada", why="slang"), Term("finna"))
    home.publish(retire=("finna",), why="nobody says so")
    home.tried("bussin", TrialOutcome.HELD)
    home.tried("the", TrialOutcome.REFUSED)
    home.tried("yeet", TrialOutcome.LIVE)
    listed = rows(lead.get(TERMS))
    assert [row[:3] for row in listed] == [
        ["bussin", "held", "held"],
        ["finna", "retired", ""],
        ["the", "refused", "refused"],
        ["Yeet", "live", "live"],
    ]
    assert listed[0][5] == "ada"
    assert [row[0] for row in rows(lead.get(TERMS, params={"state": "held"}))] == ["bussin"]
    assert [row[0] for row in rows(lead.get(TERMS, params={"q": "EE"}))] == ["Yeet"]
    by_weight = rows(lead.get(TERMS, params={"sort": "weight", "order": "desc"}))
    assert {row[0] for row in by_weight[-2:]} == {"bussin", "the"}, "unknown values come last"
    assert lead.get(TERMS, params={"state": "nonsense"}).status_code == 400
    file = csv_rows(lead, links(lead.get(TERMS))["CSV"])
    assert [row[0] for row in file] == [row[0] for row in listed]


def test_the_page_of_a_term_shows_figures_with_intervals(home: House, lead: httpx.Client) -> None:
    home.publish(Term("Yeet", misheard=("eat",), taught_by="ada", why="slang"))
    home.tried(
        "Yeet",
        TrialOutcome.LIVE,
        u_wer_change=Interval(0.0123, -0.001, 0.02),
        false_accepts_per_hour=Interval(1.5, 0.5, 3.25),
        decoded_clips=7,
    )
    text = " ".join(term(lead, "yeet").text.split())
    for wanted in (
        "+1.23 points", "-0.10 to +2.00", "1.5 an hour", "0.5 to 3.2", "12 clips, 15.0 min",
        "the 7 that sound nearest", "0.75 s", "misheard as</dt><dd><bdi>eat</bdi>",
        "slang", "heard with it",
    ):  # fmt: skip
        assert wanted in text, wanted
    assert term(lead, "never taught").status_code == 404
    assert lead.get(f"{LEAD}/term").status_code == 400


def test_what_still_waits_is_covered_on_it(home: House, lead: httpx.Client) -> None:
    """A trial read clips aloud that a lead may still have to judge blind."""
    home.publish(Term("Yeet"))
    home.keep("u1", "covered one")
    home.judge(home.keep("u2", "open one"), ("ada", "yeet that"))
    for clip in ("u1", "u2"):
        heard = Heard(clip, f"before {clip}", f"after {clip}")
        home.tried("yeet", TrialOutcome.HELD, clip=heard, settles=(heard,))
    text = term(lead, "yeet").text
    assert "before u2" in text
    assert "after u2" in text
    assert "before u1" not in text
    assert "after u1" not in text


def test_where_it_was_used_is_listed(home: House, lead: httpx.Client) -> None:
    revision = home.publish(Term("Yeet"))
    heard = transcript("yeet <b>that</b>", revision)
    assert home.records.settle(home.keep("u1"), heard, "explained", home.now, ["yeet"])
    text = " ".join(term(lead, "yeet").text.split())
    assert "settles now</dt><dd>1 clip<" in text
    assert "yeet &lt;b&gt;that" in text
    assert rows(lead.get(TERMS))[0][8] == "1"


def test_a_term_is_retired_with_a_reason_and_comes_back_by_undo(
    home: House, lead: httpx.Client
) -> None:
    live = home.publish(Term("Yeet"))
    assert home.records.settle(
        home.keep("u1"), transcript("yeet that", live), "explained", home.now, ["yeet"]
    )
    page = f"{LEAD}/term?key=yeet"
    for form in ({"confirm": ""}, {"why": "  "}):
        refused = decide(lead, page, f"{LEAD}/retire", **{"term": "Yeet", **form})
        assert refused.status_code == 400
    assert home.records.revision() == live
    done = decide(lead, page, f"{LEAD}/retire", term="Yeet", why="<i>not</i> said any more")
    shown = lead.get(done.headers["location"]).text
    assert "1 clip waits again" in " ".join(shown.split())
    assert "&lt;i&gt;not&lt;/i&gt; said any more" in shown
    assert home.records.history(1)[0][2:] == ("Lea", "<i>not</i> said any more")
    assert "retired" in term(lead, "yeet").text
    assert decide(lead, page, f"{LEAD}/retire", term="Yeet").status_code == 404

    older = f"{LEAD}/revision?number={live}"
    assert "Yeet" in lead.get(older).text
    stale = decide(lead, older, f"{LEAD}/undo", revision=str(live), newest="1")
    assert stale.status_code == 400
    assert "meanwhile" in stale.text
    undone = decide(lead, older, f"{LEAD}/undo", revision=str(live), newest="2")
    assert undone.headers["location"] == f"{LEAD}/revision?number=3"
    assert "live" in rows(lead.get(TERMS))[0]
    assert [row[0] for row in rows(lead.get(f"{LEAD}/revisions"))] == ["3", "2", "1"]
    for number in ("7", "-1", "9" * 30):
        assert lead.get(f"{LEAD}/revision", params={"number": number}).status_code in (400, 404)
    for odd in ("7", "x", "-1"):
        answer = decide(lead, older, f"{LEAD}/undo", revision=odd, newest="3")
        assert answer.status_code in (400, 404)


def test_a_held_trial_goes_live_by_a_leads_word(home: House, lead: httpx.Client) -> None:
    held = home.tried("bussin", TrialOutcome.HELD, because="too many false accepts", settles=())
    page = f"{LEAD}/term?key=bussin"
    assert "Let it go live" in lead.get(page).text
    done = decide(lead, page, f"{LEAD}/override", trial=held, why="they all say so")
    assert done.status_code == 303, done.text
    shown = lead.get(done.headers["location"]).text
    assert "Overridden by Lea: they all say so" in shown
    assert home.records.lexicon().terms["bussin"].why == "they all say so"
    again = decide(lead, page, f"{LEAD}/override", trial=held)
    assert again.status_code == 400
    assert decide(lead, page, f"{LEAD}/override", trial="f" * 32).status_code == 404


def test_hostile_terms_are_text_everywhere(home: House, lead: httpx.Client) -> None:
    written = HOSTILE[:100]
    home.publish(Term(written, misheard=("=1+1",), taught_by=HOSTILE, why="x" * 1000))
    for page in (lead.get(TERMS), term(lead, written), lead.get(f"{LEAD}/revision?number=1")):
        assert page.status_code == 200
        assert "<script>alert" not in page.text
        assert "&lt;script&gt;" in page.text
    (row,) = csv_rows(lead, links(lead.get(TERMS))["CSV"])
    assert row[0] == written


def test_an_auditor_reads_terms_and_changes_nothing(home: House) -> None:
    home.publish(Term("Yeet"))
    held = home.tried("bussin", TrialOutcome.HELD)
    with home.browser(Role.AUDITOR) as browser:
        for page in (
            term(browser, "yeet"),
            term(browser, "bussin"),
            browser.get(f"{LEAD}/revision?number=0"),
        ):
            assert page.status_code == 200
            assert 'name="why"' not in page.text
        forms = {
            "retire": {"term": "Yeet"},
            "override": {"trial": held},
            "undo": {"revision": "0", "newest": "1"},
        }
        for action, fields in forms.items():
            assert decide(browser, TERMS, f"{LEAD}/{action}", **fields).status_code == 403
    assert home.records.revision() == 1


def test_a_lexicon_of_many_thousands_is_a_page_like_any_other(
    home: House, lead: httpx.Client
) -> None:
    terms = [Term(f"word{number}", taught_at=datetime.now(UTC)) for number in range(5000)]
    home.publish(*terms)
    home.publish(*(replace(each, why="again") for each in terms[:10]))
    page = lead.get(TERMS, params={"sort": "taught_at", "order": "desc", "page": "3"})
    assert len(rows(page)) == 50
    assert ": 5000" in page.text
    assert {"Back", "More"} <= links(page).keys()
