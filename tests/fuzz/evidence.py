"""Receipts, cases, bundles, what is sent to witnesses: whatever they hold, the verifier says so."""

from __future__ import annotations

import io
import json

from earwitness.evidence import merkle
from earwitness.evidence.cases import Case, Record
from earwitness.evidence.checkpoints import Checkpoint
from earwitness.evidence.notes import SigningKey
from earwitness.evidence.receipts import Entry, Receipt
from earwitness.evidence.records import leaf_of, opened_fields
from earwitness.evidence.verify import verify
from earwitness.evidence.witnessing import Refused, Submission, checked
from earwitness.flow.incidents.bundle import bag

KEY = SigningKey.from_seed("example.com/log", bytes(32))
_CASE_ID = "c1" * 8
_FIELDS = opened_fields(
    {"case": _CASE_ID, "number": 0, "before": "", "heard": ["a cry", 1, None]}, bytes(32)
)
_LEAF = leaf_of(_FIELDS)
_NOTE = KEY.sign(str(Checkpoint(KEY.name, 1, merkle.leaf_hash(_LEAF))))
_RECEIPT = Receipt(_CASE_ID, KEY.public, _NOTE, (Entry(0, _LEAF, ()),)).signed(KEY)
_CASE = Case(_CASE_ID, (Record(0, _FIELDS),))

SEEDS = [
    str(_RECEIPT).encode(),
    str(_CASE).encode(),
    str(Submission(0, (), _NOTE)).encode(),
    json.dumps({"format": "earwitness receipt v1"}).encode(),
    bag("case", {"receipt.json": str(_RECEIPT).encode(), "case.json": str(_CASE).encode()}, {}),
]


def check(content: bytes) -> None:
    text = content.decode(errors="surrogateescape")
    findings = verify({"fuzzed": text, "good": str(_RECEIPT)})
    assert findings.holds == (not findings.broken)
    bundled = verify({"good": str(_RECEIPT)}, bundles={"fuzzed": io.BytesIO(content)})
    for found in (findings, bundled):
        if not all(line.isprintable() for line in str(found).split("\n")):
            raise ValueError(str(found))
    try:
        checked(Submission.parse(text), {KEY.name: [KEY.public]}, None)
    except Refused as error:
        if error.status not in (400, 403, 404, 409, 422):
            raise
