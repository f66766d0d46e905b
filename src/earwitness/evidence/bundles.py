"""Bundles of a case: whether the bag is whole, and what is in it, to be verified.

A bag's manifests say that nothing changed on its way; they are signed by nobody. That an original
is the one that was sealed is said by the record of it, to which the log is committed.
"""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import BinaryIO

from .cases import Case

LARGEST = 2 << 30
"""Bytes of all files together."""
MOST_FILES = 10_000
NOT_HERE = "it is not here; the bundle says why"
_ALGORITHMS = ("sha256", "sha512")


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
                files = {member.filename: archive.read(member) for member in members}
        except BundleError:
            raise
        except Exception as error:  # a damaged archive raises whatever it likes
            raise BundleError("This is no ZIP file, or not a whole one.") from error
        if len(files) != len(members):
            raise BundleError("Two of its files have one name.")
        roots = {name.partition("/")[0] for name in files}
        root = roots.pop() if len(roots) == 1 else ""
        bag = {name.removeprefix(f"{root}/"): each for name, each in files.items()}
        if not bag.get("bagit.txt", b"").startswith(b"BagIt-Version: "):
            raise BundleError("This is no bag: it has no bagit.txt.")
        payload = {name[5:]: each for name, each in bag.items() if name.startswith("data/")}
        return cls(payload, list(_wrong(bag)))


def originals(bundle: Bundle, case: Case) -> Iterator[tuple[str, str]]:
    """Each that the case has sealed, by its SHA-256, and what of it is not as it should be."""
    sealed = {str(key) for record in case.records if (key := _sealed(record.fields))}
    there = {_name(path): path for path in bundle.files if path.startswith("evidence/")}
    for key in sorted(sealed | there.keys()):
        path = there.get(key, "")
        if key not in sealed:
            yield key, "it is not one that the case has sealed"
        elif path.endswith(".missing.txt"):
            yield key, NOT_HERE
        elif not path:
            yield key, "it is missing"
        elif hashlib.sha256(bundle.files[path]).hexdigest() != key:
            yield key, "it is another one"
        else:
            yield key, ""


def policy_of(case: Case) -> str | None:
    """The policy with which the case began, as its record has it."""
    for record in case.records:
        if _value(record.fields, "kind") == "routed":
            return str(_value(record.fields, "policy"))
    return None


def _wrong(bag: Mapping[str, bytes]) -> Iterator[str]:
    payload = {name for name in bag if name.startswith("data/")}
    for algorithm in _ALGORITHMS:
        name = f"manifest-{algorithm}.txt"
        yield from _against(name, algorithm, bag, payload)
        tags = {each for each in bag if each not in payload and not each.startswith("tagmanifest")}
        yield from _against(f"tag{name}", algorithm, bag, tags)


def _against(
    name: str, algorithm: str, bag: Mapping[str, bytes], expected: set[str]
) -> Iterator[str]:
    if name not in bag:
        yield f"{name} is missing"
        return
    lines = (line.split("  ", 1) for line in bag[name].decode(errors="replace").splitlines())
    listed = {each[1]: each[0] for each in lines if len(each) == 2}
    for path in sorted(expected | listed.keys()):
        if path not in listed:
            yield f"{path} is not in {name}"
        elif path not in bag:
            yield f"{path} is missing"
        elif hashlib.new(algorithm, bag[path]).hexdigest() != listed[path]:
            yield f"{path} is not what {name} says"


def _sealed(fields: Mapping[str, object]) -> object:
    return _value(fields, "sha256") if _value(fields, "kind") == "sealed" else None


def _value(fields: Mapping[str, object], name: str) -> object:
    return getattr(fields.get(name), "value", None)


def _name(path: str) -> str:
    return path.removeprefix("evidence/").partition(".")[0]
