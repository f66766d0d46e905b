"""Sounds that people want to be told of, and which classes of AudioSet they are.

A category holds what a listener would call by its name, not what merely goes with it: a
siren is no smoke alarm, clinking is no broken glass, a slammed door is no thud. The names are
the display names of AudioSet's ontology (Gemmeke et al. 2017).
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


class HarmSound(StrEnum):
    """What a household may choose to watch for."""

    SCREAM = "scream"
    PAIN = "pain"
    SHOUTING = "shouting"
    GLASS = "glass"
    GUNSHOT = "gunshot"
    EXPLOSION = "explosion"
    ALARM = "alarm"
    CHILD_CRYING = "child_crying"
    THUD = "thud"


CLASSES: Mapping[HarmSound, tuple[str, ...]] = MappingProxyType(
    {
        HarmSound.SCREAM: ("Screaming",),
        HarmSound.PAIN: ("Groan", "Wail, moan"),
        HarmSound.SHOUTING: ("Shout", "Yell", "Bellow", "Children shouting"),
        HarmSound.GLASS: ("Glass", "Shatter", "Smash, crash"),
        HarmSound.GUNSHOT: ("Gunshot, gunfire", "Machine gun", "Fusillade", "Artillery fire"),
        HarmSound.EXPLOSION: ("Explosion", "Boom"),
        HarmSound.ALARM: ("Smoke detector, smoke alarm", "Fire alarm"),
        HarmSound.CHILD_CRYING: ("Baby cry, infant cry", "Crying, sobbing"),
        HarmSound.THUD: ("Thump, thud", "Thunk"),
    }
)
"""A category's score is that of the highest of its classes."""

BACKGROUND = ("Music", "Television", "Radio", "Speech synthesizer")
"""Where one of these is strong, what sounds may come from a loudspeaker."""
