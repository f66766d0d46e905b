"""Devices, the codes that let them in, and API keys.

A code belongs to the device that used it, by a unique column: however many try it at
once, it lets in one. Every change counts ``access_revision`` up within its transaction,
so whoever sees a number sees every change up to it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, select, update

from earwitness.errors import AccessRefused, InputError, NotFound
from earwitness.model import ApiKey, Device
from earwitness.stores.database import Database
from earwitness.stores.tables import access_revision, api_key, device, invitation

_DEVICE = [device.c[name] for name in Device.__dataclass_fields__]
_KEY = [api_key.c[name] for name in ApiKey.__dataclass_fields__]


class AccessStore:
    """Implements ``ports.AccessRecords``."""

    database: Database

    # --- devices ----------------------------------------------------------------

    def invite(
        self, code_hash: bytes, household: str, room: str, expires_at: datetime, now: datetime
    ) -> None:
        statement = invitation.insert().values(
            code_hash=code_hash,
            household=household,
            room=room,
            invited_at=now,
            expires_at=expires_at,
        )
        with self.database.write() as connection:
            connection.execute(statement)

    def enrol(self, code_hash: bytes, device_id: str, key: bytes, now: datetime) -> Device:
        """Refuses a device that was revoked since, and one whose id is in use already."""
        with self.database.write() as connection:
            invited = _invited(connection, code_hash)
            known = _one(connection, device.c.code_hash == code_hash)
            if known is None:
                _refuse_late(invited.expires_at, now)
                new = Device(device_id, invited.household, invited.room, key, now)
                known = self._let_in(connection, code_hash, new)
        if (known.id, known.key) != (device_id, key):
            raise AccessRefused("This code was used already; ask for a new one.")
        return _not_revoked(known)

    def _let_in(self, connection: Connection, code_hash: bytes, new: Device) -> Device:
        """The new device, or who was faster with the same code."""
        values = {**_fields(new), "code_hash": code_hash}
        if self.database.insert_new(connection, device, values):
            _count_up(connection)
            return new
        if (faster := _one(connection, device.c.code_hash == code_hash)) is None:
            raise AccessRefused(f"Device {new.id} is enrolled already; enrol with a new key.")
        return faster

    def device(self, device_id: str) -> Device:
        with self.database.read() as connection:
            return _device(connection, device_id)

    def devices(self) -> Sequence[Device]:
        statement = select(*_DEVICE).order_by(device.c.enrolled_at, device.c.id)
        with self.database.read() as connection:
            return [Device(*row) for row in connection.execute(statement)]

    def announce_key(self, device_id: str, key: bytes) -> Device:
        return _not_revoked(
            self._change(device_id, device.c.revoked_at.is_(None), {"next_key": key})
        )

    def use_next_key(self, device_id: str) -> Device:
        moved = {"key": device.c.next_key, "next_key": None}
        return self._change(device_id, device.c.next_key.is_not(None), moved)

    def set_consent(self, device_id: str, granted: bool) -> Device:
        return self._change(device_id, device.c.consent != granted, {"consent": granted})

    def revoke_device(self, device_id: str, now: datetime) -> Device:
        """The first moment stays."""
        return self._change(device_id, device.c.revoked_at.is_(None), {"revoked_at": now})

    def _change(self, device_id: str, where: ColumnElement[bool], values: dict[str, Any]) -> Device:
        """The device afterwards, whether ``where`` was true of it or not."""
        statement = update(device).where(device.c.id == device_id, where).values(values)
        with self.database.write() as connection:
            if connection.execute(statement).rowcount:
                _count_up(connection)
            return _device(connection, device_id)

    # --- API keys ---------------------------------------------------------------

    def add_api_key(self, key: ApiKey, secret_hash: bytes) -> None:
        """Raises InputError where a key that is not revoked has its name in its household."""
        values = {**_fields(key), "secret_hash": secret_hash}
        with self.database.write() as connection:
            if not self.database.insert_new(connection, api_key, values):
                raise InputError(f"There is a key named {key.name!r} in {key.household!r} already.")
            _count_up(connection)

    def api_key(self, secret_hash: bytes) -> ApiKey:
        statement = select(*_KEY).where(api_key.c.secret_hash == secret_hash)
        with self.database.read() as connection:
            row = connection.execute(statement).one_or_none()
        if row is None:
            raise AccessRefused("This API key is not known here.")
        if row.revoked_at is not None:
            raise AccessRefused("This API key was revoked.")
        return ApiKey(*row)

    def api_keys(self) -> Sequence[ApiKey]:
        statement = select(*_KEY).order_by(api_key.c.made_at, api_key.c.id)
        with self.database.read() as connection:
            return [ApiKey(*row) for row in connection.execute(statement)]

    def revoke_api_key(self, key_id: str, now: datetime) -> ApiKey:
        """The first moment stays."""
        with self.database.write() as connection:
            live = (api_key.c.id == key_id) & api_key.c.revoked_at.is_(None)
            if connection.execute(update(api_key).where(live).values(revoked_at=now)).rowcount:
                _count_up(connection)
            row = connection.execute(select(*_KEY).where(api_key.c.id == key_id)).one_or_none()
        if row is None:
            raise NotFound(f"There is no API key {key_id!r}.")
        return ApiKey(*row)

    def access_revision(self) -> int:
        with self.database.read() as connection:
            return connection.scalar(select(access_revision.c.number)) or 0


def _fields(value: Device | ApiKey) -> dict[str, Any]:
    return {name: getattr(value, name) for name in value.__dataclass_fields__}


def _count_up(connection: Connection) -> None:
    """Its row is locked until the commit, so numbers become visible in their order."""
    connection.execute(update(access_revision).values(number=access_revision.c.number + 1))


# --- reading ------------------------------------------------------------------


def _invited(connection: Connection, code_hash: bytes) -> Row[Any]:
    row = connection.execute(
        select(invitation).where(invitation.c.code_hash == code_hash)
    ).one_or_none()
    if row is None:
        raise AccessRefused("This code is not known here; check it, or ask for a new one.")
    return row


def _one(connection: Connection, where: ColumnElement[bool]) -> Device | None:
    row = connection.execute(select(*_DEVICE).where(where)).one_or_none()
    return None if row is None else Device(*row)


def _device(connection: Connection, device_id: str) -> Device:
    if (found := _one(connection, device.c.id == device_id)) is None:
        raise NotFound(f"There is no device {device_id!r}.")
    return found


def _refuse_late(expires_at: datetime, now: datetime) -> None:
    if now >= expires_at:
        raise AccessRefused("This code has expired; ask for a new one.")


def _not_revoked(found: Device) -> Device:
    if found.revoked_at is not None:
        raise AccessRefused(f"Device {found.id} was revoked.")
    return found
