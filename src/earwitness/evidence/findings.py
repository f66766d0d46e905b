"""What was found, in sentences that nothing in them can pass for another."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime

_LONGEST = 100
"""Characters of a name that is shown: a longer one could fill the rest of a line, and the next."""


@dataclass
class Findings:
    """Sentences. ``broken`` is what does not hold together, or was changed."""

    proven: list[str] = field(default_factory=list)
    open: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        """Whether something is proven, and nothing is broken."""
        return bool(self.proven) and not self.broken

    def __str__(self) -> str:
        parts = (("Proven", self.proven), ("Not proven", self.open), ("BROKEN", self.broken))
        return "\n".join(
            f"{title}:\n" + "".join(f"  - {printable(each)}\n" for each in sentences)
            for title, sentences in parts
            if sentences
        )

    def printable(self) -> Findings:
        """For whoever shows the sentences in another way."""
        parts = (self.proven, self.open, self.broken)
        return Findings(*(list(map(printable, each)) for each in parts))


def printable(text: str) -> str:
    """On one line, and without anything that steers a terminal or hides what stands beside it."""
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)


def short(name: str) -> str:
    """A name that somebody else chose."""
    shown = " ".join(name.split())
    return shown if len(shown) <= _LONGEST else shown[: _LONGEST - 3] + "..."


def count(number: int, one: str, many: str = "") -> str:
    return f"{number} {one if number == 1 else many or one + 's'}"


def moment(seconds: int) -> str:
    """Since 1970."""
    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    except (OverflowError, ValueError, OSError):
        return f"{seconds} seconds after 1970"
