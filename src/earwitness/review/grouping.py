"""When have enough listeners' answers confirmed a group of clips that sound alike?"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from earwitness.model import SameWord

CONFIRMATIONS = 3
"""Clips, besides the one that was written down, in which the word must be heard."""


class Standing(StrEnum):
    OPEN = "open"  # more clips of it are to be heard
    CONFIRMED = "confirmed"
    STOPPED = "stopped"  # another word was heard in one of them


def standing(answers: Sequence[SameWord]) -> Standing:
    """One different word stops a group for good: its clips are judged one by one."""
    if not all(answer.same for answer in answers):
        return Standing.STOPPED
    return Standing.CONFIRMED if len(answers) >= CONFIRMATIONS else Standing.OPEN
