"""``earwitness device``: which devices may speak, and for which household."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from earwitness.doors.cli.app import app
from earwitness.doors.cli.opening import opened, the_one
from earwitness.doors.cli.screen import Json, Screen, cell, table

if TYPE_CHECKING:
    from earwitness.model import Device
    from earwitness.wiring import Earwitness

group = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="Devices: invite, list, revoke, consent."
)
app.add_typer(group, name="device")


class Choice(StrEnum):
    """What the people in a room said."""

    GRANTED = "granted"
    WITHDRAWN = "withdrawn"


Household = Annotated[str, typer.Option(metavar="NAME", help="Whose device it is.")]
Room = Annotated[str, typer.Option(metavar="NAME", help="Where it stands.")]
Minutes = Annotated[int, typer.Option(min=1, max=10_080, help="How long the code is valid.")]
DeviceId = Annotated[str, typer.Argument(metavar="ID", help="The first digits of its id.")]
Consent = Annotated[Choice, typer.Argument(help="Without consent nothing it hears is kept.")]


@group.command()
def invite(
    context: typer.Context,
    household: Household,
    room: Room,
    minutes: Minutes = 60,
    as_json: Json = False,
) -> None:
    """Print a code with which one device can enrol, once. The code is kept nowhere."""
    from earwitness.flow import access

    with opened(context) as program:
        valid = timedelta(minutes=minutes)
        made = access.invite(household, room, _now(), records=program.records, valid=valid)
    text = f"for one device in {made.room}, {made.household}; valid for {minutes} min"
    Screen(as_json).result(made, lambda out: _show_secret(out, made.code, text))


@group.command("list")
def list_devices(context: typer.Context, as_json: Json = False) -> None:
    """List the devices, revoked ones too."""
    with opened(context) as program:
        devices = program.records.devices()
    Screen(as_json).result([_told(each) for each in devices], lambda out: _show(devices, out))


@group.command()
def revoke(context: typer.Context, device: DeviceId, as_json: Json = False) -> None:
    """Shut a device out, for good; it has to be invited again with a new key."""
    with opened(context) as program:
        done = program.records.revoke_device(_find(program, device), _now())
    Screen(as_json).result(_told(done), lambda out: out.print(cell(f"{done.id} is revoked.")))


@group.command()
def consent(
    context: typer.Context, device: DeviceId, choice: Consent, as_json: Json = False
) -> None:
    """Say whether doubtful speech from a device is kept for a human."""
    with opened(context) as program:
        done = program.records.set_consent(_find(program, device), choice is Choice.GRANTED)
    text = f"Consent for {done.id} is {choice}."
    Screen(as_json).result(_told(done), lambda out: out.print(cell(text)))


def _show_secret(out: Console, secret: str, about: str) -> None:
    """The secret on a line of its own, so that it can be copied."""
    out.print(cell(secret, "bold"), soft_wrap=True)
    out.print(cell(about, "dim"))


def _show(devices: Sequence[Device], out: Console) -> None:
    if not devices:
        out.print("No devices; earwitness device invite lets one in.")
        return
    shown = table("device", "household", "room", "enrolled", "consent", "state")
    for each in devices:
        shown.add_row(
            cell(each.id, "bold"),
            cell(each.household),
            cell(each.room),
            each.enrolled_at.astimezone().strftime("%Y-%m-%d %H:%M"),
            "granted" if each.consent else cell("withdrawn", "yellow"),
            "may speak" if each.revoked_at is None else cell("revoked", "red"),
        )
    out.print(shown)


def _told(device: Device) -> dict[str, object]:
    """All but the keys."""
    names = ("id", "household", "room", "enrolled_at", "consent", "revoked_at")
    return {name: getattr(device, name) for name in names}


def _find(program: Earwitness, beginning: str) -> str:
    return the_one("device", [each.id for each in program.records.devices()], beginning)


def _now() -> datetime:
    return datetime.now(UTC)
