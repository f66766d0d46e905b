"""Telling the local network that there is a Wyoming server, if somebody wants that."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from ipaddress import ip_address

from earwitness.errors import SettingsError

SERVICE = "_wyoming._tcp.local."


@asynccontextmanager
async def announced(host: str, port: int) -> AsyncIterator[None]:
    """For as long as it is entered. Raises SettingsError where nobody could be told."""
    try:
        from zeroconf import Error, InterfaceChoice, ServiceInfo
        from zeroconf.asyncio import AsyncZeroconf
    except ImportError as error:
        raise _cannot("needs the package zeroconf: pip install 'earwitness[zeroconf]'") from error
    name = f"earwitness-{socket.gethostname().partition('.')[0]}.{SERVICE}"
    try:
        everywhere = ip_address(host).is_unspecified
        interfaces = InterfaceChoice.All if everywhere else [host]
        addresses = _addresses() if everywhere else [host]
        zeroconf = AsyncZeroconf(interfaces=interfaces)
    except (OSError, ValueError) as error:
        raise _cannot(f"{host}: {error}") from error
    try:
        service = ServiceInfo(SERVICE, name, parsed_addresses=addresses, port=port)
        await zeroconf.async_register_service(service, allow_name_change=True)
        yield
    except Error as error:
        raise _cannot(f"{host}: {type(error).__name__}") from error
    finally:
        await zeroconf.async_unregister_all_services()
        await zeroconf.async_close()


def _addresses() -> list[str]:
    """Those of this machine that others could reach."""
    import ifaddr  # comes with zeroconf

    found = [str(ip.ip) for adapter in ifaddr.get_adapters() for ip in adapter.ips if ip.is_IPv4]
    return [address for address in found if not ip_address(address).is_loopback]


def _cannot(why: str) -> SettingsError:
    return SettingsError(f"EARWITNESS_WYOMING_ANNOUNCE: {why}.")
