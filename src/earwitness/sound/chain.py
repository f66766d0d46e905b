"""A chain of steps as data: read strictly, written in full, run on a copy.

::

    {"chain": 1, "stretch": [from, to] or null, "steps": [{"do": NAME, ...settings}]}

The stretch is that of the original, in seconds; whoever reads the original reads that
stretch alone and gives it to ``run``. Moments in settings count from its start.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

import numpy as np

from earwitness.errors import EngineError, InputError
from earwitness.sound.kinds import Kind, Tools, never
from earwitness.sound.matching import matched
from earwitness.sound.recording import Recording
from earwitness.sound.steps import KINDS

VERSION = 1
MOST_STEPS = 40
MOST_TEXT = 1 << 16
"""Characters of a chain as it is read."""
CLIPPED_THROUGHOUT = 0.25
"""The share of samples at the recording's own peak from which on nothing is sure."""
_KEYS = {"chain", "stretch", "steps"}

Told = Callable[[int, int, str], None]
"""Told how many steps are done, of how many, and which one is next; "" at the end."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step with all of its settings; those that are not given are filled in.

    Raises InputError for an unknown kind, an unknown setting, or a value out of its range.
    """

    do: str
    settings: Mapping[str, Any]

    def __post_init__(self) -> None:
        complete = _kind(self.do).checked(self.settings)
        object.__setattr__(self, "settings", MappingProxyType(complete))


@dataclass(frozen=True, slots=True)
class Chain:
    """Steps in their order, on a stretch of the original or on all of it."""

    stretch: tuple[float, float] | None
    steps: tuple[Step, ...]

    @property
    def invents(self) -> bool:
        """Whether a step may have put in what was never there."""
        return any(KINDS[step.do].invents for step in self.steps)


@dataclass(frozen=True, slots=True)
class Treated:
    """What came out. Its loudness is that of what went in, plus ``softer_db``.

    ``softer_db`` is 0, or what both have to be lowered by so that neither clips: apply it
    to the original too before the two are compared. ``matched_db`` is what the chain's own
    result was raised by to be as loud as the original.
    """

    recording: Recording
    notes: tuple[str, ...]
    matched_db: float
    softer_db: float


def kinds() -> Mapping[str, Kind]:
    """Every kind of step by its name."""
    return KINDS


def parse(text: str | bytes | Mapping[str, Any]) -> Chain:
    """A chain from JSON, or from what JSON decoded to.

    Raises InputError for anything that is not exactly a chain; it names the step's number,
    from 1, and what is allowed.
    """
    given = text if isinstance(text, Mapping) else _decoded(text)
    if not isinstance(given, Mapping) or set(given) != _KEYS:
        raise InputError('A chain is {"chain": 1, "stretch": null, "steps": [...]}.')
    if given["chain"] != VERSION or isinstance(given["chain"], bool):
        raise InputError(f"This is a chain of version {given['chain']!r:.40}, not {VERSION}.")
    steps = given["steps"]
    if not isinstance(steps, list) or len(steps) > MOST_STEPS:
        raise InputError(f"The steps of a chain are a list of at most {MOST_STEPS}.")
    numbered = tuple(_step(number, step) for number, step in enumerate(steps, start=1))
    return Chain(_stretch(given["stretch"]), numbered)


def written(chain: Chain) -> str:
    """The one JSON text of a chain: every setting written out, in the order of its kind."""
    steps = [{"do": step.do, **step.settings} for step in chain.steps]
    return json.dumps({"chain": VERSION, "stretch": chain.stretch, "steps": steps})


def run(
    chain: Chain,
    recording: Recording,
    tools: Tools | None = None,
    told: Told = lambda done, of, doing: None,
    stop: Callable[[], bool] = never,
) -> Treated:
    """The steps one after the other on the stretch of the original that is given.

    Deterministic. A chain without steps returns the same samples. Raises InputError for a
    recording or a setting that cannot be used, EngineError for a missing or failing model,
    Stopped once ``stop`` says so.
    """
    _require_sound(recording)
    held = replace(tools or Tools(), stop=stop)
    made, notes = recording, [*_cautions(recording)]
    for index, step in enumerate(chain.steps):
        held.check()
        told(index, len(chain.steps), step.do)
        made, more = _done(index + 1, step, made, held)
        notes += more
    result = matched(recording, made)
    told(len(chain.steps), len(chain.steps), "")
    return Treated(result.recording, (*notes, *result.notes), result.matched_db, result.softer_db)


def _done(
    number: int, step: Step, recording: Recording, tools: Tools
) -> tuple[Recording, list[str]]:
    kind = KINDS[step.do]
    try:
        done = kind.work(recording, kind.settings_type(**step.settings), tools)
    except InputError as error:
        raise InputError(f"Step {number} ({step.do}): {error}.") from error
    if not done.recording.samples.size or not np.isfinite(done.recording.samples).all():
        raise EngineError(
            f"Step {number} ({step.do}) made no sound of this; choose milder settings or leave it"
            " out."
        )
    return done.recording, [f"Step {number} ({step.do}): {note}." for note in done.notes]


def _require_sound(recording: Recording) -> None:
    if not recording.samples.size:
        raise InputError("This stretch of the recording has no samples; name another.")
    if not np.isfinite(recording.samples).all():
        raise InputError("The recording has samples that are not numbers; it cannot be treated.")


def _cautions(recording: Recording) -> list[str]:
    """What the material itself does not allow to conclude."""
    size = np.abs(recording.samples)
    peak = float(size.max())
    if peak == 0:
        return ["The recording is digital silence: there is nothing to bring out."]
    share = float((size >= 0.999 * peak).mean())
    if share >= CLIPPED_THROUGHOUT and len(size) > 1:
        return [f"The recording is clipped throughout: {share:.0%} of its samples are at its peak."]
    return []


def _kind(name: object) -> Kind:
    if not isinstance(name, str) or name not in KINDS:
        raise InputError(f"there is no step {str(name)[:40]!r}; known: {', '.join(KINDS)}")
    return KINDS[name]


def _step(number: int, given: object) -> Step:
    if not isinstance(given, Mapping) or "do" not in given:
        raise InputError(f'Step {number}: a step is {{"do": NAME, ...settings}}.')
    settings = {name: value for name, value in given.items() if name != "do"}
    try:
        return Step(given["do"], settings)
    except InputError as error:
        said = f"Step {number} ({str(given['do'])[:40]}): {error}."
        raise InputError(said.encode("utf-8", "backslashreplace").decode()) from error


def _stretch(given: object) -> tuple[float, float] | None:
    if given is None:
        return None
    if isinstance(given, list | tuple) and len(given) == 2 and all(map(_is_moment, given)):
        start, end = float(given[0]), float(given[1])
        if 0 <= start < end < np.inf:
            return start, end
    raise InputError("The stretch of a chain is null, or [from, to] in seconds from 0 on.")


def _is_moment(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e9


def _decoded(text: str | bytes) -> Any:
    if len(text) > MOST_TEXT:
        raise InputError(f"A chain has at most {MOST_TEXT} characters.")
    try:
        return json.loads(text, object_pairs_hook=_without_repetition)
    except (ValueError, RecursionError) as error:
        raise InputError(f"The chain is no JSON: {error}.") from error


def _without_repetition(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice in one object")
    return found
