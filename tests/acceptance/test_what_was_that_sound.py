"""The whole way of a sound: noticed, brought out, heard by a second device, tested blind on people
who know nothing, written up, and made again by somebody else.

A smoke alarm stands for every sound that is watched for: its pattern is a standard (ISO 8201), so
a test can make one. How quiet a sound may be is measured (docs/research/sound-events.md).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import ExitStack, closing
from datetime import UTC, datetime, timedelta
from html import unescape
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.acceptance.test_sound_commands import sound
from tests.babble import babble
from tests.doors.servers import up
from tests.warm import run
from tests.workbench.browsing import send
from tests.workbench.test_blind import NAMES, House, joined
from tests.workbench.test_chain_page import chain, opened, saved
from tests.workbench.test_finding_page import content, written
from tests.workbench.test_lanes import align, timings

from earwitness.audio.original import Originals
from earwitness.flow.watching import AROUND
from earwitness.model import SAMPLE_RATE, Samples, Source, Utterance
from earwitness.review.queue import DISTURBING
from earwitness.wiring import Earwitness

HOUSEHOLD = "elm-12"
SECONDS, FIRST, LAST = 20.0, 6.0, 12.0
LATER = 1.25
"""The hall's device began to listen so much later."""
ALARM_HZ = 3150
BAND = {"do": "band-pass", "low_hz": 2900, "high_hz": 3400}
ASKED = "What beeps in the living room?"


def alarm(seconds: float) -> NDArray[np.float64]:
    """Three beeps of half a second at 3,150 Hz, and a pause: ISO 8201."""
    at = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    beeps = (at % 1.0 < 0.5) & (at % 4.0 < 3.0)
    return np.asarray(np.sin(2 * np.pi * ALARM_HZ * at) * beeps)


def room(level: float, seed: int) -> Samples:
    """People who talk, an alarm as loud as they are, and the hiss of one recorder."""
    made = babble(SECONDS).astype(np.float64)
    beeps = alarm(LAST - FIRST)
    first = round(FIRST * SAMPLE_RATE)
    made[first : first + len(beeps)] += beeps * np.sqrt(np.mean(made**2) / np.mean(beeps**2))
    hiss = np.random.default_rng(seed).standard_normal(len(made))
    return (level * made + 0.002 * hiss).astype(np.float32)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with up(tmp_path / "server") as server, ExitStack() as stack:
        yield joined(server, stack)


def heard(house: House) -> list[Utterance]:
    """What the living room's device noticed and what the hall's did, of one moment."""
    began = datetime.now(UTC) - timedelta(minutes=1)
    later = round(LATER * SAMPLE_RATE)
    with Earwitness.open(house.server.settings) as program:
        living, hall = (Source(name, HOUSEHOLD) for name in ("living room", "hall"))
        list(program.hear_stream([room(0.8, 1)], living, began))
        list(program.hear_stream([room(0.4, 2)[later:]], hall, began + timedelta(seconds=LATER)))
        found = [program.records.utterance(item.utterance) for item in program.records.items()]
    noticed = [each for each in found if DISTURBING in {flag.rule for flag in each.flags}]
    by_device = [
        [each for each in noticed if each.source.device == device]
        for device in ("living room", "hall")
    ]
    pairs = product(*by_device)  # each may miss some of the beeps
    return list(min(pairs, key=lambda pair: abs(pair[0].heard_at - pair[1].heard_at)))


def share_of_alarm(file: bytes) -> float:
    """How much of a recording's power is the alarm's."""
    with closing(Originals()) as originals:
        recording = originals.decode(file)
    power = np.abs(np.fft.rfft(recording.samples[:, 0])) ** 2
    hz = np.fft.rfftfreq(len(recording.samples), 1 / recording.rate)
    return float(power[np.abs(hz - ALARM_HZ) < 50].sum() / power.sum())


def test_a_sound_is_noticed_brought_out_compared_tested_and_made_again(
    house: House, tmp_path: Path
) -> None:
    told = run(
        "earwitness", "--data", str(house.server.folder), "sound", "watch", HOUSEHOLD, "alarm"
    )
    assert told.returncode == 0, told.stderr
    living, hall = heard(house)

    # it is flagged with its stretch, and first in the queue
    (flag,) = (each for each in living.flags if each.rule == DISTURBING)
    assert flag.reason.startswith("alarm (Smoke detector, smoke alarm) 0.")
    assert flag.start == pytest.approx(AROUND, abs=0.01)
    assert flag.start + 1.0 <= flag.end <= flag.start + LAST - FIRST

    # a lead sees it on the Sound page, and brings it out
    at = opened(house.lead, living.id)
    assert "Smoke detector, smoke alarm" in house.lead.get(f"{at}/facts").text
    original = saved(house.lead, at, "original", chain(BAND)).content
    treated = saved(house.lead, at, "treated", chain(BAND)).content
    assert share_of_alarm(treated) > 0.9 > share_of_alarm(original)

    # another device heard it too
    (told,) = timings(align(house.lead, at, hall.id))
    between = (living.heard_at - hall.heard_at).total_seconds()
    assert told["offset"] == pytest.approx(between, abs=0.001)

    # two who know nothing write what they hear; only then is it in the finding
    made = send(house.lead, f"{at}/finding", {"chain": chain(BAND), "question": ASKED}, page=at)
    finding = made.headers["location"]
    assert house.test_of(finding, pieces=6).status_code == 303
    for name, words in zip(NAMES[:2], ("an alarm", "three beeps"), strict=True):
        house.write(name, words)
    result = content(house.lead, finding, 2)["blind"]
    assert result["low"] <= result["difference"] <= result["high"]
    said = {"conclusions": "Consistent with a smoke alarm.", "limits": "Two devices of one house."}
    assert written(house.lead, finding, 2, question=ASKED, **said).status_code == 303

    # the report, and the same bytes in the hands of somebody else
    report = unescape(house.lead.get(f"{finding}/3/report.html").text)
    for each in (ASKED, "Consistent with a smoke alarm.", "three beeps", "Blind test, 2 listeners"):
        assert each in report, each
    assert hashlib.sha256(treated).hexdigest() in report
    assert house.lead.get(f"{finding}/3/report.pdf").content.startswith(b"%PDF-")
    files = [tmp_path / "replay.json", tmp_path / "original.flac"]
    files[0].write_bytes(house.lead.get(f"{finding}/3/replay.json").content)
    files[1].write_bytes(original)
    again = sound(tmp_path / "elsewhere", "replay", *map(str, files), "--json")
    assert again == {"same": True, "differs": []}
