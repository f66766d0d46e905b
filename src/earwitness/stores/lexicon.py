"""Numbered revisions of the lexicon, kept as versions of terms.

A row is live from ``first_revision`` to ``last_revision``; publishing closes the
versions it replaces and opens new ones, so a revision costs as many rows as it
changes. The primary key of ``lexicon_revision`` is the compare-and-swap: of two
who publish at once, one inserts the next number and the other is refused.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any

from sqlalchemy import Connection, bindparam, func, literal, null, or_, select, update

from earwitness.errors import NotFound, RevisionConflict, TermRefused
from earwitness.model import EVERYWHERE, Lexicon, Term, TermState, term_key
from earwitness.stores.cache import LexiconCache
from earwitness.stores.database import Database
from earwitness.stores.settlements import reopen_since, reopen_without
from earwitness.stores.tables import lexicon_revision, term

_FIELDS = [name for name in Term.__dataclass_fields__ if name != "state"]
VERSION = [term.c.key, *(term.c[name] for name in _FIELDS)]


class LexiconStore:
    """Implements ``ports.LexiconRecords``, without trials."""

    database: Database
    cache: LexiconCache

    def revision(self) -> int:
        """0 before the first publication."""
        with self.database.read() as connection:
            return _newest(connection)

    def lexicon(self, revision: int | None = None) -> Lexicon:
        """The same object for the same revision while it is among the last few used.

        Raises NotFound for a number that was never published.
        """
        with self.database.read() as connection:
            newest = _newest(connection)
            number = newest if revision is None else revision
            _refuse_unknown(number, newest)
            return self._read(connection, number)

    def publish(
        self,
        based_on: int,
        *,
        put: Sequence[Term] = (),
        retire: Sequence[str] = (),
        by: str,
        why: str,
        now: datetime,
        cause: str | None = None,
    ) -> Lexicon:
        """Terms put are live, whatever state they carry.

        Raises TermRefused where one is empty or named twice, and NotFound where one
        to retire is not live.
        """
        keys, retired = [each.key for each in put], [term_key(each) for each in retire]
        _refuse_unclear(keys + retired)
        with self.database.write() as connection:
            number = _published_by(connection, cause)
            if number is None:
                number = self._next(connection, based_on, by, why, now, cause)
                live = self._read(connection, based_on).terms
                _refuse_missing(set(retired) - live.keys())
                _close(connection, live.keys() & {*keys, *retired}, number)
                _open(connection, put, number)
                reopen_without(connection, {*retired, *_narrowed(live, put)}, number)
        return self.lexicon(number)

    def restore(self, revision: int, *, by: str, why: str, now: datetime) -> Lexicon:
        """Revision 0 is the empty lexicon. Raises NotFound, or RevisionConflict as publish does."""
        with self.database.write() as connection:
            newest = _newest(connection)
            _refuse_unknown(revision, newest)
            number = self._next(connection, newest, by, why, now)
            _close_since(connection, revision, number)
            _reopen(connection, revision, number)
            reopen_since(connection, revision, number)
        return self.lexicon(number)

    def history(self, limit: int = 100) -> Sequence[tuple[int, datetime, str, str]]:
        row = lexicon_revision.c
        statement = (
            select(row.number, row.published_at, row.published_by, row.why)
            .order_by(row.number.desc())
            .limit(limit)
        )
        with self.database.read() as connection:
            return [(number, at, by, why) for number, at, by, why in connection.execute(statement)]

    def _next(
        self,
        connection: Connection,
        based_on: int,
        by: str,
        why: str,
        now: datetime,
        cause: str | None = None,
    ) -> int:
        """Takes the next number, or raises RevisionConflict."""
        values = {"number": based_on + 1, "published_at": now, "published_by": by, "why": why}
        values["cause"] = cause
        based_on_newest = _newest(connection) == based_on
        if not (based_on_newest and self.database.insert_new(connection, lexicon_revision, values)):
            raise RevisionConflict(
                f"Revision {based_on} of the lexicon is no longer the newest; try again."
            )
        return based_on + 1

    def _read(self, connection: Connection, number: int) -> Lexicon:
        """From the nearest older revision at hand, so that one new term costs one row."""
        known = self.cache.nearest(number)
        if known.revision == number:
            return known
        terms = dict(known.terms)
        for key in _closed_between(connection, known.revision, number):
            del terms[key]
        terms.update(_opened_between(connection, known.revision, number))
        return self.cache.add(Lexicon(number, MappingProxyType(terms)))


# --- refusals ---------------------------------------------------------------


def _refuse_unclear(keys: list[str]) -> None:
    if "" in keys:
        raise TermRefused("A term needs a written form.")
    if twice := sorted(key for key, times in Counter(keys).items() if times > 1):
        raise TermRefused(f"Named more than once in one publication: {', '.join(twice)}.")


def _refuse_missing(keys: set[str]) -> None:
    if keys:
        raise NotFound(f"Not in the lexicon: {', '.join(sorted(keys))}.")


def _refuse_unknown(revision: int, newest: int) -> None:
    if not 0 <= revision <= newest:
        raise NotFound(f"There is no lexicon revision {revision}; the newest is {newest}.")


# --- reading ----------------------------------------------------------------


def _newest(connection: Connection) -> int:
    return connection.scalar(select(func.max(lexicon_revision.c.number))) or 0


def _published_by(connection: Connection, cause: str | None) -> int | None:
    """The revision that this cause published, if it did."""
    row = lexicon_revision.c
    return connection.scalar(select(row.number).where(row.cause == cause)) if cause else None


def _closed_between(connection: Connection, known: int, number: int) -> Iterable[str]:
    """Keys of versions that were live at ``known`` and are not at ``number``."""
    return connection.scalars(
        select(term.c.key).where(
            term.c.last_revision >= known,
            term.c.last_revision < number,
            term.c.first_revision <= known,
        )
    )


def _opened_between(connection: Connection, known: int, number: int) -> Iterable[tuple[str, Term]]:
    """Versions that are live at ``number`` and were not at ``known``, oldest first.

    In this order a lexicon lists its terms alike, whatever it was built from.
    """
    rows = connection.execute(
        select(*VERSION)
        .where(
            term.c.first_revision > known,
            term.c.first_revision <= number,
            or_(term.c.last_revision.is_(None), term.c.last_revision >= number),
        )
        .order_by(term.c.first_revision, term.c.key)
    )
    return ((row[0], term_of(row)) for row in rows)


def term_of(row: Sequence[Any]) -> Term:
    """Of a row that begins with ``VERSION``."""
    return Term(**dict(zip(_FIELDS, row[1:], strict=False)), state=TermState.LIVE)


# --- writing ----------------------------------------------------------------


def _close(connection: Connection, keys: Collection[str], number: int) -> None:
    statement = (
        update(term)
        .where(term.c.key == bindparam("closed_key"), term.c.last_revision.is_(None))
        .values(last_revision=number - 1)
    )
    if keys:
        connection.execute(statement, [{"closed_key": key} for key in keys])


def _open(connection: Connection, terms: Sequence[Term], number: int) -> None:
    if terms:
        connection.execute(term.insert(), [_version(each, number) for each in terms])


def _narrowed(live: Mapping[str, Term], put: Iterable[Term]) -> list[str]:
    """Keys of terms that are replaced by one which does not hear all that they heard."""
    return [new.key for new in put if new.key in live and not _covers(new, live[new.key])]


def _covers(new: Term, old: Term) -> bool:
    return (
        new.scope in (old.scope, EVERYWHERE)
        and {*new.spoken, *new.misheard} >= {*old.spoken, *old.misheard}
        and new.weight >= old.weight
        and _as_wide(new.margin, old.margin)
    )


def _as_wide(new: float | None, old: float | None) -> bool:
    """How wide the recogniser's own rule is, no store knows: it is as wide as itself."""
    return new == old if new is None or old is None else new >= old


def _version(new: Term, number: int) -> dict[str, object]:
    fields = {name: getattr(new, name) for name in _FIELDS}
    return fields | {"key": new.key, "first_revision": number, "last_revision": None}


def _close_since(connection: Connection, revision: int, number: int) -> None:
    connection.execute(
        update(term)
        .where(term.c.last_revision.is_(None), term.c.first_revision > revision)
        .values(last_revision=number - 1)
    )


def _reopen(connection: Connection, revision: int, number: int) -> None:
    """Versions that were live at ``revision`` and are not now, under the new number."""
    versions = select(literal(number), null(), *VERSION).where(
        term.c.first_revision <= revision, term.c.last_revision >= revision
    )
    columns = ["first_revision", "last_revision", "key", *_FIELDS]
    connection.execute(term.insert().from_select(columns, versions))
