"""What some files prove together, what they do not, and what is wrong: in words.

findings = verify({"receipt.json": text}, keys=[...])
print(findings)
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import pairwise
from types import MappingProxyType
from typing import BinaryIO

from cryptography.x509 import Certificate

from .bundles import NOT_HERE, Bundle, BundleError, originals, policy_of
from .cases import FORMAT as CASE
from .cases import Case, CaseError, differences
from .checkpoints import Checkpoint
from .notes import COSIGNATURE, VerifierKey
from .receipts import Receipt, ReceiptError, agree, shows_growth
from .timestamps import Timestamp, TimestampError


@dataclass
class Findings:
    """Sentences. ``broken`` is what does not hold together, or was changed."""

    proven: list[str] = field(default_factory=list)
    open: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        """Whether something is proven, and nothing is broken."""
        return bool(self.proven) and not self.broken

    def __str__(self) -> str:
        parts = (("Proven", self.proven), ("Not proven", self.open), ("BROKEN", self.broken))
        return "\n".join(
            f"{title}:\n" + "".join(f"  - {each}\n" for each in sentences)
            for title, sentences in parts
            if sentences
        )


def verify(
    files: Mapping[str, str],
    keys: Sequence[VerifierKey] = (),
    witnesses: Sequence[VerifierKey] = (),
    stamps: Mapping[str, bytes] = MappingProxyType({}),
    authorities: Sequence[Certificate] = (),
    bundles: Mapping[str, BinaryIO] = MappingProxyType({}),
) -> Findings:
    """Files by name: receipts, and cases as a server shows them now.

    ``stamps`` are tokens of an authority, ``bundles`` whole cases, by name, too. ``keys``,
    ``witnesses`` and ``authorities`` are those that somebody knows from elsewhere than these
    files.
    """
    found = Findings()
    files, stamps = dict(files), dict(stamps)
    opened = dict(_unpacked(bundles, files, stamps, found))
    receipts: dict[str, Receipt] = {}
    cases: dict[str, Case] = {}
    dated = False
    for name, text in files.items():
        try:
            if CASE in text[:200]:
                cases[name] = Case.parse(text)
            else:
                receipts[name], witnessed = _checked(name, text, keys, witnesses, found)
                dated = dated or witnessed
        except (ReceiptError, CaseError) as error:
            found.broken.append(f"{name}: {error}")
    for name, content in stamps.items():
        stamped = _check_stamp(name, content, list(receipts.values()), authorities, found)
        dated = dated or stamped
    if receipts and not dated:
        found.open.append("When: no witness, and no authority that you trust, says so.")
    _compare_receipts(receipts, found)
    for name, case in cases.items():
        _compare_case(name, case, list(receipts.values()), found)
    for name, bundle in opened.items():
        _compare_bundle(name, bundle, cases.get(f"{name}: case.json"), found)
    if receipts:
        found.open.append("Whether what was reported is true: a log proves that it was said.")
    elif not found.broken:
        found.open.append("There is no receipt here, so nothing can be proven.")
    return found


def _unpacked(
    bundles: Mapping[str, BinaryIO],
    files: dict[str, str],
    stamps: dict[str, bytes],
    found: Findings,
) -> Iterator[tuple[str, Bundle]]:
    """Each bundle; what is in it to be verified is put with the other files."""
    for name, file in bundles.items():
        try:
            bundle = Bundle.parse(file)
        except BundleError as error:
            found.broken.append(f"{name}: {error}")
            continue
        found.broken.extend(f"{name}: {each}." for each in bundle.wrong)
        for path, each in bundle.files.items():
            if path in ("receipt.json", "case.json"):
                files[f"{name}: {path}"] = each.decode(errors="replace")
            elif path.endswith(".tsr"):
                stamps[f"{name}: {path}"] = each
        yield name, bundle


def _compare_bundle(name: str, bundle: Bundle, case: Case | None, found: Findings) -> None:
    if case is None:
        found.broken.append(f"{name}: it holds no case that can be read.")
        return
    good = 0
    for key, wrong in originals(bundle, case):
        if not wrong:
            good += 1
        elif wrong == NOT_HERE:
            found.open.append(f"{name}: the original {key[:16]}: {wrong}.")
        else:
            found.broken.append(f"{name}: the original {key[:16]}: {wrong}.")
    if good:
        found.proven.append(f"{name}: {_count(good, 'original')}, as the case has sealed them.")
    policy = policy_of(case)
    if policy is not None and bundle.files.get("policy.toml", b"") != policy.encode():
        found.broken.append(f"{name}: policy.toml is not the policy with which the case began.")
    for path, stamped in bundle.files.items():
        if path.endswith(".checkpoint"):
            token = bundle.files.get(path.removesuffix("checkpoint") + "tsr", b"")
            if not _is_of(token, stamped):
                found.broken.append(f"{name}: {path} is not what was stamped.")


def _is_of(token: bytes, stamped: bytes) -> bool:
    try:
        return Timestamp.parse(token).covers(stamped.decode(errors="replace"))
    except TimestampError:
        return False


def _checked(
    name: str,
    text: str,
    keys: Sequence[VerifierKey],
    witnesses: Sequence[VerifierKey],
    found: Findings,
) -> tuple[Receipt, bool]:
    """With whether a witness says when."""
    receipt = Receipt.parse(text)
    checked = receipt.check(keys, witnesses)
    head = checked.head
    found.proven.append(
        f"{name}: {_count(len(receipt.entries), 'record')} of the case {receipt.case} stood in the "
        f"log {head.origin} when it had {_count(head.size, 'leaf', 'leaves')}."
    )
    if checked.followed:
        found.proven.append(
            f"{name}: it is signed by a key for which the one that you gave vouched, before it "
            "was replaced."
        )
    elif checked.key_is_known:
        found.proven.append(f"{name}: it is signed by a key of the log that you gave.")
    else:
        found.open.append(
            f"{name}: whose log it is. The receipt itself says that its key is {receipt.key}; "
            "compare that with the key as its owner publishes it, and give it."
        )
    for moment, who in _cosigned(receipt, [*receipt.witnesses, *witnesses]):
        known = "" if who in checked.known_witnesses else ", whom the receipt itself names"
        found.proven.append(f"{name}: by {moment}, says the witness {who}{known}.")
    if not checked.witnesses:
        found.open.append(
            f"{name}: that everybody is shown the same log. No witness signed it, so whoever has "
            "the log's key could show others another one."
        )
    return receipt, bool(checked.witnesses)


def _cosigned(receipt: Receipt, known: Sequence[VerifierKey]) -> Iterator[tuple[str, str]]:
    by_id = {(key.name, key.key_id): key for key in known if key.kind == COSIGNATURE}
    for each in receipt.checkpoint.signatures:
        key = by_id.get((each.name, each.key_id))
        if key is not None:
            moment = key.checked(receipt.checkpoint.text, each) or 0
            yield _moment(moment), key.name


def _moment(seconds: int) -> str:
    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    except (OverflowError, ValueError, OSError):
        return f"{seconds} seconds after 1970"


def _check_stamp(
    name: str,
    content: bytes,
    receipts: Sequence[Receipt],
    authorities: Sequence[Certificate],
    found: Findings,
) -> bool:
    """Whether it says when, and somebody who is trusted."""
    try:
        stamp = Timestamp.parse(content)
        if authorities:
            stamp.check(authorities)
    except TimestampError as error:
        found.broken.append(f"{name}: {error}")
        return False
    covered = [(each, size) for each in receipts for size in sorted(_stamped_sizes(stamp, each))]
    if not covered:
        found.broken.append(f"{name}: it is a timestamp of something else than what is here.")
    for receipt, size in covered:
        count = sum(each.index < size for each in receipt.entries)
        by = f"by {_moment(int(stamp.moment.timestamp()))}, says {stamp.by}"
        said = f"{_count(count, 'record')} of the case {receipt.case} stood in the log {by}."
        if authorities:
            found.proven.append(f"{name}: {said}")
        else:
            found.open.append(f"{name}: {said} Give the certificate of an authority you trust.")
    return bool(covered and authorities)


def _stamped_sizes(stamp: Timestamp, receipt: Receipt) -> set[int]:
    """Of the heads that the receipt shows, those that it is of."""
    origin = receipt.head.origin
    old = [Checkpoint(origin, each.size, each.root) for each in receipt.grown]
    return {each.size for each in (receipt.head, *old) if stamp.covers(str(each))}


def _compare_receipts(receipts: Mapping[str, Receipt], found: Findings) -> None:
    ordered = sorted(receipts.items(), key=lambda each: each[1].head.size)
    for (old_name, old), (new_name, new) in pairwise(ordered):
        wrong = agree(old, new)
        if wrong:
            found.broken.append(f"{old_name} and {new_name}: {wrong}")
        elif shows_growth(old, new):
            found.proven.append(f"{new_name}: its log has only grown since {old_name}.")
        else:
            found.open.append(f"Whether the log only grew from {old_name} to {new_name}.")


def _compare_case(name: str, case: Case, receipts: Sequence[Receipt], found: Findings) -> None:
    own = [each for each in receipts if each.case == case.id]
    if not own:
        found.broken.append(f"{name}: there is no receipt of this case here to hold it against.")
        return
    wrong = differences(own, case)
    found.broken.extend(f"{name}: {each}." for each in wrong)
    if not wrong:
        count = _count(sum(len(each.entries) for each in own), "record")
        found.proven.append(f"{name}: it shows {count} as they were committed to, unchanged.")
    hidden = sorted({field for each in case.records for field in each.withheld})
    if hidden:
        found.open.append(f"{name}: what was withheld says: {', '.join(hidden)}.")
    last = max(each.head.size for each in own)
    behind = sum(each.index >= last for each in case.records)
    if behind:
        found.open.append(
            f"{name}: {_count(behind, 'record')} that came after the newest receipt here; ask for "
            "a newer one."
        )


def _count(number: int, one: str, many: str = "") -> str:
    return f"{number} {one if number == 1 else many or one + 's'}"
