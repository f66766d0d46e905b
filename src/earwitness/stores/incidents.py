"""Cases, and the log that they are committed to, in one transaction."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, func, select, update

from earwitness.errors import NotFound, StoreError
from earwitness.evidence.checkpoints import Checkpoint
from earwitness.evidence.merkle import HASH_BYTES, Frontier, leaf_hash
from earwitness.evidence.records import Value, canonical
from earwitness.incidents.deliveries import Ahead
from earwitness.incidents.records import (
    FIRST,
    FRAME,
    HOUSE,
    Draft,
    Kept,
    Link,
    chained,
    next_number,
)
from earwitness.model import Utterance
from earwitness.ports.incidents import Addition, CaseRow, Signer
from earwitness.stores.columns import EPOCH
from earwitness.stores.database import Database
from earwitness.stores.escalation import put_ahead, put_time
from earwitness.stores.incident_tables import (
    incident,
    incident_record,
    log_checkpoint,
    log_head,
    log_leaf,
    log_node,
    log_timestamp,
)
from earwitness.stores.log_head import ROW, locked_head, newest
from earwitness.stores.tables import utterance
from earwitness.stores.utterances import made_of

_FOREIGN = {
    "sqlite": "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' ORDER BY name",
    "postgresql": "SELECT tgname, pg_get_triggerdef(pg_trigger.oid) || pg_get_functiondef(tgfoid) "
    "FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid "
    "WHERE NOT tgisinternal AND relnamespace = current_schema()::regnamespace "
    "UNION SELECT rulename, definition FROM pg_rules WHERE schemaname = current_schema() "
    "ORDER BY 1, 2",
}
_CASE = [incident.c[name] for name in CaseRow.__dataclass_fields__]


class IncidentStore:
    """Implements ``ports.IncidentRecords``."""

    database: Database

    # --- cases ---------------------------------------------------------------

    def open_case(
        self, new: CaseRow, drafts: Sequence[Draft], ahead: Ahead, signer: Signer
    ) -> CaseRow:
        row = {name: getattr(new, name) for name in CaseRow.__dataclass_fields__}
        with self.database.write() as connection:
            head = locked_head(connection, signer)  # first: one order for all writers
            if self.database.insert_new(connection, incident, row):
                rows = _Leaves(head)
                rows.append(chained(new.id, 0, FIRST, drafts), new.opened_at, new.id)
                rows.write(self.database, connection, signer, new.opened_at)
                put_ahead(self.database, connection, {new.id: ahead})
                return new
            kept = _case(connection, new.code_hash)
        if kept is None:
            raise StoreError("A case with this id is there already.")
        return kept

    def add_records(
        self, additions: Sequence[Addition], now: datetime, signer: Signer
    ) -> frozenset[str]:
        with self.database.write() as connection:
            rows, ahead = _Leaves(locked_head(connection, signer)), dict[str, Ahead]()
            ends = _ends(connection, [each.case for each in additions])
            known = incident.c.id.in_(list(ends))
            if set(ends) - set(connection.scalars(select(incident.c.id).where(known))):
                raise NotFound("There is no such case.")
            for each in additions:
                number, leaf = ends[each.case]
                if number != each.number:
                    continue
                before = leaf_hash(leaf).hex() if each.number else FIRST
                links = chained(each.case, each.number, before, each.drafts)
                rows.append(links, now, each.case)
                ahead[each.case] = each.ahead
            rows.write(self.database, connection, signer, now)
            put_ahead(self.database, connection, ahead)
        return frozenset(ahead)

    def case_of(self, code_hash: bytes) -> CaseRow | None:
        with self.database.read() as connection:
            return _case(connection, code_hash)

    def cases(self) -> Sequence[CaseRow]:
        reported = select(*_CASE).where(incident.c.id != HOUSE)
        statement = reported.order_by(incident.c.opened_at.desc(), incident.c.id)
        with self.database.read() as connection:
            return [_case_row(row) for row in connection.execute(statement) if row.id]

    def case_rows(self, ids: Sequence[str]) -> Sequence[CaseRow]:
        statement = select(*_CASE).where(incident.c.id.in_(ids))
        with self.database.read() as connection:
            return list(map(_case_row, connection.execute(statement)))

    def lost_cases(self) -> Sequence[str]:
        rows = select(incident.c.id)
        statement = select(incident_record.c.incident).distinct()
        lost = statement.where(incident_record.c.incident.not_in(rows))
        with self.database.read() as connection:
            return [each for each in connection.scalars(lost) if each]

    def put_case(self, row: CaseRow) -> None:
        one = incident.c
        others = select(one.code_hash).where(one.code_hash == row.code_hash, one.id != row.id)
        with self.database.write() as connection:
            if connection.execute(others).first():
                taken = update(incident).where(one.code_hash == row.code_hash, one.id != row.id)
                connection.execute(taken.values(code_hash=secrets.token_bytes(HASH_BYTES)))
            values = {"id": row.id, "code_hash": row.code_hash, "opened_at": row.opened_at}
            connection.execute(self.database.upsert(incident, ["code_hash", "opened_at"]), [values])

    def records(self, case: str) -> Sequence[Kept]:
        found = self.records_of([case])
        if not found:
            raise NotFound("There is no such case.")
        return found[case]

    def records_of(self, cases: Sequence[str]) -> Mapping[str, Sequence[Kept]]:
        found: dict[str, list[Kept]] = {}
        for made in self._kept(incident_record.c.incident.in_(cases)):
            found.setdefault(made.case, []).append(made)
        for each in found.values():
            end = next_number(kept.number for kept in each)
            each.sort(key=lambda kept: (not 0 <= kept.number < end, kept.number))
        return found

    def records_at(self, start: int, end: int) -> Sequence[Kept]:
        place = incident_record.c.leaf
        return self._kept((place >= start) & (place < end))

    def _kept(self, which: ColumnElement[bool]) -> list[Kept]:
        statement = (
            select(incident_record, log_leaf.c.leaf.label("content"))
            .outerjoin(log_leaf, log_leaf.c.place == incident_record.c.leaf)
            .where(which)
        )
        with self.database.read() as connection:
            return [
                Kept(
                    row.incident,
                    row.number,
                    row.leaf,
                    row.kind,
                    _fields(row.fields),
                    row.salt,
                    row.before,
                    row.content,
                )
                for row in connection.execute(statement)
            ]

    def places(self) -> frozenset[int]:
        with self.database.read() as connection:
            return frozenset(connection.scalars(select(incident_record.c.leaf)))

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
            row = select(log_head.c.size).where(log_head.c.id == ROW)
            size = connection.execute(row).scalar_one_or_none()
            if size is None or size < 0:  # damaged; the next that appends puts it right
                every = select(func.count()).select_from(log_leaf)
                size = connection.execute(every).scalar_one()
        return size

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

    def log_leaves(self, start: int, end: int) -> Sequence[bytes]:
        one = log_leaf.c
        wanted = select(one.leaf).where(one.place >= start, one.place < end).order_by(one.place)
        with self.database.read() as connection:
            found = [bytes(each) for each in connection.scalars(wanted)]
        return found if len(found) == end - start else []

    def put_nodes(self, nodes: Iterable[tuple[int, int, bytes]]) -> None:
        each = iter(nodes)
        with self.database.write() as connection:
            while some := list(islice(each, 10_000)):
                rows = [{"level": level, "place": at, "hash": made} for level, at, made in some]
                connection.execute(self.database.upsert(log_node, ["hash"]), rows)

    def checkpoint(self, size: int) -> str:
        statement = select(log_checkpoint.c.note).where(log_checkpoint.c.size == size)
        with self.database.read() as connection:
            return str(connection.execute(statement).scalar_one_or_none() or "")

    def newest(self, signer: Signer) -> str:
        with self.database.read() as connection:
            return newest(connection, signer)

    def foreign_code(self) -> Sequence[str]:
        with self.database.read() as connection:
            found = connection.exec_driver_sql(_FOREIGN[connection.dialect.name])
            return [f"{name} ({_digest(str(sql))})" for name, sql in found]

    def put_checkpoint(self, size: int, note: str) -> None:
        change = update(log_checkpoint).where(log_checkpoint.c.size == size).values(note=note)
        with self.database.write() as connection:
            if connection.execute(change).rowcount != 1:
                raise NotFound(f"There is no checkpoint of {size} leaves.")

    def timestamp_covering(self, index: int) -> tuple[int, bytes] | None:
        one = log_timestamp.c
        statement = select(one.size, one.token).where(one.size > index, one.token != b"")
        with self.database.read() as connection:
            row = connection.execute(statement.order_by(one.size).limit(1)).one_or_none()
        return None if row is None else (row.size, row.token)

    def put_timestamp(self, size: int, token: bytes, now: datetime) -> None:
        with self.database.write() as connection:
            new = {"size": size, "token": token, "at": now}
            connection.execute(self.database.upsert(log_timestamp, ["token", "at"]), [new])


def _ends(connection: Connection, cases: Sequence[str]) -> dict[str, tuple[int, bytes]]:
    """The number of the next record of each, and the leaf of the one before it."""
    one = incident_record.c
    found: dict[str, dict[int, int]] = {each: {} for each in cases}
    there = select(one.incident, one.number, one.leaf).where(one.incident.in_(cases))
    for case, number, leaf in connection.execute(there):
        found[case][number] = leaf
    ends = {case: next_number(leaves) for case, leaves in found.items()}
    last = {case: found[case].get(number - 1) for case, number in ends.items()}
    places = [each for each in last.values() if each is not None]
    statement = select(log_leaf.c.place, log_leaf.c.leaf).where(log_leaf.c.place.in_(places))
    content = {row.place: row.leaf for row in connection.execute(statement)}
    return {case: (ends[case], content.get(last[case], b"")) for case in ends}


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

    def write(
        self, database: Database, connection: Connection, signer: Signer, now: datetime
    ) -> None:
        """With the head that holds them, signed; over what somebody put there beforehand.

        What was seen is never behind what the log proves, unless somebody set it back.
        """
        if not self.leaves:
            return
        connection.execute(log_leaf.insert(), self.leaves)
        connection.execute(database.upsert(log_node, ["hash"]), self.nodes)
        connection.execute(incident_record.insert(), self.records)
        size, peaks = self.head.size, b"".join(self.head.peaks)
        head = {"id": ROW, "size": size, "peaks": peaks}
        connection.execute(database.upsert(log_head, ["size", "peaks"]), [head])
        note = {"size": size, "note": signer.sign(Checkpoint("", size, self.head.root))}
        connection.execute(database.upsert(log_checkpoint, ["note"]), [note])
        put_time(database, connection, now)


def _digest(sql: str) -> str:
    """Short, and another for other SQL."""
    return hashlib.sha256(sql.encode()).hexdigest()[:12]


def _case(connection: Connection, code_hash: bytes) -> CaseRow | None:
    row = connection.execute(select(*_CASE).where(incident.c.code_hash == code_hash)).one_or_none()
    return None if row is None else _case_row(row)


def _case_row(row: Row[Any]) -> CaseRow:
    return CaseRow(row.id, row.code_hash, row.opened_at or EPOCH)


def _fields(text: str) -> dict[str, Value]:
    """Nothing where somebody damaged it: whoever holds that against its leaf sees what is gone.

    Without what no leaf commits to.
    """
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    if not isinstance(found, dict):
        return {}
    return {name: value for name, value in found.items() if name not in FRAME}
