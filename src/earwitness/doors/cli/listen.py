"""``earwitness listen``: this machine as an enrolled device."""

from __future__ import annotations

import asyncio
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from earwitness.doors.cli.app import PARTLY_FAILED, app
from earwitness.doors.cli.opening import opened
from earwitness.doors.cli.screen import Json, Screen

if TYPE_CHECKING:
    from earwitness.device.keys import Identity, KeyFile

KEY_NAME = "device.json"


class Codec(StrEnum):
    """How sound is sent."""

    PCM16 = "pcm16"
    OPUS = "opus"


Files = Annotated[
    list[Path] | None,
    typer.Argument(metavar="[FILE...]", help="Recordings, played in real time; else microphone."),
]
Server = Annotated[
    str, typer.Option(metavar="URL", help="The server; by default the one on this machine.")
]
Enrol = Annotated[
    str | None, typer.Option(metavar="CODE", help="Enrol first, with a one-time code.")
]
Key = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE", help=f"The device's key; by default {KEY_NAME} in the data folder."
    ),
]
Push = Annotated[bool, typer.Option("--push/--open", help="Push-to-talk, or always listening.")]
Coding = Annotated[Codec, typer.Option(help="How sound is sent.")]
Muted = Annotated[bool, typer.Option("--mute-start", help="Start muted.")]
Consent = Annotated[
    bool, typer.Option("--consent/--no-consent", help="Whether doubtful speech may be kept.")
]
Microphone = Annotated[str, typer.Option(metavar="NAME", help="A part of the microphone's name.")]
Authority = Annotated[
    Path | None, typer.Option("--ca", metavar="FILE", help="A PEM file of authorities to trust.")
]
Rotate = Annotated[bool, typer.Option("--rotate", help="Exchange the key for a new one.")]
Patience = Annotated[
    float,
    typer.Option(
        min=0, metavar="SECONDS", help="How long recordings wait for a server to be there."
    ),
]


@app.command()
def listen(
    context: typer.Context,
    files: Files = None,
    server: Server = "",
    enrol: Enrol = None,
    key: Key = None,
    push: Push = False,
    codec: Coding = Codec.PCM16,
    mute_start: Muted = False,
    consent: Consent = True,
    microphone: Microphone = "",
    ca: Authority = None,
    rotate: Rotate = False,
    patience: Patience = 30.0,
    as_json: Json = False,
) -> None:
    """Be a device: send what is heard to a server, and show what it answers.

    At a terminal: m mutes, space is the button of --push, c withdraws or grants consent, d
    deletes what is not answered yet, q quits. A line that breaks comes back by itself, and
    loses nothing. Recordings end it when they are answered; the exit code is 1 where an
    utterance was shed or sound was lost.
    """
    from earwitness.device.keys import KeyFile
    from earwitness.doors.cli.talking import Talk, Wishes

    screen = Screen(as_json)
    with opened(context) as program:
        server = server or program.settings.http_url
        keys = KeyFile(key or program.settings.data / KEY_NAME)
        identity = _identity(keys, server, enrol, ca, screen)
        wishes = Wishes(push, codec.value, mute_start, consent, microphone, rotate, patience)
        talk = Talk(program.reader, server, identity, keys, wishes, screen, ca)
        heard = asyncio.run(talk.run(files or []))
    screen.result(heard.summary(), lambda out: None)
    if heard.failed:
        raise typer.Exit(PARTLY_FAILED)
    if heard.shed or heard.lost:
        raise typer.Exit(1)


def _identity(
    keys: KeyFile, server: str, code: str | None, authority: Path | None, screen: Screen
) -> Identity:
    from earwitness.device.enrolment import enrol

    if code is None:
        return keys.enrolled()
    identity = enrol(server, code, keys, str(authority) if authority else None)
    screen.note(f"Enrolled for {identity.room}, {identity.household}, as {identity.device}.")
    return identity
