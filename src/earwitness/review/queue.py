"""What is worth a human's time first, and who may answer.

The value of listening to a clip is the chance that it teaches something. With p the
probability that the machine's text is wrong and g_r, for each flag, how often a
wrong text of that kind can be learned from (``GAINS``), the flags are independent
causes (noisy-or: Pearl, Probabilistic Reasoning in Intelligent Systems, 1988):

    value = 1 - product over flags r of (1 - p g_r)

Age counts as value: a clip gains 1 in ``patience``, so that even a worthless clip is
heard before the most valuable one that comes ``patience`` later. All clips age
alike, so the order of the queue follows from a number that never changes:

    priority = value - queued_at / patience

A clip of the audit sample has value 1 whatever the machine thinks of it. The sample
is a small fraction of all speech, so that is the share of listening that it is sure
to get; were it ranked by doubt, only its doubtful clips would be heard in a busy
week, and the accuracy estimated from it would be too low. A disturbing sound has value
1 as well: somebody may need help, whatever was said.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from math import prod
from types import MappingProxyType

from earwitness.model import Flag, ItemState, Lease, ReviewItem

AUDIT = "audit_sample"
DISTURBING = "disturbing_sound"
FAILURE = "engine_failure"

GAINS: Mapping[str, float] = MappingProxyType(
    {
        "unknown_word": 0.9,
        "rephrase": 0.7,
        "second_engine": 0.6,
        "nbest_disagreement": 0.5,
        "low_confidence": 0.4,
        "low_utterance_confidence": 0.4,
        "empty_result": 0.4,
        FAILURE: 0.3,
    }
)
"""By rule. An unknown word is worth most: teaching it mends every later utterance."""

OTHER_GAIN = 0.4
"""Of a rule that is not in the table."""

PATIENCE = timedelta(days=1)

OPEN = frozenset({ItemState.WAITING, ItemState.SECOND, ItemState.ADJUDICATION})
"""The states in which an item waits for somebody."""


def value(confidence: float, flags: Sequence[Flag], gains: Mapping[str, float] = GAINS) -> float:
    """The chance, 0 to 1, that a human's answer teaches something.

    ``confidence`` is the calibrated probability that the text has no error.
    """
    rules = [flag.rule for flag in flags]
    if AUDIT in rules or DISTURBING in rules:
        return 1.0
    wrong = 1.0 if FAILURE in rules else 1.0 - confidence
    return 1.0 - prod(1.0 - wrong * gains.get(rule, OTHER_GAIN) for rule in rules)


def main_reason(flags: Sequence[Flag], gains: Mapping[str, float] = GAINS) -> str:
    """The rule that a clip waits for in the first place; empty where there is none.

    >>> main_reason([Flag("low_confidence", 0, 0, ""), Flag("unknown_word", 0, 0, "")])
    'unknown_word'
    """
    rules = [flag.rule for flag in flags]
    for first in (DISTURBING, AUDIT):
        if first in rules:
            return first
    return max(rules, key=lambda rule: gains.get(rule, OTHER_GAIN), default="")


def priority(worth: float, queued_at: datetime, patience: timedelta = PATIENCE) -> float:
    """Orders the queue, greatest first, at any later moment."""
    return worth - queued_at.timestamp() / patience.total_seconds()


def is_valid(lease: Lease, now: datetime) -> bool:
    """A lease ends at ``expires_at``: at that very moment it is already over."""
    return now < lease.expires_at


def may_lease(
    item: ReviewItem,
    answered_by: Collection[str],
    lease: Lease | None,
    analyst: str,
    now: datetime,
) -> bool:
    """Whether this analyst may take the item: open, never answered by them, and free or theirs."""
    free = lease is None or not is_valid(lease, now) or holds(lease, analyst, now)
    return item.state in OPEN and free and analyst not in answered_by


def holds(lease: Lease | None, analyst: str, now: datetime) -> bool:
    """Whether the item is this analyst's already: after a crash they get it back, first of all."""
    return lease is not None and lease.analyst == analyst and is_valid(lease, now)


def may_settle(item: ReviewItem, flags: Sequence[Flag], lease: Lease | None, now: datetime) -> bool:
    """Whether a taught term may close the item unheard.

    Never an audit clip: an estimate of accuracy from those that are left would no
    longer be one of all speech.
    """
    free = lease is None or not is_valid(lease, now)
    return item.state is ItemState.WAITING and free and all(flag.rule != AUDIT for flag in flags)
