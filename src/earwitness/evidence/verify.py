"""What some files prove together, what they do not, and what is wrong: in words.

findings = verify({"receipt.json": text}, keys=[...])
print(findings)
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from itertools import combinations, pairwise
from types import MappingProxyType
from typing import BinaryIO, TypeAlias

from cryptography.x509 import Certificate

from .bundles import NOT_HERE, Bundle, BundleError, findings_of, originals, policy_of
from .cases import FORMAT as CASE
from .cases import Case, CaseError, differences, held, leaves
from .chain import chain
from .checkpoints import Checkpoint
from .findings import Findings, count, moment, short
from .merkle import MAX_SIZE
from .notes import NoteError, VerifierKey
from .receipts import Checked, Receipt, ReceiptError, agree, shows_growth
from .timestamps import CannotCheck, Timestamp, TimestampError

__all__ = ["Findings", "verify"]

Place: TypeAlias = tuple[str, int]
"""A record, by its case and its place in the log."""
_CASE_FILE, _RECEIPT_FILE = "case.json", "receipt.json"


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
    dated: set[Place] = set()
    for name, text in files.items():
        try:
            if CASE in text[:200]:
                cases[name] = Case.parse(text)
            else:
                receipt = Receipt.parse(text)
                dated |= _checked(name, receipt, keys, witnesses, found)
                receipts[name] = receipt
        except (ReceiptError, CaseError) as error:
            found.broken.append(f"{name}: {error}")
    for name, content in stamps.items():
        dated |= _check_stamp(name, content, list(receipts.values()), authorities, found)
    _say_undated(list(receipts.values()), dated, found)
    _compare_receipts(receipts, found)
    for name, case in cases.items():
        own = [each for each in receipts.values() if each.case == case.id]
        _compare_case(name, case, own, _taken(name, receipts), found)
    for name, bundle in opened.items():
        _compare_bundle(name, bundle, receipts, cases, found)
    _say_unseen(receipts, cases, found)
    return found.printable()


def _say_undated(receipts: Sequence[Receipt], dated: set[Place], found: Findings) -> None:
    known = {place for each in receipts for place in _places(each)}
    if not known <= dated:
        number = count(len(known - dated), "record")
        when = f"When, of {number}" if known & dated else "When"
        found.open.append(f"{when}: no witness, and no authority that you trust, says so.")


def _say_unseen(
    receipts: Mapping[str, Receipt], cases: Mapping[str, Case], found: Findings
) -> None:
    """What no receipt says by itself."""
    shown = {each.id for each in cases.values()}
    for name, receipt in receipts.items():
        if receipt.case not in shown:
            found.open.append(
                f"{name}: that these are records of this case, and that none was left out: save "
                "what the server says now, and give it, too."
            )
    if receipts:
        found.open.append("Whether what was reported is true: a log proves that it was said.")
    elif not found.broken:
        found.open.append("There is no receipt here, so nothing can be proven.")


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
            if path in (_RECEIPT_FILE, _CASE_FILE):
                files[f"{name}: {path}"] = each.decode(errors="replace")
            elif path.endswith(".tsr"):
                stamps[f"{name}: {path}"] = each
        yield name, bundle


def _compare_bundle(
    name: str,
    bundle: Bundle,
    receipts: Mapping[str, Receipt],
    cases: Mapping[str, Case],
    found: Findings,
) -> None:
    case, receipt = cases.get(f"{name}: {_CASE_FILE}"), receipts.get(f"{name}: {_RECEIPT_FILE}")
    if case is None:
        found.broken.append(f"{name}: it holds no case that can be read.")
        return
    if receipt is not None and receipt.case != case.id:
        found.broken.append(f"{name}: its receipt is one of another case.")
    proven = held([each for each in receipts.values() if each.case == case.id], case)
    _compare_sealed(name, originals(bundle, proven), found, "original")
    files = findings_of(bundle, proven)
    _compare_sealed(name, files, found, "file of a finding", "files of findings")
    _compare_policy(name, bundle, proven, found)
    for path in bundle.files:
        if path.endswith(".checkpoint") and not _is_stamped(path, bundle):
            found.broken.append(f"{name}: {short(path)} is not what was stamped.")


def _compare_sealed(
    name: str, files: Iterator[tuple[str, str]], found: Findings, what: str, many: str = ""
) -> None:
    good = 0
    for key, wrong in files:
        if not wrong:
            good += 1
            continue
        said = found.open if wrong == NOT_HERE else found.broken
        said.append(f"{name}: the {what} {key[:16]}: {wrong}.")
    if good:
        found.proven.append(f"{name}: {count(good, what, many)}, as the case has sealed them.")


def _compare_policy(name: str, bundle: Bundle, proven: Case, found: Findings) -> None:
    policy, there = policy_of(proven), bundle.files.get("policy.toml")
    if policy is not None and there != policy.encode():
        found.broken.append(f"{name}: policy.toml is not the policy with which the case began.")
    elif policy is None and there is not None:
        found.open.append(f"{name}: that the case began with policy.toml: no record here says so.")


def _is_stamped(path: str, bundle: Bundle) -> bool:
    """Whether it is what its token is of, and the head that its name says, as far as we read it."""
    text = bundle.files[path].decode(errors="replace")
    base = path.removesuffix(".checkpoint")
    try:
        size = Checkpoint.parse(text).size
        token = Timestamp.parse(bundle.files.get(f"{base}.tsr", b""))
    except CannotCheck:
        return True
    except (NoteError, TimestampError):
        return False
    return base == f"timestamps/{size}" and token.covers(text)


def _checked(
    name: str,
    receipt: Receipt,
    keys: Sequence[VerifierKey],
    witnesses: Sequence[VerifierKey],
    found: Findings,
) -> set[Place]:
    """Of which records a witness says when. Raises ReceiptError."""
    checked = receipt.check(keys, witnesses)
    head = checked.head
    found.proven.append(
        f"{name}: {count(len(receipt.entries), 'record')} of the case {receipt.case} stood in the "
        f"log {head.origin} when it had {count(head.size, 'leaf', 'leaves')}."
    )
    if checked.followed:
        found.proven.append(
            f"{name}: it is signed by a key for which the one that you gave vouched."
        )
    elif checked.key_is_known:
        found.proven.append(f"{name}: it is signed by a key of the log that you gave.")
    else:
        found.open.append(
            f"{name}: whose log it is. The receipt itself says that its key is {receipt.key}; "
            "compare that with the key as its owner publishes it, and give it."
        )
    _say_witnesses(name, checked, found)
    return _places(receipt) if checked.witnesses else set()


def _say_witnesses(name: str, checked: Checked, found: Findings) -> None:
    for each in checked.witnesses:
        by = moment(each.moment)
        found.proven.append(f"{name}: by {by}, says the witness {each.key.name}.")
    for each in checked.named:
        found.open.append(
            f"{name}: by {moment(each.moment)}, says the witness {each.key.name}, whom the "
            f"receipt itself names: anybody can be made up. If this is a key of theirs, give it: "
            f"{each.key}."
        )
    if not checked.witnesses:
        who = "No witness whose key you gave" if checked.named else "No witness"
        found.open.append(
            f"{name}: that everybody is shown the same log. {who} signed it, so whoever has the "
            "log's key could show others another one."
        )


def _places(receipt: Receipt, size: int = MAX_SIZE) -> set[Place]:
    """Of the records that stand in the first leaves of the log, so many."""
    return {(receipt.case, each.index) for each in receipt.entries if each.index < size}


def _check_stamp(
    name: str,
    content: bytes,
    receipts: Sequence[Receipt],
    authorities: Sequence[Certificate],
    found: Findings,
) -> set[Place]:
    """Of which records it says when, and somebody who is trusted."""
    try:
        stamp = Timestamp.parse(content)
        if authorities:
            stamp.check(authorities)
    except TimestampError as error:
        said = found.open if isinstance(error, CannotCheck) else found.broken
        said.append(f"{name}: {error}")
        return set()
    covered = [(each, size) for each in receipts for size in sorted(_stamped_sizes(stamp, each))]
    if not covered:
        found.broken.append(f"{name}: it is a timestamp of something else than what is here.")
    by = f"by {moment(int(stamp.moment.timestamp()))}, says {short(stamp.by)}"
    dated = set[Place]()
    for receipt, size in covered:
        places = _places(receipt, size)
        number = count(len(places), "record")
        stood = f"{name}: {number} of the case {receipt.case} stood in the log {by}."
        if not authorities:
            found.open.append(f"{stood} Give the certificate of an authority you trust.")
        elif places:
            found.proven.append(stood)
            dated |= places
        else:
            found.open.append(stood)
    return dated


def _stamped_sizes(stamp: Timestamp, receipt: Receipt) -> set[int]:
    """Of the heads that the receipt shows, those that it is of."""
    origin = receipt.head.origin
    old = [Checkpoint(origin, each.size, each.root) for each in receipt.grown]
    return {each.size for each in (receipt.head, *old) if stamp.covers(str(each))}


def _compare_receipts(receipts: Mapping[str, Receipt], found: Findings) -> None:
    ordered = sorted(receipts.items(), key=lambda each: each[1].head.size)
    for (old_name, old), (new_name, new) in combinations(ordered, 2):
        if wrong := agree(old, new):
            found.broken.append(f"{old_name} and {new_name}: {wrong}")
    for (old_name, old), (new_name, new) in pairwise(ordered):
        if shows_growth(old, new):
            found.proven.append(f"{new_name}: its log has only grown since {old_name}.")
        elif not agree(old, new):
            found.open.append(f"Whether the log only grew from {old_name} to {new_name}.")


def _taken(name: str, receipts: Mapping[str, Receipt]) -> int:
    """How many leaves the log had when a case was put into a bundle; any other is shown now."""
    bundle, _, file = name.rpartition(": ")
    beside = receipts.get(f"{bundle}: {_RECEIPT_FILE}")
    return beside.head.size if beside and file == _CASE_FILE else MAX_SIZE


def _compare_case(
    name: str, case: Case, own: Sequence[Receipt], taken: int, found: Findings
) -> None:
    if not own:
        found.broken.append(f"{name}: there is no receipt of this case here to hold it against.")
        return
    shown = {each.index for each in case.records}
    known = {at: leaf for at, leaf in leaves(own).items() if at < taken or at in shown}
    order = chain(known, case)
    wrong = [*map(str, differences(own, case, taken)), *order.broken]
    found.broken.extend(f"{name}: {each}." for each in wrong)
    if not wrong:
        number = count(len(known), "record")
        found.proven.append(f"{name}: it shows {number} as they were committed to, unchanged.")
        _say_order(name, order.hidden, found)
    hidden = {field for each in case.records if each.index in known for field in each.withheld}
    if hidden:
        said = ", ".join(map(short, sorted(hidden)))
        found.open.append(f"{name}: what was withheld says: {said}.")
    if later := len(leaves(own)) - len(known):
        found.open.append(f"{name}: {count(later, 'record')} that a later receipt here shows.")
    last = max(each.head.size for each in own)
    behind = sum(each.index >= last for each in case.records)
    if behind:
        found.open.append(
            f"{name}: {count(behind, 'record')} that came after the newest receipt here; ask for "
            "a newer one."
        )


def _say_order(name: str, hidden: Set[str], found: Findings) -> None:
    """Of records that nothing contradicts."""
    if hidden:
        found.open.append(
            f"{name}: whether all are records of this case, and none was left out between them; "
            f"what says so is not shown: {', '.join(sorted(hidden))}."
        )
    else:
        found.proven.append(
            f"{name}: they are records of this case, from its first on, each behind the one before "
            "it: none was left out between them."
        )
    found.open.append(
        f"{name}: that it ends there. Whoever has the log's key can leave out the last records of "
        "a case; who was given a later receipt sees it."
    )
