"""A running server, what is in its store, and a lead's browser."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path

import httpx
from tests.doors.servers import Running, up
from tests.values import judgement, transcript, trial
from tests.workbench.browsing import browser_at, field

from earwitness.accounts import Account, Password, Role
from earwitness.audio.clip import encode_flac
from earwitness.engines.scripted import recording
from earwitness.flow import access, accounts
from earwitness.model import (
    Flag,
    ItemState,
    ReviewItem,
    Source,
    Term,
    TrialOutcome,
    Utterance,
    Verdict,
)
from earwitness.review.queue import priority
from earwitness.stores import SqlRecords
from earwitness.wiring import Earwitness

KNOWN = Password("no password opens this", b"t" * accounts.TOTP_BYTES)
HOSTILE = "<script>alert(1)</script> \"'&quot; \u05e9\u05dc\u05d5\u05dd =1+1"
"""Markup, quotes, right to left, and a formula within."""
LEAD = "/workbench/lead"


@dataclass
class House:
    """``now`` is when everything was heard; the clock of the server is the real one."""

    server: Running
    program: Earwitness
    now: datetime
    _clip: str = ""

    def __post_init__(self) -> None:
        """One sound for every clip, so that trials can listen to it."""
        self._clip = self.program.blobs.put(encode_flac(recording(0)))

    @property
    def records(self) -> SqlRecords:
        return self.program.records

    def keep(
        self,
        name: str,
        machine: str = "eat that",
        *,
        reason: str = "low_confidence",
        source: Source | None = None,
        ago: timedelta = timedelta(0),
        revision: int = 0,
    ) -> str:
        at = self.now - ago
        flags = (Flag(reason, 0.3, 0.5, f"not sure of {machine!r}", 0.1, 0.4),)
        heard = transcript(machine, revision)
        source = source or Source("kitchen", "home-1")
        self.records.keep(
            Utterance(name, source, at, heard, flags, self._clip),
            ReviewItem(name, ItemState.WAITING, priority(0.5, at), at, reason=reason),
        )
        return name

    def judge(self, name: str, *given: tuple[str, str], end: ItemState = ItemState.CLOSED) -> str:
        """By each (analyst, text) in turn; no text is no speech."""
        between = (ItemState.SECOND, ItemState.ADJUDICATION)
        for place, (analyst, text) in enumerate(given):
            lease = self.records.lease(analyst, self.now, timedelta(minutes=1), name)
            assert lease is not None
            state = end if place + 1 == len(given) else between[place]
            at = self.now + timedelta(seconds=place)
            said = replace(
                judgement(name, analyst, text, at),
                verdict=Verdict.TRANSCRIPT if text else Verdict.NO_SPEECH,
                terms=(),
                blind=place < 2,
            )
            self.records.judge(lease, said, state, "judged", at)
        return name

    def publish(self, *put: Term, retire: tuple[str, ...] = (), why: str = "slang") -> int:
        base = self.records.revision()
        made = self.records.publish(
            base, put=put, retire=retire, by="ada", why=why, now=datetime.now(UTC)
        )
        return made.revision

    def tried(self, written: str, outcome: TrialOutcome, **changed: object) -> str:
        found = replace(trial(written), **changed)  # type: ignore[arg-type]
        found = replace(found, term=replace(found.term, taught_by="ada"))
        name = f"{len(self.records.trials()):032x}"
        self.records.save_trial(name, found, outcome, datetime.now(UTC))
        return name

    @contextmanager
    def browser(self, *roles: Role, name: str = "") -> Iterator[httpx.Client]:
        """Somebody's who is signed in."""
        now, records = datetime.now(UTC), self.records
        link = accounts.offer(frozenset(roles), "test", now, records=records)
        new = Account(f"{now:%f}-{name}", name or f"{roles[0]} {now:%f}", frozenset(), now)
        made = records.make_account(access.secret_hash(link.secret), new, KNOWN)
        with browser_at(self.server) as client:
            client.cookies.update(
                {"earwitness": accounts.begin(made, "", now, records=records).secret}
            )
            client.timeout = httpx.Timeout(60)
            yield client


@contextmanager
def house(folder: Path, **settings: object) -> Iterator[House]:
    with up(folder, **settings) as server, Earwitness.open(server.settings) as program:
        yield House(server, program, datetime.now(UTC) - timedelta(minutes=5))


def decide(
    browser: httpx.Client, page: str, action: str, *, why: str = "because", **fields: str
) -> httpx.Response:
    """Sends the form of a page as somebody does who gives a reason and ticks the box."""
    token = field(browser.get(page), "csrf")
    form = {"csrf": token, "why": why, "confirm": "yes", **fields}
    return browser.post(action, data=form)


def rows(page: httpx.Response) -> list[list[str]]:
    """The texts of the cells of the list of a page."""
    assert page.status_code == 200, page.text
    body = re.search(r'<table class="rows">.*?<tbody>(.*?)</tbody>', page.text, re.DOTALL)
    found = re.findall(r"<tr>(.*?)</tr>", body[1], re.DOTALL) if body else []
    return [
        [
            unescape(re.sub(r"<[^>]*>", "", cell)).strip()
            for cell in re.findall(r"<td.*?</td>", row, re.DOTALL)
        ]
        for row in found
    ]


def csv_rows(browser: httpx.Client, address: str) -> list[list[str]]:
    """The same list as a file, without its header."""
    answer = browser.get(address)
    assert answer.headers["content-type"].startswith("text/csv")
    assert "attachment" in answer.headers["content-disposition"]
    return list(csv.reader(io.StringIO(answer.text)))[1:]


def links(page: httpx.Response) -> dict[str, str]:
    """Text of each link -> where it leads."""
    found = re.findall(r'<a href="([^"]*)"[^>]*>([^<]*)</a>', page.text)
    return {unescape(text).strip(): unescape(to) for to, text in found}
