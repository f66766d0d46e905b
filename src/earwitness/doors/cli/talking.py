"""The device program at work: sound in, answers on the screen."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.text import Text

from earwitness.audio.reader import Reader
from earwitness.audio.silero_batch import SileroBatch
from earwitness.device.client import Connected, Device, Disconnected, Lost, Told
from earwitness.device.enrolment import link_url, trust
from earwitness.device.gate import Gate
from earwitness.device.keys import Identity, KeyFile
from earwitness.device.listening import Listening
from earwitness.device.session import DeviceSession
from earwitness.device.sound import in_real_time, microphone
from earwitness.doors.cli.drawing import DOUBTFUL
from earwitness.doors.cli.meter import Meter, pressed_keys
from earwitness.doors.cli.screen import Screen, printable
from earwitness.errors import AudioError, EngineError, InputError
from earwitness.model import SAMPLE_RATE, Samples
from earwitness.wire.link import messages as link

DONE = "q"


@dataclass(frozen=True, slots=True)
class Wishes:
    """What was chosen on the command line."""

    push: bool
    codec: str
    muted: bool
    consent: bool
    microphone: str
    rotate: bool
    patience: float


@dataclass
class Heard:
    """What came of it. ``file`` of an answer is None for the microphone."""

    answers: list[tuple[Path | None, link.Final]] = field(default_factory=list)
    failed: list[dict[str, Any]] = field(default_factory=list)
    shed: int = 0
    lost: int = 0
    sent: float = 0.0
    connections: int = 0

    def summary(self) -> dict[str, Any]:
        return {
            "utterances": [{"file": file, **_plain(final)} for file, final in self.answers],
            "failed": self.failed,
            "shed": self.shed,
            "lost_seconds": self.lost / SAMPLE_RATE,
            "sent_seconds": round(self.sent, 2),
            "connections": self.connections,
        }


def _plain(final: link.Final) -> dict[str, Any]:
    names = ("text", "confidence", "utterance", "revision")
    seconds = {name: getattr(final, name) / SAMPLE_RATE for name in ("start", "end", "endpoint")}
    flags = [{"rule": flag.rule, "reason": flag.reason} for flag in final.flags]
    return {**{name: getattr(final, name) for name in names}, **seconds, "flags": flags}


class Talk:
    """One run of the device program."""

    def __init__(
        self,
        reader: Reader,
        server: str,
        identity: Identity,
        keys: KeyFile,
        wishes: Wishes,
        screen: Screen,
        authority: Path | None,
    ) -> None:
        self._reader, self._screen, self._wishes = reader, screen, wishes
        self._identity, self._keys = identity, keys
        self._url = link_url(server)
        self._trust = trust(self._url, str(authority) if authority else None)
        self._heard = Heard()
        self._file: Path | None = None
        self._away: asyncio.TimerHandle | None = None
        self._gave_up: asyncio.Future[None]

    async def run(self, files: Sequence[Path]) -> Heard:
        """Raises AccessRefused where the server does not let us in, InputError where it is away."""
        loop = asyncio.get_running_loop()
        self._gave_up = loop.create_future()
        listening = self._listening()
        self._meter = Meter(listening, self._screen)
        running = asyncio.create_task(listening.device.run())
        speaking = asyncio.create_task(self._speak(files, listening))
        tasks: list[asyncio.Future[None]] = [running, speaking, self._gave_up]
        if files:
            self._start_waiting()
        try:
            with self._meter.shown(), pressed_keys(lambda key: self._pressed(key, listening)):
                done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
                for each in done:
                    each.result()
        finally:
            await listening.device.close()
            for task in (running, speaking):
                task.cancel()
            await asyncio.gather(running, speaking, return_exceptions=True)
            self._heard.sent = self._meter.sent
        return self._heard

    def _listening(self) -> Listening:
        wishes = self._wishes
        session = DeviceSession(_encoding(wishes.codec), push=wishes.push)
        device = Device(
            self._url,
            self._identity,
            self._told,
            session=session,
            consent=wishes.consent,
            trust=self._trust,
            keys=self._keys,
        )
        if wishes.rotate:
            device.rotate()
        gate = None if wishes.push else Gate(session, SileroBatch())
        made = Listening(device, gate, muted=wishes.muted)
        made.consent = wishes.consent
        return made

    async def _speak(self, files: Sequence[Path], listening: Listening) -> None:
        for self._file in files:
            try:
                await self._play(self._file, listening)
            except (AudioError, EngineError) as error:
                self._screen.error(str(error))
                name, message = type(error).__name__, str(error)
                self._heard.failed.append({"file": self._file, "error": name, "message": message})
        if not files:
            await self._hear(microphone(self._wishes.microphone or None), listening)

    async def _play(self, file: Path, listening: Listening) -> None:
        """One recording; with push-to-talk the button is held meanwhile."""
        if self._wishes.push:
            listening.press(True)
        try:
            await self._hear(in_real_time(self._reader.pieces(file)), listening)
        except (AudioError, EngineError):
            await listening.finish()  # what could be decoded was heard
            raise
        await listening.finish()

    async def _hear(self, blocks: AsyncIterator[Samples], listening: Listening) -> None:
        async for block in blocks:
            listening.hear(block)
            self._meter.heard(block)

    # --- keys -----------------------------------------------------------------------

    def _pressed(self, key: str, listening: Listening) -> None:
        match key:
            case "m":
                listening.mute(not listening.muted)
            case " " if self._wishes.push:
                listening.press(not listening.pressed)
            case "c":
                listening.set_consent(not listening.consent)
            case "d":
                listening.forget()
            case "q" if not self._gave_up.done():
                self._gave_up.set_result(None)
        self._meter.draw()

    # --- what the server says ---------------------------------------------------------

    def _told(self, message: Told) -> None:
        match message:
            case Connected():
                self._connected()
            case Disconnected(why):
                self._disconnected(why)
            case Lost(samples):
                self._heard.lost += samples
                self._screen.warn(f"The buffer was full: {samples / SAMPLE_RATE:.1f} s are lost.")
            case link.Partial(text=text):
                self._meter.partial = text
            case link.Final():
                self._answered(message)
            case link.Shed():
                self._heard.shed += 1
                self._screen.warn("The server had no time for this; it is forgotten.")
            case link.Repeat(reason=reason):
                self._screen.warn(f"Please repeat. {reason}")
            case link.Consent(granted=granted):
                self._screen.note(f"Consent is {'granted' if granted else 'withdrawn'}.")
            case link.LexiconRevision(revision=revision):
                self._screen.note(f"Revision {revision} of the lexicon is live.")
            case link.Slow():
                self._screen.note("The server is behind; nothing is lost.")
        self._meter.draw()

    def _connected(self) -> None:
        self._heard.connections += 1
        if self._away is not None:
            self._away.cancel()
            self._away = None

    def _disconnected(self, why: str) -> None:
        self._screen.note(f"Not connected: {printable(why)}")
        if self._file is not None and self._away is None:
            self._start_waiting()

    def _start_waiting(self) -> None:
        loop = asyncio.get_running_loop()
        self._away = loop.call_later(self._wishes.patience, self._give_up)

    def _give_up(self) -> None:
        if not self._gave_up.done():
            error = InputError(f"{self._url}: no server for {self._wishes.patience:g} s.")
            self._gave_up.set_exception(error)

    def _answered(self, final: link.Final) -> None:
        self._meter.partial = ""
        self._heard.answers.append((self._file, final))
        if not self._screen.as_json:
            for line in _drawn(final):
                self._screen.out.print(line, soft_wrap=True)


def _drawn(final: link.Final) -> list[Text]:
    """The answer, its doubtful words yellow and its taught words bold, and why it is doubted."""
    text = Text()
    for word in final.words:
        style = "yellow" if word.confidence < DOUBTFUL else ""
        text.append(printable(word.text), f"{style} bold" if word.term else style)
        text.append(" ")
    if not text.plain:
        text = Text("(nothing)", "dim")
    kept = f"  kept as {final.utterance[:8]}" if final.utterance else ""
    line = Text.assemble((f"{final.start / SAMPLE_RATE:8.1f} s  ", "dim"), text, (kept, "dim"))
    return [line, *(_reason(flag) for flag in final.flags)]


def _reason(flag: link.Flag) -> Text:
    return Text.assemble(" " * 12, (printable(flag.rule), "yellow"), "  ", printable(flag.reason))


def _encoding(codec: str) -> Any:
    from earwitness.device.opus import Opus
    from earwitness.device.session import Pcm16

    return Opus() if codec == "opus" else Pcm16()
