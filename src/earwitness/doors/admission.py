"""Who may connect at all, and how a connection is kept from being read by others."""

from __future__ import annotations

import socket
import ssl
from collections import Counter

from earwitness.config import Settings
from earwitness.config.addresses import is_loopback
from earwitness.errors import SettingsError

UNTAKEN_SECONDS = 30.0


class Admission:
    """How many connections a door has, from where, and how many it did not let in."""

    def __init__(self, settings: Settings) -> None:
        self._most, self._most_a_peer = settings.max_connections, settings.max_connections_per_peer
        self.connections = self.refused = 0
        self._peers: Counter[str] = Counter()

    def enter(self, peer: str) -> bool:
        """Whether one more may come in; whoever may must ``leave``."""
        crowding = not is_loopback(peer) and self._peers[peer] >= self._most_a_peer
        if crowding or self.connections >= self._most:
            self.refused += 1
            return False
        self._peers[peer] += 1
        self.connections += 1
        return True

    def leave(self, peer: str) -> None:
        self.connections -= 1
        self._peers[peer] -= 1
        if not self._peers[peer]:
            del self._peers[peer]


def tls_context(settings: Settings) -> ssl.SSLContext | None:
    """None without a certificate. Raises SettingsError where it cannot be used."""
    if settings.tls_certificate is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(settings.tls_certificate, settings.tls_key)
    except (OSError, ssl.SSLError) as error:
        why = error.strerror or str(error)
        raise SettingsError(f"EARWITNESS_TLS_CERTIFICATE: cannot be used: {why}.") from error
    return context


def listen(host: str, port: int, name: str) -> socket.socket:
    """A bound socket; ``name`` is that of the port's setting. Raises SettingsError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except (OSError, UnicodeError) as error:
        listening.close()
        why = getattr(error, "strerror", None) or str(error)
        raise SettingsError(f"EARWITNESS_{name.upper()}: {host}:{port}: {why}.") from error
    listening.setblocking(False)
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        # Inherited: a peer that takes nothing of what it is sent is let go by the system.
        timeout = int(UNTAKEN_SECONDS * 1000)
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, timeout)
    return listening
