"""The device link: enrolled devices over WebSocket (docs/reference/device-link.md)."""

from earwitness.doors.device_link.door import DeviceLink

__all__ = ["DeviceLink"]
