"""The records of a case, one after another, each naming the one before it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from earwitness.evidence.merkle import leaf_hash
from earwitness.evidence.records import Opened, Value, leaf_of, opened_fields


class Kind(StrEnum):
    """What a record says. Those without a person in ``by_id`` are of the program itself."""

    REPORTED = "reported"  # what somebody heard
    ROUTED = "routed"  # the policy that the case follows, and who was there when it began
    SEALED = "sealed"  # an original: what it is, what heard it, by which hash it is found
    GRANTED = "granted"  # that other devices of the household are sealed, too, and why
    HELD = "held"  # what neither retention nor erasure may take
    ADDED = "added"  # by the reporter, later
    SEEN = "seen"  # who saw which evidence, and why
    FOUND = "found"  # by an examination of evidence: a version of a finding, by its hash
    TAKEN = "taken"  # out of here, as a bundle: by whom, and why
    TOLD = "told"  # a rung was turned to, and why
    OUTSIDE = "outside"  # the outside was turned to, and why
    DELIVERED = "delivered"  # to the outside
    UNDELIVERED = "undelivered"  # messages to a rung, or to the outside, fail
    ACCEPTED = "accepted"  # the outside has taken the case
    OPENED = "opened"  # read by somebody who has the code of the outside
    ACTED = "acted"
    PROPOSED = "proposed"  # what needs a second person
    AGREED = "agreed"  # by that person
    ANSWERED = "answered"  # to the reporter
    HANDED_OVER = "handed_over"
    IMPLICATED = "implicated"  # somebody else is
    ADMITTED = "admitted"  # who came later, and may see the case all the same
    RESTORED = "restored"  # its row, which somebody had taken away or changed
    KEY = "key"  # that another key signs the log from now on; not of one case
    POLICY = "policy"  # another is in force; not of one case
    OVER = "over"  # what the outside was told of; not of one case
    DAY = "day"  # that another one went by; not of one case
    WAYS = "ways"  # how messages leave here has changed; not of one case


FRAME = frozenset({"case", "number", "kind", "before"})
"""What every record says of where it stands. No field of its own has such a name: its leaf would
commit to where it stands, and anybody could edit the field unseen.
"""


@dataclass(frozen=True, slots=True)
class Draft:
    """A record that is not in the log yet. ``salt`` has 32 bytes of its own.

    Raises ValueError for a field that its leaf could not commit to.
    """

    kind: Kind
    fields: Mapping[str, Value]
    salt: bytes

    def __post_init__(self) -> None:
        if taken := FRAME & self.fields.keys():
            raise ValueError(f"no field of a record is called {', '.join(sorted(taken))}")

    def opened(self, case: str, number: int, before: str) -> dict[str, Opened]:
        """All that is committed to: what it says, and where in its case it stands."""
        return opened_fields(framed(self.kind, self.fields, case, number, before), self.salt)


@dataclass(frozen=True, slots=True)
class Kept:
    """A record as the store has it, which somebody may have changed; ``index`` is its leaf's.

    ``leaf`` is what the log has there; None where it has nothing.
    """

    case: str
    number: int
    index: int
    kind: str
    fields: Mapping[str, Value]
    salt: bytes
    before: str
    leaf: bytes | None = None

    def opened(self) -> dict[str, Opened]:
        """What its leaf committed to, if nobody changed it since."""
        return opened_fields(
            framed(self.kind, self.fields, self.case, self.number, self.before), self.salt
        )


HOUSE = "house"
"""The case of what concerns all cases; nobody reported it and nobody opens it."""
GAP = 10_000
"""More records than are ever added to a case at once."""
FIRST = ""
"""What the first record of a case names as the one before it."""


def next_number(taken: Iterable[int]) -> int:
    """Where the next record of a case goes, given the numbers of those that are there.

    Behind them; before a wide gap, for a number far away is one that somebody wrote there.

    >>> next_number([0, 1, 2]), next_number([0, 1, 2**31 - 1]), next_number([-1])
    (3, 2, 0)
    """
    following = 0
    for each in sorted(number for number in taken if number >= 0):
        if each > following + GAP:
            break
        following = each + 1
    return following


def framed(
    kind: str, fields: Mapping[str, Value], case: str, number: int, before: str
) -> dict[str, Value]:
    """The fields of a record with those that every record has."""
    return {**fields, "case": case, "number": number, "kind": str(kind), "before": before}


def chained(case: str, number: int, before: str, drafts: Sequence[Draft]) -> list[Link]:
    """Drafts as they follow each other, from this number on."""
    links = []
    for place, draft in enumerate(drafts, number):
        leaf = leaf_of(draft.opened(case, place, before))
        links.append(Link(draft, place, before, leaf))
        before = leaf_hash(leaf).hex()
    return links


@dataclass(frozen=True, slots=True)
class Link:
    """A draft in its place: the leaf that the log gets, and the hash of the one before it."""

    draft: Draft
    number: int
    before: str
    leaf: bytes

    def kept(self, case: str) -> Kept:
        """As it will be in the store; at no place of the log yet."""
        draft = self.draft
        fields, salt = draft.fields, draft.salt
        return Kept(case, self.number, -1, draft.kind, fields, salt, self.before, self.leaf)


# --- fields ------------------------------------------------------------------------


def text_of(record: Kept | None, name: str) -> str:
    """Empty where it is no text."""
    found = record.fields.get(name) if record else None
    return found if isinstance(found, str) else ""


def texts_of(record: Kept, name: str) -> list[str]:
    """Of a field that is a list; what is no text is passed over."""
    found = record.fields.get(name)
    return [each for each in found if isinstance(each, str)] if isinstance(found, list) else []


def moment_of(record: Kept, name: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text_of(record, name))
    except ValueError:
        return None
    return found if found.tzinfo else None
