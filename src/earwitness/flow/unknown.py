"""The words that the fleet does not know: what humans heard and the machine did not write."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from itertools import groupby

from earwitness.flow.gold import alignable, decision
from earwitness.model import Verdict, term_key
from earwitness.ports.lead import Closed
from earwitness.speech.alignment import align
from earwitness.speech.dictionary import is_known
from earwitness.speech.text import Token, bare, tokens, words

NOTHING = ""


@dataclass(frozen=True, slots=True)
class Missed:
    """A word that humans wrote where the machine wrote something else.

    ``written`` is as it was spelled most often, ``instead`` what the machine wrote most
    often, empty where it wrote nothing. ``in_dictionary``: an ordinary English word, which
    rather was heard badly than is not known. ``newest`` is the utterance heard last.
    """

    written: str
    clips: int
    households: int
    analysts: int
    instead: str
    newest_at: datetime
    newest: str
    in_dictionary: bool


@dataclass(slots=True)
class _Found:
    spellings: Counter[str] = field(default_factory=Counter)
    instead: Counter[str] = field(default_factory=Counter)
    clips: set[str] = field(default_factory=set)
    households: set[str] = field(default_factory=set)
    analysts: set[str] = field(default_factory=set)
    newest_at: datetime | None = None
    newest: str = ""


def missed_words(closed: Iterable[Closed], live: Collection[str]) -> list[Missed]:
    """Of clips that humans closed with a transcript; ``live`` are the keys of live terms.

    First what no dictionary has, then what is missed in most clips. An analyst counts whose
    own text has the word. Digits are left out: they are written in too many ways.
    """
    found: dict[str, _Found] = {}
    for clip in closed:
        verdict, text = decision(clip)
        heard = clip.utterance.transcript.text
        if verdict is not Verdict.TRANSCRIPT or not alignable(text, heard):
            continue
        for word, spelled, instead in _missed(text, heard):
            if term_key(spelled) not in live and term_key(word) not in live:
                _add(found.setdefault(word, _Found()), clip, word, spelled, instead)
    return sorted(map(_missed_word, found.values()), key=_rank)


def _rank(missed: Missed) -> tuple[bool, int, int, str]:
    return missed.in_dictionary, -missed.clips, -missed.households, missed.written


def _add(found: _Found, clip: Closed, word: str, spelled: str, instead: str) -> None:
    heard = clip.utterance
    found.spellings[spelled] += 1
    found.instead[instead] += 1
    found.clips.add(heard.id)
    found.households.add(heard.source.household)
    found.analysts |= {each.analyst for each in clip.judgements if word in words(each.text)}
    if found.newest_at is None or heard.heard_at > found.newest_at:
        found.newest_at, found.newest = heard.heard_at, heard.id


def _missed_word(found: _Found) -> Missed:
    assert found.newest_at is not None
    written = _most(found.spellings)
    return Missed(
        written=written,
        clips=len(found.clips),
        households=len(found.households),
        analysts=len(found.analysts),
        instead=_most(found.instead),
        newest_at=found.newest_at,
        newest=found.newest,
        in_dictionary=is_known(written),
    )


def _most(counted: Counter[str]) -> str:
    """The most frequent; of several the first in the alphabet, so that it does not change."""
    return min(counted, key=lambda each: (-counted[each], each))


@lru_cache(maxsize=16_384)
def _missed(said: str, heard: str) -> tuple[tuple[str, str, str], ...]:
    """(compared word, as it was spelled, what stands there instead), each word once."""
    return tuple(dict.fromkeys(_differences(said, heard)))


def _differences(said: str, heard: str) -> Iterator[tuple[str, str, str]]:
    ours, theirs = tokens(said), tokens(heard)
    known = {token.text for token in theirs}  # heard elsewhere in the clip is not unknown
    pairs = align([token.text for token in ours], [token.text for token in theirs])
    for match, run in groupby(pairs, key=lambda pair: pair.match):
        if not match:
            stretch = list(run)
            human = [ours[pair.reference] for pair in stretch if pair.reference is not None]
            machine = [theirs[pair.hypothesis] for pair in stretch if pair.hypothesis is not None]
            for place, token in enumerate(human):
                if not token.text.isdigit() and token.text not in known:
                    yield token.text, _spelled(said, token), _instead(machine, place, len(human))


def _instead(machine: Sequence[Token], place: int, count: int) -> str:
    """All of the stretch for a word alone in it; else the machine's word at its place."""
    if count == 1:
        return " ".join(token.text for token in machine)
    return machine[place].text if place < len(machine) else NOTHING


def _spelled(text: str, token: Token) -> str:
    """In the listener's letters, without the punctuation around it."""
    if token.first != token.last:
        return token.text
    word = text.split()[token.first]
    at = word.lower().find(bare(word))
    return word[at : at + len(bare(word))] if at >= 0 and bare(word) else token.text
