"""What a lead reads of the queue, the terms and the judged clips."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import event
from tests.databases import sqlite_url
from tests.values import MINUTE, START, item, judgement, transcript, trial, utterance

from earwitness.errors import InputError, NotFound
from earwitness.model import ItemState, ReviewItem, Term, TrialOutcome, Verdict
from earwitness.ports.lead import Closed, Gold, Selection
from earwitness.stores import SqlRecords, open_store

WAITING, SECOND, CLOSED = ItemState.WAITING, ItemState.SECOND, ItemState.CLOSED


def keep(
    store: SqlRecords, name: str, priority: float = 0.5, minutes: int = 0, reason: str = "rephrase"
) -> None:
    queued = START + minutes * MINUTE
    store.keep(utterance(name), replace(item(name, priority, queued), reason=reason))


def judge(
    store: SqlRecords,
    name: str,
    *given: tuple[str, str],
    at: datetime = START,
    end: ItemState = CLOSED,
) -> None:
    for place, (analyst, text) in enumerate(given, start=1):
        lease = store.lease(analyst, at, MINUTE, name)
        assert lease is not None
        last = place == len(given)
        state = end if last else (SECOND, ItemState.ADJUDICATION)[place - 1]
        moment = at + place * timedelta(seconds=1)
        store.judge(lease, judgement(name, analyst, text, moment), state, "judged", moment)


def gold(name: str, text: str = "yeet that", **other: object) -> Gold:
    verdict = Verdict.TRANSCRIPT if text else Verdict.NO_SPEECH
    fields = {"by": "lea", "why": "I was there", "at": START, **other}
    return Gold(name, verdict, text, **fields)  # type: ignore[arg-type]


def names(store: SqlRecords, **selection: object) -> list[str]:
    found = store.queued(Selection(**selection))  # type: ignore[arg-type]
    return [each.item.utterance for each in found]


# --- the queue ----------------------------------------------------------------


def test_counts_go_up_to_a_bound(store: SqlRecords) -> None:
    for number in range(5):
        keep(store, f"u{number}", minutes=number, reason="rephrase" if number else "audit_sample")
    judge(store, "u4", ("ada", "yeet that"))
    assert store.count_at_most(10) == 4
    assert store.count_at_most(3) == 3
    assert store.count_at_most(10, state=WAITING) == 4
    assert store.count_at_most(10, state=CLOSED) == 1
    assert store.count_at_most(10, reason="rephrase") == 3
    assert store.count_at_most(10, reason="other") == 0
    assert store.count_at_most(10, since=START + MINUTE, until=START + 3 * MINUTE) == 2


def test_every_reason_that_something_waits_for_is_named_once(store: SqlRecords) -> None:
    assert store.open_reasons() == []
    for number, reason in enumerate(["rephrase", "unknown_word", "rephrase", "audit_sample"]):
        keep(store, f"u{number}", reason=reason)
    judge(store, "u1", ("ada", "yeet that"))
    assert store.open_reasons() == ["audit_sample", "rephrase"]


def test_what_waits_is_listed_a_page_at_a_time_in_every_order(store: SqlRecords) -> None:
    values = [0.1, 0.9, 0.5, 0.5, 0.5, 0.7]
    for number, value in enumerate(values):
        keep(store, f"name{number}", value, minutes=-number, reason=f"r{number % 2}")
    by_value = ["name1", "name5", "name4", "name3", "name2", "name0"]
    by_age = [f"name{number}" for number in range(6)][::-1]
    for order, expected in (
        ({}, by_value),
        ({"reverse": True}, by_value[::-1]),
        ({"by_age": True}, by_age),
        ({"by_age": True, "reverse": True}, by_age[::-1]),
        ({"begins": "name"}, by_age[::-1]),
        ({"state": WAITING}, by_value),
        ({"reason": "r1"}, ["name1", "name5", "name3"]),
    ):
        assert names(store, **order) == expected, order
        paged: list[str] = []
        after = None
        while page := store.queued(Selection(**order, after=after, limit=2)):  # type: ignore[arg-type]
            paged += [each.item.utterance for each in page]
            last = page[-1].item
            after = (last.priority, last.queued_at, last.utterance)
        assert paged == expected, order
    assert names(store, begins="name3") == ["name3"]
    assert names(store, begins="nobody") == []


def test_a_waiting_item_says_who_holds_it_and_not_what_was_heard(store: SqlRecords) -> None:
    keep(store, "u1")
    (free,) = store.queued(Selection())
    assert (free.held_by, free.held_until, free.rules) == (None, None, ("low_confidence",))
    assert free.item == ReviewItem("u1", WAITING, 0.5, START, reason="rephrase")
    assert store.lease("ada", START, MINUTE) is not None
    (held,) = store.queued(Selection(state=WAITING))
    assert (held.held_by, held.held_until) == ("ada", START + MINUTE)
    assert "eat" not in repr(held)


# --- judged clips ---------------------------------------------------------------


def test_closed_clips_come_with_their_judgements_and_their_gold(store: SqlRecords) -> None:
    for number in range(4):
        keep(store, f"u{number}", reason="audit_sample" if number % 2 else "rephrase")
    judge(store, "u0", ("ada", "yeet that"), ("bob", "eat that"), ("lea", "yeet that"))
    judge(store, "u1", ("ada", "yeet that"), at=START + MINUTE)
    judge(store, "u2", ("ada", "yeet that"), at=START + 2 * MINUTE)
    judge(store, "u3", ("ada", "yeet that"), end=SECOND)
    store.put_gold([gold("u1")])
    listed = store.newest_closed(10)
    assert [each.utterance.id for each in listed] == ["u2", "u1", "u0"]
    assert listed[1] == store.closed("u1")
    assert listed[1].gold == gold("u1")
    assert listed[2].gold is None
    assert [each.analyst for each in listed[2].judgements] == ["ada", "bob", "lea"]
    assert listed[2].decided.analyst == "lea"
    assert listed[0].utterance == utterance("u2")
    assert [each.utterance.id for each in store.newest_closed(9, reason="audit_sample")] == ["u1"]
    since = store.newest_closed(9, since=START + 2 * MINUTE)
    assert [each.utterance.id for each in since] == ["u2"]
    for name in ("u3", "unknown"):
        with pytest.raises(NotFound, match=name):
            store.closed(name)
    assert store.states(["u0", "u3", "unknown"]) == {"u0": CLOSED, "u3": SECOND}


def test_closed_clips_are_read_a_page_at_a_time(store: SqlRecords) -> None:
    expected = []
    for number in range(7):
        keep(store, f"u{number}")
        judge(store, f"u{number}", ("ada", "yeet that"), at=START + number // 3 * MINUTE)
        expected.append(f"u{number}")
    found: list[Closed] = []
    while page := store.newest_closed(2, after=_end(found)):
        found += page
    assert [each.utterance.id for each in found] == ["u6", "u5", "u4", "u3", "u2", "u1", "u0"]


def _end(found: list[Closed]) -> tuple[datetime, str] | None:
    if not found:
        return None
    last = found[-1].item
    assert last.closed_at is not None
    return last.closed_at, last.utterance


# --- gold -----------------------------------------------------------------------


def golden(store: SqlRecords) -> list[tuple[str, str]]:
    found = [each.gold for each in store.newest_closed(10, golden=True)]
    return [(each.utterance, each.text) for each in found if each]


def test_gold_stands_beside_the_judgements_and_can_be_taken_back(store: SqlRecords) -> None:
    keep(store, "u1")
    keep(store, "u2")
    judge(store, "u1", ("ada", "eat that"))
    judge(store, "u2", ("ada", "yeet that"))
    store.put_gold([gold("u1"), gold("u2", "")])
    store.put_gold([gold("u1", "yeet that now", why="listened again", at=START + MINUTE)])
    assert golden(store) == [("u2", ""), ("u1", "yeet that now")]
    assert [(each, found.text) for each, found in store.golds()] == [
        (utterance("u1"), "yeet that now"),
        (utterance("u2"), ""),
    ]
    assert [each.text for each in store.judgements("u1")] == ["eat that"]
    store.remove_gold("u1")
    assert golden(store) == [("u2", "")]
    with pytest.raises(NotFound, match="u1"):
        store.remove_gold("u1")


def test_of_many_golds_all_are_kept_or_none(store: SqlRecords) -> None:
    keep(store, "u1")
    keep(store, "u2")
    judge(store, "u1", ("ada", "yeet that"))
    for other, found in (("u2", "waiting"), ("u3", "not kept here")):
        with pytest.raises(InputError, match=f"{other}.*{found}"):
            store.put_gold([gold("u1"), gold(other)])
        assert golden(store) == []


# --- terms ----------------------------------------------------------------------


def publish(store: SqlRecords, *put: Term, retire: tuple[str, ...] = ()) -> int:
    base = store.revision()
    return store.publish(base, put=put, retire=retire, by="ada", why="", now=START).revision


def test_the_last_trial_of_every_term_is_known_by_its_key(store: SqlRecords) -> None:
    outcomes = [TrialOutcome.REFUSED, TrialOutcome.HELD]
    for number, outcome in enumerate(outcomes):
        store.save_trial(f"t{number}", trial("Yeet"), outcome, START + number * MINUTE)
    store.save_trial("t2", trial("bussin"), TrialOutcome.LIVE, START)
    found = [(each.key, each.id, each.outcome) for each in store.last_trials()]
    assert found == [("bussin", "t2", TrialOutcome.LIVE), ("yeet", "t1", TrialOutcome.HELD)]


def test_what_is_no_longer_live_is_found_in_its_last_version(store: SqlRecords) -> None:
    publish(store, Term("Yeet", why="first"), Term("bussin"))
    publish(store, Term("Yeet", why="second", misheard=("eat",)))
    assert store.no_longer_live() == []
    gone = publish(store, retire=("yeet",))
    ((term, revision),) = store.no_longer_live()
    assert (term.written, term.why, revision) == ("Yeet", "second", gone)
    first, last = store.versions("yeet")[-1], store.versions("yeet")[0]
    assert (first[:2], first[2].why) == ((1, 1), "first")
    assert (last[:2], last[2].misheard) == ((2, 2), ("eat",))
    publish(store, Term("yeet"))
    assert store.no_longer_live() == []
    assert store.versions("yeet")[0][:2] == (4, None)


def test_where_a_term_was_used_is_counted_and_listed(store: SqlRecords) -> None:
    revision = publish(store, Term("yeet"), Term("bussin"))
    for number in range(3):
        keep(store, f"u{number}")
        heard = transcript(f"yeet that {number}", revision)
        at = START + number * MINUTE
        assert store.settle(f"u{number}", heard, "explained", at, ["yeet"])
    assert store.settled_counts(["yeet", "bussin"]) == {"yeet": 3}
    found = store.settled_because_of("yeet", 2)
    assert [(each.utterance, heard.text) for each, heard in found] == [
        ("u2", "yeet that 2"),
        ("u1", "yeet that 1"),
    ]
    publish(store, retire=("yeet",))
    assert store.settled_counts(["yeet"]) == {}
    assert store.settled_because_of("yeet") == []


# --- as quick with a million ------------------------------------------------------


def test_no_page_of_the_queue_reads_the_queue_from_end_to_end(tmp_path: Path) -> None:
    """On SQLite, whose plans do not depend on how few rows there are; the indexes are the same."""
    store = open_store(sqlite_url(tmp_path))
    asked: list[tuple[str, object]] = []
    event.listen(
        store.database.engine,
        "before_cursor_execute",
        lambda _c, _cursor, sql, values, *_: asked.append((sql, values)),
    )
    store.count_at_most(9)
    store.count_at_most(9, since=START, until=START)
    store.count_at_most(9, reason="rephrase")
    for state in ItemState:
        store.count_at_most(9, state=state)
    store.open_reasons()
    after = (0.5, START, "u1")
    for chosen in (
        Selection(after=after),
        Selection(reverse=True, after=after),
        Selection(by_age=True, after=after),
        Selection(by_age=True, reverse=True),
        Selection(state=ItemState.ADJUDICATION, after=after),
        Selection(reason="rephrase", after=after),
        Selection(begins="beef", after=after),
    ):
        store.queued(chosen)
    store.newest_closed(9, since=START, after=(START, "u1"))
    store.last_trials()
    selects = [each for each in asked if each[0].startswith("SELECT")]
    assert len(selects) > 15
    with store.database.read() as connection:
        for sql, values in selects:
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", values).all()
            steps = [row[3] for row in plan]
            scans = [each for each in steps if "SCAN" in each and "INDEX" not in each]
            assert scans in ([], ["SCAN anon_1"]), (sql, steps)
            sorts = [each for each in steps if "USE TEMP B-TREE FOR ORDER BY" in each]
            assert not sorts, (sql, steps)
    store.close()
