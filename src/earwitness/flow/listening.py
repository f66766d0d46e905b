"""Who listens is looked after: what comes is announced, and what was heard is counted.

Nothing here compares one person with another.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from earwitness.flow.judge import Doubted
from earwitness.listening import Playback
from earwitness.ports import Records

ANNOUNCED = {
    "scream": "somebody may scream",
    "shouting": "somebody may shout",
    "cry_of_pain": "somebody may be in pain",
    "crying": "somebody may cry",
    "child_crying": "a child may cry",
    "gunshot": "there may be a gunshot",
    "explosion": "there may be an explosion",
    "glass": "glass may break",
    "alarm": "an alarm may sound",
}
"""Rules of doubt that are announced before a clip is heard, and in which words."""
NIGHT = timedelta(hours=6)
"""So long without a clip, and a new day begins; nobody's time zone has to be known."""
LONGEST_DAY = timedelta(hours=24)


def announced(doubts: Iterable[Doubted]) -> list[str]:
    """What a listener is told before the sound, in words."""
    return [ANNOUNCED[rule] for rule in dict.fromkeys(each.rule for each in doubts)
            if rule in ANNOUNCED]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Day:
    """What somebody has heard since their last night: clips, and seconds of sound.

    ``break_in`` is how long they may go on before a break is due; negative when it is over.
    """

    clips: int
    seconds: float
    break_in: timedelta


def day(
    listener: str,
    now: datetime,
    *,
    records: Records,
    stretch: timedelta,
    pause: timedelta,
) -> Day:
    """The listener's day so far. After ``stretch`` without a ``pause`` a break is due."""
    heard = [each for each in records.listened(listener, now - LONGEST_DAY) if each.played]
    today = _since_a_gap(heard, NIGHT, now)
    working = _since_a_gap(today, pause, now)
    began = working[0].at if working else now
    return Day(
        clips=len({each.utterance for each in today}),
        seconds=sum(each.played or 0.0 for each in today),
        break_in=stretch - (now - began),
    )


def _since_a_gap(heard: Sequence[Playback], gap: timedelta, now: datetime) -> Sequence[Playback]:
    """Those after the last time that nothing was heard for ``gap``."""
    if not heard or now - heard[-1].at >= gap:
        return []
    breaks = [at for at, (one, next_) in enumerate(pairwise(heard), 1) if next_.at - one.at >= gap]
    return heard[breaks[-1] :] if breaks else heard
