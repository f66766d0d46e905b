"""Bundles of a case: whether the bag is whole, and what is in it, to be verified.

A bag's manifests say that nothing changed on its way; they are signed by nobody. That an original
is the one that was sealed is said by the record of it, to which the log is committed.
"""

from __future__ import annotations

import hashlib
import re
import struct
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import BinaryIO

from .cases import Case
from .findings import short

LARGEST = 2 << 30
"""Bytes of all files together."""
MOST_FILES = 10_000
NOT_HERE = "it is not here; the bundle says why"
_HEADER, _DESCRIPTOR, _END = 30, 24, 22
"""Bytes in a ZIP: before the name of a file; behind a file; of the end."""
_STREAMED = 1 << 3
"""The flag of a file whose checksum and sizes stand behind it."""
_FROM_THE_END = 2  # as seek counts
_ALGORITHMS = ("sha256", "sha512")
_MISSING = ".missing.txt"
_EVIDENCE = re.compile(r"evidence/([0-9a-f]{64})(?:\.[a-z0-9]{1,8}|\.missing\.txt)")
_FINDING = re.compile(r"findings/([0-9a-f]{64})(?:\.(?:finding|replay)\.json|\.missing\.txt)")
_KNOWN = re.compile(
    r"bagit\.txt|bag-info\.txt|(?:tag)?manifest-sha(?:256|512)\.txt"
    r"|data/(?:README\.txt|case\.json|receipt\.json|policy\.toml"
    r"|timestamps/(?:missing\.txt|[0-9]{1,19}\.(?:tsr|checkpoint))"
    rf"|{_EVIDENCE.pattern}|{_FINDING.pattern})"
)
"""A file of any other name would look as if it were proven, too."""


class BundleError(ValueError):
    """This is no bundle."""


@dataclass(frozen=True, slots=True)
class Bundle:
    """What a bag holds, by path under ``data/``. ``wrong``: why it is not whole."""

    files: Mapping[str, bytes]
    wrong: list[str] = field(default_factory=list)

    @classmethod
    def parse(cls, file: BinaryIO) -> Bundle:
        """A bag in a ZIP (RFC 8493). Raises BundleError."""
        try:
            with zipfile.ZipFile(file) as archive:
                members = archive.infolist()
                if len(members) > MOST_FILES or sum(m.file_size for m in members) > LARGEST:
                    raise BundleError("This bundle is larger than anything that can be verified.")
                if not _is_one_archive(members, file):
                    raise BundleError("Other programs would find other files in this ZIP file.")
                files = {member.filename: archive.read(member) for member in members}
        except BundleError:
            raise
        except Exception as error:  # a damaged archive raises whatever it likes
            raise BundleError("This is no ZIP file, or not a whole one.") from error
        if len(files) != len(members):
            raise BundleError("Two of its files have one name.")
        roots = {name.partition("/")[0] for name in files}
        root = f"{roots.pop()}/" if len(roots) == 1 else ""
        bag = {name.removeprefix(root): each for name, each in files.items()}
        if not bag.get("bagit.txt", b"").startswith(b"BagIt-Version: "):
            raise BundleError("This is no bag: it has no bagit.txt.")
        payload = {name[5:]: each for name, each in bag.items() if name.startswith("data/")}
        return cls(payload, list(_wrong(bag)))


def originals(bundle: Bundle, case: Case) -> Iterator[tuple[str, str]]:
    """Each that the case has sealed, by its SHA-256, and what of it is not as it should be.

    ``case`` has the records that are proven, and no others.
    """
    return _sealed_files(bundle, _EVIDENCE, _keys(case, "sealed", "sha256"))


def findings_of(bundle: Bundle, case: Case) -> Iterator[tuple[str, str]]:
    """As ``originals``, of the files of each finding."""
    return _sealed_files(bundle, _FINDING, _keys(case, "found", "content", "replay"))


def _keys(case: Case, kind: str, *names: str) -> set[str]:
    """What records of a kind name by these fields."""
    own = [each.fields for each in case.records if _value(each.fields, "kind") == kind]
    return {str(key) for fields in own for name in names if (key := _value(fields, name))}


