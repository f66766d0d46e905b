"""What is sent to who is slow, broken or hostile ends in time, and goes nowhere else."""

from __future__ import annotations

import os
import ssl
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from tests.doors.servers import self_signed
from tests.flow.receivers import Receiver, dripping, mail_server, receiver, saying
from tests.values import START

from earwitness.errors import NotDelivered, NotStamped, NotWitnessed
from earwitness.evidence.notes import SigningKey
from earwitness.evidence.witnessing import Submission
from earwitness.outgoing import OpenChannels, mail, timestamping, webhook
from earwitness.ports import Message
from earwitness.wire.posting import post
from earwitness.witness import client

MESSAGE = Message("1.2.0", "1", "told", "Something waits", "Go and see.\n", START)
LONG_AFTER = 6.0
"""Seconds; each exchange here is given a half."""
DRIPPING = {
    "the status": partial(dripping, begin=b"HTTP/1.1 2"),
    "a header": partial(dripping, begin=b"HTTP/1.1 200 OK\r\nX-A: "),
    "headers": partial(dripping, begin=b"HTTP/1.1 200 OK\r\n", drop=b"X-A: a\r\n"),
    "that it goes on": partial(dripping, drop=b"HTTP/1.1 100 Continue\r\n\r\n"),
    "the answer": partial(dripping, begin=b"HTTP/1.1 200 OK\r\n\r\n"),
    "chunks": partial(
        dripping, begin=b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", drop=b"1\r\na\r\n"
    ),
}


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (mail, webhook, timestamping, client):
        monkeypatch.setattr(module, "SECONDS", 0.5)


def ended(do: Callable[[], Any]) -> BaseException | None:
    """How it ended, which it must."""
    found: Future[Any] = Future()

    def run() -> None:
        try:
            found.set_result(do())
        except BaseException as error:
            found.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    return found.exception(LONG_AFTER)


def channels(folder: Path, smtp: str = "") -> OpenChannels:
    return OpenChannels(smtp, "us@example.org", folder / "letters", "here", lambda _: bytes(64))


@pytest.mark.parametrize("what", DRIPPING)
def test_who_drips_an_answer_is_given_up_on(what: str) -> None:
    with receiver(DRIPPING[what]) as there:
        assert isinstance(ended(lambda: post(there.http, b"x", {}, 0.5)), OSError)
        assert there.ended.acquire(timeout=LONG_AFTER)  # and holds nothing of ours


def test_everybody_whom_we_ask_by_http_is_given_up_on(tmp_path: Path) -> None:
    key = SigningKey.from_seed("example.org/w", bytes(32))
    with receiver(DRIPPING["a header"]) as there:
        witness = client.HttpWitness(there.http, key.witness)
        submission = Submission(0, (), key.sign("example.org/log\n1\nAAAA\n"))
        authority = timestamping.HttpAuthority(there.http, [])
        out = channels(tmp_path)
        for do, error in (
            (lambda: witness.ask(submission), NotWitnessed),
            (lambda: authority.stamp("a head"), NotStamped),
            (lambda: out.send(there.http, MESSAGE), NotDelivered),
        ):
            assert isinstance(ended(do), error)


@pytest.mark.parametrize("drop", [b"2", b"220-wait\r\n"])
def test_a_mail_server_that_drips_is_given_up_on(tmp_path: Path, drop: bytes) -> None:
    with receiver(partial(dripping, drop=drop)) as there:
        out = channels(tmp_path, there.smtp)
        assert isinstance(ended(lambda: out.send("mailto:a@example.org", MESSAGE)), NotDelivered)
        assert there.ended.acquire(timeout=LONG_AFTER)


def test_mail_that_was_taken_is_not_sent_again_for_want_of_a_goodbye(tmp_path: Path) -> None:
    took: list[bytes] = []
    with receiver(mail_server({}, took, quits=dripping)) as there:
        out = channels(tmp_path, there.smtp)
        assert ended(lambda: out.send("mailto:a@example.org", MESSAGE)) is None
    assert len(took) == 1


