"""Rooms do not know each other; what one lists by another's names is compared here."""

from __future__ import annotations

from dataclasses import replace

from tests.values import transcript

from earwitness.flow.hear import Evidence
from earwitness.review.queue import AUDIT, FAILURE, GAINS
from earwitness.speech.doubt import Thresholds, flags, rules

EAGER = rules(Thresholds(1.0, 1.0, 0.1, 0.1, 0.1, 0.1, audit_share=1.0))
ODD = transcript("yeet the alarm")
NOTHING = Evidence("u1", transcript(""), speech=True)
FAILED = replace(NOTHING, failure="out of memory")
DOUBTED = Evidence(
    "u1",
    replace(ODD, nbest=(ODD.best, transcript("eat the alarm").best)),
    second=transcript("heat the alarm"),
    earlier=(transcript("eat that alarm"),),
)


def test_every_rule_of_doubt_has_a_gain_in_the_queue() -> None:
    given = {flag.rule for case in (NOTHING, FAILED, DOUBTED) for flag in flags(case, EAGER)}
    assert len(given) == len(EAGER), "every rule fires once at least"
    assert given == set(GAINS) | {AUDIT, FAILURE}
