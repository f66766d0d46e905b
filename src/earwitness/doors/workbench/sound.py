"""The sound of a clip: for whom, for how long, why; and each time on record.

An address is a signed ticket that works for minutes, in one session. With a lease's token in
it, it works for as long as that lease is held. What is given out is no louder than the
settings say, unless the ticket is for the clip as it was recorded.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import re
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import structlog
from fastapi import APIRouter, Form, Request, Response

from earwitness.accounts import Role
from earwitness.audio.clip import encode_flac, encode_ogg_opus
from earwitness.audio.loudness import Guarded, guarded
from earwitness.doors.workbench.pages import Pages
from earwitness.doors.workbench.roles import only
from earwitness.doors.workbench.visitors import visitor_of
from earwitness.errors import AccessRefused, InputError
from earwitness.flow.rooms import room_of
from earwitness.listening import Playback
from earwitness.model import SAMPLE_RATE, Lease, Samples

if TYPE_CHECKING:
    from earwitness.wiring import Earwitness

SOUND = "/workbench/sound"
HEAR = "/workbench/hear"
VALID = timedelta(minutes=5)
TO_JUDGE = "to judge it"
HEARERS = frozenset({Role.ANALYST, Role.LEAD, Role.RESPONDER})
FOR_A_REASON = frozenset({Role.LEAD, Role.RESPONDER})
SHORTEST_REASON = 3
MOST_PLAYED = 24 * 3600.0
_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})", re.ASCII)

Why = Annotated[str, Form(max_length=1000)]

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Ticket:
    """The right to hear a clip until a moment. ``token`` is a lease's, or empty."""

    playback: str
    utterance: str
    session: str
    token: str
    why: str
    as_recorded: bool
    until: float


class Tickets:
    """Signs with a key that nobody knows and that ends with the process, as tickets do anyway."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)

    def address(
        self, request: Request, utterance: str, why: str, token: str = "", *,
        as_recorded: bool = False, at: str = SOUND,
    ) -> str:  # fmt: skip
        """Where the clip can be heard, by whoever asks here."""
        until = (datetime.now(UTC) + VALID).timestamp()
        session = _session_of(request)
        ticket = Ticket(secrets.token_hex(12), utterance, session, token, why, as_recorded, until)
        content = json.dumps(asdict(ticket)).encode()
        return f"{at}/{_text(content)}.{_text(self._signature(content))}"

    def read(self, text: str, request: Request) -> Ticket:
        """Raises AccessRefused for one that is forged, late, or somebody else's."""
        try:
            content, signature = (urlsafe_b64decode(part + "==") for part in text.split("."))
        except ValueError as error:
            raise AccessRefused("This is no address of a clip.") from error
        if not hmac.compare_digest(signature, self._signature(content)):
            raise AccessRefused("This address is not known any more; load the page again.")
        ticket = Ticket(**json.loads(content))
        if ticket.until <= datetime.now(UTC).timestamp():
            raise AccessRefused("This address has expired; load the page again.")
        if ticket.session != _session_of(request):
            raise AccessRefused("This address is somebody else's.")
        return ticket

    def _signature(self, content: bytes) -> bytes:
        return hmac.digest(self._key, content, hashlib.sha256)


def _session_of(request: Request) -> str:
    """Empty for whoever is not signed in: then whoever has the address, until it ends."""
    visitor = request.state.visitor
    return visitor.session.id if visitor else ""


def add_routes(router: APIRouter, program: Earwitness, pages: Pages, tickets: Tickets) -> None:
    desk = _Desk(program, pages, tickets)
    router.add_api_route(HEAR + "/{utterance}", desk.ask, methods=["GET"])
    router.add_api_route(HEAR + "/{utterance}", desk.hear, methods=["POST"])
    router.add_api_route(SOUND + "/{ticket}", desk.sound, methods=["GET"])
    router.add_api_route("/workbench/played/{playback}", desk.played, methods=["POST"])


