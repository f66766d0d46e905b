"""Where somebody is told: by mail, at a web address, by letter."""

from __future__ import annotations

import re
from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit

_LABEL = r"[^\W_](?:[\w-]{0,61}[^\W_])?"
_HOST = re.compile(rf"(?:{_LABEL}\.)*{_LABEL}")
_ATOM = r"[\w!#$'*+/=^`{|}~-]+"
_MAILBOX = re.compile(rf"(?=.{{1,64}}@){_ATOM}(?:\.{_ATOM})*@{_HOST.pattern}")
_LETTER = re.compile("[a-z0-9-]{1,50}")


def channel(text: str) -> str:
    """Raises ValueError for what nothing could be sent to.

    Without TLS on this machine alone.
    """
    kind, _, rest = text.partition(":")
    match kind:
        case "mailto" if _MAILBOX.fullmatch(rest):
            return text
        case "letter" if _LETTER.fullmatch(rest):
            return text
        case "http" | "https" if _is_web(text):
            return text
    raise ValueError("a channel is mailto:ADDRESS, https://... or letter:NAME")


def receiver(text: str) -> str:
    """Whose server it is that takes what is sent there; all that is no address is one.

    >>> receiver("mailto:ria@example.org"), receiver("https://Example.org:8443/x")
    ('example.org', 'example.org')
    """
    kind, _, rest = text.partition(":")
    if kind == "mailto":
        return rest.rpartition("@")[2].lower()
    try:
        return urlsplit(text).hostname or kind
    except ValueError:
        return ""


def _is_web(text: str) -> bool:
    try:
        at = urlsplit(text)
        port = at.port
    except ValueError:
        return False
    plain = text.isascii() and text.isprintable() and " " not in text and "@" not in at.netloc
    safe = at.scheme == "https" or at.hostname in ("127.0.0.1", "localhost", "::1")
    return plain and safe and port != 0 and _is_host(at)


def _is_host(at: SplitResult) -> bool:
    name = at.hostname or ""
    if "[" not in at.netloc:
        return _HOST.fullmatch(name) is not None
    try:
        return bool(ip_address(name))
    except ValueError:
        return False
