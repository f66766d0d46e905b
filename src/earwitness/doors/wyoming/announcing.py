"""Telling the local network that there is a Wyoming server, if somebody wants that."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from earwitness.config import Settings
from earwitness.errors import SettingsError

SERVICE = "_wyoming._tcp.local."


@asynccontextmanager
async def announced(settings: Settings, port: int) -> AsyncIterator[None]:
    """Raises SettingsError where the package is not installed or nobody could be told."""
    try:
        from zeroconf import IPVersion, ServiceInfo
        from zeroconf.asyncio import AsyncZeroconf
    except ImportError as error:
        raise SettingsError(
            "EARWITNESS_WYOMING_ANNOUNCE: needs the package zeroconf: "
            "pip install 'earwitness[zeroconf]'."
        ) from error
    name = f"earwitness-{socket.gethostname()}"
    service = ServiceInfo(
        SERVICE, f"{name}.{SERVICE}", addresses=[socket.inet_aton(settings.host)], port=port
    )
    zeroconf = AsyncZeroconf(interfaces=[settings.host], ip_version=IPVersion.V4Only)
    try:
        await zeroconf.async_register_service(service)
        yield
    finally:
        await zeroconf.async_unregister_all_services()
        await zeroconf.async_close()
