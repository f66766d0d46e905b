"""What the waiting clips sound like, kept in memory, so that asking who sounds alike is quick.

Each clip is listened to once, and compared with all that are known already; so whatever two
clips are known, whether they are alike is known, too. Nothing of what a machine wrote leaves
this module: who asks gets the ids of clips, and numbers.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from earwitness.errors import EarwitnessError, NotFound
from earwitness.flow.clips import Clips, is_audited
from earwitness.flow.readings import Clip
from earwitness.ports import Engine, Records, ShowsFrames
from earwitness.speech.cepstra import cepstra
from earwitness.speech.likeness import (
    OF_CEPSTRA,
    OF_FRAMES,
    THRESHOLD,
    Stretch,
    same_word,
    stretches,
)

WAITING = 500
"""Of the clips that wait, so many are compared: the most valuable."""


@dataclass(eq=False)
class _Known:
    """A clip's doubtful stretches, and what is known to sound like one of them.

    Nothing names a clip of the audit sample: no machine may settle it.
    """

    stretches: Sequence[Stretch]
    audited: bool
    near: dict[str, float] = field(default_factory=dict)


class Sounding:
    """Of at most ``clips`` clips. Safe to share between threads.

    A clip takes about 0.1 MB. Whoever was asked about least lately is forgotten first.
    """

    def __init__(self, clips: int = 1000) -> None:
        self._clips = clips
        self._adding = threading.Lock()
        self._lock = threading.Lock()
        self._known: OrderedDict[str, _Known] = OrderedDict()

    def knows(self, utterance_id: str) -> bool:
        with self._lock:
            return utterance_id in self._known

    def near(self, utterance_id: str) -> Mapping[str, float]:
        """Who sounds like a clip, of those that are known, with what probability."""
        with self._lock:
            known = self._known.get(utterance_id)
            if known is None:
                return {}
            self._known.move_to_end(utterance_id)
            return dict(known.near)

    def add(self, clip: Clip, engine: Engine) -> None:
        """Listens to a clip and compares it with all others; nothing where it is known.

        A clip that cannot be heard is like no other. One thread at a time compares, so that
        no two clips miss each other; who only asks does not wait for it.
        """
        if self.knows(clip.id):
            return
        found = _listen(clip, engine)
        with self._adding:
            with self._lock:
                others = dict(self._known)
            if clip.id not in others:
                near = _compare(found, others, engine)
                with self._lock:
                    self._remember(clip.id, _Known(found, is_audited(clip.flags), near))

    def _remember(self, name: str, new: _Known) -> None:
        for other, score in new.near.items():
            if other in self._known and not new.audited:
                self._known[other].near[name] = score
        new.near = {other: score for other, score in new.near.items() if not self._audited(other)}
        self._known[name] = new
        while len(self._known) > self._clips:
            gone, _ = self._known.popitem(last=False)
            for known in self._known.values():
                known.near.pop(gone, None)

    def _audited(self, name: str) -> bool:
        return name in self._known and self._known[name].audited


def _listen(clip: Clip, engine: Engine) -> Sequence[Stretch]:
    if clip.heard is None:
        return ()
    with suppress(EarwitnessError):
        audio = clip.read()
        if isinstance(engine, ShowsFrames):
            return stretches(clip.heard, clip.flags, engine.frames(engine.encode(audio)))
        return stretches(clip.heard, clip.flags, cepstra(audio))
    return ()


def _compare(
    found: Sequence[Stretch], others: Mapping[str, _Known], engine: Engine
) -> dict[str, float]:
    weights = OF_FRAMES if isinstance(engine, ShowsFrames) else OF_CEPSTRA
    scores = same_word(found, [each.stretches for each in others.values()], weights)
    pairs = zip(others, scores.tolist(), strict=True)
    return {name: score for name, score in pairs if score >= THRESHOLD}


def listen_ahead(
    engine: Engine, sounding: Sounding, clips: Clips, records: Records, limit: int = WAITING
) -> Iterator[str]:
    """Listens to the most valuable waiting clips that are not known yet, one a step."""
    for utterance_id in records.waiting_ids(limit):
        if not sounding.knows(utterance_id):
            with suppress(NotFound):
                sounding.add(clips.of(records.utterance(utterance_id)), engine)
            yield utterance_id
