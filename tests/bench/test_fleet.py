"""What the fleet counts, against servers that answer, refuse, or never say a word."""

from __future__ import annotations

import asyncio
import io
import wave
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.bench.peers import HttpHouse, WyomingHouse, raw_server, says, says_nothing
from tests.bench_sets import Spoken, write
from wyoming.error import Error

from earwitness.audio.reader import Reader
from earwitness.bench.figures import Plain
from earwitness.bench.manifest import Manifest, read
from earwitness.errors import InputError, ManifestError, SettingsError
from earwitness.fleet.crew import Plan
from earwitness.fleet.doors import Door, opening
from earwitness.fleet.recordings import FRAME, WIDTH, Recording, load
from earwitness.fleet.run import run
from earwitness.fleet.sockets import address, allow_sockets
from earwitness.fleet.tally import order_statistics

SECOND = Recording(np.arange(3 * FRAME + 100, dtype="<i2").tobytes(), "turn on the light")
OTHER = Recording(np.full(2 * FRAME, 7, "<i2").tobytes(), "turn it off")
PLAN = Plan(speaking=3, connected=3, seconds=1.0, duty=1.0)
IMPATIENT = replace(PLAN, patience=0.3)


async def spoken_to(
    url: str, plan: Plan = PLAN, *recordings: Recording, door: Door = Door.WYOMING
) -> Plain:
    return await run(opening(door, address(url)), recordings or [SECOND], plan)


def of_house(house: WyomingHouse | HttpHouse, plan: Plan = PLAN, *recordings: Recording) -> Plain:
    """The figures of a run against a server of ours that speaks for itself."""
    door = Door.WYOMING if isinstance(house, WyomingHouse) else Door.HTTP

    async def measured() -> Plain:
        async with house.open() as url:
            return await spoken_to(url, plan, *recordings, door=door)

    return asyncio.run(measured())


def counted(found: Plain) -> tuple[int, int, int]:
    assert found["utterances"] == found["answered"] + found["shed"] + found["lost"]
    return found["answered"], found["shed"], found["lost"]


# --- Wyoming ------------------------------------------------------------------


def test_everything_that_is_said_arrives_and_its_answer_is_counted() -> None:
    house = WyomingHouse(says("Turn on the light."))
    found = of_house(house)
    answered, shed, lost = counted(found)
    assert answered == len(house.heard) >= PLAN.speaking
    assert (shed, lost, found["errors"], found["reconnects"]) == (0, 0, {}, 0)
    assert set(house.heard) == {SECOND.pcm}
    assert found["frames"] == 4 * answered
    assert found["spoken_s"] == pytest.approx(answered * SECOND.seconds)
    assert found["wer"] == 0.0
    latency = found["final_latency_ms"]
    assert 0 < latency["p50"] <= latency["p95"] <= latency["p99"]
    assert found["after_speech_ms"] == latency


def test_a_wrong_answer_is_fast_and_wrong() -> None:
    assert of_house(WyomingHouse(says("turn off the light")))["wer"] == 0.25


def test_no_answer_in_time_is_a_loss() -> None:
    found = of_house(WyomingHouse(says_nothing), IMPATIENT)
    answered, shed, lost = counted(found)
    assert (answered, shed) == (0, 0)
    assert lost >= PLAN.speaking
    assert found["errors"] == {"no answer": lost}
    assert found["final_latency_ms"] == {"p50": None, "p95": None, "p99": None}
    assert found["wer"] is None


def test_a_server_that_says_it_has_no_time_sheds() -> None:
    busy = Error(text="Too much at once.", code="overloaded").event()
    answered, shed, lost = counted(of_house(WyomingHouse(lambda audio: busy)))
    assert (answered, lost) == (0, 0)
    assert shed >= PLAN.speaking


def test_any_other_error_is_a_loss_by_its_code() -> None:
    broken = Error(text="Out of order.", code="engine").event()
    found = of_house(WyomingHouse(lambda audio: broken))
    assert counted(found)[:2] == (0, 0)
    assert found["errors"] == {"engine": found["lost"]}


@pytest.mark.parametrize("event", ["audio-start", "audio-chunk", "audio-stop"])
def test_a_connection_that_breaks_loses_what_was_said_and_is_made_anew(event: str) -> None:
    house = WyomingHouse(says("ignored"), ends_after=event)
    found = of_house(house)
    answered, shed, lost = counted(found)
    assert (answered, shed) == (0, 0)
    assert lost >= PLAN.speaking
    assert found["errors"] == {"disconnected": lost}
    assert found["reconnects"] == len(house.used) - PLAN.connected > 0


@pytest.mark.parametrize(
    ("reply", "code"),
    [
        (b"}{\n", "the server's answer is malformed"),
        (b'{"type": "transcript", "data_length": 99999999}\n', "the server's answer is too_large"),
        (b'{"type": "transcript", "data": {"text": "x"}}\n', "transcript before the end"),
        (b'{"type": "transcript", "data": {"text": 5}}\n', "the server's answer is malformed"),
    ],
)
def test_what_no_server_may_send_is_a_loss_too(reply: bytes, code: str) -> None:
    async def measured() -> Plain:
        async with raw_server(reply) as place:
            return await spoken_to(f"tcp://{place}", IMPATIENT)

    found = asyncio.run(measured())
    assert counted(found)[:2] == (0, 0)
    assert found["errors"][code] >= PLAN.speaking


def test_of_many_connected_devices_all_take_turns() -> None:
    house = WyomingHouse(says("x"))
    found = of_house(house, Plan(speaking=2, connected=6, seconds=1.5, duty=1.0), OTHER)
    assert counted(found) == (sum(house.used), 0, 0)
    assert found["reconnects"] == 0
    assert len(house.used) == 6
    assert min(house.used) >= 1


