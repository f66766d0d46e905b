"""One thing that was looked for in an original, and what that says."""

from __future__ import annotations

from dataclasses import dataclass

UNTOUCHED = "one uninterrupted original recording"


@dataclass(frozen=True, slots=True)
class Observation:
    """``seen`` has the numbers, ``places`` are seconds from the start.

    ``consistent`` is about an untouched original: None where what was seen, or that nothing
    was, does not say. ``limits`` is what this check cannot see or may mistake.
    """

    check: str
    seen: str
    places: tuple[float, ...]
    consistent: bool | None
    limits: str

    @property
    def words(self) -> str:
        if self.consistent is None:
            return f"does not say whether this is {UNTOUCHED}"
        return f"{'' if self.consistent else 'not '}consistent with {UNTOUCHED}"
