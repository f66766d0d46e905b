"""The program as its doors use it, on a scripted recogniser."""

from __future__ import annotations

import json
import stat
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from earwitness.config import Settings
from earwitness.engines.scripted import recording
from earwitness.errors import InputError, NotFound, SettingsError, TermRefused
from earwitness.flow.judge import Answer
from earwitness.model import Event, Lease, Source, Taught, Term, TrialOutcome, Verdict
from earwitness.wiring import Earwitness

SCRIPTS = {
    "0": {
        "readings": [
            {"text": "eat that alarm", "logprob": -2.0, "confidence": 0.2},
            {"text": "yeet that alarm", "logprob": -4.0, "term": "yeet", "confidence": 0.95},
        ]
    }
}


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Earwitness]:
    scripts = tmp_path / "scripts.json"
    scripts.write_text(json.dumps(SCRIPTS))
    settings = Settings(
        data=tmp_path / "data",
        engine="scripted",
        engine_model=scripts,
        second_listener_fraction=0.0,
        audit_fraction=0.0,
    )
    with Earwitness.open(settings) as program:
        # The starter recordings are no scripted ones.
        program.__dict__["starter"] = []
        yield program


def heard(program: Earwitness) -> str:
    (answer,) = program.hear_stream([recording(0)], Source(), datetime.now(UTC))
    return answer.transcript.text


def test_the_whole_loop(program: Earwitness) -> None:
    assert heard(program) == "eat that alarm"
    assignment = program.assign("ada")
    assert assignment is not None
    assert len(program.clip(assignment.clip)) == len(recording(0))
    lease = program.renew(assignment.lease)
    program.judge(lease, Answer(Verdict.TRANSCRIPT, "yeet that alarm", (Taught("yeet"),)))
    (tried,) = program.trials_of_judgement(lease.utterance)
    assert tried.outcome is TrialOutcome.LIVE
    assert program.reveal(lease.utterance, "ada").utterance.transcript.text == "eat that alarm"
    assert heard(program) == "yeet that alarm"
    program.undo(0, by="lee", why="a mistake")
    assert heard(program) == "eat that alarm"


def test_a_released_clip_waits_for_somebody_else(program: Earwitness) -> None:
    heard(program)
    assignment = program.assign("ada")
    assert assignment is not None
    assert program.assign("bob") is None
    program.release(assignment.lease)
    assert program.assign("bob") is not None


def test_a_term_is_taught_from_its_text_alone(program: Earwitness) -> None:
    tried = program.teach(Taught("yeet"), by="lee")
    assert (tried.outcome, tried.trial.clip) == (TrialOutcome.LIVE, None)
    assert heard(program) == "yeet that alarm"
    program.retire("yeet", by="lee", why="unused")
    assert heard(program) == "eat that alarm"


def test_a_term_that_cannot_be_honoured_is_refused_before_anything_is_written(
    program: Earwitness,
) -> None:
    with pytest.raises(TermRefused):
        program.teach(Taught("the"), by="lee")
    assert program.records.pending() == []


def test_what_cannot_be_taught_from_is_refused_before_anything_is_written(
    program: Earwitness,
) -> None:
    with pytest.raises(NotFound, match="nobody"):
        program.teach(Taught("yeet"), by="lee", utterance="nobody")
    with pytest.raises(InputError, match="name the utterance"):
        program.teach(Taught("yeet"), by="lee", text="yeet it")
    with pytest.raises(TermRefused, match="scope"):
        program.teach(Taught("yeet", scope="the kitchen"), by="lee")
    program.publish_all([Term("bussin", misheard=("busing",))], by="lee", why="import")
    with pytest.raises(TermRefused, match="clashes with the live term 'bussin'"):
        program.teach(Taught("busing"), by="lee")
    assert (program.records.pending(), program.records.trials()) == ([], [])
    assert program.records.revision() == 1


def test_a_term_that_is_live_is_not_overridden(program: Earwitness) -> None:
    tried = program.teach(Taught("yeet"), by="lee")
    with pytest.raises(InputError, match="live"):
        program.override(tried.id, by="lee", why="worth it")


def test_a_list_of_terms_goes_live(program: Earwitness) -> None:
    lexicon, refused = program.publish_all([Term("yeet"), Term("the")], by="lee", why="import")
    assert (set(lexicon.terms), set(refused)) == ({"yeet"}, {"the"})


def test_what_was_decided_is_carried_out_while_the_runner_is_open(program: Earwitness) -> None:
    heard(program)
    assignment = program.assign("ada")
    assert assignment is not None
    with program.runner() as runner:
        answer = Answer(Verdict.TRANSCRIPT, "yeet that alarm", (Taught("yeet"),))
        program.judge(assignment.lease, answer)
        runner.nudge()
        while program.records.pending():
            time.sleep(0.01)
    assert heard(program) == "yeet that alarm"


def test_a_failure_elsewhere_does_not_hide_what_a_judgement_led_to(program: Earwitness) -> None:
    program.records.add(Event("e1", "from the future", {}, datetime.now(UTC)))
    heard(program)
    lease = leased(program)
    program.judge(lease, Answer(Verdict.TRANSCRIPT, "yeet that alarm", (Taught("yeet"),)))
    (tried,) = program.trials_of_judgement(lease.utterance)
    assert tried.outcome is TrialOutcome.LIVE
    assert [failure.event.id for failure in program.carry_out_pending()] == ["e1"]


def test_a_judgement_that_cannot_be_carried_out_says_why(program: Earwitness) -> None:
    heard(program)
    lease = leased(program)
    program.blobs.delete(program.records.utterance(lease.utterance).clip)
    program.judge(lease, Answer(Verdict.TRANSCRIPT, "yeet that alarm", (Taught("yeet"),)))
    with pytest.raises(NotFound):
        program.trials_of_judgement(lease.utterance)
    assert [event.kind for event in program.records.pending()] == ["judged"]


def leased(program: Earwitness) -> Lease:
    assignment = program.assign("ada")
    assert assignment is not None
    return assignment.lease


def test_the_data_folder_is_for_its_owner_alone(program: Earwitness) -> None:
    heard(program)
    for folder in (program.settings.data, program.settings.clips_folder):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_data_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(SettingsError, match="file/data"):
        Earwitness.open(Settings(data=file / "data"))


def test_opening_makes_no_part_that_is_not_needed(tmp_path: Path) -> None:
    with Earwitness.open(Settings(data=tmp_path, engine="nobody")):
        assert list(tmp_path.iterdir()) == []
