"""The doctor finds what the reporter's page says."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest
from tests.flow.incident_house import THREE_RUNGS
from tests.flow.test_escalation import SAID
from tests.values import START

from earwitness.audio import yamnet_weights
from earwitness.checkup import CHECKS, Mark
from earwitness.config import Settings
from earwitness.errors import EngineError, LogBroken
from earwitness.flow.incidents import codes, house
from earwitness.flow.watching import watch
from earwitness.wiring import Earwitness


@pytest.mark.parametrize(
    ("attack", "said"),
    [
        ("UPDATE incident_record SET fields = replace(fields, 'threatened', 'sang')", "1 of 1"),
        ("DELETE FROM incident_record WHERE kind = 'routed'", "1 of 1 reports"),
        ("DELETE FROM incident_record WHERE incident = 'house'", "1 records were taken away"),
        (
            "UPDATE incident_record SET fields = replace(fields, 'Director', 'Friend') "
            "WHERE kind = 'policy'",
            "policies and keys",
        ),
        ("DELETE FROM incident WHERE id != 'house'", "from the list"),
    ],
)
def test_the_doctor_finds_what_the_reporters_page_says(
    tmp_path: Path, attack: str, said: str
) -> None:
    policy = tmp_path / "escalation.toml"
    policy.write_text(THREE_RUNGS, encoding="utf-8")
    with Earwitness.open(Settings(data=tmp_path / "data", escalation=policy)) as program:
        house.note_policy(START, program.incidents)
        program.report(SAID, codes.new_code())
        assert CHECKS["incidents"](program)[0] is Mark.OK
        with closing(sqlite3.connect(program.settings.data / "earwitness.sqlite")) as store:
            store.execute(attack)  # foreign keys are not checked
            store.commit()
        with pytest.raises(LogBroken, match=said):
            CHECKS["incidents"](program)


def test_a_household_that_watches_for_sounds_which_nothing_can_find_is_a_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Earwitness.open(Settings(data=tmp_path / "data")) as program:
        watch("elm-12", ["glass"], "Ada", START, program.records)
        mark, said = CHECKS["sounds"](program)
        assert mark is Mark.OK
        assert said.startswith("1 households watch for some, with ")
        assert "yamnet" in said.casefold()
    missing = partial(yamnet_weights.shipped, "not-installed-here")
    monkeypatch.setattr(yamnet_weights, "shipped", missing)
    with Earwitness.open(Settings(data=tmp_path / "data")) as program:
        with pytest.raises(EngineError, match="cannot be tagged"):
            CHECKS["sounds"](program)
        watch("elm-12", [], "Ada", START, program.records)
        assert CHECKS["sounds"](program)[0] is Mark.OK
