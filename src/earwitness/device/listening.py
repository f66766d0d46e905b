"""A device's buttons: what is heard goes to the session, or it does not.

Muted means muted: no frame leaves, what was held back or not yet answered is overwritten,
and the server is told to forget it.
"""

from __future__ import annotations

from earwitness.device.client import Device
from earwitness.device.gate import Gate
from earwitness.model import Samples


class Listening:
    """Sound for a device, from a microphone or a recording.

    With a ``gate`` what is worth sending is found out here; without one everything is
    sent, or, with push-to-talk, what is said while the button is held.
    """

    def __init__(self, device: Device, gate: Gate | None = None, *, muted: bool = False) -> None:
        self.device, self.gate = device, gate
        self.muted = muted
        self.pressed = False
        self.consent = True

    @property
    def sending(self) -> bool:
        """Whether what is heard now leaves the device."""
        if self.muted:
            return False
        if self.device.session.push:
            return self.pressed
        return self.gate is None or self.gate.open

    def hear(self, block: Samples) -> None:
        """``[samples]`` at 16 kHz."""
        if self.muted:
            self.device.session.skip(len(block))
        elif self.gate is not None:
            self.gate.endpoint_seconds = self.device.endpoint_seconds
            self.gate.hear(block)
        else:
            self.device.session.say(block)
        self.device.wake()

    def mute(self, muted: bool) -> None:
        self.muted = muted
        if muted:
            self.forget()

    def forget(self) -> None:
        """Deletes the buffer, here and on the server."""
        if self.gate is not None:
            self.gate.forget()
        self.pressed = False
        self.device.forget()

    def press(self, pressed: bool) -> None:
        """The button of push-to-talk."""
        if not self.muted:
            self.pressed = pressed
            session = self.device.session
            (session.begin if pressed else session.end)()
            self.device.wake()

    def set_consent(self, granted: bool) -> None:
        self.consent = granted
        self.device.consent(granted)

    async def finish(self) -> None:
        """No more sound for now; returns when everything is answered."""
        if self.gate is not None:
            self.gate.flush()
        self.pressed = False
        self.device.session.end()
        self.device.wake()
        await self.device.drained()
