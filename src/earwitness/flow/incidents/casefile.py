"""What a case has sealed, as sounds with custody: for somebody who may see the case.

They are asked for at each call, for somebody may be named meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from earwitness.accounts import Account
from earwitness.errors import NotFound
from earwitness.examining import Evidence, FindingVersion
from earwitness.flow.incidents import acting
from earwitness.flow.incidents.cases import Look, Seen
from earwitness.flow.incidents.evidence import FILE
from earwitness.flow.incidents.parts import Incidents
from earwitness.flow.rooms import room_of
from earwitness.flow.subjects import Subject, nearest, printed
from earwitness.incidents.records import Kind, moment_of, text_of
from earwitness.model import Source
from earwitness.sound.findings.contents import Custody

_HEARD = {"examined": "examined it", "saved": "saved it"}


@dataclass(frozen=True, slots=True)
class CaseFile:
    """Implements ``flow.subjects.Custodian``. Every call raises NotFound, too, for who may not
    see the case, or not any more.
    """

    case: str
    by: Account
    on: Incidents

    def about(self, subject: str) -> Subject:
        return self._one(self._look(), subject)

    def content(self, subject: str) -> bytes:
        wanted = self.about(subject)
        return self.on.sealed.get(_key(wanted.id))

    def beside(self, subject: str) -> list[Subject]:
        """Whatever else the case has sealed that can be heard."""
        found = self._look()
        this = self._one(found, subject)
        return nearest([each for each in self._sounds(found) if each.id != subject], this)

    def custody(self, subject: str) -> list[Custody]:
        """From the records of the case, each by its number there."""
        key = _key(subject)
        return [
            Custody(_moment(each), text_of(each.kept, "by") or "Earwitness", said)
            for each in self._look().records
            if (said := _custody(each, key))
        ]

    def add_finding(self, new: FindingVersion) -> None:
        raise NotFound("Findings are written on clips alone.")

    def finding(self, finding: str) -> Sequence[FindingVersion]:
        raise NotFound("There is no such finding.")

    def findings(self, subject: str) -> Sequence[FindingVersion]:
        return ()

    def _look(self) -> Look:
        return acting.seen_by(self.case, self.by, self.on)

    def _one(self, found: Look, subject: str) -> Subject:
        for each in self._sounds(found):
            if each.id == subject:
                return each
        raise NotFound("There is no such evidence that can be examined here.")

    def _sounds(self, found: Look) -> Iterator[Subject]:
        """Each once, in the order in which they were sealed."""
        seen = set()
        for each in found.records:
            key, long = each.fields["sha256"], each.fields["milliseconds"]
            if each.kept.kind != Kind.SEALED or each.fields["format"] == FILE or key in seen:
                continue
            if isinstance(key, str) and isinstance(long, int):
                seen.add(key)
                yield self._subject(each, key, long / 1000)

    def _subject(self, sealed: Seen, key: str, seconds: float) -> Subject:
        source = Source(text_of(sealed.kept, "device"), text_of(sealed.kept, "household"))
        room, at = room_of(source.device, self.on.records), moment_of(sealed.kept, "heard_at")
        return Subject(Evidence(self.case, key).subject, source, room, at, seconds, self.case)


def _key(subject: str) -> str:
    """Its SHA-256."""
    found = Evidence.of(subject)
    return found.sha256 if found else ""


def _custody(record: Seen, key: str) -> str:
    """What a record says of an original; empty for nothing."""
    kept, why = record.kept, text_of(record.kept, "said")
    if kept.kind == Kind.TAKEN and text_of(kept, "what") == "bundle":
        said = f"took it out of here with all of the case, because: {why}"
    elif record.fields["sha256"] != key:
        return ""
    elif kept.kind == Kind.SEALED:
        said = f"sealed it: {text_of(kept, 'part')}, clip {text_of(kept, 'utterance')}"
    elif kept.kind == Kind.SEEN:
        did = _HEARD.get(text_of(kept, "how"), "heard it")
        said = f"{did}, because: {why}"
    else:
        return ""
    changed = " (not as it was recorded)" if record.wrong else ""
    return f"{said}; record {kept.number} of the case {kept.case}{changed}"


def _moment(record: Seen) -> str:
    at = moment_of(record.kept, "at")
    return printed(at) if at else "at no moment that can be read"
