"""What a case has sealed, as sounds with custody: for somebody who may see the case.

They are asked for at each call, for somebody may be named meanwhile.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from earwitness.accounts import Account
from earwitness.errors import NotFound, RevisionConflict, StoreError
from earwitness.evidence.records import Value
from earwitness.examining import Evidence, FindingVersion
from earwitness.flow.incidents import acting, cases
from earwitness.flow.incidents.cases import Look, Seen
from earwitness.flow.incidents.evidence import FILE
from earwitness.flow.incidents.parts import Incidents
from earwitness.flow.rooms import room_of
from earwitness.flow.subjects import Subject, nearest, printed
from earwitness.incidents.records import Kind, moment_of, text_of
from earwitness.incidents.status import LONG_AGO
from earwitness.model import Source
from earwitness.sound.findings import finding as rules
from earwitness.sound.findings.contents import Custody

KEYS = re.compile("[0-9a-f]{64}")
_HEARD = {
    "examined": "examined it", "saved": "saved it", "reported": "took a report of it away",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class CaseFile:
    """Implements ``flow.subjects.Custodian``. Every call raises NotFound, too, for who may not
    see the case, or not any more.
    """

    case: str
    by: Account
    now: Callable[[], datetime]
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
        """Its files are sealed before the record that names them by their hashes."""
        found, now = self._look(), self.now()
        self._one(found, new.utterance)
        before = (each.fields["version"] for each in _versions(found, new.finding))
        if new.number != max((each for each in before if isinstance(each, int)), default=0) + 1:
            raise RevisionConflict("Somebody else wrote in this finding; load it again.")
        sealed = self.on.sealed
        content = self.on.with_room(lambda: sealed.put(new.content.encode()))
        replay = self.on.with_room(lambda: sealed.put(new.replay.encode())) if new.replay else None
        fields: dict[str, Value] = {
            "at": now.isoformat(), "by": new.by, "by_id": self.by.id,
            "finding": new.finding, "version": new.number, "of": _key(new.utterance),
            "question": rules.parse(new.content).question, "content": content, "replay": replay,
        }  # fmt: skip
        draft, behind = cases.draft(Kind.FOUND, fields), cases.PASSING - {Kind.FOUND}
        cases.add_for_good(found, [draft], now, self.on, behind)

    def finding(self, finding: str) -> Sequence[FindingVersion]:
        """Raises StoreError where the newest one is not what was sealed; earlier ones are then
        without content.
        """
        versions = _versions(self._look(), finding)
        if not versions:
            raise NotFound("There is no such finding.")
        return [*(self._version(each) for each in versions[:-1]), self._version(versions[-1], True)]

    def findings(self, subject: str) -> Sequence[FindingVersion]:
        return [self._version(each) for each in newest(self._look(), _key(subject))]

    def _version(self, record: Seen, needed: bool = False) -> FindingVersion:
        kept, number = record.kept, record.fields["version"]
        content, replay = (self._sealed(text_of(kept, name)) for name in ("content", "replay"))
        if needed and not (content and (replay or not text_of(kept, "replay"))):
            raise StoreError(
                f"Version {number} of this finding is not what was sealed: its file was changed or"
                " taken away. The case says by which hash it was known."
            )
        return FindingVersion(
            text_of(kept, "finding"),
            number if isinstance(number, int) else 0,
            Evidence(self.case, text_of(kept, "of")).subject,
            text_of(kept, "by"),
            moment_of(kept, "at") or LONG_AGO,
            content,
            replay,
        )

    def _sealed(self, key: str) -> str:
        """Empty for what is not there, or not as it was."""
        try:
            return self.on.sealed.get(key).decode() if KEYS.fullmatch(key) else ""
        except StoreError:
            return ""

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


def newest(found: Look, of: str = "") -> list[Seen]:
    """The newest version of each finding, of one original or of the whole case, the oldest first.

    A record that was changed counts for nothing.
    """
    by_name = {
        each.fields["finding"]: each
        for each in found.records
        if each.kept.kind == Kind.FOUND and not each.wrong
    }
    return [each for each in by_name.values() if not of or each.fields["of"] == of]


def _versions(found: Look, finding: str) -> list[Seen]:
    return [
        each
        for each in found.records
        if each.kept.kind == Kind.FOUND and not each.wrong and each.fields["finding"] == finding
    ]


def _key(subject: str) -> str:
    """Its SHA-256."""
    found = Evidence.of(subject)
    return found.sha256 if found else ""


def _custody(record: Seen, key: str) -> str:
    """What a record says of an original; empty for nothing."""
    kept, why = record.kept, text_of(record.kept, "said")
    if kept.kind == Kind.TAKEN and text_of(kept, "what") == "bundle":
        said = f"took it out of here with all of the case, because: {why}"
    elif kept.kind == Kind.FOUND and record.fields["of"] == key:
        said = f"wrote version {record.fields['version']} of a finding on it"
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
