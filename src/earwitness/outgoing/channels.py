"""Each kind of channel, by how its address begins."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from earwitness.errors import NotDelivered
from earwitness.outgoing import letter, mail, webhook
from earwitness.outgoing.webhook import Sign
from earwitness.ports import Message


class OpenChannels:
    """Implements ``ports.Channels``. ``source`` is who we are to whoever gets a webhook."""

    def __init__(self, smtp: str, sender: str, letters: Path, source: str, sign: Sign) -> None:
        self._smtp, self._sender, self._letters = smtp, sender, letters
        self._source, self._sign = source, sign

    def send(self, channel: str, message: Message) -> None:
        kind, _, rest = channel.partition(":")
        match kind:
            case "mailto" if self._smtp:
                mail.send(rest, message, self._smtp, self._sender)
            case "mailto":
                raise NotDelivered("there is no mail server: set EARWITNESS_SMTP")
            case "http" | "https":
                webhook.send(channel, message, self._source, self._sign, datetime.now(UTC))
            case "letter":
                letter.write(rest, message, self._letters)
            case _:
                raise NotDelivered(f"there is no channel {kind!r}")