class _Desk:
    def __init__(self, program: Earwitness, pages: Pages, tickets: Tickets) -> None:
        self._program, self._pages, self._tickets = program, pages, tickets
        self._giving = Giving(program)

    @only(FOR_A_REASON)
    async def ask(self, request: Request, utterance: str) -> Response:
        """Whoever holds no lease says first why they must hear it."""
        return await self._hear(request, utterance)

    @only(FOR_A_REASON)
    async def hear(self, request: Request, utterance: str, why: Why = "") -> Response:
        """The clip, for a reason that goes on record with it."""
        reason = plain(why)
        if len(reason) < SHORTEST_REASON:
            return await self._hear(request, utterance, problem="Say why you must hear it.")
        sound = self._tickets.address(request, utterance, reason)
        return await self._hear(request, utterance, reason, sound)

    async def _hear(
        self, request: Request, utterance: str, why: str = "", sound: str = "", problem: str = ""
    ) -> Response:
        """Raises NotFound for a clip that is not kept."""
        kept = await asyncio.to_thread(self._program.records.utterance, utterance)
        played = await asyncio.to_thread(self._program.records.playbacks, utterance)
        room = await asyncio.to_thread(room_of, kept.source.device, self._program.records)
        filled = {"clip": kept, "played": played, "why": why, "sound": sound, "problem": problem}
        return self._pages.show(request, "hear.html", 400 if problem else 200, room=room, **filled)

    @only(HEARERS)
    async def sound(self, request: Request, ticket: str, codec: str = "flac") -> Response:
        """The clip, or the range of it that is asked for (RFC 9110, section 14)."""
        if codec not in ("flac", "opus"):
            raise InputError("A clip comes as flac or opus.")
        read = self._tickets.read(ticket, request)
        name = visitor_of(request).account.name
        heard = await asyncio.to_thread(
            self._giving.give,
            read.playback, read.utterance, name, read.token, read.why, read.as_recorded,
        )  # fmt: skip
        encode = encode_flac if codec == "flac" else encode_ogg_opus
        content = await asyncio.to_thread(encode, heard.samples)
        response = ranged(request.headers.get("range", ""), content)
        response.media_type = "audio/flac" if codec == "flac" else "audio/ogg"
        response.headers["Content-Type"] = response.media_type
        response.headers["X-Turned-Down"] = f"{heard.turned_down:.1f}"
        response.headers["X-Playback"] = read.playback
        return response

    @only(HEARERS)
    async def played(
        self, request: Request, playback: str, seconds: Annotated[str, Form(max_length=20)] = ""
    ) -> Response:
        """How much of it was heard, repeats included, as the page counts."""
        try:
            heard = float(seconds)
        except ValueError as error:
            raise InputError("Seconds are a number.") from error
        if not 0 <= heard <= MOST_PLAYED:
            raise InputError("Nobody heard so much in one go.")
        name = visitor_of(request).account.name
        await asyncio.to_thread(self._program.records.played, playback, name, heard)
        return Response(status_code=204)


def plain(why: str) -> str:
    """A reason in one line, as it is kept.

    >>> plain(" a\x00b \n c ")
    'a b c'
    """
    return " ".join(why.replace("\x00", " ").split())


class Giving:
    """Gives sounds away, each on record first."""

    def __init__(self, program: Earwitness) -> None:
        self._program = program

    @staticmethod
    def new() -> str:
        """A name for the next playback."""
        return secrets.token_hex(12)

    def give(
        self, playback: str, utterance: str, name: str, token: str, why: str, as_recorded: bool
    ) -> Guarded:
        """With a lease's ``token`` raises LeaseLost for who does not hold it; else NotFound."""
        self._held(utterance, name, token)
        samples: Samples = self._program.clip(self._program.records.utterance(utterance).clip)
        seconds = len(samples) / SAMPLE_RATE
        self.note(playback, utterance, name, "", why, seconds, as_recorded)
        heard = guarded(samples, self._program.settings.loudest_lufs)
        return Guarded(samples, heard.lufs, 0.0, False) if as_recorded else heard

    def note(
        self, playback: str, utterance: str, name: str, token: str, why: str, seconds: float,
        as_recorded: bool = False,
    ) -> None:  # fmt: skip
        """On record, before so much of a clip is given to somebody. Raises LeaseLost."""
        self._held(utterance, name, token)
        new = Playback(playback, utterance, name, why, datetime.now(UTC), seconds, as_recorded)
        self._program.records.add_playback(new)
        log.info("clip given", utterance=utterance, why=why, playback=playback)

    def _held(self, utterance: str, name: str, token: str) -> None:
        if token:
            self._program.renew(Lease(token, utterance, name, datetime.now(UTC)))


def _text(content: bytes) -> str:
    return urlsafe_b64encode(content).decode().rstrip("=")


def ranged(asked: str, content: bytes) -> Response:
    """The whole, or one range of it; several at once, or nonsense, get the whole."""
    headers = {"Accept-Ranges": "bytes"}
    found = _RANGE.fullmatch(asked)
    if not found or not any(found.groups()):
        return Response(content, headers=headers)
    first, last = found.groups()
    start = int(first) if first else max(0, len(content) - int(last))
    end = min(len(content), int(last) + 1) if first and last else len(content)
    if start >= end:
        headers["Content-Range"] = f"bytes */{len(content)}"
        return Response(status_code=416, headers=headers)
    headers["Content-Range"] = f"bytes {start}-{end - 1}/{len(content)}"
    return Response(content[start:end], 206, headers)
