"""A finding: what was asked of which recordings, what was done to them, and what came out.

Its parts are those that SWGDE, "Best Practices for Forensic Audio", and ENFSI-FSAAWG, "Best
Practice Manual for the Forensic Examination of Digital Audio", ask of a report: the question,
the material with its hashes, every step with settings and references, results, limits; and
conclusions apart from what was observed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from earwitness.errors import InputError, TooLarge
from earwitness.sound.findings.blind import LEAST_LISTENERS, Result
from earwitness.sound.integrity.observation import Observation
from earwitness.sound.values import read

FORM = 1
MOST_CHARACTERS = 4_000_000
FORBIDDEN = re.compile(r"\bauthentic", re.IGNORECASE)
"""An examination never shows that, so no conclusion says it."""


@dataclass(frozen=True, slots=True)
class Material:
    """A recording that was examined, or that came out. ``sha256`` is of the file's bytes.

    ``sound`` is what it is kept as, by which its custody is found; empty for a file.
    """

    sha256: str
    description: str
    original: bool
    sound: str = ""


@dataclass(frozen=True, slots=True)
class Measurement:
    """The same quantity before and after; None is what could not be measured."""

    name: str
    unit: str
    method: str
    before: float | None
    after: float | None


@dataclass(frozen=True, slots=True)
class Heard:
    """What one listener wrote. ``treated`` is whether they heard the treated recording."""

    by: str
    words: str
    treated: bool
    blind: bool


@dataclass(frozen=True, slots=True)
class Finding:
    """``chain`` is the chain as JSON, None where nothing was treated; ``references`` name the
    source of each step's method by the step's name. ``versions`` are those of every package
    and model that took part. ``conclusions`` and ``limits`` are sentences of people.
    ``called_off`` says of each blind test that ended without a result why it did.
    """

    question: str
    examiner: str
    recordings: tuple[Material, ...]
    chain: Mapping[str, Any] | None
    references: Mapping[str, str]
    invented: bool
    measurements: tuple[Measurement, ...]
    heard: tuple[Heard, ...]
    blind: Result | None
    integrity: tuple[Observation, ...]
    conclusions: tuple[str, ...]
    limits: tuple[str, ...]
    versions: Mapping[str, str]
    called_off: tuple[str, ...] = ()


def written(finding: Finding) -> str:
    """JSON with its keys in order, so that the same finding has the same hash."""
    values = {"finding": FORM, **asdict(finding)}
    try:
        return json.dumps(values, ensure_ascii=False, allow_nan=False, indent=1, sort_keys=True)
    except ValueError as error:
        raise InputError("A finding has numbers that are none; leave them out.") from error


def parse(text: str) -> Finding:
    """What ``written`` wrote. Raises InputError for anything else, TooLarge for too much."""
    if len(text) > MOST_CHARACTERS:
        raise TooLarge(f"A finding has at most {MOST_CHARACTERS} characters.")
    try:
        values = json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise InputError("This is no finding: it is not JSON. Take the file as written.") from error
    if not isinstance(values, dict) or values.pop("finding", None) != FORM:
        raise InputError(f"This is no finding of form {FORM}; was another version's file taken?")
    found: Finding = read(Finding, values, "finding")
    return found


def _refuse(constant: str) -> float:
    raise ValueError(f"{constant} is no number")


# --- what is missing --------------------------------------------------------


def missing(finding: Finding) -> list[str]:
    """What a finding must still say before it leaves the house, as sentences; none if nothing."""
    rules = (
        (not finding.question.strip(), "Say what was asked: the purpose of the examination."),
        (not finding.examiner.strip(), "Say who examined it."),
        *_of_material(finding),
        *_of_treatment(finding),
        *_of_listening(finding),
        (not finding.integrity, "Say what the original itself shows: run the integrity checks."),
        (not finding.limits, "Say what this finding does not show."),
        (not finding.conclusions, "Say what you conclude, even if that nothing can be concluded."),
        (
            any(FORBIDDEN.search(each) for each in finding.conclusions),
            "No check shows that a recording is authentic; say what it is consistent with.",
        ),
        (not finding.versions, "Name the versions of the programs that took part."),
    )
    return [words for applies, words in rules if applies]


def _of_material(finding: Finding) -> tuple[tuple[bool, str], ...]:
    recordings = finding.recordings
    return (
        (not any(each.original for each in recordings), "Name the original, by its hash."),
        (
            any(not re.fullmatch("[0-9a-f]{64}", each.sha256) for each in recordings),
            "Give every recording its SHA-256, 64 hexadecimal digits.",
        ),
        (
            any(not each.description.strip() for each in recordings),
            "Describe every recording: device, place, how it came here.",
        ),
    )


def _of_treatment(finding: Finding) -> tuple[tuple[bool, str], ...]:
    if finding.chain is None:
        return ()
    steps = [str(step.get("do")) for step in _steps(finding.chain)]
    unnamed = [step for step in dict.fromkeys(steps) if not finding.references.get(step)]
    return (
        (not steps, "The chain has no steps: leave it out, or say what was done."),
        (bool(unnamed), f"Name the reference of each step: {', '.join(unnamed)}."),
        (
            all(each.original for each in finding.recordings),
            "Name the treated recording, by its hash.",
        ),
        (
            not any(None not in (each.before, each.after) for each in finding.measurements),
            "Give measurements from before and after the treatment.",
        ),
    )


def _of_listening(finding: Finding) -> tuple[tuple[bool, str], ...]:
    listeners = {each.by for each in finding.heard}
    return (
        (bool(finding.heard) and "" in listeners, "Say who wrote down what was heard."),
        (
            bool(finding.heard) and len(listeners) < LEAST_LISTENERS,
            "One listener is no agreement: let another write, too.",
        ),
        (
            any(each.treated for each in finding.heard) and finding.blind is None,
            "Words from a treated recording need a blind test against the original.",
        ),
        (
            any(not each.blind for each in finding.heard) and not finding.limits,
            "Say among the limits who wrote after seeing a text.",
        ),
    )


def _steps(chain: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    steps = chain.get("steps")
    return [step for step in steps if isinstance(step, Mapping)] if isinstance(steps, list) else []
