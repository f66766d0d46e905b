"""What a report on a finding says, in order; on a page or on paper it is the same."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from earwitness.errors import InputError
from earwitness.sound.findings.blind import Result
from earwitness.sound.findings.finding import Finding, missing


@dataclass(frozen=True, slots=True)
class Table:
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Section:
    """Paragraphs and tables, all plain text."""

    title: str
    parts: tuple[str | Table, ...]


@dataclass(frozen=True, slots=True)
class Picture:
    """A spectrogram by ``spectrogram.picture``, and what its axes span, in seconds and Hz.

    Raises InputError where an axis spans nothing.
    """

    title: str
    png: bytes
    seconds: tuple[float, float]
    hertz: tuple[float, float]

    def __post_init__(self) -> None:
        if self.seconds[0] >= self.seconds[1] or self.hertz[0] >= self.hertz[1]:
            raise InputError("The axes of a picture span some time and some frequencies.")


@dataclass(frozen=True, slots=True)
class Custody:
    """Who had a recording in hand, and what they did; ``at`` as it is to be printed.

    ``of`` is its SHA-256, empty for the recording that is examined.
    """

    at: str
    by: str
    what: str
    of: str = ""


def sections(finding: Finding, custody: Sequence[Custody] = ()) -> tuple[Section, ...]:
    """In the order of the guidelines: conclusions come behind what they rest on."""
    lacking = missing(finding)
    return (
        *([Section("Not complete", tuple(lacking))] if lacking else []),
        Section("Question", (finding.question, f"Examined by {finding.examiner}.")),
        _material(finding),
        Section("Custody", tuple(_custodies(finding, custody))),
        Section("The original", tuple(_integrity(finding))),
        Section("What was done", tuple(_steps(finding))),
        Section("Measured", (_measurements(finding),)),
        Section("Heard", tuple(_heard(finding))),
        Section("Limits", finding.limits or ("None are named.",)),
        Section("Conclusions", finding.conclusions or ("None are drawn.",)),
        Section("Versions", (Table(("Part", "Version"), tuple(sorted(finding.versions.items()))),)),
    )


def _material(finding: Finding) -> Section:
    rows = tuple(
        (each.sha256, each.description, "original" if each.original else "result")
        for each in finding.recordings
    )
    return Section("Material", (Table(("SHA-256", "What it is", "Kind"), rows),))


def _custodies(finding: Finding, custody: Sequence[Custody]) -> Iterator[str | Table]:
    """Of each recording by itself, where there are several."""
    originals = [each for each in finding.recordings if each.original]
    if len(originals) < 2:
        yield _custody(custody)
        return
    for number, each in enumerate(originals):
        yield f"{each.sha256}: {each.description}"
        known = {each.sha256} if number else {each.sha256, ""}
        yield _custody([one for one in custody if one.of in known])


def _custody(custody: Sequence[Custody]) -> str | Table:
    if not custody:
        return "No record of custody was given."
    rows = tuple((each.at, each.by, each.what) for each in custody)
    return Table(("When", "Who", "What"), rows)


def _integrity(finding: Finding) -> Iterator[str | Table]:
    if not finding.integrity:
        yield "It was not looked into."
        return
    yield "No check shows that a recording is untouched: each says what was seen."
    rows = tuple(
        (each.check, _seen(each.seen, each.places), each.words, each.limits)
        for each in finding.integrity
    )
    yield Table(("Looked for", "Seen", "That is", "Limits"), rows)


def _seen(seen: str, places: Sequence[float]) -> str:
    if not places:
        return seen
    return f"{seen}; at {', '.join(f'{place:.3f}' for place in places)} s"


def _steps(finding: Finding) -> Iterator[str | Table]:
    chain = finding.chain
    if chain is None:
        yield "Nothing: the original was heard and measured as it is."
        return
    if finding.invented:
        yield (
            "For listening: a step may have put in what never was there. "
            "What is heard here has to be heard in the original, too."
        )
    steps = chain.get("steps")
    rows = [_step(finding, each) for each in steps if isinstance(each, dict)] if steps else []
    yield Table(("Step", "Settings", "Reference"), tuple(rows))
    yield f"The whole chain, to be run again on the original: {_json(chain)}"


def _step(finding: Finding, step: dict[str, object]) -> tuple[str, ...]:
    name = str(step.get("do"))
    settings = ", ".join(f"{key} {_json(value)}" for key, value in step.items() if key != "do")
    return name, settings, finding.references.get(name, "")


def _measurements(finding: Finding) -> str | Table:
    if not finding.measurements:
        return "Nothing was measured."
    rows = tuple(
        (f"{each.name}, {each.unit}", _number(each.before), _number(each.after), each.method)
        for each in finding.measurements
    )
    return Table(("Quantity", "Before", "After", "Method"), rows)


def _heard(finding: Finding) -> Iterator[str | Table]:
    if finding.heard:
        yield from _words(finding)
    else:
        yield "Nobody wrote down what they heard."
    yield from finding.called_off


def _words(finding: Finding) -> Iterator[str | Table]:
    rows = tuple(
        (
            each.by,
            each.words,
            "treated" if each.treated else "original",
            "before any text was shown" if each.blind else "after a text was shown",
        )
        for each in finding.heard
    )
    yield Table(("Who", "Words", "Recording", "Written"), rows)
    if finding.blind:
        yield _blind(finding.blind)
        yield finding.blind.conclusion
        if finding.blind.tests > 1:
            yield (
                f"{finding.blind.tests} blind tests were begun with this chain, and this is one of"
                " them: a result that was chosen among several shows less."
            )


def _blind(result: Result) -> str:
    interval = (
        f"95 % interval {result.low:+.2f} to {result.high:+.2f}"
        if result.low is not None and result.high is not None
        else "too few pairs for an interval"
    )
    return (
        f"Blind test, {result.listeners} listeners, {result.pairs} pairs, compared with "
        f"{result.against}: original {result.original:.2f}, treated {result.treated:.2f}, "
        f"difference {result.difference:+.2f} ({interval}; sign-flip test, "
        f"p = {result.p_value:.4f})."
    )


def _number(value: float | None) -> str:
    return "not measured" if value is None else f"{value:.2f}"


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
