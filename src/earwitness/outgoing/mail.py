"""Messages by SMTP."""

from __future__ import annotations

import smtplib
import ssl
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from urllib.parse import unquote, urlsplit

from earwitness.errors import NotDelivered
from earwitness.ports import Message

SECONDS = 20.0


def send(address: str, message: Message, server: str, sender: str) -> None:
    """Raises NotDelivered unless the server took it. In the clear only to this machine.

    The Message-ID is the same however often it is sent, so that a mailbox may show it once.
    """
    at = urlsplit(server)
    mail = EmailMessage(policy=SMTP)
    mail["From"], mail["To"], mail["Subject"] = sender, address, message.subject
    mail["Date"] = format_datetime(message.at)
    mail["Message-ID"] = f"<{message.id}@{Address(addr_spec=sender).domain or 'localhost'}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(message.text)
    try:
        with _connected(at.scheme, at.hostname or "", at.port) as smtp:
            if at.username:
                smtp.login(unquote(at.username), unquote(at.password or ""))
            smtp.send_message(mail)
    except (OSError, smtplib.SMTPException, ValueError) as error:
        raise NotDelivered(f"{at.hostname}: {_why(error)}") from error


def _connected(scheme: str, host: str, port: int | None) -> smtplib.SMTP:
    context = ssl.create_default_context()
    if scheme == "smtps":
        return smtplib.SMTP_SSL(host, port or 465, timeout=SECONDS, context=context)
    smtp = smtplib.SMTP(host, port or (25 if _is_here(host) else 587), timeout=SECONDS)
    if not _is_here(host):
        try:
            smtp.starttls(context=context)
        except BaseException:
            smtp.close()
            raise
    return smtp


def _is_here(host: str) -> bool:
    return host in ("localhost", "127.0.0.1", "::1")


def _why(error: Exception) -> str:
    """Without what was sent, or the password."""
    if isinstance(error, smtplib.SMTPResponseException):
        return f"refused with {error.smtp_code}"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return type(error).__name__
