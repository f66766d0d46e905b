"""The whole system as one process, from its start to its end."""

from __future__ import annotations

import json
import socket
import ssl
import subprocess
import sys
import urllib.error
import urllib.request
from contextlib import suppress
from pathlib import Path

import pytest
from tests.doors.servers import SECONDS, Running, self_signed, start, up

from earwitness.doors.up.metrics import METRICS


def get(server: Running, path: str, context: ssl.SSLContext | None = None) -> tuple[int, str]:
    scheme = "https" if context else "http"
    address = f"{scheme}://127.0.0.1:{server.http_port}{path}"
    try:
        with urllib.request.urlopen(address, timeout=SECONDS, context=context) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def raw(server: Running, content: bytes) -> bytes:
    """What the server says to these bytes, until it hangs up."""
    with socket.create_connection(("127.0.0.1", server.http_port), SECONDS) as connection:
        connection.sendall(content)
        answer = b""
        while part := connection.recv(65536):
            answer += part
        return answer


def test_it_says_that_it_is_well_and_ready(tmp_path: Path) -> None:
    with up(tmp_path) as server:
        assert get(server, "/healthz") == (200, '{"status":"ok"}')
        assert get(server, "/readyz") == (200, '{"status":"ready","reasons":[]}')
        assert get(server, "/nowhere")[0] == 404


def test_a_large_body_that_comes_with_its_header_is_no_long_header(tmp_path: Path) -> None:
    body = bytes(200_000)
    head = f"POST /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n"
    with up(tmp_path) as server:
        address = ("127.0.0.1", server.http_port)
        with socket.create_connection(address, SECONDS) as connection:
            connection.sendall(head.encode() + body)
            assert connection.recv(12) == b"HTTP/1.1 405"


def test_every_metric_is_shown_with_a_number(tmp_path: Path) -> None:
    with up(tmp_path) as server:
        status, text = get(server, "/metrics")
        assert status == 200
        for gauge in METRICS:
            assert f"# HELP earwitness_{gauge.name.removesuffix('_total')}" in text
        assert 'earwitness_queue_items{state="waiting"} 0.0' in text
        assert 'earwitness_connections{door="http"} 1.0' in text
        assert 'earwitness_lexicon_revision{recogniser="scripted"} 0.0' in text


def test_it_ends_in_peace_and_its_log_is_json(tmp_path: Path) -> None:
    with up(tmp_path) as server:
        assert server.stop() == 0
        assert [line["event"] for line in server.log()] == ["ready", "stopping", "stopped"]


def test_a_second_one_on_the_same_folder_is_refused(tmp_path: Path) -> None:
    with up(tmp_path) as server:
        second = start(server.folder)
        second.communicate(timeout=SECONDS)
        assert second.returncode == 5
        assert "another earwitness up" in (tmp_path / "log").read_text(encoding="utf-8")


def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        process = start(tmp_path, http_port=taken.getsockname()[1])
        process.communicate(timeout=SECONDS)
    assert process.returncode == 5
    assert "EARWITNESS_HTTP_PORT" in (tmp_path / "log").read_text(encoding="utf-8")


