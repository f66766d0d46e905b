"""Unknown words, agreement, adjudication, gold and accuracy, as a lead sees them."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from datetime import timedelta
from html import unescape
from pathlib import Path

import httpx
import pytest
from tests.workbench.leading import HOSTILE, LEAD, House, csv_rows, decide, house, links, rows

from earwitness.accounts import Role
from earwitness.model import ItemState, Source, Term

WORDS, AGREEMENT, CLIPS = f"{LEAD}/words", f"{LEAD}/agreement", f"{LEAD}/clips"
ACCURACY = f"{LEAD}/accuracy"
LONG = "la " * 3300 + "<script>"


@pytest.fixture
def home(tmp_path: Path) -> Iterator[House]:
    with house(tmp_path) as found:
        yield found


@pytest.fixture
def lead(home: House) -> Iterator[httpx.Client]:
    with home.browser(Role.LEAD, name="Lea") as browser:
        yield browser


# --- unknown words ------------------------------------------------------------------


def test_words_that_the_machine_does_not_know_are_ranked_and_can_be_taught(
    home: House, lead: httpx.Client
) -> None:
    for number in range(3):
        name = home.keep(f"u{number}", "call seer sha", source=Source("d", f"home-{number % 2}"))
        home.judge(name, ("ada", "call Saoirse"))
    home.judge(home.keep("u3", "the lights"), ("ada", "the light"))
    home.judge(home.keep("u4", "eat that"), ("ada", "yeet that"))
    home.keep("u5", "call covered")
    home.publish(Term("yeet"))
    page = lead.get(WORDS)
    assert [row[:5] for row in rows(page)] == [
        ["Saoirse", "3", "2", "1", "seer sha"],
        ["light", "1", "1", "1", "lights"],
    ]
    assert [row[0] for row in csv_rows(lead, links(page)["CSV"])] == ["Saoirse", "light"]
    found = re.search(r'href="([^"]*written=Saoirse[^"]*)"', page.text)
    assert found
    form = unescape(found[1])
    assert "call Saoirse" in lead.get(form).text
    fields = {"written": "Saoirse", "utterance": "u2", "scope": "everywhere"}
    for wrong in ({"written": "  "}, {"written": "absent"}, {"scope": "household:other"}):
        refused = decide(lead, form, f"{LEAD}/teach", **{**fields, **wrong})
        assert refused.status_code == 400, wrong
    for unknown in ("u5", "nowhere"):
        answer = decide(lead, form, f"{LEAD}/teach", **{**fields, "utterance": unknown})
        assert answer.status_code == 404
    assert home.records.trials() == []
    done = decide(lead, form, f"{LEAD}/teach", why="a name", **fields)
    assert done.status_code == 303
    until = time.monotonic() + 60
    while not home.records.trials("saoirse"):
        shown = lead.get(done.headers["location"])
        assert shown.status_code == 200
        assert time.monotonic() < until
        time.sleep(0.1)
    ((_, trial, _),) = home.records.trials("saoirse")
    assert (trial.term.taught_by, trial.term.why, trial.term.utterance) == ("Lea", "a name", "u2")
    shown = lead.get(done.headers["location"]).text
    assert "Trial" in shown


# --- agreement and adjudication -------------------------------------------------------


def test_agreement_has_intervals_and_ranks_nobody(home: House, lead: httpx.Client) -> None:
    assert "No clip has two blind listeners yet" in lead.get(AGREEMENT).text
    for number in range(20):
        second = "" if number == 0 else "a b"
        home.judge(home.keep(f"u{number:02}"), ("bob", "a b"), ("ada", second))
    home.judge(home.keep("u99"), ("ada", ""), ("cleo", ""))
    page = lead.get(AGREEMENT)
    text = " ".join(re.sub(r"<[^>]*>", " ", page.text).split())
    assert "same verdict and words 95.2 % 95 %: 77.3 to 99.2" in text
    assert "Cohen's kappa" in text.replace("&#39;", "'")
    (pair,) = rows(page)
    assert pair[:3] == ["ada", "bob", "20"]
    assert "95 (76 to 99)" in pair[3]
    assert "1 pair has fewer" in text
    assert "aria-sort" not in page.text
    for figure in ("agreed", "kappa", "words"):
        assert lead.get(AGREEMENT, params={"sort": figure}).status_code == 400
    assert csv_rows(lead, links(page)["CSV"])[0][:3] == ["ada", "bob", "20"]


def adjudication(home: House, name: str = "disputed", one: str = "yeet that") -> str:
    home.judge(
        home.keep(name, f"eat {HOSTILE}"), ("ada", one), ("bob", "heat that"),
        end=ItemState.ADJUDICATION,
    )  # fmt: skip
    return f"{LEAD}/adjudication/{name}"


def test_a_third_decides_where_two_disagree(home: House, lead: httpx.Client) -> None:
    at = adjudication(home)
    found = links(lead.get(links(lead.get(AGREEMENT))["1 clip waits"]))
    page = lead.get(found["disputed"])
    assert page.request.url.path == at
    for text in ("yeet that", "heat that", "eat &lt;script&gt;"):
        assert text in page.text
    named = re.search(r"\b(ada|bob)\b", page.text)  # a token may hold any three letters
    assert named is None, "who wrote what is no reason to believe it"
    for wrong in ({"text": "[yeet that"}, {"text": ""}, {"verdict": "nonsense"}):
        refused = decide(lead, at, at, **{"verdict": "transcript", **wrong})
        assert refused.status_code == 400
        assert wrong.get("text", "") in refused.text
    done = decide(lead, at, at, verdict="transcript", text="[yeet] that")
    assert done.status_code == 303
    assert home.records.item("disputed").closed_because == "adjudicated by Lea"
    last = home.records.judgements("disputed")[-1]
    assert (last.analyst, last.text, last.blind) == ("Lea", "yeet that", False)
    assert [each.written for each in last.terms] == ["yeet"]
    assert lead.get(at).status_code == 404
    assert lead.get(f"{LEAD}/adjudication/unknown").status_code == 404


def test_who_was_one_of_the_two_does_not_decide(home: House) -> None:
    at = adjudication(home)
    with home.browser(Role.LEAD, name="bob") as bob:
        page = bob.get(at)
        assert "somebody else decides" in page.text
        assert "<textarea" not in page.text
        refused = decide(bob, at, at, verdict="transcript", text="mine after all")
        assert refused.status_code == 409
    assert home.records.item("disputed").state is ItemState.ADJUDICATION


def test_nobody_decides_on_what_another_holds_and_nothing_typed_is_lost(
    home: House, lead: httpx.Client
) -> None:
    at = adjudication(home)
    assert home.records.lease("cleo", home.now, timedelta(hours=1), "disputed") is not None
    late = decide(lead, at, at, verdict="transcript", text="typed with care")
    assert late.status_code == 409
    assert "typed with care" in late.text


def test_a_waiting_clip_is_not_shown_as_if_it_were_disputed(
    home: House, lead: httpx.Client
) -> None:
    home.keep("u1", "covered words")
    at = f"{LEAD}/adjudication/u1"
    assert lead.get(at).status_code == 404
    token_page = AGREEMENT
    with home.browser(Role.AUDITOR) as auditor:
        assert auditor.get(at).status_code == 403
        assert auditor.get(AGREEMENT).status_code == 200
    assert decide(lead, token_page, at, verdict="no_speech").status_code in (400, 404, 500)
    assert home.records.judgements("u1") == []


def test_texts_of_ten_thousand_characters_are_shown_without_aligning_them(
    home: House, lead: httpx.Client
) -> None:
    page = lead.get(adjudication(home, "long", LONG))
    assert page.status_code == 200
    assert "<script>" not in re.sub(r'<script type="importmap">', "", page.text)
    assert "la la la" in page.text


# --- gold -------------------------------------------------------------------------------


def test_a_judged_clip_becomes_gold_and_is_taken_back(home: House, lead: httpx.Client) -> None:
    home.judge(home.keep("u1", f"eat {HOSTILE}"), ("ada", "eat that"), ("bob", "eat that"))
    home.judge(home.keep("u2"), ("ada", "eat that"))
    home.keep("u3", "covered words")
    page = lead.get(CLIPS)
    assert {row[0] for row in rows(page)} == {"u1", "u2"}
    assert "covered" not in page.text
    assert "<script>alert" not in page.text
    at = links(page)["u1"]
    assert ">eat that</textarea>" in lead.get(at).text
    fields = {"verdict": "transcript", "text": "yeet  that"}
    for wrong in ({"confirm": ""}, {"why": ""}, {"verdict": "x"}, {"text": ""}):
        assert decide(lead, at, f"{at}/gold", **{**fields, **wrong}).status_code == 400, wrong
    assert decide(lead, at, f"{at}/gold", why="heard it", **fields).status_code == 303
    closed = home.records.closed("u1")
    assert closed.gold is not None
    assert (closed.gold.text, closed.gold.by, closed.gold.why) == ("yeet that", "Lea", "heard it")
    listed = lead.get(CLIPS, params={"gold": "1"})
    assert [row[0] for row in rows(listed)] == ["u1"]
    text = " ".join(re.sub(r"<[^>]*>", " ", listed.text).split())
    assert "word error against gold 50.0 %" in text.replace("&#39;", "'")
    assert [row[3] for row in csv_rows(lead, links(listed)["CSV"])] == ["yeet that"]
    for name, status in (("u3", 400), ("unknown", 400)):
        answer = decide(lead, at, f"{CLIPS}/{name}/gold", **fields)
        assert answer.status_code == status
    assert lead.get(f"{CLIPS}/u3").status_code == 404
    assert decide(lead, at, f"{at}/not-gold", why="I erred").status_code == 303
    assert home.records.closed("u1").gold is None
    assert decide(lead, at, f"{at}/not-gold").status_code == 404
    reasons = [line["why"] for line in home.server.log() if line["event"] == "no longer gold"]
    assert reasons == ["I erred"]


# --- accuracy -----------------------------------------------------------------------------


def test_accuracy_comes_from_the_audit_sample_alone(home: House, lead: httpx.Client) -> None:
    assert "No clip of the audit sample" in lead.get(ACCURACY).text
    for number in range(6):
        ago, right = timedelta(days=7 * number), number % 3
        name = home.keep(
            f"a{number}", "a b c" if right else "a b x", reason="audit_sample", ago=ago,
            revision=number % 2,
        )  # fmt: skip
        home.judge(name, ("ada", "a b c"))
    home.judge(home.keep("doubted", "x y z"), ("ada", "a b c"))
    home.keep("undecided", "x", reason="audit_sample")
    old = home.keep("old", "x", reason="audit_sample", ago=timedelta(days=400))
    home.judge(old, ("ada", "a b c"))
    home.publish(Term("yeet"), why=HOSTILE)
    page = lead.get(ACCURACY)
    text = " ".join(re.sub(r"<[^>]*>", " ", page.text).split())
    assert "utterances compared 6" in text
    assert "without an error 66.7 % 95 %: 30.0 to 90.3" in text
    assert "word error rate 11.1 %" in text
    assert "1 not decided yet" in text
    assert len(rows(page)) == 6
    assert page.text.count("<circle") == 12
    assert page.text.count('class="event"') == 2
    assert "style=" not in page.text
    assert "<script>alert" not in page.text
    assert "of 3" in text, "before and after a revision"
    assert len(rows(lead.get(ACCURACY, params={"period": "day", "days": "28"}))) == 4
    assert len(csv_rows(lead, links(page)["CSV"])) == 6
    for asked in ({"period": "hour"}, {"days": "3"}):
        assert lead.get(ACCURACY, params=asked).status_code == 400
