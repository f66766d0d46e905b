"""The sound of a clip: signed, short-lived, softened, in ranges, and on record."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import av
import httpx
import numpy as np
import pytest
from tests.doors.servers import Running, up
from tests.workbench.browsing import browser_at, field, first_secret, join, offered
from tests.workbench.clips import keep, loud, quiet

from earwitness.accounts import Role
from earwitness.audio.clip import decode_flac
from earwitness.audio.loudness import loudness
from earwitness.wiring import Earwitness


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Running]:
    with up(tmp_path) as running:
        yield running


@pytest.fixture
def browser(server: Running) -> Iterator[httpx.Client]:
    with browser_at(server) as client:
        join(client, first_secret(server))
        yield client


def addresses(page: httpx.Response) -> tuple[str, str]:
    found = [re.search(rf'data-{name}="([^"]+)"', page.text) for name in ("sound", "as-recorded")]
    return tuple(unescape(each[1]) for each in found if each)  # type: ignore[return-value]


def test_a_clip_is_no_louder_than_it_may_be_unless_it_is_asked_for(
    server: Running, browser: httpx.Client
) -> None:
    clip = keep(server, loud(1.0))
    soft, recorded = addresses(browser.get("/workbench/listen"))
    heard = browser.get(soft)
    assert loudness(decode_flac(heard.content))[0] == pytest.approx(-23.0, abs=0.2)
    assert float(heard.headers["x-turned-down"]) > 15
    as_it_was = decode_flac(browser.get(recorded).content)
    assert np.abs(as_it_was).max() == pytest.approx(0.99, abs=0.001)
    with Earwitness.open(server.settings) as program:
        played = program.records.playbacks(clip)
    assert [(each.listener, each.as_recorded) for each in played] == [("Ada", False), ("Ada", True)]


def test_parts_of_a_clip_can_be_asked_for(server: Running, browser: httpx.Client) -> None:
    keep(server, quiet(0.5))
    sound, _ = addresses(browser.get("/workbench/listen"))
    whole = browser.get(sound)
    assert whole.headers["accept-ranges"] == "bytes"
    assert whole.headers["cache-control"] == "no-store"
    size = len(whole.content)
    for asked, start, end in (("0-9", 0, 10), ("10-", 10, size), ("-7", size - 7, size),
                              ("5-999999", 5, size)):  # fmt: skip
        part = browser.get(sound, headers={"Range": f"bytes={asked}"})
        assert part.status_code == 206
        assert part.content == whole.content[start:end]
        assert part.headers["content-range"] == f"bytes {start}-{end - 1}/{size}"
    beyond = browser.get(sound, headers={"Range": f"bytes={size}-"})
    assert (beyond.status_code, beyond.headers["content-range"]) == (416, f"bytes */{size}")
    for nonsense in ("bytes=-", "bytes=9-1", "pages=1-2", "bytes=1-2,4-5"):
        answer = browser.get(sound, headers={"Range": nonsense})
        assert answer.status_code in (200, 416)
        assert answer.status_code == 416 or answer.content == whole.content


def test_on_a_slow_line_it_comes_as_opus(server: Running, browser: httpx.Client) -> None:
    keep(server, quiet(2.0))
    sound, _ = addresses(browser.get("/workbench/listen"))
    small = browser.get(sound, params={"codec": "opus"})
    assert small.headers["content-type"] == "audio/ogg"
    assert len(small.content) < 12_000
    with av.open(io.BytesIO(small.content)) as file:
        heard = np.concatenate([frame.to_ndarray()[0] for frame in file.decode(audio=0)])
        assert file.streams.audio[0].codec_context.name in ("opus", "libopus")
    assert len(heard) >= 2 * 16_000
    assert browser.get(sound, params={"codec": "mp3"}).status_code == 400


def test_an_address_is_for_one_session_and_cannot_be_made_up(
    server: Running, browser: httpx.Client
) -> None:
    clip = keep(server, quiet(0.5))
    page = browser.get("/workbench/listen")
    sound, _ = addresses(page)
    for forged in (sound[:-4] + "AAAA", sound.replace(".", "A."), sound + "x", "/workbench/sound/x",
                   "/workbench/sound/a.b.c"):  # fmt: skip
        assert browser.get(forged).status_code == 403, forged
    with browser_at(server) as other:
        join(other, offered(server, Role.LEAD), "Bob")
        assert other.get(sound).status_code == 403
    with browser_at(server) as nobody:
        assert nobody.get(sound).headers["location"] == "/sign-in"
    form = {"csrf": field(page, "csrf"), "token": field(page, "token")}
    assert browser.post(f"/workbench/listen/{clip}/pass", data=form).status_code == 303
    assert browser.get(sound).status_code == 409  # whoever let go of it hears no more
    with Earwitness.open(server.settings) as program:
        assert program.records.playbacks(clip) == []


def test_what_was_heard_of_it_is_told_by_who_heard_it(
    server: Running, browser: httpx.Client
) -> None:
    clip = keep(server, quiet(0.5))
    page = browser.get("/workbench/listen")
    playback = browser.get(addresses(page)[0]).headers["x-playback"]
    told = {"csrf": field(page, "csrf"), "seconds": "0.75"}
    assert browser.post(f"/workbench/played/{playback}", data=told).status_code == 204
    for seconds in ("", "nan", "-1", "1e9", "inf", "much"):
        wrong = browser.post(f"/workbench/played/{playback}", data=told | {"seconds": seconds})
        assert wrong.status_code == 400, seconds
    with browser_at(server) as other:
        join(other, offered(server, Role.ANALYST), "Bob")
        theirs = {"csrf": field(other.get("/workbench"), "csrf"), "seconds": "9"}
        assert other.post(f"/workbench/played/{playback}", data=theirs).status_code == 404
    with Earwitness.open(server.settings) as program:
        assert [each.played for each in program.records.playbacks(clip)] == [0.75]


def test_who_holds_no_lease_hears_it_for_a_reason_on_record(server: Running) -> None:
    clip = keep(server, quiet(0.5))
    with browser_at(server) as lead:
        join(lead, offered(server, Role.LEAD), "Lea")
        page = lead.get(f"/workbench/hear/{clip}")
        assert "<audio" not in page.text
        form = {"csrf": field(page, "csrf")}
        assert lead.post(f"/workbench/hear/{clip}", data=form | {"why": " a "}).status_code == 400
        why = "two <b>analysts</b> disagree"
        heard = lead.post(f"/workbench/hear/{clip}", data=form | {"why": why})
        assert "<b>analysts" not in heard.text
        found = re.search(r'<audio [^>]*src="([^"]+)"', heard.text)
        assert found
        assert lead.get(unescape(found[1])).status_code == 200
        assert "Lea" in lead.get(f"/workbench/hear/{clip}").text
        assert lead.get("/workbench/hear/none").status_code == 404
    with Earwitness.open(server.settings) as program:
        assert [each.why for each in program.records.playbacks(clip)] == [why]
    with browser_at(server) as analyst:
        join(analyst, offered(server, Role.ANALYST), "Bob")
        assert analyst.get(f"/workbench/hear/{clip}").status_code == 403