def test_settings_come_from_a_file_and_the_environment_wins(tmp_path: Path) -> None:
    file = tmp_path / "house.toml"
    file.write_text('http_port = 1\nlog_level = "error"\n', encoding="utf-8")
    with up(tmp_path / "data", settings=file) as server:
        assert server.http_port > 1
        assert server.log() == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("htpp_port = 1", "there is no setting 'htpp_port'"),
        ("http_port = 99999", "house.toml: http_port:"),
        ("audit_fraction = true", "house.toml: audit_fraction: Input should not be a truth value"),
        ("http_port = ", "is not TOML"),
    ],
)
def test_a_settings_file_that_cannot_work_is_named(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "house.toml"
    file.write_text(text, encoding="utf-8")
    command = [sys.executable, "-m", "earwitness", "--settings", str(file), "queue"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS)
    assert done.returncode == 5
    assert message in " ".join(done.stderr.split())


def test_a_header_that_comes_too_slowly_or_is_too_long_is_refused(tmp_path: Path) -> None:
    with up(tmp_path, stall_seconds=0.5) as server:
        assert raw(server, b"GET /healthz HT").startswith(b"HTTP/1.1 408 ")
        assert raw(server, b"").startswith(b"HTTP/1.1 408 ")
        long = b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"a" * 100_000
        assert raw(server, long).startswith(b"HTTP/1.1 431 ")
        assert raw(server, long + b"a" * 5_000_000).startswith(b"HTTP/1.1 431 ")
        assert get(server, "/healthz")[0] == 200


def test_more_requests_at_once_than_one_connection_may_have_are_refused(tmp_path: Path) -> None:
    with up(tmp_path) as server:
        assert b"HTTP/1.1 429 " in raw(server, b"GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n" * 2000)
        assert get(server, "/healthz")[0] == 200


def test_connections_and_streams_that_are_refused_are_counted(tmp_path: Path) -> None:
    with up(tmp_path, max_connections=1) as server:
        with (
            socket.create_connection(("127.0.0.1", server.wyoming_port), SECONDS) as one,
            socket.create_connection(("127.0.0.1", server.wyoming_port), SECONDS) as other,
        ):
            one.sendall(b'{"type": "ping"}\n')
            assert one.recv(10)
            assert b"too_many_connections" in other.recv(1000)
        text = get(server, "/metrics")[1]
    assert 'earwitness_connections_refused_total{door="wyoming"} 1.0' in text


def test_a_misspelt_setting_is_said_in_the_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EARWITNESS_HTPP_PORT", "1")
    with up(tmp_path) as server:
        (said,) = [line for line in server.log() if line["event"] == "no such setting"]
        assert said["variable"] == "EARWITNESS_HTPP_PORT"


def test_a_host_that_is_nobodys_is_said_before_anything_about_tls(tmp_path: Path) -> None:
    process = start(tmp_path, host="nosuch.invalid")
    process.communicate(timeout=SECONDS)
    assert process.returncode == 5
    assert "EARWITNESS_HOST: nosuch.invalid" in (tmp_path / "log").read_text(encoding="utf-8")


def test_what_it_writes_is_for_its_owner_alone(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    with up(folder):
        kept = [path for path in folder.rglob("*") if path.name not in ("log", "script.json")]
        assert {path.stat().st_mode & 0o077 for path in kept} == {0}


def test_a_websocket_that_floods_holds_up_nobody(tmp_path: Path) -> None:
    """A megabyte of pings is 170,000 of them, each to be answered."""
    upgrade = (
        b"GET /v1/device HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
    )
    with (
        up(tmp_path) as server,
        socket.create_connection(("127.0.0.1", server.http_port), SECONDS) as flood,
    ):
        flood.sendall(upgrade)
        assert flood.recv(12) == b"HTTP/1.1 101"
        flood.setblocking(False)
        taken = 0
        for _ in range(100):
            assert get(server, "/healthz")[0] == 200
            with suppress(BlockingIOError):
                taken += flood.send(b"\x89\x80\0\0\0\0" * 20_000)
        assert 0 < taken < 100 * 120_000


def test_more_connections_than_it_may_have_are_refused(tmp_path: Path) -> None:
    with up(tmp_path, max_connections=2) as server:
        address = ("127.0.0.1", server.http_port)
        with socket.create_connection(address), socket.create_connection(address):
            assert get(server, "/healthz")[0] == 503
        status = 503
        while status == 503:
            status, _ = get(server, "/healthz")
        assert status == 200


def test_every_door_speaks_tls_with_a_certificate(tmp_path: Path) -> None:
    certificate, key = self_signed(tmp_path)
    trusting = ssl.create_default_context(cafile=certificate)
    with up(tmp_path / "data", tls_certificate=certificate, tls_key=key) as server:
        assert get(server, "/healthz", trusting)[0] == 200
        plain = socket.create_connection(("127.0.0.1", server.wyoming_port), SECONDS)
        with trusting.wrap_socket(plain, server_hostname="127.0.0.1") as connection:
            connection.sendall(b'{"type": "describe"}\n')
            assert json.loads(connection.makefile("rb").readline())["type"] == "info"


def test_wyoming_without_tls_stays_on_this_machine(tmp_path: Path) -> None:
    process = start(tmp_path, host="0.0.0.0")
    process.communicate(timeout=SECONDS)
    assert process.returncode == 5
    assert "lets everybody on the network listen in" in (tmp_path / "log").read_text("utf-8")