def _sealed_files(
    bundle: Bundle, pattern: re.Pattern[str], sealed: set[str]
) -> Iterator[tuple[str, str]]:
    there: dict[str, list[str]] = {key: [] for key in sealed}
    for path in bundle.files:
        if match := pattern.fullmatch(path):
            there.setdefault(match[1], []).append(path)
    for key in sorted(there):
        if key not in sealed:
            yield key, "it is not one that the case has sealed"
        else:
            yield key, _wrong_file(key, there[key], bundle)


def _wrong_file(key: str, paths: list[str], bundle: Bundle) -> str:
    if not paths:
        return "it is missing"
    if len(paths) > 1:
        return "there are several files of it, and which is opened is anybody's guess"
    if paths[0].endswith(_MISSING):
        return NOT_HERE
    same = hashlib.sha256(bundle.files[paths[0]]).hexdigest() == key
    return "" if same else "it is another one"


def policy_of(case: Case) -> str | None:
    """The policy with which the case began, as its record has it; None where it is not shown."""
    for record in case.records:
        if _value(record.fields, "kind") == "routed":
            policy = _value(record.fields, "policy")
            return policy if isinstance(policy, str) else None
    return None


def _is_one_archive(members: Sequence[zipfile.ZipInfo], file: BinaryIO) -> bool:
    """Whether its files follow each other with no room between in which another could be.

    We read the directory at the end of a ZIP; who reads from the front finds what stands there.
    """
    at, slack = 0, 0
    for each in sorted(members, key=lambda each: each.header_offset):
        if not at <= each.header_offset <= at + slack or not _is_plain(each, file):
            return False
        at = each.header_offset + _HEADER + len(each.orig_filename.encode())
        at, slack = at + each.compress_size, _DESCRIPTOR
    end = file.seek(-_END, _FROM_THE_END)
    size, start = struct.unpack("<LL", file.read(_END)[12:20])
    return bool(at <= start <= at + slack and start + size == end)


def _is_plain(member: zipfile.ZipInfo, file: BinaryIO) -> bool:
    """Whether a file says the same of itself at both places, and has no field of its own.

    Such a field can give it another name, which some programs believe and others do not.
    """
    file.seek(member.header_offset)
    local = struct.unpack("<4s5H3L2H", file.read(_HEADER))
    _, _, flags, method, _, _, checksum, packed, size, name_length, extra = local
    name = file.read(name_length)
    streamed = flags & _STREAMED
    summed = (member.CRC, member.compress_size, member.file_size)
    return bool(
        not member.extra
        and not extra
        and (flags, method) == (member.flag_bits, member.compress_type)
        and name == member.orig_filename.encode()
        and (streamed or (checksum, packed, size) == summed)
    )


def _wrong(bag: Mapping[str, bytes]) -> Iterator[str]:
    payload = {name for name in bag if name.startswith("data/")}
    tags = {name for name in bag if name not in payload and not name.startswith("tagmanifest")}
    for name in sorted(bag):
        if not _KNOWN.fullmatch(name):
            yield f"{short(name)} is no file of a bundle"
    for algorithm in _ALGORITHMS:
        name = f"manifest-{algorithm}.txt"
        yield from _against(name, algorithm, bag, payload)
        yield from _against(f"tag{name}", algorithm, bag, tags)


def _against(
    name: str, algorithm: str, bag: Mapping[str, bytes], expected: set[str]
) -> Iterator[str]:
    if name not in bag:
        yield f"{name} is missing"
        return
    lines = bag[name].decode(errors="replace").removesuffix("\n").split("\n")
    parts = [line.partition("  ") for line in lines]
    listed = {path: digest for digest, _, path in parts}
    if len(listed) != len(lines):
        yield f"{name} lists a file twice"
    for path in sorted(expected | listed.keys()):
        if path not in listed:
            yield f"{short(path)} is not in {name}"
        elif path not in bag:
            yield f"{short(path)} is missing"
        elif hashlib.new(algorithm, bag[path]).hexdigest() != listed[path]:
            yield f"{short(path)} is not what {name} says"


def _value(fields: Mapping[str, object], name: str) -> object:
    return getattr(fields.get(name), "value", None)
