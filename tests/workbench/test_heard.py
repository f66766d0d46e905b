"""What is shown and offered after an answer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from tests.values import trial
from tests.workbench.leading import LEAD, House, house

from earwitness.accounts import Role
from earwitness.doors.workbench.wording import false_accepts
from earwitness.flow.teach import ALREADY
from earwitness.model import Interval, Source, Term, TrialOutcome


@pytest.fixture
def home(tmp_path: Path) -> Iterator[House]:
    with house(tmp_path) as found:
        yield found


@pytest.fixture
def analyst(home: House) -> Iterator[httpx.Client]:
    with home.browser(Role.ANALYST, name="ada") as browser:
        yield browser


def heard(browser: httpx.Client, name: str) -> str:
    page = browser.get(f"/workbench/heard/{name}")
    assert page.status_code == 200, page.text
    return " ".join(page.text.split())


def taught(home: House, because: str, clip: str) -> None:
    home.publish(Term("yeet"))
    term = Term("yeet", utterance=clip)
    home.tried("yeet", TrialOutcome.LIVE, because=because, term=term, settles=())


def test_what_was_taught_in_vain_says_so(home: House, analyst: httpx.Client) -> None:
    clip = home.judge(home.keep("u1"), ("ada", "yeet that"))
    taught(home, ALREADY, clip)
    page = heard(analyst, clip)
    assert "nothing new was learned" in page
    assert 'data-state="live"' not in page
    assert "false accepts" not in page
    with home.browser(Role.LEAD) as lead:
        term = lead.get(f"{LEAD}/term", params={"key": "yeet"}).text
        assert '<span class="quiet">nothing new</span>' in term


def test_what_went_live_by_a_leads_word_was_not_in_vain(home: House, analyst: httpx.Client) -> None:
    clip = home.judge(home.keep("u1"), ("ada", "yeet that"))
    taught(home, "2.5 false accepts per hour. Overridden by Lea: they all say so", clip)
    page = heard(analyst, clip)
    assert "nothing new" not in page
    assert 'data-state="live"' in page
    assert "Overridden by Lea" in page


def test_only_what_is_live_for_the_house_is_live_already(
    home: House, analyst: httpx.Client
) -> None:
    home.publish(Term("yeet", scope="household:home-2"))
    mine = home.judge(home.keep("u1"), ("ada", "yeet that"))
    theirs = home.keep("u2", source=Source("kitchen", "home-2"))
    home.judge(theirs, ("ada", "yeet that"))
    assert "is live already" not in heard(analyst, mine)
    assert "Teach <strong>yeet</strong>" in heard(analyst, mine)
    assert "is live already" in heard(analyst, theirs)


def test_a_lead_is_led_to_the_term_that_is_live(home: House, analyst: httpx.Client) -> None:
    home.publish(Term("Yeet"))
    clip = home.judge(home.keep("u1"), ("ada", "yeet that"))
    other = home.judge(home.keep("u2"), ("Lea", "yeet that"))
    link = f'href="{LEAD}/term?key=yeet"'
    assert link not in heard(analyst, clip)
    with home.browser(Role.LEAD, name="Lea") as lead:
        assert link in heard(lead, other)


def test_what_is_learned_without_a_misheard_form_is_said_once(
    home: House, analyst: httpx.Client
) -> None:
    said = "learned by its spelling"
    many = home.keep("u1", "go to the shop")
    home.judge(many, ("ada", "gochujang go hella to finna the shop bussin"))
    assert heard(analyst, many).count(said) == 1
    alike = home.judge(home.keep("u2"), ("ada", "yeet that"))
    assert said not in heard(analyst, alike)


@pytest.mark.parametrize(
    ("hours", "high", "said"),
    [
        (2.1 / 60, 102.4, "none in 2 min (could be 102 an hour)"),
        (0.005, 700.0, "none in under a minute (could be 700 an hour)"),
        (4.0, 0.92, "none in 240 min (so under 0.92 an hour)"),
        (0.0, 0.0, "not measured"),
    ],
)
def test_what_was_tested_is_said_with_what_it_can_promise(
    hours: float, high: float, said: str
) -> None:
    found = Interval(0.0, 0.0, high)
    assert said == false_accepts(
        replace(trial(), regression_hours=hours, false_accepts_per_hour=found)
    )
