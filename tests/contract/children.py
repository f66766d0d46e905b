"""What other processes do to a store while the tests look on, or kill them.

Each function prints a line when, and only when, the store has acknowledged.
"""

from __future__ import annotations

import sys
from datetime import datetime
from itertools import count

from tests.values import MINUTE, judgement

from earwitness.errors import RevisionConflict
from earwitness.model import ItemState, Term
from earwitness.stores import SqlRecords, open_store


def acknowledge(what: str, name: object) -> None:
    print(what, name, flush=True)


def start(url: str) -> SqlRecords:
    """Ready; begins when the parent says so."""
    acknowledge("ready", "")
    sys.stdin.readline()
    return open_store(url)


def judge_and_teach(url: str, analyst: str, now: datetime) -> None:
    """Answers the whole queue, and publishes a term and carries out an event after each."""
    store = start(url)
    while (lease := store.lease(analyst, now, MINUTE)) is not None:
        acknowledge("leased", lease.utterance)
        answer = judgement(lease.utterance, analyst, at=now)
        event = store.judge(lease, answer, ItemState.CLOSED, "judged", now)
        acknowledge("judged", event.id)
        lexicon = publish(store, f"term of {lease.utterance}", now)
        acknowledge("published", lexicon)
        store.done(event.id, now)
        acknowledge("done", event.id)


def publish(store: SqlRecords, written: str, now: datetime) -> int:
    while True:
        try:
            term = Term(written)
            lexicon = store.publish(store.revision(), put=[term], by="child", why="", now=now)
        except RevisionConflict:
            continue
        return lexicon.revision


def lease_all(url: str, analyst: str, now: datetime) -> None:
    """Under a new name each time: what one holds, one would get again."""
    store = start(url)
    analysts = (f"{analyst}-{number}" for number in count())
    while (lease := store.lease(next(analysts), now, MINUTE)) is not None:
        acknowledge("leased", lease.utterance)


def only_open(url: str, analyst: str, now: datetime) -> None:
    acknowledge("schema", start(url).check())


if __name__ == "__main__":
    action, url, analyst, now = sys.argv[1:]
    globals()[action](url, analyst, datetime.fromisoformat(now))
