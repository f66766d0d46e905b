"""Cases, and the log that they are committed to, in one transaction."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, select, update

from earwitness.errors import NotFound, StoreError
from earwitness.evidence.checkpoints import Checkpoint
from earwitness.evidence.merkle import HASH_BYTES, Frontier, leaf_hash
from earwitness.evidence.records import Value, canonical
from earwitness.incidents.deliveries import Ahead
from earwitness.incidents.records import FIRST, HOUSE, Draft, Kept, Link, chained
from earwitness.model import Utterance
from earwitness.ports.incidents import Addition, CaseRow, Sign
from earwitness.stores.database import Database
from earwitness.stores.escalation import put_ahead
from earwitness.stores.incident_tables import (
    incident,
    incident_record,
    log_checkpoint,
    log_head,
    log_leaf,
    log_node,
)
from earwitness.stores.tables import utterance
from earwitness.stores.utterances import made_of

_CASE = [incident.c[name] for name in CaseRow.__dataclass_fields__]


class IncidentStore:
    """Implements ``ports.IncidentRecords``."""

    database: Database

    # --- cases ---------------------------------------------------------------

    def open_case(self, new: CaseRow, drafts: Sequence[Draft], ahead: Ahead, sign: Sign) -> CaseRow:
        row = {name: getattr(new, name) for name in CaseRow.__dataclass_fields__}
        with self.database.write() as connection:
            head = _locked_head(connection)  # before anything else: one order for all writers
            if self.database.insert_new(connection, incident, row):
                rows = _Leaves(head)
                rows.append(chained(new.id, 0, FIRST, drafts), new.opened_at, new.id)
                rows.write(connection, sign)
                put_ahead(self.database, connection, {new.id: ahead})
                return new
            kept = _case(connection, new.code_hash)
        if kept is None:
            raise StoreError("A case with this id is there already.")
        return kept

    def add_records(
        self, additions: Sequence[Addition], now: datetime, sign: Sign
    ) -> frozenset[str]:
        with self.database.write() as connection:
            rows, ahead = _Leaves(_locked_head(connection)), dict[str, Ahead]()
            last = _last(connection, [each.case for each in additions])
            for each in additions:
                if each.case not in last:
                    raise NotFound("There is no such case.")
                number, leaf = last[each.case]
                if number + 1 != each.number:
                    continue
                before = leaf_hash(leaf).hex() if each.number else FIRST
                links = chained(each.case, each.number, before, each.drafts)
                rows.append(links, now, each.case)
                ahead[each.case] = each.ahead
            rows.write(connection, sign)
            put_ahead(self.database, connection, ahead)
        return frozenset(ahead)

    def case_of(self, code_hash: bytes) -> CaseRow | None:
        with self.database.read() as connection:
            return _case(connection, code_hash)

    def cases(self) -> Sequence[CaseRow]:
        reported = select(*_CASE).where(incident.c.id != HOUSE)
        statement = reported.order_by(incident.c.opened_at.desc(), incident.c.id)
        with self.database.read() as connection:
            return [CaseRow(*row) for row in connection.execute(statement)]

    def case_rows(self, ids: Sequence[str]) -> Sequence[CaseRow]:
        with self.database.read() as connection:
            return [
                CaseRow(*row)
                for row in connection.execute(select(*_CASE).where(incident.c.id.in_(ids)))
            ]

    def records(self, case: str) -> Sequence[Kept]:
        found = self.records_of([case])
        if not found:
            raise NotFound("There is no such case.")
        return found[case]

    def records_of(self, cases: Sequence[str]) -> Mapping[str, Sequence[Kept]]:
        one = incident_record.c
        statement = (
            select(incident_record, log_leaf.c.leaf.label("content"))
            .outerjoin(log_leaf, log_leaf.c.place == one.leaf)
            .where(one.incident.in_(cases))
            .order_by(one.incident, one.number)
        )
        found: dict[str, list[Kept]] = {}
        with self.database.read() as connection:
            for row in connection.execute(statement):
                fields, case = _fields(row.fields), row.incident
                content = None if row.content is None else bytes(row.content)
                made = Kept(
                    case, row.number, row.leaf, row.kind, fields, row.salt, row.before, content
                )
                found.setdefault(case, []).append(made)
        return found

    def record_count(self) -> int:
        with self.database.read() as connection:
            found = connection.execute(select(func.count()).select_from(incident_record))
            return int(found.scalar_one())

    def near(self, device: str, moment: datetime, within: timedelta) -> Sequence[Utterance]:
        return self._around(utterance.c.device == device, moment, within)

    def near_in(self, household: str, moment: datetime, within: timedelta) -> Sequence[Utterance]:
        return self._around(utterance.c.household == household, moment, within)

    def _around(
        self, whose: ColumnElement[bool], moment: datetime, within: timedelta
    ) -> Sequence[Utterance]:
        around = utterance.c.heard_at.between(moment - within, moment + within)
        statement = (
            select(utterance).where(whose, around).order_by(utterance.c.heard_at, utterance.c.id)
        )
        with self.database.read() as connection:
            return [made_of(dict(row._mapping)) for row in connection.execute(statement)]

    # --- the log -------------------------------------------------------------

    def log_size(self) -> int:
        with self.database.read() as connection:
            return int(connection.execute(select(log_head.c.size)).scalar_one())

    def log_node(self, level: int, index: int) -> bytes:
        statement = select(log_node.c.hash).where(
            log_node.c.level == level, log_node.c.place == index
        )
        with self.database.read() as connection:
            found = connection.execute(statement).scalar_one_or_none()
        if found is None:
            raise NotFound(f"The log has no subtree {index} at level {level}.")
        return bytes(found)

    def log_leaf(self, index: int) -> bytes:
        statement = select(log_leaf.c.leaf).where(log_leaf.c.place == index)
        with self.database.read() as connection:
            found = connection.execute(statement).scalar_one_or_none()
        if found is None:
            raise NotFound(f"The log has no leaf {index}.")
        return bytes(found)

    def checkpoint(self, size: int | None = None) -> str:
        statement = select(log_checkpoint.c.note).order_by(log_checkpoint.c.size.desc()).limit(1)
        if size is not None:
            statement = statement.where(log_checkpoint.c.size == size)
        with self.database.read() as connection:
            return str(connection.execute(statement).scalar_one_or_none() or "")

    def put_checkpoint(self, size: int, note: str) -> None:
        change = update(log_checkpoint).where(log_checkpoint.c.size == size).values(note=note)
        with self.database.write() as connection:
            if connection.execute(change).rowcount != 1:
                raise NotFound(f"There is no checkpoint of {size} leaves.")


def _locked_head(connection: Connection) -> Frontier:
    row = connection.execute(select(log_head).with_for_update()).one()
    peaks = [row.peaks[at : at + HASH_BYTES] for at in range(0, len(row.peaks), HASH_BYTES)]
    if len(peaks) != row.size.bit_count():
        raise StoreError("The head of the log is damaged: nothing can be committed to it.")
    return Frontier(row.size, tuple(map(bytes, peaks)))


def _last(connection: Connection, cases: Sequence[str]) -> dict[str, tuple[int, bytes]]:
    """The number of the newest record of each, and its leaf: -1 and nothing where none is left."""
    one = incident_record.c
    newest = (
        select(one.incident, func.max(one.number).label("number"))
        .where(one.incident.in_(cases))
        .group_by(one.incident)
        .subquery()
    )
    statement = (
        select(incident.c.id, one.number, log_leaf.c.leaf)
        .outerjoin(newest, newest.c.incident == incident.c.id)
        .outerjoin(
            incident_record,
            (one.incident == newest.c.incident) & (one.number == newest.c.number),
        )
        .outerjoin(log_leaf, log_leaf.c.place == one.leaf)
        .where(incident.c.id.in_(cases))
    )
    return {
        case: (-1 if number is None else number, bytes(leaf or b""))
        for case, number, leaf in connection.execute(statement)
    }


@dataclass
class _Leaves:
    """Rows that are written together, however many cases they are of."""

    head: Frontier
    leaves: list[dict[str, Any]] = field(default_factory=list)
    nodes: list[dict[str, Any]] = field(default_factory=list)
    records: list[dict[str, Any]] = field(default_factory=list)

    def append(self, links: Sequence[Link], now: datetime, case: str) -> None:
        for link in links:
            index = self.head.size
            self.head, complete = self.head.append(leaf_hash(link.leaf))
            self.leaves.append({"place": index, "leaf": link.leaf})
            self.nodes += [
                {"level": level, "place": at, "hash": made} for level, at, made in complete
            ]
            self.records.append(
                {
                    "incident": case,
                    "number": link.number,
                    "leaf": index,
                    "kind": link.draft.kind.value,
                    "fields": canonical(dict(link.draft.fields)).decode(),
                    "salt": link.draft.salt,
                    "before": link.before,
                    "at": now,
                }
            )

    def write(self, connection: Connection, sign: Sign) -> None:
        """With the head that holds them, signed."""
        if not self.leaves:
            return
        connection.execute(log_leaf.insert(), self.leaves)
        connection.execute(log_node.insert(), self.nodes)
        connection.execute(incident_record.insert(), self.records)
        peaks = b"".join(self.head.peaks)
        connection.execute(update(log_head).values(size=self.head.size, peaks=peaks))
        note = sign(Checkpoint("", self.head.size, self.head.root))
        connection.execute(log_checkpoint.insert().values(size=self.head.size, note=note))


def _case(connection: Connection, code_hash: bytes) -> CaseRow | None:
    row = connection.execute(select(*_CASE).where(incident.c.code_hash == code_hash)).one_or_none()
    return None if row is None else CaseRow(*row)


def _fields(text: str) -> dict[str, Value]:
    """Nothing where somebody damaged it: whoever holds that against its leaf sees what is gone."""
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
