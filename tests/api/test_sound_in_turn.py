"""What programs ask for at once is done one after the other, and holds up nobody else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from tests.api.programs import program, token
from tests.doors.servers import Running, up
from tests.workbench.examining import secret_clip

from earwitness.accounts import Role

SLOW = [{"do": "dereverb", "iterations": 10}] * 10


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Running]:
    with up(tmp_path) as running:
        yield running


def test_one_program_that_asks_for_much_is_told_to_wait(server: Running) -> None:
    clip, secret = secret_clip(server), token(server, Role.LEAD, name="Lea")

    def ask(number: int) -> httpx.Response:
        gain = {"do": "gain", "db": -number}
        chain = {"chain": 1, "stretch": None, "steps": [*SLOW, gain]}
        with program(server, secret) as one:
            return one.post(f"/clips/{clip}/replay", json={"why": "a test", "chain": chain})

    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(ask, range(12)))
    counted = Counter(each.status_code for each in answers)
    assert set(counted) == {200, 429}
    assert counted[429] >= 6
    (refused, *_) = (each for each in answers if each.status_code == 429)
    assert "wait until some of it is done" in refused.json()["detail"]
    assert int(refused.headers["retry-after"]) > 0
