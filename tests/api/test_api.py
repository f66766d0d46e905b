"""Everything that the pages do, done by a program."""

from __future__ import annotations

import json
import time
from base64 import b64encode
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from fastapi.routing import APIRoute
from tests.api.programs import program, token
from tests.doors.servers import Running, up
from tests.flow.incident_house import THREE_RUNGS
from tests.workbench.clips import keep, loud, quiet
from tests.workbench.test_alike import same_sound
from tests.workbench.test_listening import CLIPS, say

from earwitness.accounts import Role
from earwitness.audio.clip import decode_flac
from earwitness.config import Settings
from earwitness.doors import api
from earwitness.doors.workbench import router
from earwitness.evidence.receipts import Receipt
from earwitness.flow import accounts
from earwitness.flow.incidents import codes, identity
from earwitness.flow.incidents.showing import SHOWN
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
    named = told | {"implicated": ["Mallory"]}
    asked = lead.post("/reports", json=named)
    assert asked.status_code == 400
    assert "Nobody here is called Mallory" in asked.text
    assert lead.get("/reports").json() == []
    made = lead.post("/reports", json=named | {"whoever": True}).json()
    again = lead.post("/reports", json=told | {"code": made["code"]}).json()
    assert again["case"] == made["case"]
    receipt = Receipt.parse(made["receipt"])
    receipt.check()
    assert len(receipt.entries) == 3
    (listed,) = lead.get("/reports").json()
    assert (listed["id"], listed["heard"]) == (made["case"], told["heard"])
    assert listed["unchanged"]
    own = f"/reports/{made['case']}"
    assert lead.get(own).json()["id"] == made["case"]
    added = lead.post(f"{own}/additions", json={"text": "and a door"})
    assert added.status_code == 201, added.text
    letter = {"name": "letter.pdf", "about": "a letter", "content": b64encode(b"%PDF").decode()}
    assert lead.post(f"{own}/files", json=letter).status_code == 201
    assert lead.post(f"{own}/files", json=letter | {"content": "no base64"}).status_code == 400
    named = lead.post(f"{own}/implicated", json={"names": ["Mel"]})
    assert len(Receipt.parse(named.json()["receipt"]).entries) == listed["records"] + 4
    assert Receipt.parse(lead.get(f"{own}/receipt").json()["receipt"]).case == made["case"]
    shown = lead.get(f"{own}/now").text
    assert "and a door" in shown
    assert "deadlines" not in shown, "the policy is no part of what a reporter is shown"
    assert lead.get(f"/reports/{'0' * 16}").status_code == 404
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
    assert analyst.post("/queue/next", content=b"x" * 300_000).status_code == 413
    assert analyst.post("/queue/next", content=iter([b"{}"])).status_code == 400
    assert analyst.post("/queue/next", json={"utterance": "none"}).status_code == 404
    assert analyst.get("/nothing").json() == {"detail": "Not Found"}
    assert [line for line in server.log() if line["level"] == "error"] == []


