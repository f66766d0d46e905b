"""The settings in force, to read: they are changed where the program is started."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import APIRouter, Request, Response

from earwitness.config import PREFIX, Settings
from earwitness.doors.workbench.entrance import Entrance
from earwitness.doors.workbench.people import ADMINISTRATORS
from earwitness.doors.workbench.roles import only

SETTINGS = "/workbench/settings"


@dataclass(frozen=True, slots=True)
class Shown:
    """One setting. Of a secret the page says only whether there is one."""

    name: str
    value: str
    source: str
    about: str


def add_routes(router: APIRouter, entrance: Entrance) -> None:
    desk = _Desk(entrance)
    router.add_api_route(SETTINGS, desk.show, methods=["GET"])


class _Desk:
    def __init__(self, entrance: Entrance) -> None:
        self._entrance = entrance

    @only(ADMINISTRATORS)
    async def show(self, request: Request) -> Response:
        found = shown(self._entrance.program.settings)
        return self._entrance.pages.show(request, "settings.html", settings=found)


def shown(settings: Settings) -> list[Shown]:
    """All of them, as they are in force.

    >>> [each.value for each in shown(Settings(audit_key="hunter2")) if "KEY" in each.name]
    ['set', '']
    """
    return [
        Shown(
            PREFIX + name.upper(),
            _value(getattr(settings, name), secret=not field.repr),
            settings.source(name),
            field.description or "",
        )
        for name, field in Settings.model_fields.items()
    ]


def _value(value: object, *, secret: bool) -> str:
    if value is None or value == "":
        return ""
    if isinstance(value, dict):
        return ", ".join(f"{name}: {each}" for name, each in value.items())
    return "set" if secret else str(value)
