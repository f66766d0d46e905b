"""What is found, as pages show it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from earwitness.examining import BlindTest, FindingVersion
from earwitness.flow import blind_tests, findings
from earwitness.flow.examination import Track
from earwitness.ports import Records
from earwitness.sound import chain as chains
from earwitness.sound.findings import finding as rules
from earwitness.sound.findings.blind import Result
from earwitness.sound.findings.finding import Heard


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

    ``knowing`` are listeners who are not blind any more, ``gone`` those whose accounts are
    disabled, so that it cannot end. ``by_gone`` is whether that of who began it is.
    """

    test: BlindTest
    done: int
    of: int
    same_chain: bool
    knowing: Sequence[str]
    gone: Sequence[str]
    by_gone: bool
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
        blind_tests.gone(test, records),
        blind_tests.may_call_off(test, "", records),
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
