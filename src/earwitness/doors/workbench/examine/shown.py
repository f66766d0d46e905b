"""What is found, as pages show it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from earwitness.accounts import Account
from earwitness.doors.workbench.examinations import Evidence
from earwitness.doors.workbench.incidents.originals import originals
from earwitness.doors.workbench.rooms import room_of
from earwitness.errors import NotFound
from earwitness.examining import BlindTest, FindingVersion
from earwitness.flow import blind_tests, findings
from earwitness.flow.examination import Track
from earwitness.flow.incidents import acting
from earwitness.model import Source
from earwitness.ports import Records
from earwitness.sound import chain as chains
from earwitness.sound.findings import finding as rules
from earwitness.sound.findings.blind import Result
from earwitness.sound.findings.finding import Heard

if TYPE_CHECKING:
    from earwitness.wiring import Earwitness


@dataclass(frozen=True, slots=True)
class Subject:
    """What is examined. ``room`` is empty for a device that was never enrolled."""

    id: str
    source: Source
    room: str
    heard_at: datetime | None
    seconds: float
    case: str = ""


def kept(utterance: str, records: Records) -> Subject:
    """A clip. Raises NotFound."""
    found = records.utterance(utterance)
    room = room_of(found.source.device, records)
    return Subject(found.id, found.source, room, found.heard_at, found.transcript.seconds)


def sealed(evidence: Evidence, account: Account, program: Earwitness) -> Subject:
    """An original of a case. Raises NotFound, also for who may not see the case."""
    found = acting.seen_by(evidence.case, account, program.incidents)
    for each in originals(found, program.records):
        if each.sha256 == evidence.sha256 and each.seconds is not None:
            return Subject(
                evidence.subject, each.source, each.room, each.heard_at, each.seconds, evidence.case
            )
    raise NotFound("There is no such evidence that can be examined here.")


@dataclass(frozen=True, slots=True)
class Sound:
    """A row of the event track; ``harm`` is the category that may mean harm, or empty."""

    label: str
    harm: str
    score: float
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Bar:
    """A sound as a bar; ``row`` counts the labels from 0."""

    sound: Sound
    row: int


def rows_of(track: Track) -> list[Sound]:
    """What may mean harm first, then everything, in time."""
    harm = [
        Sound(each.label, each.category.replace("_", " "), each.score, each.start, each.end)
        for each in track.events
    ]
    return harm + [Sound(each.label, "", each.score, each.start, each.end) for each in track.tags]


def bars(track: Track) -> list[Bar]:
    sounds: Sequence[Sound] = rows_of(track)
    names = list(dict.fromkeys((each.harm, each.label) for each in sounds))
    return [Bar(each, names.index((each.harm, each.label))) for each in sounds]


@dataclass(frozen=True, slots=True)
class Shown:
    """A test as its finding shows it: how far it is, and nothing else before its end.

    ``knowing`` are listeners who are not blind any more, so that it cannot end.
    """

    test: BlindTest
    done: int
    of: int
    same_chain: bool
    knowing: Sequence[str]
    result: Result | None
    heard: Sequence[Heard]


def shown(kept: FindingVersion, records: Records) -> list[Shown]:
    """The tests of a finding, the oldest first."""
    chain = findings.chain_of(rules.parse(kept.content))
    written = chains.written(chain)
    return [_shown(each, written, records) for each in records.blind_tests(kept.finding)]


def _shown(test: BlindTest, chain: str, records: Records) -> Shown:
    over = blind_tests.is_over(test, records)
    return Shown(
        test,
        len(records.blind_answers(test.id)),
        2 * len(test.pieces) * len(test.listeners),
        test.chain == chain,
        blind_tests.no_longer_blind(test, records),
        blind_tests.result(test, records) if over else None,
        blind_tests.heard(test, records) if over else (),
    )


@dataclass(frozen=True, slots=True)
class Listed:
    """A finding in a list: what it asks, and how far it is."""

    kept: FindingVersion
    question: str
    missing: int
    tests: Sequence[Shown]


def listed(kept: FindingVersion, records: Records) -> Listed:
    finding = rules.parse(kept.content)
    return Listed(kept, finding.question, len(rules.missing(finding)), shown(kept, records))
