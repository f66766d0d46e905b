"""What a kind of step is: what it does, by whose formula, and which settings it has.

The settings of a kind are a frozen dataclass whose fields are made with ``number``,
``whole``, ``choice`` and ``stretch``: one line says default, range, unit and meaning.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from earwitness.errors import EngineError, InputError, Stopped
from earwitness.ports import Denoiser
from earwitness.sound.recording import Recording

Signal = NDArray[np.float32]
Resample = Callable[[Signal, int, int], Signal]
"""Shape ``[samples]``, its rate, another rate -> the same sound at the other rate."""
INSTALL = "`make sound`, or pip install 'earwitness[sound]'"
"""How to get what only some people need."""
_LATEST = 600.0
"""Seconds; no chain holds more."""


class Setting(Protocol):
    """One setting of a kind of step."""

    @property
    def default(self) -> Any: ...

    @property
    def means(self) -> str: ...

    @property
    def allowed(self) -> str:
        """The values that it may have, in words."""

    def checked(self, value: Any) -> Any:
        """The value as it is kept. Raises InputError, which says what is allowed."""


def _is(value: object, kind: Any) -> bool:
    """A truth value is no number, whatever Python thinks."""
    return isinstance(value, kind) and not isinstance(value, bool)


@dataclass(frozen=True, slots=True)
class Number:
    default: float
    low: float
    high: float
    unit: str
    means: str

    @property
    def allowed(self) -> str:
        return f"{self.low:g} to {self.high:g} {self.unit}".rstrip()

    def checked(self, value: Any) -> float:
        if _is(value, int | float) and self.low <= value <= self.high:
            return float(value)
        raise InputError(f"is {self.allowed}")


@dataclass(frozen=True, slots=True)
class Whole:
    default: int
    low: int
    high: int
    unit: str
    means: str

    @property
    def allowed(self) -> str:
        return f"a whole number, {self.low} to {self.high} {self.unit}".rstrip()

    def checked(self, value: Any) -> int:
        if _is(value, int) and self.low <= value <= self.high:
            return int(value)
        raise InputError(f"is {self.allowed}")


@dataclass(frozen=True, slots=True)
class Choice:
    default: str
    options: tuple[str, ...]
    means: str

    @property
    def allowed(self) -> str:
        return f"one of {', '.join(self.options)}"

    def checked(self, value: Any) -> str:
        if isinstance(value, str) and value in self.options:
            return value
        raise InputError(f"is {self.allowed}")


@dataclass(frozen=True, slots=True)
class Stretch:
    """Two moments in seconds, from the start of what the chain works on; or none."""

    default: tuple[float, ...]
    means: str

    @property
    def allowed(self) -> str:
        return f"[] or [from, to] in seconds, 0 to {_LATEST:g}"

    def checked(self, value: Any) -> tuple[float, ...]:
        moment = Number(0.0, 0.0, _LATEST, "s", "")
        if isinstance(value, list | tuple) and len(value) in (0, 2):
            moments = tuple(moment.checked(each) for each in value)
            if not moments or moments[0] < moments[1]:
                return moments
        raise InputError(f"is {self.allowed}")


def number(default: float, low: float, high: float, unit: str, means: str) -> Any:
    return field(default=default, metadata={"is": Number(default, low, high, unit, means)})


def whole(default: int, low: int, high: int, unit: str, means: str) -> Any:
    return field(default=default, metadata={"is": Whole(default, low, high, unit, means)})


def choice(default: str, options: tuple[str, ...], means: str) -> Any:
    return field(default=default, metadata={"is": Choice(default, options, means)})


def stretch(means: str) -> Any:
    return field(default=(), metadata={"is": Stretch((), means)})


def _not_installed(samples: Signal, before: int, after: int) -> Signal:
    raise EngineError(f"Nothing is installed that changes rates: {INSTALL}.")


def never() -> bool:
    """Nobody stops it."""
    return False


@dataclass(frozen=True, slots=True)
class Tools:
    """What steps need from outside. ``stop`` says whether somebody wants an end."""

    denoiser: Denoiser | None = None
    resample: Resample = _not_installed
    stop: Callable[[], bool] = never

    def check(self) -> None:
        """Raises Stopped. Steps ask between pieces of work of about a second."""
        if self.stop():
            raise Stopped

    def needed_denoiser(self) -> Denoiser:
        """Raises EngineError where there is none."""
        if self.denoiser is None:
            raise EngineError(
                f"Neural noise reduction is not installed: {INSTALL}"
                " (Python 3.11 or 3.12), or leave the step out."
            )
        return self.denoiser


@dataclass(frozen=True, slots=True)
class Done:
    """What a step made, and what there is to know about it."""

    recording: Recording
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of step.

    ``invents`` says whether it may put in what was never there; ``work`` is a pure function
    of the recording and an instance of ``settings_type``. It raises InputError for settings
    that do not fit this recording.
    """

    name: str
    says: str
    reference: str
    settings_type: type
    work: Callable[[Recording, Any, Tools], Done]
    invents: bool = False

    @property
    def settings(self) -> Mapping[str, Setting]:
        return {each.name: each.metadata["is"] for each in fields(self.settings_type)}

    def checked(self, given: Mapping[str, object]) -> dict[str, Any]:
        """Every setting, those that are not given at their default. Raises InputError."""
        known = self.settings
        for name in given:
            if name not in known:
                raise InputError(f"has no setting {name!r}; known: {', '.join(known)}")
        return {name: _checked(name, each, given) for name, each in known.items()}


def _checked(name: str, setting: Setting, given: Mapping[str, object]) -> Any:
    try:
        return setting.checked(given.get(name, setting.default))
    except InputError as error:
        raise InputError(f"{name} {error}, not {str(given[name])[:40]}") from error


def each_channel(recording: Recording, work: Callable[[Signal], Signal], tools: Tools) -> Recording:
    """The same work on every channel for itself; all results have one length."""
    made = []
    for channel in recording.samples.T:
        tools.check()
        made.append(work(np.ascontiguousarray(channel)))
    return recording.with_samples(np.stack(made, axis=1))


def require_below_half(recording: Recording, hz: float, name: str) -> None:
    """Raises InputError for a frequency that a recording of this rate cannot hold."""
    if hz >= recording.rate / 2:
        raise InputError(
            f"{name} is {hz:g} Hz, but a recording of {recording.rate} Hz holds nothing above"
            f" {recording.rate / 2:g} Hz; choose less"
        )


def linear(db: float) -> float:
    """Decibels -> a factor of amplitude."""
    return math.pow(10.0, db / 20)