@pytest.mark.parametrize("command", [b"MAIL", b"RCPT", b"DATA"])
@pytest.mark.parametrize("code", [b"450", b"550"])
def test_a_refused_mail_says_with_what(tmp_path: Path, command: bytes, code: bytes) -> None:
    with receiver(mail_server({command: code + b" no"}, [])) as there:
        out = channels(tmp_path, there.smtp)
        with pytest.raises(NotDelivered, match=f"refused with {code.decode()}"):
            out.send("mailto:a@example.org", MESSAGE)


@pytest.mark.parametrize("status", [b"301", b"302", b"307", b"308"])
def test_a_webhook_leads_nowhere_else(tmp_path: Path, status: bytes) -> None:
    with receiver(saying(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")) as other:
        to = f"Location: {other.http}\r\nContent-Length: 0\r\n\r\n".encode()
        with (
            receiver(saying(b"HTTP/1.1 " + status + b" Go\r\n" + to)) as there,
            pytest.raises(NotDelivered, match=f"answered {status.decode()}"),
        ):
            channels(tmp_path).send(there.http, MESSAGE)
        assert other.connections == []


def test_a_webhook_goes_through_no_proxy_of_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would be a way out that is on no record."""
    well = saying(b"HTTP/1.1 204 Well\r\n\r\n")
    with receiver(well) as there, receiver(well) as proxy:
        monkeypatch.setenv("http_proxy", proxy.http)
        channels(tmp_path).send(there.http, MESSAGE)
        assert (len(there.connections), proxy.connections) == (1, [])


def test_of_an_enormous_answer_only_the_beginning_is_read() -> None:
    head = b"HTTP/1.1 200 OK\r\n\r\n"
    with receiver(partial(dripping, begin=head, drop=bytes(1 << 20))) as there:
        assert post(there.http, b"x", {}, LONG_AFTER, most=1000) == (200, bytes(1000))


@pytest.fixture
def false_certificate(tmp_path: Path) -> Iterator[Receiver]:
    """A server with a certificate that nobody vouches for."""
    certificate, key = self_signed(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with receiver(mail_server({}, []), context) as there:
        yield there


def test_nothing_is_sent_to_who_has_a_wrong_certificate(
    tmp_path: Path, false_certificate: Receiver
) -> None:
    port = false_certificate.port
    with pytest.raises(NotDelivered):
        channels(tmp_path).send(f"https://127.0.0.1:{port}/", MESSAGE)
    out = channels(tmp_path, f"smtps://ada:secret@127.0.0.1:{port}")
    with pytest.raises(NotDelivered) as refused:
        out.send("mailto:a@example.org", MESSAGE)
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    "channel", ["mailto:a@b.example\r\nBcc: m@example.org", "mailto:", "https://[x/", "gopher:x"]
)
def test_what_is_no_address_is_an_error_of_sending(tmp_path: Path, channel: str) -> None:
    took: list[bytes] = []
    with receiver(mail_server({}, took)) as there, pytest.raises((NotDelivered, ValueError)):
        channels(tmp_path, there.smtp).send(channel, MESSAGE)
    assert took == []


def test_a_letter_is_there_as_a_whole_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, folder = channels(tmp_path), tmp_path / "letters"

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(os, "fsync", full)
        with pytest.raises(NotDelivered, match="No space left"):
            out.send("letter:ombudsman", MESSAGE)
    assert list(folder.iterdir()) == []
    out.send("letter:ombudsman", MESSAGE)
    (letter,) = folder.iterdir()
    assert letter.read_text(encoding="utf-8") == "Something waits\n\nGo and see.\n"


def test_letters_have_no_folder(tmp_path: Path) -> None:
    (tmp_path / "letters").write_text("in the way", encoding="utf-8")
    with pytest.raises(NotDelivered):
        channels(tmp_path).send("letter:ombudsman", MESSAGE)
