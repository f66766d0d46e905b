"""The escalation policy as the deployment wrote it."""

from __future__ import annotations

from pathlib import Path

import structlog

from earwitness.errors import InputError, SettingsError
from earwitness.incidents.policy import BUILT_IN, LONGEST, parse

log = structlog.get_logger(__name__)


class PolicyFile:
    """The text of a valid policy. One that is changed while we run is in force at once.

    One that is broken, or taken away, while we run changes nothing: the last that was valid
    stays in force, and the log says why. Raises SettingsError where the first is not valid.
    """

    def __init__(self, path: Path | None) -> None:
        self._path, self._said = path, ""
        self._text = BUILT_IN if path is None else self._read(path)

    def text(self) -> str:
        if self._path is not None:
            try:
                self._text, self._said = self._read(self._path), ""
            except SettingsError as error:
                if str(error) != self._said:
                    log.error("the escalation policy is not valid", why=str(error))
                self._said = str(error)
        return self._text

    def _read(self, path: Path) -> str:
        try:
            with path.open(encoding="utf-8") as file:
                text = file.read(LONGEST + 1)
            parse(text)
        except (OSError, UnicodeDecodeError) as error:
            why = error.strerror if isinstance(error, OSError) else "it is no text"
            raise SettingsError(f"EARWITNESS_ESCALATION: {path}: {why}.") from error
        except InputError as error:
            raise SettingsError(f"EARWITNESS_ESCALATION: {path}: {error}") from error
        return text
