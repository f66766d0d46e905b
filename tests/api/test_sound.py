"""Programs treat, align and write up clips as the Sound page does."""

from __future__ import annotations

import hashlib
import io
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.acceptance.test_sound_commands import sound
from tests.api.programs import program, token
from tests.babble import babble, heard_by
from tests.doors.servers import Running, up
from tests.workbench.examining import played, secret_clip

from earwitness.accounts import Role
from earwitness.wiring import Earwitness

CHAIN = {"chain": 1, "stretch": None, "steps": [{"do": "high-pass", "hz": 300}]}
TREAT = {"why": "a test", "chain": CHAIN}
WRITING = {"question": "What is thrown away?", "described": "a phone"}


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Running]:
    with up(tmp_path) as running:
        yield running


@pytest.fixture
def lead(server: Running) -> Iterator[httpx.Client]:
    with program(server, token(server, Role.LEAD, name="Lea")) as client:
        yield client


def test_a_clip_is_treated_on_record_and_replayed_elsewhere(
    server: Running, lead: httpx.Client, tmp_path: Path
) -> None:
    clip = secret_clip(server)
    made = lead.post(f"/clips/{clip}/treated", json=TREAT)
    assert made.headers["content-disposition"].endswith('.treated.wav"')
    with wave.open(io.BytesIO(made.content)) as file:
        assert file.getsampwidth() == 3
    assert played(server, clip) == [("Lea", "a test (treated by a program)")]
    (tmp_path / "replay.json").write_bytes(lead.post(f"/clips/{clip}/replay", json=TREAT).content)
    with Earwitness.open(server.settings) as opened:
        content = opened.blobs.get(opened.records.utterance(clip).clip)
        assert [each.as_recorded for each in opened.records.playbacks(clip)] == [True]
    (tmp_path / "original.flac").write_bytes(content)
    files = (str(tmp_path / "replay.json"), str(tmp_path / "original.flac"))
    assert sound(tmp_path / "else", "replay", *files, "--json") == {"same": True, "differs": []}
    odd: list[dict[str, Any]] = [{"chain": {}}, {"chain": CHAIN | {"steps": [{"do": "magic"}]}}]
    for each in odd:
        refused = lead.post(f"/clips/{clip}/treated", json=TREAT | each)
        assert refused.status_code == 400, refused.text
    assert lead.post("/clips/none/treated", json=TREAT).status_code == 404
    assert lead.post(f"/clips/{clip}/treated", json=TREAT | {"why": ""}).status_code == 422


def test_recordings_of_one_moment_are_aligned(server: Running, lead: httpx.Client) -> None:
    speech = babble(8.0)
    clip = secret_clip(server, speech)
    hall = secret_clip(server, heard_by(speech, 0.5).samples[:, 0], device="hall")
    other = secret_clip(server, babble(8.0, seed=9), device="garage")
    asked = {"why": "a test", "others": [hall, other]}
    found, refused = lead.post(f"/clips/{clip}/aligned", json=asked).json()
    assert found["offset_s"] == pytest.approx(0.5, abs=0.001)
    assert found["uncertainty_ms"] > 0
    assert (refused["offset_s"], bool(refused["refused"])) == (None, True)
    assert lead.post(f"/clips/{clip}/aligned", json=asked | {"others": []}).status_code == 422


def test_a_finding_is_written_on_tested_and_given_out(server: Running, lead: httpx.Client) -> None:
    clip = secret_clip(server)
    first = lead.post(f"/clips/{clip}/findings", json=WRITING | {"chain": CHAIN})
    assert first.status_code == 201, first.text
    at = f"/findings/{first.json()['finding']}"
    assert (
        "Say what you conclude, even if that nothing can be concluded." in first.json()["missing"]
    )
    heard = [{"by": "Bob", "words": "throw it", "treated": True}]
    more = {"heard": heard, "conclusions": ["Nothing."], "limits": ["One clip."]}
    assert lead.post(at, json=WRITING | more).json()["number"] == 2
    late = lead.post(at, json=WRITING | more | {"on": 1})
    assert late.status_code == 409
    assert "Lea wrote version 2 meanwhile" in late.json()["detail"]
    assert [each["number"] for each in lead.get(at).json()] == [1, 2]
    assert [each["number"] for each in lead.get("/findings").json()] == [2]
    report = lead.get(f"{at}/2/report.html").text
    assert "throw it" in report
    treated = lead.post(f"/clips/{clip}/treated", json=TREAT).content
    assert hashlib.sha256(treated).hexdigest() in report
    assert lead.get(f"{at}/2/report.pdf").content.startswith(b"%PDF-")
    assert lead.get(f"{at}/2/replay.json").json()["chain"]["steps"][0]["hz"] == 300.0
    for wrong, status in (("3/report.html", 404), ("2/report.exe", 422)):
        assert lead.get(f"{at}/{wrong}").status_code == status, wrong
    for name in ("Ann", "Cy"):
        token(server, Role.ANALYST, name=name)
    asked = {"listeners": ["Ann", "Cy"], "pieces": 2}
    (test,) = lead.post(f"{at}/blind-tests", json=asked).json()
    assert (test["written"], test["of"], test["conclusion"]) == (0, 8, None)
    assert lead.get(f"{at}/blind-tests").json() == [test]
    early = lead.post(f"/blind-tests/{test['test']}/result", json={})
    assert early.status_code == 400
    assert "Not everybody has written yet" in early.text
    ended = lead.post(f"/blind-tests/{test['test']}/call-off", json={"why": "Cy left"})
    assert (ended.status_code, ended.json()["number"]) == (201, 3)
    assert lead.get(f"{at}/blind-tests").json() == [test | {"called_off": "Cy left"}]
    assert lead.post(f"/blind-tests/{test['test']}/call-off", json={"why": "x"}).status_code == 400
    knowing = {"listeners": ["Lea", "Cy"]}
    assert lead.post(f"{at}/blind-tests", json=knowing).status_code == 400


def test_sounds_are_for_who_may_examine(server: Running) -> None:
    clip = secret_clip(server)
    with program(server, token(server, Role.ANALYST)) as analyst:
        assert analyst.post(f"/clips/{clip}/treated", json=TREAT).status_code == 403
        assert analyst.get("/findings").status_code == 403
