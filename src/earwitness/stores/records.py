"""Everything that the program keeps in one database."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from earwitness.errors import StoreError
from earwitness.ports import Blobs
from earwitness.stores.access import AccessStore
from earwitness.stores.accounts import AccountStore
from earwitness.stores.cache import LexiconCache
from earwitness.stores.check import check, lost_clips
from earwitness.stores.database import Database
from earwitness.stores.desk import DeskStore
from earwitness.stores.escalation import EscalationStore
from earwitness.stores.events import EventStore
from earwitness.stores.gold import GoldStore
from earwitness.stores.groups import GroupStore
from earwitness.stores.incidents import IncidentStore
from earwitness.stores.lexicon import LexiconStore
from earwitness.stores.migrate import migrate
from earwitness.stores.overview import OverviewStore
from earwitness.stores.passkeys import PasskeyStore
from earwitness.stores.people import PeopleStore
from earwitness.stores.postgres import open_postgres
from earwitness.stores.queue import QueueStore
from earwitness.stores.settlements import SettlementStore
from earwitness.stores.sound import SoundStore
from earwitness.stores.sqlite import open_sqlite
from earwitness.stores.tables import utterance
from earwitness.stores.tokens import TokenStore
from earwitness.stores.trials import TrialStore
from earwitness.stores.utterances import UtteranceStore

_OPENERS = {"sqlite": open_sqlite, "postgresql": open_postgres}


class SqlRecords(
    UtteranceStore,
    QueueStore,
    SettlementStore,
    OverviewStore,
    GoldStore,
    GroupStore,
    LexiconStore,
    TrialStore,
    EventStore,
    AccessStore,
    AccountStore,
    PasskeyStore,
    PeopleStore,
    TokenStore,
    DeskStore,
    IncidentStore,
    EscalationStore,
    SoundStore,
):
    """Implements ``ports.Records``. Safe to share between threads, not across a fork."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.cache = LexiconCache()

    def check(self) -> Sequence[str]:
        """Every broken invariant, in words; empty when all is well."""
        return check(self.database)

    def lost_clips(self, blobs: Blobs) -> Sequence[str]:
        """Each utterance whose clip is missing or damaged, in words."""
        return lost_clips(self.database, blobs)

    def clips(self) -> frozenset[str]:
        """The keys of every clip that an utterance names."""
        with self.database.read() as connection:
            return frozenset(connection.scalars(select(utterance.c.clip)))

    def close(self) -> None:
        """Gives the connections back; the records may not be used after."""
        self.database.close()


def open_store(url: str) -> SqlRecords:
    """Opens ``sqlite:///PATH`` or ``postgresql://...``, at the schema of this program.

    Raises StoreError where the URL is of another kind, the database cannot be
    opened, or a newer program has changed its schema.
    """
    parsed = _parse(url)
    database = _OPENERS[parsed.get_backend_name()](parsed)
    try:
        migrate(database)
    except BaseException:
        database.close()
        raise
    return SqlRecords(database)


def _parse(url: str) -> URL:
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise StoreError("The store's address is not a URL such as sqlite:///PATH.") from error
    if parsed.get_backend_name() not in _OPENERS:
        raise StoreError(f"A store is sqlite or postgresql, not {parsed.drivername}.")
    return parsed
