"""Frozen dataclasses from JSON, strictly: what is missing, unknown or odd is refused.

A field that has a default may be missing: it is newer than what was written.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints

from earwitness.errors import InputError


def read(kind: Any, value: Any, at: str) -> Any:
    """``value`` as ``kind``: a dataclass, tuple, mapping or plain value, or a union with None.

    ``at`` is where it stands, for the message of the InputError.
    """
    if kind is Any:
        return value
    if isinstance(kind, UnionType):
        (inner,) = (each for each in get_args(kind) if each is not type(None))
        return None if value is None else read(inner, value, at)
    if is_dataclass(kind):
        return _dataclass(kind, value, at)
    if get_origin(kind) is tuple:
        items = _expect(list, value, at)
        return tuple(read(get_args(kind)[0], each, f"{at}[{i}]") for i, each in enumerate(items))
    if get_origin(kind) is Mapping:
        entries = _expect(dict, value, at).items()
        return {key: read(get_args(kind)[1], each, f"{at}.{key}") for key, each in entries}
    return _plain(kind, value, at)


def _dataclass(kind: Any, value: Any, at: str) -> Any:
    given = _expect(dict, value, at)
    hints = get_type_hints(kind)
    names = {each.name for each in fields(kind)}
    needed = {each.name for each in fields(kind) if each.default is MISSING}
    if odd := (given.keys() - names) | (needed - given.keys()):
        listed = ", ".join(sorted(str(name) for name in odd))
        raise InputError(f"{at} has fields too many or too few: {listed}.")
    return kind(**{name: read(hints[name], given[name], f"{at}.{name}") for name in given})


def _plain(kind: Any, value: Any, at: str) -> Any:
    """A float may be written as a whole number; True is no number."""
    if kind is float and type(value) is int:
        value = _as_float(value, at)
    if type(value) is not kind or (kind is float and not math.isfinite(value)):
        raise InputError(f"{at} has to be {kind.__name__}, not {type(value).__name__}.")
    return value


def _as_float(value: int, at: str) -> float:
    try:
        return float(value)
    except OverflowError as error:
        raise InputError(f"{at} is too large a number.") from error


def _expect(kind: type, value: Any, at: str) -> Any:
    if not isinstance(value, kind):
        raise InputError(f"{at} has to be {kind.__name__}, not {type(value).__name__}.")
    return value
