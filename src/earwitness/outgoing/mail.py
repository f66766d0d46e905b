"""Messages by SMTP."""

from __future__ import annotations

import smtplib
import ssl
from contextlib import suppress
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from socket import socket
from urllib.parse import SplitResult, unquote, urlsplit

from earwitness.errors import NotDelivered
from earwitness.ports import Message
from earwitness.wire.exchange import Exchange

SECONDS = 20.0
"""For all of it, from finding the server to its last word."""


def send(address: str, message: Message, server: str, sender: str) -> None:
    """Raises NotDelivered unless the server took it in time. In the clear only to this machine.

    The Message-ID is the same however often it is sent, so that a mailbox may show it once.
    """
    at = urlsplit(server)
    try:
        mail = _written(address, message, sender)
        with Exchange(SECONDS) as exchange:
            smtp = _connected(at, exchange)
            if at.username:
                smtp.login(unquote(at.username), unquote(at.password or ""))
            smtp.send_message(mail)
            exchange.check()
            with suppress(OSError, smtplib.SMTPException):  # it was taken, whatever comes now
                smtp.quit()
    except (OSError, smtplib.SMTPException, MessageError, ValueError) as error:
        raise NotDelivered(f"{at.hostname}: {_why(error)}") from error


def unreached(server: str) -> str:
    """Why no mail could leave by it now; empty where it answers, and lets us in."""
    at = urlsplit(server)
    try:
        with Exchange(SECONDS) as exchange:
            smtp = _connected(at, exchange)
            if at.username:
                smtp.login(unquote(at.username), unquote(at.password or ""))
            with suppress(OSError, smtplib.SMTPException):
                smtp.quit()
    except (OSError, smtplib.SMTPException) as error:
        return f"{at.hostname}: {_why(error)}"
    return ""


def shown(server: str) -> str:
    """Which one it is, without who we are to it; empty for none.

    >>> shown("smtps://ada:secret@mail.example"), shown("smtp://localhost:2525")
    ('smtps://mail.example:465', 'smtp://localhost:2525')
    """
    at = urlsplit(server)
    return f"{at.scheme}://{at.hostname}:{_port(at)}" if server else ""


def _written(address: str, message: Message, sender: str) -> EmailMessage:
    if not address.partition("@")[2]:  # some releases of Python write an empty header
        raise ValueError("that is no address")
    mail = EmailMessage(policy=SMTP)
    mail["From"], mail["To"], mail["Subject"] = sender, address, message.subject
    mail["Date"] = format_datetime(message.at)
    mail["Message-ID"] = f"<{message.id}@{Address(addr_spec=sender).domain or 'localhost'}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(message.text)
    return mail


class _Smtp(smtplib.SMTP):
    """On a connection that is opened by an exchange."""

    def __init__(self, at: SplitResult, exchange: Exchange) -> None:
        self._exchange, self._tls = exchange, at.scheme == "smtps"
        super().__init__(at.hostname or "", _port(at))

    def _get_socket(self, host: str, port: int, timeout: float) -> socket:
        return self._exchange.open(host, port, self._tls)


def _connected(at: SplitResult, exchange: Exchange) -> smtplib.SMTP:
    smtp = _Smtp(at, exchange)
    if at.scheme == "smtp" and not _is_here(at.hostname):
        smtp.starttls(context=ssl.create_default_context())
        assert smtp.sock is not None
        exchange.watch(smtp.sock)
    return smtp


def _port(at: SplitResult) -> int:
    usual = 465 if at.scheme == "smtps" else 25 if _is_here(at.hostname) else 587
    return at.port or usual


def _is_here(host: str | None) -> bool:
    return host in ("localhost", "127.0.0.1", "::1")


def _why(error: Exception) -> str:
    """Without what was sent, or the password."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return " and ".join(f"refused with {code}" for code, _ in error.recipients.values())
    if isinstance(error, smtplib.SMTPResponseException):
        return f"refused with {error.smtp_code}"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return type(error).__name__
