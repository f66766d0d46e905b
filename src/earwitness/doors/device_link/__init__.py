"""The device link: enrolled devices over WebSocket (docs/reference/device-link.md)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from earwitness.doors.device_link.door import DeviceLink

if TYPE_CHECKING:
    from fastapi import APIRouter

    from earwitness.wiring import Earwitness

__all__ = ["DeviceLink", "router"]


def router(program: Earwitness) -> APIRouter:
    """The routes alone, for an application that ends with its process.

    Whoever ends gracefully keeps the ``DeviceLink`` and stops it before its server.
    """
    return DeviceLink(program).router
