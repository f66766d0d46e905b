"""What each candidate revision gained and harmed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select, update

from earwitness.errors import NotFound
from earwitness.model import Trial, TrialOutcome, term_key
from earwitness.stores.database import Database
from earwitness.stores.tables import trial as trials


class TrialStore:
    """The trials of ``ports.LexiconRecords``."""

    database: Database

    def save_trial(self, trial_id: str, trial: Trial, outcome: TrialOutcome, now: datetime) -> None:
        """A trial saved again, as after an override, keeps its place and takes the new outcome."""
        term = trial.term
        found_by = {"key": term.key, "utterance": term.utterance}
        values = found_by | {"trial": trial, "outcome": outcome}
        with self.database.write() as connection:
            new = {"id": trial_id, "saved_at": now} | values
            if not self.database.insert_new(connection, trials, new):
                connection.execute(update(trials).where(trials.c.id == trial_id).values(values))

    def trial(self, trial_id: str) -> tuple[Trial, TrialOutcome]:
        statement = select(trials.c.trial, trials.c.outcome).where(trials.c.id == trial_id)
        with self.database.read() as connection:
            row = connection.execute(statement).one_or_none()
        if row is None:
            raise NotFound(f"There is no trial {trial_id!r}.")
        return row.trial, row.outcome

    def trials(
        self, key: str | None = None, *, utterance: str | None = None
    ) -> Sequence[tuple[str, Trial, TrialOutcome]]:
        """A term is named by its key or any spelling of it."""
        statement = select(trials.c.id, trials.c.trial, trials.c.outcome)
        if key is not None:
            statement = statement.where(trials.c.key == term_key(key))
        if utterance is not None:
            statement = statement.where(trials.c.utterance == utterance)
        with self.database.read() as connection:
            rows = connection.execute(statement.order_by(trials.c.saved_at, trials.c.id))
            return [(row.id, row.trial, row.outcome) for row in rows]
