"""Always listening: what is worth sending is found out on the device.

Sound leaves it from a little before somebody speaks until it has been silent for longer
than the server needs to find the end. What lies between is counted, and goes nowhere.
"""

from __future__ import annotations

from collections import deque
from typing import Any

import numpy as np

from earwitness.device.session import DeviceSession
from earwitness.model import SAMPLE_RATE, Samples
from earwitness.ports import LiveDetector

SPEECH, RELEASE = 0.35, 0.25
"""Lower than the server's (``speech.endpoint``), which decides."""
PRE_ROLL_SECONDS = 0.7
"""More than the server's (``live.stream``)."""
MARGIN_SECONDS = 0.4
"""Silence that is sent beyond what ends an utterance."""


class Gate:
    """Passes on to ``session`` what its ``detector`` takes for speech."""

    def __init__(self, session: DeviceSession, detector: LiveDetector) -> None:
        self.endpoint_seconds = 1.0
        """How long a silence ends an utterance; the server says so."""
        self._session, self._detector = session, detector
        self._memory: Any = detector.fresh()
        self._rest: Samples = np.zeros(0, np.float32)
        self._before: deque[Samples] = deque()
        self._silence = 0
        self.open = False
        """Whether sound is being sent."""

    def hear(self, samples: Samples) -> None:
        """What the microphone heard, ``[samples]`` at 16 kHz."""
        chunk = self._detector.chunk
        known = np.concatenate([self._rest, samples])
        whole = len(known) // chunk * chunk
        self._rest = known[whole:].copy()
        for part in known[:whole].reshape(-1, chunk):
            self._judge(part)

    def forget(self) -> None:
        """Wipes what was held back, and what the detector remembers."""
        for part in (*self._before, self._rest):
            self._session.skip(len(part))
            part[:] = 0
        self._before.clear()
        self._rest = np.zeros(0, np.float32)
        self._memory = self._detector.fresh()
        self.open = False

    def flush(self) -> None:
        """No more sound follows: what is being said is over."""
        if self.open:
            self._session.say(self._rest)
            self._session.end()
        self._rest = np.zeros(0, np.float32)
        self.open = False

    def _judge(self, part: Samples) -> None:
        (probability,) = self._detector.probabilities([self._memory], part[np.newaxis])
        if self.open:
            self._send(part, probability)
            return
        self._before.append(part.copy())
        if probability >= SPEECH:
            self._open()
        elif len(self._before) * len(part) > PRE_ROLL_SECONDS * SAMPLE_RATE:
            self._session.skip(len(self._before.popleft()))

    def _open(self) -> None:
        self.open, self._silence = True, 0
        while self._before:
            self._session.say(self._before.popleft())

    def _send(self, part: Samples, probability: float) -> None:
        self._session.say(part)
        self._silence = self._silence + len(part) if probability < RELEASE else 0
        if self._silence >= (self.endpoint_seconds + MARGIN_SECONDS) * SAMPLE_RATE:
            self.open = False
            self._session.end()
