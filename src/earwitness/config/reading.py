"""How settings are read: who has the last word, and what is said of one that cannot work."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import PrivateAttr, ValidationError, ValidationInfo, field_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, SettingsConfigDict
from pydantic_settings import SettingsError as UnreadableError

from earwitness.errors import SettingsError

PREFIX = "EARWITNESS_"

T = TypeVar("T", bound="ReadSettings")


class ReadSettings(BaseSettings):
    """Frozen. Raises SettingsError, which names the setting, for a value that cannot work."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="forbid")

    _given: dict[str, str] = PrivateAttr(default_factory=dict)

    def __init__(self, **values: Any) -> None:
        try:
            super().__init__(**values)
        except ValidationError as error:
            raise SettingsError(_explained(error, type(self).model_fields)) from error
        except UnreadableError as error:  # of a value that should be JSON; it may be secret
            named = re.search('field "([a-z_]+)"', str(error))
            name = f"{PREFIX}{named[1].upper()}" if named else "A setting"
            raise SettingsError(f"{name}: is not JSON.") from error

    @field_validator("*", mode="before")
    @classmethod
    def _is_no_truth_value(cls, value: object, about: ValidationInfo) -> object:
        """``audit_fraction = true`` is a mistake, not 1."""
        name = about.field_name
        if isinstance(value, bool) and name and cls.model_fields[name].annotation is not bool:
            raise ValueError("Input should not be a truth value")
        return value

    @classmethod
    def read(cls: type[T], file: Path | None = None, **chosen: Any) -> T:
        """Settings by who has the last word: ``chosen``, the environment, the TOML ``file``.

        Raises SettingsError, which names the file, where it cannot be read or holds a value
        that cannot work.
        """
        found = {} if file is None else _from_toml(file, cls.model_fields)
        written = {name: v for name, v in found.items() if not _is_set(name)}
        try:
            made = cls(**written | chosen)
            made._given |= dict.fromkeys(written, str(file)) | dict.fromkeys(chosen, "command")
            return made
        except SettingsError as error:
            if isinstance(error.__cause__, ValidationError):
                name, why = _first(error.__cause__, cls.model_fields)
                if name in written and name not in chosen:
                    raise SettingsError(f"{file}: {name}: {why}") from error
            raise

    def source(self, name: str) -> str:
        """Where a setting's value comes from, in a word or as the name of a file."""
        return self._given.get(name, "environment" if _is_set(name) else "default")


def _is_set(name: str) -> bool:
    return PREFIX + name.upper() in os.environ


def _from_toml(file: Path, known: Collection[str]) -> dict[str, Any]:
    try:
        written = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"{file}: cannot be read: {error.strerror}.") from error
    except ValueError as error:
        raise SettingsError(f"{file}: is not TOML: {error}.") from error
    unknown = sorted(written.keys() - set(known))
    if unknown:
        raise SettingsError(f"{file}: there is no setting {unknown[0]!r}.")
    return written


def _explained(error: ValidationError, known: Mapping[str, FieldInfo]) -> str:
    name, why = _first(error, known)
    if name not in known:
        return f"There is no setting {PREFIX}{name.upper()}."
    return f"{PREFIX}{name.upper()}: {why}"


def _first(error: ValidationError, known: Mapping[str, FieldInfo]) -> tuple[str, str]:
    """The setting that cannot work, and why; what may be secret is not repeated."""
    first = error.errors()[0]
    name, why = str(first["loc"][0]), first["msg"].removeprefix("Value error, ")
    secret = name in known and not known[name].repr
    return name, f"{why}." if secret else f"{why}, not {first['input']!r}."
