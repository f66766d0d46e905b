"""A mail server of this machine, with everything that it took; it can be switched off."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from tests.flow.test_witnessing import free_port


@dataclass
class Mailboxes:
    """Each message with its first recipient."""

    port: int
    refuses: bool = False
    took: list[tuple[str, EmailMessage]] = field(default_factory=list)
    came: threading.Condition = field(default_factory=threading.Condition)

    async def handle_DATA(  # noqa: N802 (the name that aiosmtpd calls)
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        assert isinstance(envelope.content, bytes)
        if self.refuses:
            return "451 later"
        message = message_from_bytes(envelope.content, _class=EmailMessage, policy=default)
        with self.came:
            self.took.append((envelope.rcpt_tos[0], message))
            self.came.notify_all()
        return "250 OK"

    def wait_for(self, address: str, seconds: float = 60, number: int = 0) -> EmailMessage:
        """The first to this address, or another."""
        with self.came:
            there = self.came.wait_for(lambda: self._to(address)[number:], seconds)
            assert there, [to for to, _ in self.took]
            return self._to(address)[number]

    def _to(self, address: str) -> list[EmailMessage]:
        return [message for to, message in self.took if to == address]


@contextmanager
def mailboxes() -> Iterator[Mailboxes]:
    made = Mailboxes(free_port())
    controller = Controller(made, hostname="127.0.0.1", port=made.port)
    controller.start()
    try:
        yield made
    finally:
        controller.stop()