def test_a_seed_says_the_same_again() -> None:
    def said(seed: int) -> list[bytes]:
        house = WyomingHouse(says("x"))
        of_house(house, Plan(1, 1, seconds=1.0, duty=1.0, seed=seed), SECOND, OTHER)
        return house.heard[:4]

    assert said(1) == said(1)
    assert len({tuple(said(seed)) for seed in range(3)}) > 1


def test_a_device_is_silent_for_its_share_of_the_time() -> None:
    def spoken(duty: float) -> float:
        found = of_house(WyomingHouse(says("x")), Plan(4, 4, seconds=2.0, duty=duty), OTHER)
        return float(found["spoken_s"])

    assert spoken(1.0) > spoken(0.25) > 0


def test_where_nobody_listens_it_says_so() -> None:
    with pytest.raises(InputError, match=r"127\.0\.0\.1:1: nobody answers"):
        asyncio.run(spoken_to("tcp://127.0.0.1:1"))


# --- HTTP ---------------------------------------------------------------------


def test_a_whole_recording_is_sent_when_it_has_been_spoken() -> None:
    house = HttpHouse("turn on the light")
    found = of_house(house)
    assert counted(found) == (len(house.heard), 0, 0)
    assert (found["wer"], found["reconnects"]) == (0.0, 0)
    for content in house.heard:
        with wave.open(io.BytesIO(content)) as file:
            assert file.getparams()[:3] == (1, WIDTH, 16_000)
            assert file.readframes(file.getnframes()) == SECOND.pcm


@pytest.mark.parametrize("status", [429, 503])
def test_a_busy_server_sheds_over_http(status: int) -> None:
    found = of_house(HttpHouse(status=status))
    assert counted(found) == (0, found["utterances"], 0)
    assert found["errors"] == {f"HTTP {status}": found["utterances"]}


def test_a_failing_server_loses_over_http() -> None:
    found = of_house(HttpHouse(status=500))
    assert counted(found) == (0, 0, found["utterances"])
    assert found["errors"] == {"HTTP 500": found["utterances"]}


@pytest.mark.parametrize(
    "reply", [b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]", b"nothing that is HTTP\r\n\r\n"]
)
def test_a_body_or_a_header_that_is_none_is_a_loss(reply: bytes) -> None:
    async def measured() -> Plain:
        async with raw_server(reply) as place:
            return await spoken_to(f"http://{place}", IMPATIENT, door=Door.HTTP)

    found = asyncio.run(measured())
    assert counted(found)[:2] == (0, 0)
    assert found["errors"]["the server's answer is malformed"] >= 1


def test_devices_that_are_silent_say_that_they_are_there() -> None:
    house = HttpHouse("x")
    plan = Plan(speaking=1, connected=60, seconds=2.5, duty=0.5)
    found = of_house(house, plan, OTHER)
    assert counted(found)[1:] == (0, 0)
    assert house.asked > 0


# --- what is said, and to whom ------------------------------------------------


def test_the_recordings_of_a_manifest_are_decoded_once(tmp_path: Path) -> None:
    manifest, _ = write(tmp_path, [Spoken(text, []) for text in ("one", "two", "three")])
    found = load(read(manifest), Reader())
    assert {each.text for each in found} == {"one", "two", "three"}
    assert {each.seconds for each in found} == {1.0}
    assert len(load(read(manifest), Reader(), most_seconds=1.5)) == 2
    orders = {tuple(each.text for each in load(read(manifest), Reader(), seed)) for seed in (1, 5)}
    assert len(orders) == 2


def test_a_manifest_without_anything_to_play_is_refused(tmp_path: Path) -> None:
    (tmp_path / "no.wav").write_bytes(b"no sound")
    manifest, _ = write(tmp_path / "set", [Spoken("x", [])])
    (tmp_path / "set" / "0.wav").write_bytes(b"no sound")
    with pytest.raises(ManifestError, match="no recording can be played"):
        load(read(manifest), Reader())
    with pytest.raises(ManifestError, match="Every one of them is empty"):
        load(Manifest(Path("none"), ()), Reader())


@pytest.mark.parametrize(
    "url", ["127.0.0.1:10300", "ftp://host:1", "tcp://:1", "tcp://host", "tcp://host:none", ""]
)
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(InputError, match="not an address"):
        address(url)


def test_an_address_says_where_and_how() -> None:
    assert str(address("tcp://[::1]:5")) == "[::1]:5"
    assert address("ws://host:5").tls is None
    assert address("wss://host:5").tls is not None
    with pytest.raises(InputError, match="no certificates"):
        address("https://host:5", Path("/nowhere.pem"))


def test_more_connections_than_the_system_allows_are_refused() -> None:
    with pytest.raises(SettingsError, match="ulimit -Hn"):
        allow_sockets(1 << 40)


@pytest.mark.parametrize(
    ("speaking", "connected", "duty"), [(0, 0, 0.5), (3, 2, 0.5), (1, 1, 0.0), (1, 1, 1.5)]
)
def test_a_plan_that_cannot_work_is_refused(speaking: int, connected: int, duty: float) -> None:
    with pytest.raises(InputError, match="speak"):
        Plan(speaking, connected, duty=duty)


@pytest.mark.parametrize(
    ("values", "expected"),
    [([], (None, None, None)), ([0.004], (4.0, 4.0, 4.0)), ([0.003, 0.001], (1.0, 3.0, 3.0))],
)
def test_percentiles_are_values_that_were_measured(values: list[float], expected: Any) -> None:
    assert tuple(order_statistics(values).values()) == expected
