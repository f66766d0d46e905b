"""A program that uses the API with a token."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta

import httpx
from tests.doors.servers import AUTHORITIES, Running

from earwitness.accounts import Account, Password, Role
from earwitness.flow import access, accounts, tokens
from earwitness.wiring import Earwitness

NO_PASSWORD = Password("no password opens this", b"t" * accounts.TOTP_BYTES)


def token(server: Running, *roles: Role, name: str = "", days: float = 1) -> str:
    """Of a new account that has these roles."""
    now = datetime.now(UTC)
    with Earwitness.open(server.settings) as program:
        records = program.records
        link = accounts.offer(frozenset(roles), "test", now, records=records)
        account_id = secrets.token_hex(4)
        new = Account(account_id, name or f"program {account_id}", frozenset(), now)
        made = records.make_account(access.secret_hash(link.secret), new, NO_PASSWORD)
        valid = timedelta(days=days)
        return tokens.make_token(made, "test", frozenset(roles), valid, now, records=records).secret


def program(server: Running, secret: str) -> httpx.Client:
    return httpx.Client(
        base_url=f"http://127.0.0.1:{server.http_port}/api/v1",
        headers={"Authorization": f"Bearer {secret}"},
        timeout=60,
        verify=AUTHORITIES,
    )
