"""``earwitness key``: who may use the HTTP API, and for which household."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from earwitness.doors.cli.app import app
from earwitness.doors.cli.opening import opened, the_one
from earwitness.doors.cli.screen import Json, Screen, cell, plain, table

if TYPE_CHECKING:
    from earwitness.model import ApiKey

group = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="Keys of the HTTP API: add, list, revoke."
)
app.add_typer(group, name="key")

KeyName = Annotated[str, typer.Argument(metavar="NAME", help="Who uses it; the queue names it.")]
Household = Annotated[str, typer.Option(metavar="NAME", help="Whose speech comes with it.")]
Consent = Annotated[
    bool, typer.Option("--consent/--no-consent", help="Keep doubtful speech for a human.")
]
KeyId = Annotated[str, typer.Argument(metavar="ID", help="The first digits of its id.")]


@group.command()
def add(
    context: typer.Context,
    name: KeyName,
    household: Household,
    consent: Consent = True,
    as_json: Json = False,
) -> None:
    """Print the secret of a new key. The secret is kept nowhere."""
    from earwitness.flow import access

    with opened(context) as program:
        now = datetime.now(UTC)
        made = access.add_key(name, household, now, consent=consent, records=program.records)
    value = {"secret": made.secret, **plain(made.key)}
    Screen(as_json).result(value, lambda out: _show_secret(out, made.secret, made.key))


@group.command("list")
def list_keys(context: typer.Context, as_json: Json = False) -> None:
    """List the keys, revoked ones too."""
    with opened(context) as program:
        keys = program.records.api_keys()
    Screen(as_json).result(keys, lambda out: _show(keys, out))


@group.command()
def revoke(context: typer.Context, key: KeyId, as_json: Json = False) -> None:
    """Shut out whoever uses a key, for good."""
    with opened(context) as program:
        found = the_one("key", [each.id for each in program.records.api_keys()], key)
        done = program.records.revoke_api_key(found, datetime.now(UTC))
    Screen(as_json).result(done, lambda out: out.print(cell(f"{done.name} is revoked.")))


def _show_secret(out: Console, secret: str, key: ApiKey) -> None:
    """The secret on a line of its own, so that it can be copied."""
    kept = "doubtful speech is kept" if key.consent else "nothing is kept"
    out.print(cell(secret, "bold"), soft_wrap=True)
    out.print(cell(f"for {key.name}, {key.household}; {kept}", "dim"))


def _show(keys: Sequence[ApiKey], out: Console) -> None:
    if not keys:
        out.print("No keys; without any, the HTTP API answers this machine alone.")
        return
    shown = table("key", "name", "household", "made", "consent", "state")
    for each in keys:
        shown.add_row(
            cell(each.id, "bold"),
            cell(each.name),
            cell(each.household),
            each.made_at.astimezone().strftime("%Y-%m-%d %H:%M"),
            "granted" if each.consent else cell("withdrawn", "yellow"),
            "may speak" if each.revoked_at is None else cell("revoked", "red"),
        )
    out.print(shown)
