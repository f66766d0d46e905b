"""Column types that mean the same on every database.

Where SQLite and PostgreSQL would treat a value differently (NUL and lone
surrogates in text, NaN in numbers, moments without a zone, the order of text),
the value is refused or the meaning is fixed here.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, TypeVar, cast

from sqlalchemy import BigInteger, Dialect, Double, Integer, LargeBinary, Text
from sqlalchemy.types import TypeDecorator, TypeEngine

from earwitness.errors import StoreError

T = TypeVar("T")
E = TypeVar("E", bound=StrEnum)

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class Utf8(TypeDecorator[str]):
    """Text without NUL and lone surrogates, compared by code point."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return Text(collation="C") if dialect.name == "postgresql" else Text()

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return None if value is None else storable(value)


def storable(text: str) -> str:
    """The text itself. Raises StoreError where not every database can hold it."""
    if "\x00" in text:
        raise StoreError("Text with a NUL character cannot be stored.")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise StoreError("Text that is not valid Unicode cannot be stored.") from error
    return text


class Moment(TypeDecorator[datetime]):
    """An aware moment as whole microseconds since 1970, UTC."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise StoreError("A moment without a time zone cannot be stored.")
        return (value - EPOCH) // _MICROSECOND

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:
        return None if value is None else EPOCH + value * _MICROSECOND


class Finite(TypeDecorator[float]):
    """A double that is a number: NaN sorts and compares differently everywhere."""

    impl = Double
    cache_ok = True

    def process_bind_param(self, value: float | None, dialect: Dialect) -> float | None:
        if value is not None and not math.isfinite(value):
            raise StoreError(f"A number must be finite to be stored, not {value}.")
        return value


class OneOf(TypeDecorator[E]):
    """A member of an enumeration, by its value."""

    impl = Text
    cache_ok = True

    def __init__(self, members: type[E]) -> None:
        super().__init__()
        self.members = members

    def process_bind_param(self, value: E | None, dialect: Dialect) -> str | None:
        return None if value is None else str(self.members(value).value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> E | None:
        return None if value is None else self._member(value)

    def _member(self, value: str) -> E:
        try:
            return self.members(value)
        except ValueError as error:
            raise StoreError(
                f"The store holds an unknown {self.members.__name__}: {value}."
            ) from error


class Coded(TypeDecorator[T]):
    """A value as JSON text, by a pair of functions of ``codec``."""

    impl = Text
    cache_ok = True

    def __init__(self, encode: Callable[[T], str], decode: Callable[[str], T]) -> None:
        super().__init__()
        self.encode = encode
        self.decode = decode

    def process_bind_param(self, value: T | None, dialect: Dialect) -> str | None:
        return None if value is None else storable(self.encode(value))

    def process_result_value(self, value: str | None, dialect: Dialect) -> T | None:
        return None if value is None else self.decode(value)


# --- what somebody may have damaged ---------------------------------------------
#
# SQLite keeps whatever it is given in any column. Where one row that cannot be read would hide
# all that are read with it, it is read as something that no sound row holds.


class _Tolerant(TypeDecorator[T]):
    """``kept_as`` is what a sound value is kept as, ``otherwise`` what another is read as."""

    kept_as: type | tuple[type, ...]
    otherwise: T | None = None

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], T | None]:
        read: Any = super().result_processor(dialect, coltype)

        def tolerant(value: Any) -> T | None:
            if value is None:
                return None
            if not isinstance(value, self.kept_as):
                return self.otherwise
            try:
                return cast(T, read(value) if read else value)
            except (OverflowError, ValueError):
                return self.otherwise

        return tolerant


class TolerantMoment(_Tolerant[datetime], Moment):
    """Nothing where it is no moment."""

    cache_ok = True
    kept_as = int


class TolerantInteger(_Tolerant[int]):
    """-1 where it is no whole number."""

    impl = Integer
    cache_ok = True
    kept_as = int
    otherwise = -1


class TolerantBigInteger(TolerantInteger):
    """The same, of 64 bits."""

    impl = BigInteger
    cache_ok = True


class TolerantBytes(_Tolerant[bytes]):
    """Empty where it is none."""

    impl = LargeBinary
    cache_ok = True
    kept_as = (bytes, memoryview)
    otherwise = b""


class TolerantText(_Tolerant[str], Utf8):
    """Empty where it is none."""

    cache_ok = True
    kept_as = str
    otherwise = ""
