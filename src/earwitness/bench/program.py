"""The whole program on a store of its own, for as long as a measurement takes."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from earwitness.bench.lexicons import require_lexicon
from earwitness.config import Settings
from earwitness.model import Lexicon, Term, TermState
from earwitness.ports import Engine
from earwitness.wiring import Earwitness


@contextmanager
def temporary_program(settings: Settings, engine: Engine | None = None) -> Iterator[Earwitness]:
    """A program that keeps everything, asks one listener, and leaves nothing behind.

    ``engine`` takes the place of the one in the settings. Raises LexiconUnsupported for
    an engine without live terms.
    """
    with (
        tempfile.TemporaryDirectory(prefix="earwitness-bench-") as folder,
        Earwitness.open(on_folder(settings, Path(folder)), engine) as program,
    ):
        require_lexicon(program.engine)
        yield program


def on_folder(settings: Settings, folder: Path) -> Settings:
    """The settings with a store in ``folder`` in which everything is kept."""
    return settings.model_copy(
        update={
            "data": folder,
            "database": "",
            "clips": None,
            "audit_fraction": 1.0,
            "second_listener_fraction": 0.0,
        }
    )


def publish(program: Earwitness, written: Iterable[str]) -> Lexicon:
    """Terms that go live together, without a trial; those that are refused are left out."""
    terms = [Term(form, state=TermState.LIVE) for form in written]
    if not terms:
        return program.records.lexicon()
    return program.publish_all(terms, by="bench", why="measured")[0]
