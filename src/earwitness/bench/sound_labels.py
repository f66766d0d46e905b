"""Which recordings of a manifest are harm, and which are ordinary.

A row's ``text`` is a label where its ``kind`` is sound or noise, or where it has no kind and
at most ``LONGEST`` words. A label is harm if it holds all words of a row of ``HARM``, whatever
their endings: "gunshots", "glass_breaking" and "Crying baby" are. What is in no row is not
harm: sirens, fireworks, thunder and slammed doors are hard negatives, as are all animals.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import StrEnum

from earwitness.bench.manifest import Row
from earwitness.sound.tagging.harm import HarmSound

LABELLED = ("sound", "noise")
"""Kinds whose text is a label."""
LONGEST = 3
"""Words of a label in a manifest without kinds."""

HARM: Sequence[tuple[str, HarmSound]] = (
    ("scream", HarmSound.SCREAM),
    ("groan", HarmSound.PAIN),
    ("moan", HarmSound.PAIN),
    ("pain", HarmSound.PAIN),
    ("shout", HarmSound.SHOUTING),
    ("yell", HarmSound.SHOUTING),
    ("glass break", HarmSound.GLASS),
    ("break glass", HarmSound.GLASS),
    ("shatter", HarmSound.GLASS),
    ("gunshot", HarmSound.GUNSHOT),
    ("gun shot", HarmSound.GUNSHOT),
    ("gunfire", HarmSound.GUNSHOT),
    ("machine gun", HarmSound.GUNSHOT),
    ("explosion", HarmSound.EXPLOSION),
    ("smoke alarm", HarmSound.ALARM),
    ("smoke detector", HarmSound.ALARM),
    ("fire alarm", HarmSound.ALARM),
    ("co alarm", HarmSound.ALARM),
    ("baby cry", HarmSound.CHILD_CRYING),
    ("infant cry", HarmSound.CHILD_CRYING),
    ("child cry", HarmSound.CHILD_CRYING),
    ("thud", HarmSound.THUD),
    ("thump", HarmSound.THUD),
)
MUSIC = frozenset(
    {
        "music", "musical", "song", "singing", "guitar", "piano", "violin", "cello", "organ",
        "drum", "drums", "orchestra", "band", "jazz", "cinematic", "flute", "trumpet", "saxophone",
    }
)  # fmt: skip


class Group(StrEnum):
    """What a recording without harm counts as."""

    SPEECH = "speech"
    MUSIC = "music"
    HOUSEHOLD = "household"


def harm_of(row: Row) -> HarmSound | None:
    """The category of a row's label; None where it is not harm, or no label."""
    if not _labelled(row):
        return None
    words = _stems(row.text)
    return next((harm for wanted, harm in HARM if _stems(wanted) <= words), None)


def group_of(row: Row) -> Group | None:
    """None for a kind that is neither speech nor a sound: a room's impulse response, say."""
    if not _labelled(row):
        is_speech = not row.kind or "speech" in row.kind or row.kind.startswith("wake-word")
        return Group.SPEECH if is_speech else None
    return Group.MUSIC if MUSIC & set(_words(row.text)) else Group.HOUSEHOLD


def _labelled(row: Row) -> bool:
    return row.kind in LABELLED or (not row.kind and 1 <= len(_words(row.text)) <= LONGEST)


def _words(text: str) -> list[str]:
    return re.findall(r"[a-z]+", text.lower())


def _stems(text: str) -> set[str]:
    """Words without the endings that labels come with: "crying" is "cry", "shots" are "shot"."""
    return {re.sub(r"(ing|s)$", "", word) if len(word) > 4 else word for word in _words(text)}
