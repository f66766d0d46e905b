"""What is kept of clips that sound alike."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from earwitness.model import Lease, SameWord, SoundGroup


class GroupRecords(Protocol):
    """Groups of clips that sound alike, and what was heard in them.

    Every method that writes is one transaction, durable on return.
    """

    def waiting_ids(self, limit: int = 1000) -> Sequence[str]:
        """The ids of what ``UtteranceRecords.backlog`` gives, without reading the rest."""

    def make_group(self, group: SoundGroup) -> SoundGroup:
        """Keeps a group without its answers; idempotent by id, and returns what is kept."""

    def group(self, group_id: str) -> SoundGroup:
        """With its members and answers. Raises NotFound."""

    def groups_of(self, utterance_id: str) -> Sequence[SoundGroup]:
        """Every group that a clip is a member of, oldest first."""

    def answer_group(
        self, group_id: str, lease: Lease, answer: SameWord, now: datetime
    ) -> SoundGroup:
        """Keeps the answer and gives the lease back; the clip goes on waiting.

        The answer that confirms the group writes its ``confirmed`` event, too. Raises
        LeaseLost where the lease is over or its clip no longer waits for a first listener,
        JudgementError where the group is no longer open, StoreError where the clip is not in
        it; nothing is written then.
        """

    def confirmed_groups(self, key: str) -> Sequence[SoundGroup]:
        """Those of a term that are confirmed and have settled nothing yet, oldest first."""

    def group_settled(self, group_id: str, revision: int) -> None:
        """The group has settled what it could. Idempotent: the first time stays."""
