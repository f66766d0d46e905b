"""Receipts and cases written anew: by somebody with a key of their own, or by the log's owner."""

from __future__ import annotations

import random
from collections.abc import Callable, Collection
from dataclasses import replace

from tests.evidence.a_log import CASE, LOG, OTHER, SAID, SEALED, Log

from earwitness.evidence.cases import Case
from earwitness.evidence.notes import SigningKey
from earwitness.evidence.receipts import Receipt


class Told:
    """A log with two cases, a receipt of the one, and what is shown of it."""

    def __init__(self) -> None:
        self.log = Log()
        self.other_places, self.other = self.log.tell([SAID, {"heard": "a song"}], OTHER)
        self.places, self.case = self.log.tell([SAID, SEALED, {"more": "x"}, {"more": "y"}])
        self.receipt = self.log.receipt(self.places, since=[4], witnessed=True)

    def only(self, places: Collection[int]) -> Case:
        return Case(CASE, tuple(each for each in self.case.records if each.index in places))


Rewritten = tuple[Receipt, Case]
Rewrite = Callable[[Told, random.Random], Rewritten]


def signed_by_another(told: Told, draw: random.Random) -> Rewritten:
    """With as many of its records as they like."""
    kept = draw.sample(told.receipt.entries, draw.randrange(1, 5))
    key = SigningKey.from_seed(LOG.name, draw.randbytes(32))
    forged = replace(told.receipt, key=key.public, entries=tuple(kept)).signed(key)
    return forged, told.only({each.index for each in kept})


def with_a_gap(told: Told, draw: random.Random) -> Rewritten:
    last = draw.randrange(1, 4)
    before = draw.sample(told.places[:last], draw.randrange(last))
    kept = sorted([*before, told.places[last]])
    return told.log.receipt(kept, witnessed=True), told.only(kept)


def of_another_case(told: Told, draw: random.Random) -> Rewritten:
    name = draw.choice([OTHER, draw.randbytes(8).hex()])
    receipt, case = replace(told.receipt, case=name).signed(LOG), replace(told.case, id=name)
    return draw.choice([(receipt, case), (told.receipt, case), (receipt, told.case)])


def with_one_twice(told: Told, draw: random.Random) -> Rewritten:
    entries = (*told.receipt.entries, draw.choice(told.receipt.entries))
    return replace(told.receipt, entries=entries).signed(LOG), told.case


def with_a_record_of_another_case(told: Told, draw: random.Random) -> Rewritten:
    more = draw.sample(told.other.records, draw.randrange(1, 3))
    places = sorted([*told.places, *(each.index for each in more)])
    records = sorted([*told.case.records, *more], key=lambda each: each.index)
    return told.log.receipt(places, witnessed=True), Case(CASE, tuple(records))


def with_two_exchanged(told: Told, draw: random.Random) -> Rewritten:
    records = list(told.case.records)
    one, two = draw.sample(range(4), 2)
    records[one], records[two] = (
        replace(records[one], fields=records[two].fields),
        replace(records[two], fields=records[one].fields),
    )
    return told.receipt, Case(CASE, tuple(records))


REWRITES: list[Rewrite] = [
    signed_by_another, with_a_gap, of_another_case, with_one_twice,
    with_a_record_of_another_case, with_two_exchanged,
]  # fmt: skip
