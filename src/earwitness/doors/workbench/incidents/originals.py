"""Sealed originals as pages show them: what each is, where, when, and how it is played."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from earwitness import __version__
from earwitness.audio.clip import decode_flac, encode_flac
from earwitness.audio.loudness import guarded
from earwitness.doors.workbench.telling import large
from earwitness.evidence.records import Value
from earwitness.flow.incidents.cases import Look, Seen
from earwitness.flow.incidents.evidence import FILE, ending
from earwitness.flow.rooms import room_of
from earwitness.incidents.records import Kind, moment_of, text_of
from earwitness.model import Source

if TYPE_CHECKING:
    from earwitness.ports import Records
    from earwitness.wiring import Earwitness


@dataclass(frozen=True, slots=True)
class Original:
    """One, as its record says; ``room`` is empty for a device that was never enrolled."""

    seen: Seen
    room: str

    @property
    def part(self) -> str:
        """The clip, beside it, or another device."""
        return text_of(self.seen.kept, "part") or "original"

    @property
    def source(self) -> Source:
        return Source(text_of(self.seen.kept, "device"), text_of(self.seen.kept, "household"))

    @property
    def heard_at(self) -> datetime | None:
        return moment_of(self.seen.kept, "heard_at")

    @property
    def seconds(self) -> float | None:
        found = self.seen.fields["milliseconds"]
        return found / 1000 if isinstance(found, int) else None

    @property
    def file(self) -> str:
        """What a file of the reporter was called, and how large it is; empty for what was heard."""
        name, size = text_of(self.seen.kept, "name"), self.seen.fields["bytes"]
        return f"{name}, {large(size)}" if name and isinstance(size, int) else ""

    @property
    def sha256(self) -> str:
        """Empty where it could not be sealed."""
        return text_of(self.seen.kept, "sha256")


def originals(found: Look, records: Records) -> list[Original]:
    """In the order in which they were sealed: the clip of the report comes first."""
    sealed = [each for each in found.records if each.kept.kind == Kind.SEALED]
    devices = {text_of(each.kept, "device") for each in sealed}
    rooms = {device: room_of(device, records) for device in devices}
    return [Original(each, rooms[text_of(each.kept, "device")]) for each in sealed]


def saved_as(found: Look, key: str) -> str:
    """The name of a copy of a file; empty for what is heard."""
    for each in found.records:
        if each.kept.kind == Kind.SEALED and each.fields["sha256"] == key:
            is_file = each.fields["format"] == FILE
            return f"{key[:16]}.{ending(FILE, each.fields['name'])}" if is_file else ""
    return ""


class Player:
    """No louder than any clip."""

    def __init__(self, program: Earwitness) -> None:
        self._program = program

    @property
    def step(self) -> dict[str, Value]:
        """How what is played is made of an original, with all that ``played`` needs for it."""
        loudest = str(self._program.settings.loudest_lufs)
        return {"step": "loudness guard", "loudest_lufs": loudest, "earwitness": __version__}

    def played(self, key: str) -> bytes:
        """FLAC. Raises NotFound, StoreError."""
        samples = decode_flac(self._program.incidents.sealed.get(key))
        return encode_flac(guarded(samples, self._program.settings.loudest_lufs).samples)
