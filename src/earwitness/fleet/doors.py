"""Doors by name: how each is spoken to, and where it is by default."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from functools import partial

from earwitness.config import Settings
from earwitness.device.keys import Identity
from earwitness.fleet.link import LinkDoor
from earwitness.fleet.run import OpenDoor
from earwitness.fleet.sockets import Address
from earwitness.fleet.upload import HttpDoor
from earwitness.fleet.wyoming import WyomingDoor


class Door(StrEnum):
    WYOMING = "wyoming"
    HTTP = "http"
    WS = "ws"


def default_url(door: Door, settings: Settings) -> str:
    """Where ``earwitness up`` with these settings listens."""
    return settings.wyoming_url if door is Door.WYOMING else settings.http_url


def opening(
    door: Door, address: Address, *, api_key: str = "", identities: Sequence[Identity] = ()
) -> OpenDoor:
    """How a run gets its door."""
    if door is Door.WYOMING:
        return partial(WyomingDoor, address)
    if door is Door.WS:
        return partial(LinkDoor, address, identities=identities)
    return partial(HttpDoor, address, api_key=api_key)
