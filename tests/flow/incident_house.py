"""Incidents in one folder, with a policy, people, and ways out that fail when they are told to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path

from tests.values import START

from earwitness.accounts import Account, Password, Role
from earwitness.errors import NotDelivered
from earwitness.flow.access import secret_hash
from earwitness.flow.incidents.codes import code_of
from earwitness.flow.incidents.logbook import Logbook
from earwitness.flow.incidents.parts import Incidents
from earwitness.incidents.policy import BUILT_IN
from earwitness.ports import Message, Witness
from earwitness.stores import FolderBlobs, SqlRecords, open_store
from earwitness.stores.head_file import HeadFile
from earwitness.witness.key_file import log_keys

THREE_RUNGS = """
[people.mallory]
account = "Mallory"
channels = ["mailto:mallory@example.org"]

[people.ria]
account = "Ria"
channels = ["mailto:ria@example.org"]

[people.dora]
account = "Dora"
channels = ["mailto:dora@example.org"]

[[rungs]]
name = "Manager"
tell = ["mallory"]
deadlines = { now = "15m", recent = "4h", past = "2d" }

[[rungs]]
name = "Responder"
tell = ["ria"]
deadlines = { now = "15m", recent = "4h", past = "2d" }

[[rungs]]
name = "Director"
tell = ["dora"]
deadlines = { now = "30m", recent = "8h", past = "4d" }

[outside]
name = "Ombudsman"
channels = ["mailto:ombudsman@example.net"]
"""


@dataclass
class Recorded:
    """Implements ``ports.Channels``: what was sent, and whether it is refused."""

    sent: list[tuple[str, Message]] = field(default_factory=list)
    down: bool = False
    refused: set[str] = field(default_factory=set)

    def send(self, channel: str, message: Message) -> None:
        if self.down or channel in self.refused:
            raise NotDelivered("down")
        self.sent.append((channel, message))

    @property
    def to(self) -> list[str]:
        return [channel for channel, _ in self.sent]


def incidents(
    folder: Path,
    policy: str = BUILT_IN,
    witnesses: Sequence[Witness] = (),
    quorum: int = 0,
    url: str = "",
) -> Incidents:
    """All parts in one folder; opened by as many processes as like."""
    store = open_store(url or f"sqlite:///{folder / 'one.db'}")
    keys, copy = log_keys(folder / "log.key"), HeadFile(folder / "log.head")
    return Incidents(
        store,
        FolderBlobs(folder / "clips"),
        FolderBlobs(folder / "sealed"),
        Logbook(store, lambda: keys, copy, tuple(witnesses), quorum),
        lambda: policy,
        partial(code_of, bytes(32)),
        bytes(32),
        "https://earwitness.example",
    )


def person(on: Incidents, name: str, *roles: Role, at: datetime = START) -> Account:
    """Somebody with an account."""
    secret = secret_hash(f"link of {name}".encode().hex())
    on.records.offer_account(secret, frozenset(roles), "", at.replace(year=at.year + 50))
    new = Account(name.casefold(), name, frozenset(roles), at)
    return on.records.make_account(secret, new, Password("hash", b"totp"))


def change(on: Incidents, statement: str) -> None:
    """What an administrator of the database could do."""
    assert isinstance(on.records, SqlRecords)
    with on.records.database.write() as connection:
        connection.exec_driver_sql(statement)
