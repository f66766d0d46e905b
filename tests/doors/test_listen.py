"""``earwitness listen`` against ``earwitness up``, as users start them."""

from __future__ import annotations

import asyncio
import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.doors.link_house import talking
from tests.doors.servers import SECONDS, Running, self_signed, up
from tests.live.streams import silence
from tests.recordings import tone, write
from tests.warm import run
from websockets.asyncio.client import connect

from earwitness import starter
from earwitness.device.client import Connected
from earwitness.device.enrolment import enrol, link_url
from earwitness.device.keys import KeyFile, new_seed, public
from earwitness.errors import AccessRefused, InputError
from earwitness.flow import access
from earwitness.model import SAMPLE_RATE, Samples
from earwitness.wire.link import messages as link
from earwitness.wiring import Earwitness

HEARD = "turn off the light"
"""What the scripted recogniser of ``up`` makes of whatever is said."""


def invited(server: Running) -> str:
    with Earwitness.open(server.settings) as program:
        now = datetime.now(UTC)
        return access.invite("smith", "kitchen", now, records=program.records).code


def http(server: Running) -> str:
    return f"http://127.0.0.1:{server.http_port}"


def listen(folder: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    return run("earwitness", "--data", str(folder), "listen", *map(str, arguments))


def recording() -> Path:
    return next(iter(starter.recordings())).path


def speech() -> Samples:
    from earwitness.config import Settings

    with Earwitness(Settings()) as program:
        return program.reader.read(recording())


def test_a_device_enrols_and_plays_recordings(tmp_path: Path) -> None:
    with up(tmp_path / "server") as server:
        device, arguments = tmp_path / "device", ("--server", http(server), "--json")
        first = listen(device, recording(), "--enrol", invited(server), *arguments)
        assert first.returncode == 0, first.stderr
        assert "Enrolled for kitchen, smith" in first.stderr
        (heard,) = json.loads(first.stdout)["utterances"]
        assert (heard["text"], heard["file"]) == (HEARD, str(recording()))
        assert heard["utterance"] is None
        for more in (["--push"], ["--codec", "opus"], ["--rotate"], ["--no-consent"]):
            again = listen(device, recording(), *more, *arguments)
            assert again.returncode == 0, again.stderr
            assert [each["text"] for each in json.loads(again.stdout)["utterances"]] == [HEARD]


def test_a_recording_that_is_none_is_named_and_the_others_are_heard(tmp_path: Path) -> None:
    with up(tmp_path / "server") as server:
        bad = tmp_path / "bad.wav"
        bad.write_bytes(b"no sound")
        arguments = ("--server", http(server), "--enrol", invited(server), "--json")
        done = listen(tmp_path / "device", bad, recording(), *arguments)
        assert done.returncode == 2
        said = json.loads(done.stdout)
        assert [each["file"] for each in said["failed"]] == [str(bad)]
        assert [each["text"] for each in said["utterances"]] == [HEARD]


def test_muted_from_the_start_nothing_is_sent(tmp_path: Path) -> None:
    with up(tmp_path / "server") as server:
        arguments = ("--server", http(server), "--enrol", invited(server), "--json")
        done = listen(tmp_path / "device", recording(), "--mute-start", *arguments)
        said = json.loads(done.stdout)
        assert (said["utterances"], said["sent_seconds"]) == ([], 0)
        metrics = urllib.request.urlopen(f"{http(server)}/metrics", timeout=SECONDS).read().decode()
        assert re.search(r"^earwitness_audio_seconds_total 0\.0$", metrics, re.MULTILINE)


def test_without_a_code_or_a_server_it_says_what_to_do(tmp_path: Path) -> None:
    unknown = listen(tmp_path / "device", recording())
    assert unknown.returncode == 2
    assert "earwitness device invite" in unknown.stderr
    with up(tmp_path / "server") as server:
        enrol(http(server), invited(server), KeyFile(tmp_path / "device" / "device.json"))
        address = http(server)
    away = listen(tmp_path / "device", recording(), "--server", address, "--patience", 0.5)
    assert away.returncode == 2
    assert "no server for 0.5 s" in away.stderr


def test_the_server_is_the_one_of_the_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with up(tmp_path / "server") as server:
        monkeypatch.setenv("EARWITNESS_HTTP_PORT", str(server.http_port))
        done = listen(tmp_path / "device", recording(), "--enrol", invited(server), "--json")
        assert [each["text"] for each in json.loads(done.stdout)["utterances"]] == [HEARD]


def test_a_code_that_is_refused_leaves_no_key(tmp_path: Path) -> None:
    with up(tmp_path / "server") as server:
        for code in ("", "7K3M-9QXT-2WVA"):
            done = listen(tmp_path / "device", "--server", http(server), "--enrol", code)
            assert done.returncode == 2
            assert "code" in done.stderr
            assert not (tmp_path / "device" / "device.json").exists()


def test_a_key_from_before_outlives_a_code_that_is_refused(tmp_path: Path) -> None:
    """The answer to an earlier code may have been lost, and the server knows this key."""
    with up(tmp_path / "server") as server:
        keys = KeyFile(tmp_path / "device.json")
        known = keys.pending()
        with pytest.raises(AccessRefused):
            enrol(http(server), "7K3M-9QXT-2WVA", keys)
        assert keys.read() == known


def test_a_key_that_was_revoked_is_refused(tmp_path: Path) -> None:
    with up(tmp_path / "server") as server:
        keys = KeyFile(tmp_path / "device" / "device.json")
        device = enrol(http(server), invited(server), keys).device
        with Earwitness.open(server.settings) as program:
            program.records.revoke_device(device, datetime.now(UTC))
        done = listen(tmp_path / "device", recording(), "--server", http(server))
        assert done.returncode == 2
        assert "revoked" in done.stderr


def test_a_device_speaks_tls_with_an_authority_of_its_own(tmp_path: Path) -> None:
    certificate, key = self_signed(tmp_path)
    with up(tmp_path / "server", tls_certificate=certificate, tls_key=key) as server:
        address = http(server).replace("http:", "https:")
        arguments = ("--server", address, "--enrol", invited(server), "--json")
        strange = listen(tmp_path / "device", recording(), *arguments)
        assert strange.returncode == 2
        assert "certificate" in strange.stderr
        trusted = listen(tmp_path / "device", recording(), *arguments, "--ca", certificate)
        assert trusted.returncode == 0, trusted.stderr
        assert [each["text"] for each in json.loads(trusted.stdout)["utterances"]] == [HEARD]


def test_devices_that_have_left_take_no_place(tmp_path: Path) -> None:
    async def test(address: str) -> None:
        for _ in range(5):
            async with connect(address, proxy=None) as socket:
                assert json.loads(await socket.recv())["type"] == "challenge"

    with up(tmp_path / "server", max_connections=2) as server:
        asyncio.run(test(link_url(http(server))))


# --- at a terminal ------------------------------------------------------------------------


def test_keys_at_a_terminal_mute_withdraw_delete_and_quit(tmp_path: Path) -> None:
    long = write(tmp_path / "long.wav", np.concatenate([tone(0.5), silence(60)]))
    with up(tmp_path / "server") as server:
        keys = KeyFile(tmp_path / "device" / "device.json")
        enrol(http(server), invited(server), keys)
        ours, theirs = pty.openpty()
        command = [sys.executable, "-m", "earwitness", "--data", str(tmp_path / "device")]
        process = subprocess.Popen(
            [*command, "listen", str(long), "--push", "--server", http(server)],
            stdin=theirs, stdout=theirs, stderr=theirs,
            env={**os.environ, "TERM": "xterm", "COLUMNS": "120"},
        )  # fmt: skip
        os.close(theirs)
        try:
            _wait_for(ours, "sending")
            for key, shown in (("m", "muted"), ("m", "listening"), (" ", "sending"), ("d", "list")):
                os.write(ours, key.encode())
                _wait_for(ours, shown)
            os.write(ours, b"c")
            _wait_for(ours, "Consent is withdrawn")
            os.write(ours, b"q")
            assert process.wait(SECONDS) == 0
        finally:
            process.kill()
            process.wait()
            os.close(ours)


def _wait_for(terminal: int, text: str) -> None:
    seen = ""
    while text not in seen:
        ready, _, _ = select.select([terminal], [], [], SECONDS)
        assert ready, seen
        seen += os.read(terminal, 4096).decode(errors="replace")


# --- enrolment over HTTP --------------------------------------------------------------------


def post(server: Running, body: bytes) -> tuple[int, dict[str, Any]]:
    request = urllib.request.Request(f"{http(server)}/v1/device/enrol", body, method="POST")
    try:
        with urllib.request.urlopen(request, timeout=SECONDS) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


def test_a_code_lets_in_one_device_however_often_it_asks(tmp_path: Path) -> None:
    with up(tmp_path / "server") as server:
        code, key = invited(server), public(new_seed())
        wish = json.dumps({"code": code, "key": key}).encode()
        status, told = post(server, wish)
        assert (status, told["household"], told["room"]) == (200, "smith", "kitchen")
        assert post(server, wish) == (200, told)
        other = json.dumps({"code": code, "key": public(new_seed())}).encode()
        assert post(server, other)[0] == 403
        for bad in (b"", b"[]", b"{}", wish.replace(b"key", b"kex"), wish + b" " * 5000):
            status, told = post(server, bad)
            assert status == 400
            assert code not in told["message"]
        while (status := post(server, other)[0]) == 403:
            pass
        assert status == 429


def test_an_enrolled_device_does_not_enrol_again(tmp_path: Path) -> None:
    with up(tmp_path / "server") as server:
        keys = KeyFile(tmp_path / "device.json")
        identity = enrol(http(server), invited(server), keys)
        with pytest.raises(AccessRefused, match="already"):
            enrol(http(server), invited(server), keys)
        assert keys.enrolled() == identity
        address = http(server)
    with pytest.raises(InputError, match="cannot be reached"):
        enrol(address, "7K3M-9QXT-2WVA", KeyFile(tmp_path / "other.json"))


# --- the server ends, or is killed -----------------------------------------------------


def test_a_server_that_ends_tells_its_devices_and_ends_in_peace(tmp_path: Path) -> None:
    async def test() -> None:
        with up(tmp_path / "server") as server:
            identity = enrol(http(server), invited(server), KeyFile(tmp_path / "device.json"))
            async with talking(link_url(http(server)), identity) as talker:
                talker.say(speech())
                await talker.until(link.Speech)
                assert await asyncio.to_thread(server.stop) == 0
                await talker.until(link.Restart)
            ends = [line["why"] for line in server.log() if line["event"] == "device left"]
            assert ends == ["restart"]

    asyncio.run(test())


def test_devices_carry_on_when_the_server_is_killed_and_started_again(tmp_path: Path) -> None:
    async def test() -> None:
        audio = np.concatenate([silence(1), speech(), silence(2), speech(), silence(2)])
        at = len(audio) // 2 + SAMPLE_RATE
        async with AsyncExitStack() as devices:
            with up(tmp_path / "server") as server:
                identities = [
                    enrol(http(server), invited(server), KeyFile(tmp_path / f"{n}.json"))
                    for n in range(5)
                ]
                talkers = [
                    await devices.enter_async_context(talking(link_url(http(server)), each))
                    for each in identities
                ]
                for talker in talkers:
                    talker.say(audio[:at])
                for talker in talkers:
                    await talker.until(link.Final)
                    await talker.sent()
                await asyncio.to_thread(server.stop, signal.SIGKILL)
                port = server.http_port
            for talker in talkers:
                talker.say(audio[at:])
            with up(tmp_path / "server", http_port=port):
                for talker in talkers:
                    await talker.finish()
                    assert talker.texts == [HEARD, HEARD]
                    assert len(talker.all(Connected)) == 2

    asyncio.run(test())
