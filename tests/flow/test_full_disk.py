"""What is added to a case finds the disk full: the room that is kept is used, once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.flow.incident_house import THREE_RUNGS
from tests.flow.test_escalation import SAID, House, house_of
from tests.flow.test_reporting import keep
from tests.values import START

from earwitness.errors import StoreError
from earwitness.flow.incidents import acting, codes, reporting
from earwitness.flow.incidents.evidence import Brought
from earwitness.incidents.records import Kind
from earwitness.incidents.status import Act
from earwitness.listening import Imminence

LETTER = Brought("letter.pdf", b"%PDF")


@dataclass
class Disk:
    """Full until the room that is kept on it is given back."""

    full: bool = False
    kept: bool = True

    def more_room(self) -> bool:
        given, self.kept = self.kept, False
        self.full = self.full and not given
        return given

    def only_with_room(self, write: Callable[..., Any]) -> Callable[..., Any]:
        def tried(*given: Any, **more: Any) -> Any:
            if self.full:
                raise StoreError("The disk is full.")
            return write(*given, **more)

        return tried


@dataclass
class Reported:
    house: House
    disk: Disk
    case: str
    code: str

    def kinds(self) -> list[str]:
        return [each.kept.kind for each in self.house.look(self.case).records]


@pytest.fixture
def reported(tmp_path: Path) -> Iterator[Reported]:
    disk, house = Disk(), house_of(tmp_path, THREE_RUNGS)
    house.on = replace(house.on, more_room=disk.more_room)
    for clip in ("u_1", "v_1"):  # of two devices
        keep(house.on, clip)
    code = codes.new_code()
    said = replace(SAID, imminence=Imminence.PAST, utterance="u_1")
    case = reporting.report(said, code, START, house.on).case
    yield Reported(house, disk, case, code)
    house.on.records.close()  # type: ignore[attr-defined]


def _inquiry(made: Reported) -> None:
    ria, until = made.house.people["Ria"], START + timedelta(days=1)
    acting.act(made.case, Act.INQUIRY, ria, START, made.house.on, until=until, whom="Ria")


DONE: dict[str, Callable[[Reported], object]] = {
    Kind.ADDED: lambda made: reporting.add(made.code, "a door", START, made.house.on),
    Kind.SEALED: lambda made: reporting.bring(made.code, LETTER, "it", START, made.house.on),
    Kind.IMPLICATED: lambda made: reporting.implicate(made.code, ["Dora"], START, made.house.on),
    Kind.ACTED: _inquiry,
    Kind.GRANTED: lambda made: acting.grant(
        made.case, "the next room", made.house.people["Ria"], START, made.house.on
    ),
    Kind.ANSWERED: lambda made: acting.answer(
        made.case, "thanks", False, made.house.people["Ria"], START, made.house.on
    ),
}  # fmt: skip


def written_by(made: Reported) -> dict[str, tuple[object, str]]:
    """What writes to the disk, by what it is called here."""
    on = made.house.on
    return {
        "records": (on.records, "add_records"),
        "originals": (on.sealed, "put"),
        "the log's head": (on.book.copy, "write"),
    }


@pytest.mark.parametrize("where", ["records", "originals", "the log's head"])
@pytest.mark.parametrize("kind", DONE)
def test_what_is_added_on_a_full_disk_uses_the_room_and_is_there_once(
    reported: Reported, kind: str, where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk, before = reported.disk, reported.kinds().count(kind)
    of, name = written_by(reported)[where]
    monkeypatch.setattr(of, name, disk.only_with_room(getattr(of, name)))
    disk.full = True
    DONE[kind](reported)
    assert reported.kinds().count(kind) == before + 1
    assert not reported.house.look(reported.case).wrong
    assert disk.kept == (where == "originals" and kind not in (Kind.SEALED, Kind.GRANTED))


@pytest.mark.parametrize("kind", DONE)
def test_without_any_room_it_is_refused_and_nothing_is_there(
    reported: Reported, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk, before = reported.disk, reported.kinds()
    disk.full, disk.kept = True, False
    records = reported.house.on.records
    monkeypatch.setattr(records, "add_records", disk.only_with_room(records.add_records))
    with pytest.raises(StoreError, match="The disk is full"):
        DONE[kind](reported)
    assert reported.kinds() == before
