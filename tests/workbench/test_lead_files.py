"""Judged clips as files, and files as gold."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from tests.workbench.browsing import field
from tests.workbench.leading import HOSTILE, LEAD, House, house

from earwitness.accounts import Role
from earwitness.doors.workbench.guard import MAX_BODY
from earwitness.model import ItemState

FILES, EXPORT, IMPORT = f"{LEAD}/files", f"{LEAD}/export", f"{LEAD}/import"
FORMATS = ("label-studio", "nemo", "csv")
LONG = "la " * 3333


@pytest.fixture
def home(tmp_path: Path) -> Iterator[House]:
    with house(tmp_path) as found:
        found.judge(
            found.keep("u1", HOSTILE), ("ada", f"=cmd() {HOSTILE}"), ("bob", "x"), ("lea", HOSTILE)
        )
        found.judge(found.keep("u2", "=1+1"), ("ada", LONG))
        found.judge(found.keep("u3", "hm"), ("bob", ""))
        found.keep("u4", "covered words")
        found.judge(found.keep("u5", "covered words"), ("ada", "a"), end=ItemState.SECOND)
        yield found


@pytest.fixture
def lead(home: House) -> Iterator[httpx.Client]:
    with home.browser(Role.LEAD, name="Lea") as browser:
        yield browser


def export(browser: httpx.Client, form: str, **more: str) -> httpx.Response:
    answer = browser.get(EXPORT, params={"format": form, **more})
    assert answer.status_code == 200
    assert answer.headers["content-disposition"].startswith("attachment")
    assert "content-length" not in answer.headers, "it is sent as it is made"
    assert "covered" not in answer.text
    return answer


def bring(
    browser: httpx.Client, content: str | bytes, action: str = "compare", **fields: str
) -> httpx.Response:
    token = field(browser.get(FILES), "csrf")
    form = {"csrf": token, "action": action, "why": "archive", "confirm": "yes", **fields}
    return browser.post(IMPORT, data=form, files={"file": ("<b>labels", content)})


def test_a_manifest_names_each_clip_what_made_it_and_nobody(
    home: House, lead: httpx.Client
) -> None:
    rows = [json.loads(line) for line in export(lead, "nemo").text.splitlines()]
    assert [row["utterance"] for row in rows] == ["u1", "u2"], "no speech is no transcript"
    clip = home.records.utterance("u1").clip
    assert rows[0] == {
        "audio_filepath": f"{clip}.flac", "duration": 1.5, "text": HOSTILE, "utterance": "u1",
        "clip": clip, "machine": HOSTILE, "engine": "scripted", "model": "scripted@1",
        "revision": 0, "gold": False, "verdict": "transcript",
        "listeners": [
            {"listener": "a", "verdict": "transcript", "text": f"=cmd() {HOSTILE}"},
            {"listener": "b", "verdict": "transcript", "text": "x"},
            {"listener": "c", "verdict": "transcript", "text": HOSTILE},
        ],
    }  # fmt: skip
    named = [json.loads(line) for line in export(lead, "nemo", names="1").text.splitlines()]
    assert [each["listener"] for each in named[0]["listeners"]] == ["ada", "bob", "lea"]
    logged = [line for line in home.server.log() if line["event"] == "clips exported"]
    assert [(line["format"], line["names"]) for line in logged] == [("nemo", False), ("nemo", True)]


def test_tasks_csv_and_textgrids_hold_every_verdict(home: House, lead: httpx.Client) -> None:
    tasks = json.loads(export(lead, "label-studio").text)
    assert [task["data"]["utterance"] for task in tasks] == ["u1", "u3", "u2"]
    silent = tasks[1]["annotations"][0]["result"]
    assert [each["value"] for each in silent] == [{"choices": ["no_speech"]}]
    assert tasks[0]["predictions"][0]["result"][0]["value"] == {"text": [HOSTILE]}
    header, *rows = csv.reader(io.StringIO(export(lead, "csv").text))
    found = [dict(zip(header, row, strict=True)) for row in rows]
    assert [row["verdict"] for row in found] == ["transcript", "no_speech", "transcript"]
    assert found[2]["machine"] == "'=1+1"
    assert found[0]["text_1"] == f"'=cmd() {HOSTILE}"
    assert found[2]["text"] == LONG
    with zipfile.ZipFile(io.BytesIO(export(lead, "textgrid").content)) as archive:
        assert archive.testzip() is None
        assert sorted(archive.namelist()) == ["u1.TextGrid", "u2.TextGrid", "u3.TextGrid"]
        assert '<script>alert(1)</script> ""' in archive.read("u1.TextGrid").decode()
    assert lead.get(EXPORT, params={"format": "mp3"}).status_code == 400
    assert lead.get(EXPORT).status_code == 400


@pytest.mark.parametrize("form", FORMATS)
def test_what_was_exported_can_be_imported(home: House, lead: httpx.Client, form: str) -> None:
    content = export(lead, form).content
    compared = bring(lead, content)
    assert compared.status_code == 200, compared.text
    assert "compared, nothing was changed" in compared.text
    assert "<b>labels" not in compared.text
    assert home.records.newest_closed(9, golden=True) == []
    done = bring(lead, content, "import")
    count = 2 if form == "nemo" else 3
    assert f"{count} clips are gold now" in done.text
    golden = {each.utterance.id: each for each in home.records.newest_closed(9, golden=True)}
    assert len(golden) == count
    gold = golden["u1"].gold
    assert gold is not None
    assert (gold.text, gold.by, gold.why) == (HOSTILE, "Lea", "imported from <b>labels: archive")
    assert len(golden["u2"].gold.text) == len(LONG.strip())  # type: ignore[union-attr]
    again = bring(lead, export(lead, form).content)
    assert f"as was decided here</dt><dd>{count}<" in again.text


def test_each_line_is_reported_and_one_that_is_bad_stops_all(
    home: House, lead: httpx.Client
) -> None:
    lines = (
        "utterance,text,verdict",
        "u1,<i>other</i>,",
        "u3,,no_speech",
        "u4,words,",
        "nobody,x,",
    )
    good = "\n".join([*lines, ""])
    page = bring(lead, good)
    for wanted in (
        "line 4</bdi>: the clip &#39;u4&#39; is waiting",
        "line 5</bdi>: the clip &#39;nobody&#39; is not kept here",
        "&lt;i&gt;other",
        "another text or verdict</dt><dd>1<",
        "as was decided here</dt><dd>1<",
    ):
        assert wanted in page.text, wanted
    assert "covered" not in page.text
    bad = bring(lead, good + "u2,,transcript\n", "import")
    assert bad.status_code == 400
    assert "line 6: A transcript needs the words" in bad.text
    assert home.records.newest_closed(9, golden=True) == []
    for wrong in ({"confirm": ""}, {"why": ""}):
        assert bring(lead, good, "import", **wrong).status_code == 400
    assert "2 clips are gold now" in bring(lead, good, "import").text


def test_what_is_no_labelled_set_is_refused(home: House, lead: httpx.Client) -> None:
    for content in (b"", b"\xff\xfe\x00", "a,b\n1,2\n", "utterance,text\n"):
        answer = bring(lead, content)
        assert answer.status_code == 400, content
        assert 'role="alert"' in answer.text
        assert 'value="archive"' in answer.text
        assert f'action="{IMPORT}"' in answer.text, "the form is there again"
    token = field(lead.get(FILES), "csrf")
    assert lead.post(IMPORT, data={"csrf": token}).status_code == 400


def test_a_file_may_be_larger_than_a_form_for_those_who_may_send_one(
    home: House, lead: httpx.Client
) -> None:
    lines = "".join(f"unknown{number},some words,transcript\n" for number in range(10_000))
    content = f"utterance,text,verdict\nu1,yeet,\n{lines}"
    assert len(content) > 4 * MAX_BODY
    page = bring(lead, content)
    assert "not closed clips of this store</dt><dd>10000<" in page.text
    with home.browser(Role.ANALYST) as analyst:
        token = field(analyst.get("/workbench"), "csrf")
        sent = {"data": {"csrf": token}, "files": {"file": ("f.csv", content)}}
        assert analyst.post(IMPORT, **sent).status_code == 403
        assert analyst.post("/sign-out", **sent).status_code == 413
        assert analyst.get(EXPORT, params={"format": "csv"}).status_code == 403
    nobody = httpx.post(lead.base_url.join(IMPORT), content=b"x" * 200_000)
    assert nobody.status_code == 401
