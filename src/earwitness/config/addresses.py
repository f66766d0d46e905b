"""Addresses that a setting may name."""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit


def is_origin(url: str) -> bool:
    """Whether it is what browsers call a secure origin, without a path.

    >>> [is_origin(each) for each in ("https://a.example", "http://localhost:1", "http://a", "a")]
    [True, True, False, False]
    """
    try:
        parts = urlsplit(url)
        _ = parts.port  # raises ValueError for what is none
    except ValueError:
        return False
    safe = parts.scheme == "https" or (parts.scheme, parts.hostname) == ("http", "localhost")
    return (
        safe
        and bool(parts.hostname)
        and "@" not in url
        and url == f"{parts.scheme}://{parts.netloc}".lower()
    )


def is_issuer(url: str) -> bool:
    """Whether an identity provider may be there (OpenID Connect Discovery 1.0, section 2).

    Without TLS on this machine alone.

    >>> [is_issuer(each) for each in ("https://id.example/a", "http://127.0.0.1:1", "http://a")]
    [True, True, False]
    """
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return False
    safe = parts.scheme == "https" or (parts.scheme == "http" and _is_here(parts.hostname))
    return safe and bool(parts.hostname) and not parts.query and not parts.fragment


def _is_here(host: str | None) -> bool:
    try:
        return host == "localhost" or ip_address(host or "").is_loopback
    except ValueError:
        return False


def is_mail_server(text: str) -> bool:
    """
    >>> is_mail_server("smtps://ada:secret@mail.example"), is_mail_server("mail.example:25")
    (True, False)
    """
    try:
        found = urlsplit(text)
        _ = found.port
    except ValueError:
        return False
    return found.scheme in ("smtp", "smtps") and bool(found.hostname) and not found.path.strip("/")


def is_loopback(address: str) -> bool:
    """Whether it is an address of this machine alone.

    >>> [is_loopback(each) for each in ("127.0.0.1", "::1", "192.168.1.4", "localhost", "")]
    [True, True, False, True, False]
    """
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return address == "localhost"


def is_everywhere(address: str) -> bool:
    """Whether it stands for every address of this machine.

    >>> [is_everywhere(each) for each in ("0.0.0.0", "::", "192.168.1.4", "localhost")]
    [True, True, False, False]
    """
    try:
        return ip_address(address).is_unspecified
    except ValueError:
        return False