PATHS = {
    "case": 16 * "0",
    "sha256": 64 * "0",
    "utterance": "u", "playback": "p", "written": "w", "trial": "t", "household": "h",
    "account": "a", "group": "g", "token": "t", "session": "s", "invitation": "00",
    "finding": "f", "number": "1", "form": "report.html", "test": "t",
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
            assert {"400", "401", "403", "404", "409", "413", "422", "503"} <= set(
                operation["responses"]
            )
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


# --- what the pages do, programs do ---------------------------------------------------


BY_A_PERSON = "a person shows who they are"
BY_CODE = "by the code alone, from any program"
BY_EAR = "people listen blind, and no program does"
IN_A_HURRY = "nobody sits before a program and waits"
SAME = {
    "/join": BY_A_PERSON,
    "/join/link": BY_A_PERSON,
    "/join/passkey": BY_A_PERSON,
    "/sign-in": BY_A_PERSON,
    "/sign-in/passkey": BY_A_PERSON,
    "/workbench/again": BY_A_PERSON,
    "/workbench/again/passkey": BY_A_PERSON,
    "/workbench/me/passkey": BY_A_PERSON,
    "/workbench/me/passkey/{passkey}/remove": BY_A_PERSON,
    "/workbench/me/token": BY_A_PERSON,
    "/workbench/me/password": BY_A_PERSON,
    "/workbench/me/password/remove": BY_A_PERSON,
    "/sign-out": "DELETE /me/sessions/{session}",
    "/workbench/me/session/{session}/end": "DELETE /me/sessions/{session}",
    "/workbench/me/sessions/end": "DELETE /me/sessions",
    "/workbench/me/token/{token}/revoke": "DELETE /me/tokens/{token}",
    "/workbench/accounts": "POST /invitations",
    "/workbench/invitation/{invitation}/withdraw": "DELETE /invitations/{invitation}",
    "/workbench/token/{token}/revoke": "DELETE /tokens/{token}",
    "/workbench/accounts/{account}/roles": "PUT /accounts/{account}/roles",
    "/workbench/accounts/{account}/end": "DELETE /accounts/{account}/sessions",
    "/workbench/accounts/{account}/disable": "POST /accounts/{account}/disable",
    "/workbench/hear/{utterance}": "GET /clips/{utterance}/sound",
    "/workbench/played/{playback}": "PUT /playbacks/{playback}",
    "/workbench/listen/{utterance}": "POST /clips/{utterance}/judgement",
    "/workbench/listen/{utterance}/hold": "POST /clips/{utterance}/hold",
    "/workbench/listen/{utterance}/release": "POST /clips/{utterance}/release",
    "/workbench/listen/{utterance}/pass": "POST /clips/{utterance}/pass",
    "/workbench/heard/{utterance}/teach": "POST /clips/{utterance}/terms",
    "/workbench/heard/{utterance}/undo": "DELETE /clips/{utterance}/judgement",
    "/workbench/heard/{utterance}/alike": "POST /clips/{utterance}/alike",
    "/workbench/alike/{group}": "POST /alike/{group}/answer",
    "/workbench/report": "POST /reports",
    "/workbench/own/{case}/add": "POST /reports/{case}/additions",
    "/workbench/own/{case}/file": "POST /reports/{case}/files",
    "/workbench/own/{case}/implicate": "POST /reports/{case}/implicated",
    "/workbench/own/{case}/receipt": "GET /reports/{case}/receipt",
    "/workbench/own/{case}/case": "GET /reports/{case}/now",
    "/reporter": BY_CODE,
    "/reporter/add": BY_CODE,
    "/reporter/file": BY_CODE,
    "/reporter/implicate": BY_CODE,
    "/outside/{case}": BY_CODE,
    "/outside/{case}/accept": BY_CODE,
    "/outside/{case}/hear": BY_CODE,
    "/outside/{case}/bundle": BY_CODE,
    "/outside/{case}/answer": BY_CODE,
    "/outside/{case}/receipt": BY_CODE,
    "/workbench/case/{case}/act": "POST /cases/{case}/actions",
    "/workbench/case/{case}/propose": "POST /cases/{case}/proposals",
    "/workbench/case/{case}/agree": "POST /cases/{case}/agreements",
    "/workbench/case/{case}/answer": "POST /cases/{case}/answers",
    "/workbench/case/{case}/hand-over": "POST /cases/{case}/hand-overs",
    "/workbench/case/{case}/implicate": "POST /cases/{case}/implicated",
    "/workbench/case/{case}/admit": "POST /cases/{case}/admitted",
    "/workbench/case/{case}/grant": "POST /cases/{case}/household",
    "/workbench/case/{case}/bundle": "POST /cases/{case}/bundle",
    "/workbench/case/{case}/print": "POST /cases/{case}/print",
    "/workbench/case/{case}/hear": "POST /cases/{case}/evidence/{sha256}",
    "/workbench/escalation": "POST /escalation",
    "/reporter/receipt": BY_CODE,
    "/reporter/case": BY_CODE,
    "/workbench/lead/adjudication/{utterance}": "POST /clips/{utterance}/judgement",
    "/workbench/lead/teach": "POST /words/{written}/teach",
    "/workbench/lead/guess-first": "PUT /guess-first/{household}",
    "/workbench/lead/guess-first/end": "DELETE /guess-first/{household}",
    "/workbench/lead/retire": "POST /terms/{written}/retire",
    "/workbench/lead/override": "POST /trials/{trial}/override",
    "/workbench/lead/undo": "POST /revisions",
    "/workbench/lead/import": "POST /gold",
    "/workbench/lead/clips/{utterance}/gold": "PUT /gold/{utterance}",
    "/workbench/lead/clips/{utterance}/not-gold": "DELETE /gold/{utterance}",
    "/workbench/case/{case}/examine": "POST /cases/{case}/evidence/{sha256}",
    "/workbench/examine/{utterance}": "POST /clips/{utterance}/treated",
    "/workbench/examine/{utterance}/treat": "POST /clips/{utterance}/treated",
    "/workbench/examine/{utterance}/save": "POST /clips/{utterance}/replay",
    "/workbench/examine/{utterance}/align": "POST /clips/{utterance}/aligned",
    "/workbench/examine/{utterance}/align/cancel": IN_A_HURRY,
    "/workbench/examine/{utterance}/finding": "POST /clips/{utterance}/findings",
    "/workbench/finding/{finding}": "POST /findings/{finding}",
    "/workbench/finding/{finding}/files": "POST /cases/{case}/bundle",
    "/workbench/finding/{finding}/blind": "POST /findings/{finding}/blind-tests",
    "/workbench/finding/{finding}/blind/{test}": "POST /blind-tests/{test}/result",
    "/workbench/finding/{finding}/blind/{test}/call-off": "POST /blind-tests/{test}/call-off",
    "/workbench/blind/{test}": BY_EAR,
    "/workbench/{rest:path}": "no page at all",
}


def test_whatever_a_page_changes_a_program_can_change(tmp_path: Path) -> None:
    with Earwitness.open(Settings(data=tmp_path)) as opened:
        document = api.application(opened).openapi()
        pages = {
            route.path
            for route in router(opened).routes
            if isinstance(route, APIRoute) and "POST" in route.methods
        }
    offered = {
        f"{method.upper()} {path}"
        for path, methods in document["paths"].items()
        for method in methods
    }
    assert pages == SAME.keys()
    named = {each for each in SAME.values() if each[:1].isupper()}
    assert named - offered == set()


def test_a_program_sees_and_ends_what_is_open_of_its_account(server: Running) -> None:
    with program(server, token(server, Role.ANALYST)) as client:
        me = client.get("/me").json()
        assert me["roles"] == ["analyst"]
        with Earwitness.open(server.settings) as opened:
            account = next(
                each for each in opened.records.accounts() if each.id == me["account"]["id"]
            )
            now = datetime.now(UTC)
            for agent in ("one", "other"):
                accounts.begin(account, agent, now, records=opened.records)
        found = client.get("/me/sessions").json()
        assert {each["agent"] for each in found} == {"one", "other"}
        assert client.delete(f"/me/sessions/{found[0]['id']}").status_code == 204
        assert client.delete(f"/me/sessions/{found[0]['id']}").status_code == 404
        assert len(client.get("/me/sessions").json()) == 1
        assert client.delete("/me/sessions").status_code == 204
        assert client.get("/me/sessions").json() == []
        assert client.get("/me/passkeys").json() == []
        with program(server, token(server, Role.ANALYST)) as other:
            assert other.delete(f"/me/tokens/{me['token']}").status_code == 404
        assert [each["id"] for each in client.get("/me/tokens").json()] == [me["token"]]
        assert client.delete(f"/me/tokens/{me['token']}").status_code == 204
        assert client.get("/me").status_code == 401


def test_an_administrators_program_looks_after_links_tokens_and_settings(server: Running) -> None:
    with program(server, token(server, Role.ADMINISTRATOR)) as client:
        made = client.post("/invitations", json={"roles": ["auditor"]}).json()
        open_ones = client.get("/invitations").json()
        assert made["secret"] not in str(open_ones)
        mine = [each for each in open_ones if each["roles"] == ["auditor"]]
        assert client.delete(f"/invitations/{mine[-1]['id']}").status_code == 204
        assert client.delete(f"/invitations/{mine[-1]['id']}").status_code == 404
        values = {each["name"]: each["value"] for each in client.get("/settings").json()}
        assert values["EARWITNESS_ENGINE"] == "scripted"
        with program(server, token(server, Role.ANALYST)) as other:
            theirs = other.get("/me").json()["token"]
            assert theirs in {each["id"] for each in client.get("/tokens").json()}
            assert client.delete(f"/tokens/{theirs}").status_code == 204
            assert other.get("/me").status_code == 401


def test_labels_are_compared_and_made_gold_by_a_program(tmp_path: Path) -> None:
    with up(tmp_path, second_listener_fraction=0) as server:
        clip = keep(server, quiet(0.5), "eat that")
        with program(server, token(server, Role.ANALYST, Role.LEAD)) as client:
            given = client.post("/queue/next").json()
            said = {"token": given["token"], "text": "eat that"}
            assert client.post(f"/clips/{clip}/judgement", json=said).status_code == 201
            file = f"utterance,text\n{clip},yeet that\nnone,x\n"
            found = client.post("/gold", content=file, params={"name": "a.csv"}).json()
            assert [each["text"] for each in found["different"]] == ["yeet that"]
            assert (len(found["unknown"]), found["golds"]) == (1, 0)
            assert client.get("/gold").json() == []
            brought = client.post("/gold", content=file, params={"why": "from the archive"})
            assert brought.json()["golds"] == 1
            assert [each["text"] for each in client.get("/gold").json()] == ["yeet that"]
            assert client.post("/gold", content=b"\xff\xfe").status_code == 400
            assert client.post("/gold", content=b"x" * (17 << 20)).status_code == 413
            counted = {
                each["of"]: each["count"] for each in client.get("/overview").json()["states"]
            }
            assert counted["closed"] == 1
            asked = {"utterance": clip, "why": "slang"}
            assert client.post("/words/yeet/teach", json=asked).status_code == 202
            assert client.post("/words/nothing/teach", json=asked).is_client_error


def test_one_clip_is_judged_and_three_that_sound_alike_are_compared(tmp_path: Path) -> None:
    with up(tmp_path, second_listener_fraction=0) as server:
        clips = same_sound(server, 6)
        with program(server, token(server, Role.ANALYST)) as client:
            given = client.post("/queue/next").json()
            assert given["utterance"] == clips[0]
            said = {"token": given["token"], "text": "yeet that"}
            assert client.post(f"/clips/{clips[0]}/judgement", json=said).status_code == 201
            found = [client.get(f"/clips/{clips[0]}/alike").json()["alike"] for _ in range(4)]
            assert found[-1] == 5
            other_word = client.post(f"/clips/{clips[0]}/alike", json={"written": "never said"})
            assert other_word.status_code == 409
            begun = client.post(f"/clips/{clips[0]}/alike", json={"written": "yeet"})
            assert begun.status_code == 201, begun.text
            group = f"/alike/{begun.json()['id']}"
            compared = []
            while asked := client.post(f"{group}/next").json():
                compared.append(asked["utterance"])
                same = {"token": asked["token"], "utterance": asked["utterance"], "same": True}
                stands = client.post(f"{group}/answer", json=same).json()
            assert len(set(compared)) == stands["needed"] == stands["answered"] == 3
            assert client.get(group).json()["standing"] == stands["standing"] == "confirmed"
            with program(server, token(server, Role.ANALYST)) as other:
                assert other.post(f"{group}/next").status_code == 409


def test_a_reporters_program_is_shown_no_more_than_their_page(tmp_path: Path) -> None:
    """People's addresses, who has an account, and the policy are for those who act."""
    policy = tmp_path / "escalation.toml"
    policy.write_text(THREE_RUNGS, encoding="utf-8")
    with (
        up(tmp_path / "data", escalation=policy) as server,
        program(server, token(server, Role.RESPONDER, name="Ria")) as ria,
        program(server, token(server, Role.ANALYST, name="Ada")) as ada,
    ):
        said = {"harm": "threat", "imminence": "now", "heard": "a threat", "implicated": ["dora"]}
        case = ada.post("/reports", json=said).json()["case"]
        own = ada.get(f"/reports/{case}").json()
        shown = {each["kind"]: each["fields"] for each in own["records"]}
        assert shown["reported"]["heard"] == "a threat"
        assert shown["told"]["name"] == "Responder"
        for kind, fields in shown.items():
            assert fields.keys() <= SHOWN[kind] | {"at"}
        seen = ria.get(f"/cases/{case}").json()
        theirs = json.dumps([each["fields"] for each in seen["records"]])
        for hidden in (
            "mailto:",
            "deadlines",
            "implicated_ids",
            ria.get("/me").json()["account"]["id"],
        ):
            assert hidden in theirs
            assert hidden not in json.dumps(own)


def test_a_program_reports_in_confidence(server: Running) -> None:
    with (
        program(server, token(server, Role.RESPONDER)) as responder,
        program(server, token(server, Role.ANALYST, name="Zoe Quiet")) as zoe,
    ):
        said = {"harm": "threat", "imminence": "past", "heard": "a whisper", "confidential": True}
        made = zoe.post("/reports", json=said)
        assert made.status_code == 201, made.text
        case, code = made.json()["case"], made.json()["code"]
        again = zoe.post("/reports", json=said | {"code": code}).json()
        assert again["case"] == case
        assert case not in {each["id"] for each in zoe.get("/reports").json()}
        assert zoe.get(f"/reports/{case}").status_code == 404
        (listed,) = [each for each in responder.get("/reports").json() if each["id"] == case]
        assert (listed["reporter"], listed["heard"]) == ("", "a whisper")
        records = responder.get(f"/cases/{case}").json()["records"]
        told = str([each for each in records if each["kind"] != "routed"])  # which has everybody
        assert "Zoe Quiet" not in told
        assert zoe.get("/me").json()["account"]["id"] not in told
        page = httpx.post(f"http://127.0.0.1:{server.http_port}/reporter", data={"code": code})
        assert "a whisper" in page.text
    with Earwitness.open(server.settings) as opened:
        first = opened.records.records(case)[0].fields
        key, hashed = opened.incidents.identity_key, codes.code_hash(code)
        assert identity.opened(str(first["sealed_by"]), hashed, key) == "Zoe Quiet"


def test_a_responders_program_acts_on_a_case(server: Running) -> None:
    clip = keep(server, quiet(0.5))
    with (
        program(server, token(server, Role.RESPONDER)) as client,
        program(server, token(server, Role.ANALYST)) as other,
    ):
        said = {"harm": "threat", "imminence": "past", "heard": "a threat", "utterance": clip}
        case = other.post("/reports", json=said).json()["case"]
        at = f"/cases/{case}"
        assert other.get(at).status_code == 404
        found = client.get(at).json()
        assert found["unchanged"]
        assert "nobody acted in time" in {each["why"] for each in found["due"]}
        me = client.get("/me").json()["account"]["name"]
        until = (datetime.now(UTC) + timedelta(days=2)).isoformat()
        act = {"what": "inquiry", "whom": me, "until": until}
        assert client.post(f"{at}/actions", json=act | {"what": "no_action"}).status_code == 400
        done = client.post(f"{at}/actions", json=act).json()
        assert done["standing"].startswith("an inquiry, to be looked at again")
        assert client.post(f"{at}/answers", json={"said": "thanks"}).status_code == 200
        asked = client.post(f"{at}/proposals", json={"what": "release", "said": "over"}).json()
        assert "proposals" in asked, asked
        agreed = client.post(f"{at}/agreements", json={"proposal": asked["proposals"][0]})
        assert agreed.status_code == 400
        assert "two people" in agreed.json()["detail"]
        sealed = next(each for each in found["records"] if each["kind"] == "sealed")
        key = sealed["fields"]["sha256"]
        heard = client.post(f"{at}/evidence/{key}", json={"why": "to hear it"})
        assert heard.content[:4] == b"fLaC"
        assert client.get(at).json()["records"][-1]["kind"] == "seen"
        granted = client.post(f"{at}/household", json={"why": "the next room"}).json()
        assert granted["records"][-1]["fields"]["found"] == 0
        assert client.post(f"{at}/household", json={"why": "again"}).status_code == 400
        bundle = client.post(f"{at}/bundle", json={"why": "for the police"})
        assert bundle.content[:2] == b"PK"
        paper = client.post(f"{at}/print", json={"why": "for the file"})
        assert paper.headers["content-type"] == "text/html; charset=utf-8"
        assert "because: for the file" in paper.text
        shown = client.get("/escalation").json()
        assert me in shown["told"][0]
        assert client.post("/escalation", json={"text": "rungs = 1"}).status_code == 400
        named = {"names": ["responder"]}
        assert client.post(f"{at}/implicated", json=named).status_code == 204
        assert client.get(at).status_code == 404
