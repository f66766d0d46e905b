"""Who listens is looked after: what comes is announced, and what was heard is counted.

Nothing here compares one person with another.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from earwitness.errors import InputError
from earwitness.flow.judge import Doubted
from earwitness.listening import Harm, Imminence, Playback, Report
from earwitness.ports import Records
from earwitness.review.judgement import MAX_TEXT

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


def report(
    reporter: str,
    harm: str,
    imminence: str,
    heard: str,
    now: datetime,
    *,
    records: Records,
    utterance_id: str | None = None,
    form: str = "",
) -> Report:
    """Keeps what somebody heard; durable on return.

    The same words from the same ``form`` are one report, however often they are sent.

    Raises InputError for words that are none, NotFound for a clip that is not kept.
    """
    try:
        kind, when = Harm(harm), Imminence(imminence)
    except ValueError as error:
        raise InputError("Choose what kind of harm it is, and when.") from error
    if not heard.strip() or len(heard) > MAX_TEXT:
        raise InputError(f"Say what you heard, in at most {MAX_TEXT} characters.")
    if utterance_id is not None:
        records.utterance(utterance_id)
    said = (form or uuid.uuid4().hex, reporter, kind, when, heard.strip(), utterance_id or "")
    report_id = hashlib.sha256("\n".join(said).encode(errors="replace")).hexdigest()[:32]
    made = Report(report_id, reporter, now, kind, when, heard.strip(), utterance_id)
    records.add_report(made)
    return made
