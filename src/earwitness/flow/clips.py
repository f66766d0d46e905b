"""The clips that a trial is held on, from what the store keeps."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from earwitness.errors import StoreError
from earwitness.flow.readings import Clip
from earwitness.model import Flag, Samples, Utterance, Verdict
from earwitness.ports import Blobs, ClipCodec, Records
from earwitness.review.queue import AUDIT

AGREED = 2
"""Judgements that make a transcript good enough to measure others by."""


@dataclass(frozen=True, eq=False)
class Clips:
    """Kept clips, and the recordings that ship with the program (``starter``)."""

    records: Records
    blobs: Blobs
    codec: ClipCodec
    starter: Callable[[], Sequence[Clip]] = tuple
    limit: int = 1000

    def of(self, utterance: Utterance, text: str | None = None) -> Clip:
        def read() -> Samples:
            return self.codec.decode(self.blobs.get(utterance.clip))

        return Clip(
            id=utterance.id,
            seconds=utterance.transcript.seconds,
            read=read,
            source=utterance.source,
            text=text,
            heard=utterance.transcript,
            flags=utterance.flags,
        )

    def backlog(self) -> list[Clip]:
        """What waits for a human and a machine may settle, most valuable first.

        Not the audit sample: the accuracy estimated from what is left would be biased.
        """
        waiting = self.records.backlog(self.limit)
        return [self.of(utterance) for utterance in waiting if not is_audited(utterance.flags)]

    def regression(self, but: str | None = None) -> list[Clip]:
        """The starter set, gold, and what else two listeners of this store agree on."""
        golds = self.records.golds(self.limit)
        gold = {heard.id for heard, _ in golds}
        vouched = ((u, each.text) for u, each in golds if each.verdict is Verdict.TRANSCRIPT)
        agreed = self.records.transcribed(AGREED, self.limit)
        others = (each for each in agreed if each[0].id not in gold)
        return [
            *self.starter(),
            *(
                self.of(utterance, text)
                for utterance, text in (*vouched, *others)
                if utterance.id != but and self._is_whole(utterance)
            ),
        ]

    def _is_whole(self, utterance: Utterance) -> bool:
        """Whether its sound is there, as it was kept; ``doctor`` names it otherwise."""
        try:
            self.blobs.get(utterance.clip)
        except StoreError:
            return False
        return True


def is_audited(flags: Sequence[Flag]) -> bool:
    """Whether a clip is of the audit sample, which no machine may settle (``review.queue``)."""
    return any(flag.rule == AUDIT for flag in flags)
