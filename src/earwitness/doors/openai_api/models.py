"""The recogniser as OpenAI's list of models shows it."""

from __future__ import annotations

from time import time
from typing import TYPE_CHECKING, Any

from earwitness.doors.openai_api.errors import ApiError

if TYPE_CHECKING:
    from earwitness.wiring import Earwitness

OURS = "earwitness"
ALIASES = (
    "whisper-1",
    "gpt-transcribe",
    "gpt-4o-transcribe",
    "gpt-4o-mini-transcribe",
    "gpt-4o-mini-transcribe-2025-12-15",
)
"""Names under which clients ask without being told: all of them mean our one recogniser."""


class Models:
    """Since when they are there is since when this server runs."""

    def __init__(self, program: Earwitness) -> None:
        self._program = program
        self._since = int(time())

    def all(self) -> list[dict[str, Any]]:
        return [self._shown(name) for name in (OURS, *ALIASES)]

    def one(self, name: str) -> dict[str, Any]:
        """Raises ApiError 404."""
        self.check(name)
        return self._shown(name)

    def check(self, name: str) -> None:
        """Raises ApiError 404 for a name that is none of ours."""
        if name not in (OURS, *ALIASES):
            raise ApiError(
                404,
                f"There is no model {name!r}; there is {OURS!r}.",
                code="model_not_found",
                param="model",
            )

    def _shown(self, name: str) -> dict[str, Any]:
        engine = self._program.engine
        shown = {"id": name, "object": "model", "created": self._since, "owned_by": OURS}
        return shown | {"earwitness": {"engine": engine.name, "model": engine.model}}
