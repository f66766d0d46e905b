"""Everything that the pages do, done by a program."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from tests.api.programs import program, token
from tests.doors.servers import Running, up
from tests.workbench.clips import keep, loud, quiet
from tests.workbench.test_listening import CLIPS, say

from earwitness.accounts import Role
from earwitness.audio.clip import decode_flac
from earwitness.config import Settings
from earwitness.doors import api
from earwitness.model import ItemState
from earwitness.wiring import Earwitness


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with up(tmp_path_factory.mktemp("server"), second_listener_fraction=0) as running:
        yield running


@pytest.fixture
def analyst(server: Running) -> Iterator[httpx.Client]:
    with program(server, token(server, Role.ANALYST, name=f"Ada {time.monotonic_ns()}")) as client:
        yield client


@pytest.fixture
def lead(server: Running) -> Iterator[httpx.Client]:
    with program(server, token(server, Role.LEAD)) as client:
        yield client


def test_a_clip_is_leased_heard_judged_and_taken_back(
    server: Running, analyst: httpx.Client
) -> None:
    clip = keep(server, loud(1.0), "uncovered", value=2.0)
    given = analyst.post("/queue/next", json={}).json()
    assert given["utterance"] == clip
    assert "uncovered" not in str(given)
    assert analyst.get(f"/clips/{clip}").status_code == 409
    assert analyst.get(f"/clips/{clip}/sound").status_code == 403
    heard = analyst.get(f"/clips/{clip}/sound", params={"token": given["token"]})
    assert abs(decode_flac(heard.content)).max() < 0.5
    part = analyst.get(
        f"/clips/{clip}/sound", params={"token": given["token"]}, headers={"Range": "bytes=0-3"}
    )
    assert (part.status_code, part.content) == (206, b"fLaC")
    played = heard.headers["x-playback"]
    assert analyst.put(f"/playbacks/{played}", params={"seconds": 1.5}).status_code == 204
    held = {"token": given["token"]}
    assert analyst.post(f"/clips/{clip}/hold", json=held).status_code == 204
    silent = analyst.post(f"/clips/{clip}/judgement", json=held | {"text": " "})
    assert silent.status_code == 409
    judged = analyst.post(f"/clips/{clip}/judgement", json=held | {"text": "what was said"})
    assert judged.status_code == 201
    seen = analyst.get(f"/clips/{clip}").json()
    assert seen["nbest"] == ["uncovered"]
    assert [each["text"] for each in seen["judgements"]] == ["what was said"]
    late = analyst.post(f"/clips/{clip}/judgement", json=held | {"text": "again"})
    assert late.status_code == 409
    taken = analyst.delete(f"/clips/{clip}/judgement")
    assert taken.json()["text"] == "what was said"
    again = analyst.post("/queue/next", json={"utterance": clip}).json()
    assert analyst.post(f"/clips/{clip}/pass", json={"token": again["token"]}).status_code == 204


def test_a_reason_opens_a_clip_for_leads_alone(
    server: Running, analyst: httpx.Client, lead: httpx.Client
) -> None:
    clip = keep(server, quiet(0.5))
    why = {"why": "two analysts disagree"}
    assert analyst.get(f"/clips/{clip}/sound", params=why).status_code == 403
    assert lead.get(f"/clips/{clip}/sound", params={"why": " "}).status_code == 403
    assert lead.get(f"/clips/{clip}/sound", params=why).status_code == 200
    with Earwitness.open(server.settings) as opened:
        (played,) = opened.records.playbacks(clip)
    assert played.why == "two analysts disagree"


def test_a_word_is_taught_looked_at_and_taken_back(tmp_path: Path) -> None:
    with up(tmp_path, scripted=False, second_listener_fraction=0) as server:
        say(server, "saoirse-1.opus")
        both = token(server, Role.ANALYST, Role.LEAD)
        with program(server, both) as client:
            given = client.post("/queue/next", json={}).json()
            clip, held = given["utterance"], {"token": given["token"]}
            text = CLIPS["saoirse-1.opus"].text
            client.post(f"/clips/{clip}/judgement", json=held | {"text": text})
            assert client.post(f"/clips/{clip}/terms", json={"written": "nothing"}).is_error
            asked = client.post(f"/clips/{clip}/terms", json={"written": "Saoirse"})
            assert asked.status_code == 202
            until = time.monotonic() + 60
            while not (trials := client.get(f"/clips/{clip}/trials").json()):
                assert time.monotonic() < until
                time.sleep(0.2)
            assert (trials[0]["written"], trials[0]["outcome"]) == ("Saoirse", "live")
            while client.get("/terms/saoirse").status_code == 404:
                assert time.monotonic() < until
            assert client.get("/terms/SAOIRSE").json()["utterance"] == clip
            assert [each["written"] for each in client.get("/terms").json()] == ["Saoirse"]
            assert client.get("/terms/saoirse/trials").json() == trials
            assert client.get("/revisions").json()[0]["number"] == 1
            tried = client.post("/terms", json={"written": "yeet"})
            assert tried.json()["outcome"] in ("live", "held")
            gone = client.post("/terms/Saoirse/retire", json={"why": "a test"})
            assert gone.status_code == 200
            assert client.get("/terms/saoirse").status_code == 404
            undone = client.post("/revisions", json={"revision": 1, "why": "it was right"})
            assert undone.status_code == 201
            assert client.get("/terms/saoirse").status_code == 200


def test_reports_accounts_and_guess_first(tmp_path: Path) -> None:
    with up(tmp_path) as server, program(server, token(server, Role.LEAD)) as lead:
        reports_accounts_and_guess_first(server, lead)


def reports_accounts_and_guess_first(server: Running, lead: httpx.Client) -> None:
    told = {"harm": "threat", "imminence": "now", "heard": "<b>a threat</b>"}
    made = lead.post("/reports", json=told).json()
    assert lead.get("/reports").json() == [made]
    assert lead.post("/reports", json=told | {"utterance": "none"}).status_code == 404
    assert lead.put("/guess-first/h9", json={"why": "digits"}).status_code == 204
    assert [each["household"] for each in lead.get("/guess-first").json()] == ["h9"]
    assert lead.delete("/guess-first/h9").status_code == 204
    assert lead.get("/agreement").json()["clips"] == 0
    with program(server, token(server, Role.ADMINISTRATOR)) as admin:
        assert admin.get("/reports").json() == []
        invited = admin.post("/invitations", json={"roles": ["analyst"]}).json()
        assert invited["roles"] == ["analyst"]
        accounts = admin.get("/accounts").json()
        someone = next(each for each in accounts if each["roles"] == ["lead"])
        changed = admin.put(f"/accounts/{someone['id']}/roles", json={"roles": ["auditor"]})
        assert changed.json()["roles"] == ["auditor"]
        assert admin.delete(f"/accounts/{someone['id']}/sessions").status_code == 204
        assert lead.get("/agreement").status_code == 401  # a lead's token without a lead
        assert admin.post(f"/accounts/{someone['id']}/disable").json()["disabled_at"]


def test_who_is_nobody_is_told_so(tmp_path: Path) -> None:
    with up(tmp_path) as server:
        with program(server, "ewt_nothing") as client:
            assert client.get("/reports").status_code == 401
            assert client.get("/reports").headers["www-authenticate"] == "Bearer"
            client.headers["Authorization"] = "Basic " + token(server, Role.LEAD)
            assert client.get("/reports").status_code == 401
        with program(server, token(server, Role.LEAD)) as client:
            assert client.get("/reports").status_code == 200


def test_what_is_no_request_is_refused_in_words(server: Running, analyst: httpx.Client) -> None:
    wrong = analyst.post("/queue/next", json={"utterance": "x" * 200, "more": "secret words"})
    assert wrong.status_code == 422
    assert "secret words" not in wrong.text
    assert analyst.post("/queue/next", content=b"{").status_code == 422
    assert analyst.post("/queue/next", content=b"x" * 300_000).status_code == 400
    assert analyst.post("/queue/next", content=iter([b"{}"])).status_code == 400
    assert analyst.post("/queue/next", json={"utterance": "none"}).status_code == 404
    assert analyst.get("/nothing").json() == {"detail": "Not Found"}
    assert [line for line in server.log() if line["level"] == "error"] == []


PATHS = {
    "utterance": "u", "playback": "p", "written": "w", "trial": "t", "household": "h",
    "account": "a",
}  # fmt: skip


@pytest.mark.parametrize("role", list(Role))
def test_every_operation_is_for_its_roles_and_nobody_else(
    server: Running, tmp_path: Path, role: Role
) -> None:
    with Earwitness.open(Settings(data=tmp_path)) as opened:
        document = api.application(opened).openapi()
    operations = [
        (path, method, told["x-roles"])
        for path, methods in document["paths"].items()
        for method, told in methods.items()
    ]
    assert len(operations) >= 30
    with program(server, token(server, role)) as client:
        for path, method, roles in operations:
            asked = path
            for name, value in PATHS.items():
                asked = asked.replace(f"{{{name}}}", value)
            assert "{" not in asked, "PATHS has no value for it"
            answer = client.request(method, asked)
            assert answer.status_code != 401
            assert answer.status_code < 500
            refused = "with one of these roles" in answer.text
            assert refused == (role not in roles), (method, path, answer.text)


def test_the_document_is_whole_and_needs_no_token(server: Running) -> None:
    url = f"http://127.0.0.1:{server.http_port}/api/v1/openapi.json"
    document = httpx.get(url).json()
    assert document["components"]["securitySchemes"]["HTTPBearer"]["scheme"] == "bearer"
    for path in document["paths"].values():
        for operation in path.values():
            assert {"400", "401", "403", "404", "409", "422"} <= set(operation["responses"])
            assert operation.get("description")


def test_two_programs_never_hold_one_clip(server: Running, analyst: httpx.Client) -> None:
    clip = keep(server, quiet(0.5), value=3.0)
    mine = analyst.post("/queue/next", json={"utterance": clip}).json()
    with program(server, token(server, Role.ANALYST)) as other:
        assert other.post("/queue/next", json={"utterance": clip}).json() is None
        stolen = {"token": mine["token"], "text": "mine now"}
        assert other.post(f"/clips/{clip}/judgement", json=stolen).status_code == 409
    with Earwitness.open(server.settings) as opened:
        assert opened.records.item(clip).state is ItemState.WAITING


def test_what_a_lead_reads_and_vouches_for(tmp_path: Path) -> None:
    with up(tmp_path, second_listener_fraction=0) as server:
        clip = keep(server, quiet(0.5), "so chill", flags=[("audit_sample", None, None)])
        both = token(server, Role.ANALYST, Role.LEAD)
        with program(server, both) as client:
            given = client.post("/queue/next", json={}).json()
            early = client.put(f"/gold/{clip}", json={"text": "Xochitl", "why": "sure"})
            assert early.is_client_error
            told = {"token": given["token"], "text": "Xochitl"}
            assert client.post(f"/clips/{clip}/judgement", json=told).status_code == 201
            (missed,) = client.get("/words").json()
            assert (missed["written"], missed["newest"]) == ("Xochitl", clip)
            estimated = client.get("/accuracy", params={"days": 7}).json()["overall"]
            assert estimated["utterances"] == 1
            assert estimated["right"]["value"] == 0.0
            vouched = {"text": "Xochitl", "why": "I know her"}
            assert client.put(f"/gold/{clip}", json=vouched).status_code == 204
            assert [each["text"] for each in client.get("/gold").json()] == ["Xochitl"]
            assert client.delete(f"/gold/{clip}").status_code == 204
            assert client.get("/gold").json() == []
            for form in ("label-studio", "nemo", "csv", "textgrid"):
                file = client.get("/export", params={"format": form})
                assert file.status_code == 200, (form, file.text)
                assert file.content
            assert client.get("/export", params={"format": "exe"}).status_code == 422
