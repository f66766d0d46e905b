"""Messages get out whatever their receivers do, and what is said about them is true."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from threading import Event, Semaphore, Thread

import pytest
from tests.flow.incident_house import THREE_RUNGS, Recorded, change, person
from tests.flow.receivers import dripping, receiver
from tests.flow.test_escalation import DAY, HOUR, MINUTE, SAID, House, house_of
from tests.values import START

from earwitness.accounts import Role
from earwitness.doors.workbench.telling import told
from earwitness.errors import InputError
from earwitness.flow.incidents import acting, escalation
from earwitness.flow.incidents import house as of_the_house
from earwitness.flow.incidents.cases import Look
from earwitness.incidents.policy import parse
from earwitness.incidents.records import HOUSE, Kind
from earwitness.listening import Imminence
from earwitness.outgoing import OpenChannels, webhook
from earwitness.ports import Message
from earwitness.runners import escalating
from earwitness.runners.durable import DurableRunner
from earwitness.runners.escalating import Climbing, Delivering
from earwitness.runners.steady import SteadyClock

OMBUDSMAN = "mailto:ombudsman@example.net"
LONG = 60.0
OUTSIDE_ALONE = replace(SAID, implicated=("mallory", "ria", "dora"))


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = house_of(tmp_path, THREE_RUNGS)
    yield made
    made.on.records.close()  # type: ignore[attr-defined]


def kinds(found: Look) -> list[str]:
    return [each.kept.kind for each in found.records]


# --- what cannot be sent -----------------------------------------------------------


class Broken:
    """Implements ``ports.Channels``: what nobody has thought of happens."""

    def send(self, channel: str, message: Message) -> None:
        raise LookupError(f"secret of {channel}")


def test_whatever_goes_wrong_is_a_try_that_failed(house: House) -> None:
    case = house.report(OUTSIDE_ALONE)
    house.out = Broken()  # type: ignore[assignment]
    house.pass_time(START + 2 * HOUR)
    (row,) = house.on.records.deliveries_of(case)
    assert 8 < row.tries < 20  # with growing pauses, and not each minute
    assert row.problem == "LookupError"
    assert Kind.UNDELIVERED in kinds(house.look(case))


def test_a_rung_that_cannot_be_sent_to_is_passed(house: House) -> None:
    case = house.report(replace(SAID, imminence=Imminence.RECENT))
    house.out = Broken()  # type: ignore[assignment]
    house.pass_time(START + 3 * HOUR)
    assert house.told(case)[1][0] == "Responder"


@pytest.mark.parametrize(
    "channel",
    [
        "https://[x/",
        "https://[::g]/",
        "https://ombudsman.example:99999/x",
        "https://ombudsman.example:0/x",
        "https://ombudsman.example:x/",
        "https://:443/",
        "https://a..example/",
        "https://-a.example/",
        f"https://{64 * 'a'}.example/",
        "https://ada:secret@ombudsman.example/",
        "https://ombudsmän.example/",
        "https://ombudsman.example/a b",
        "https://ombudsman.example/ä",
        "http://ombudsman.example/",
        "http://127.0.0.1.example/",
        "http://127.0.0.1:99999/",
        "mailto:ombudsman",
        "mailto:a@b@example.net",
        "mailto:@example.net",
        "mailto:a@",
        "mailto:a@.net",
        "mailto:a@example..net",
        "mailto:a@-example.net",
        "mailto:(a)@example.net",
        "mailto:.a@example.net",
        "mailto:a..b@example.net",
        "mailto:a@[127.0.0.1",
        "mailto:a@example.net?cc=m@example.org",
        "mailto:a%0abcc@example.net",
        f"mailto:{65 * 'a'}@example.net",
        "letter:../x",
    ],
)
def test_a_policy_with_a_channel_that_is_none_is_refused(channel: str) -> None:
    with pytest.raises(InputError, match="a channel is"):
        parse(THREE_RUNGS.replace(OMBUDSMAN, channel))


@pytest.mark.parametrize(
    "channel",
    [
        "https://ombudsman.example",
        "https://ombudsman.example:8443/hooks/1?key=a%20b",
        "https://xn--ombudsmn-4za.example/",
        "https://192.0.2.1/",
        "https://[2001:db8::1]:8443/",
        "http://127.0.0.1:8080/x",
        "http://localhost/",
        "http://[::1]:1/",
        "mailto:a.b+c@mail.example.net",
        "mailto:o'neil@example.net",
        "mailto:zoë@bücher.example",
        "mailto:root@localhost",
        "letter:ombudsman",
    ],
)
def test_a_policy_with_a_channel_that_is_one_is_taken(tmp_path: Path, channel: str) -> None:
    assert parse(THREE_RUNGS.replace(OMBUDSMAN, channel))
    out = OpenChannels("smtp://127.0.0.1:1", "a@b.example", tmp_path, "here", lambda _: b"")
    if channel.startswith("mailto:"):  # it can be written to, were there a server
        with pytest.raises(Exception, match=r"127\.0\.0\.1: Connection refused"):
            out.send(channel, Message("1.1.0", "1", "told", "a", "b", START))


# --- what the outside has ------------------------------------------------------------


def test_nobody_takes_a_case_of_which_the_outside_was_not_told(house: House) -> None:
    house.out.down = True
    case = house.report(OUTSIDE_ALONE)
    house.turn(START)
    with pytest.raises(InputError, match="No message to the outside"):
        acting.accept(case, "Ines", START, house.on)
    house.out.down = False
    house.pass_time(START + HOUR, START)
    assert house.out.to == [OMBUDSMAN]
    acting.accept(case, "Ines", START + HOUR, house.on)
    assert house.look(case).status.accepted_at == START + HOUR


def test_accepted_by_one_channel_the_other_is_told_all_the_same(tmp_path: Path) -> None:
    two = THREE_RUNGS.replace(f'"{OMBUDSMAN}"', f'"letter:ombudsman", "{OMBUDSMAN}"')
    house = house_of(tmp_path, two)
    case = house.report(OUTSIDE_ALONE)
    house.out.refused = {OMBUDSMAN}
    house.turn(START)
    acting.accept(case, "Ines", START + MINUTE, house.on)
    house.out.refused = set()
    house.pass_time(START + 2 * DAY, START + MINUTE, HOUR)
    code = house.on.outside_code(case)
    by = [message for to, message in house.out.sent if to == OMBUDSMAN]
    assert sorted(each.kind for each in by) == ["accepted", "outside"]
    assert all(code in each.text for each in by)
    house.on.records.close()  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "attack",
    [
        "",
        "DELETE FROM incident_delivery",
        "UPDATE incident_delivery SET next_at = NULL, sent_at = made_at",
        "UPDATE incident_delivery SET channel = 'mailto:friend@example.org', rung = 0",
    ],
)
def test_that_somebody_has_taken_it_is_told_to_the_outside_once(house: House, attack: str) -> None:
    case = house.report(OUTSIDE_ALONE)
    house.turn(START)
    acting.accept(case, "Ines,\nher office", START + HOUR, house.on)
    house.out.sent.clear()
    if attack:
        change(house.on, attack)
    for minutes in range(3):
        escalation.true_up(START + HOUR + minutes * MINUTE, house.on)
        house.turn(START + HOUR + minutes * MINUTE)
    house.pass_time(START + 5 * DAY, START + 2 * HOUR, HOUR)
    assert house.out.to == [OMBUDSMAN]
    message = house.out.sent[0][1]
    assert '"Ines, her office"' in message.text
    assert SAID.heard not in message.text
    change(house.on, "DELETE FROM incident_delivery")
    escalation.true_up(START + 6 * DAY, house.on)
    house.turn(START + 6 * DAY)
    assert house.out.to == [OMBUDSMAN]


def test_the_confirmation_is_tried_until_it_is_there(house: House) -> None:
    case = house.report(OUTSIDE_ALONE)
    house.turn(START)
    house.out.down = True
    acting.accept(case, "Ines", START + HOUR, house.on)
    house.pass_time(START + 7 * DAY, START + HOUR, HOUR)
    house.out.down = False
    house.out.sent.clear()
    house.pass_time(START + 8 * DAY, START + 7 * DAY, HOUR)
    assert [message.kind for _, message in house.out.sent] == ["accepted"]


def test_who_became_implicated_gets_nothing_that_still_waits(house: House) -> None:
    house.out.down = True
    case = house.report()
    house.pass_time(START + 5 * MINUTE)
    acting.implicate(case, ["Ria"], house.people["Mallory"], START + 5 * MINUTE, house.on)
    house.out.down = False
    house.pass_time(START + 2 * DAY, START + 5 * MINUTE, 10 * MINUTE)
    assert "mailto:mallory@example.org" in house.out.to
    assert "mailto:ria@example.org" not in house.out.to


def test_a_forged_date_does_not_hide_that_nothing_reaches_the_outside(house: House) -> None:
    house.out.down = True
    case = house.report(OUTSIDE_ALONE)
    change(house.on, "UPDATE incident_delivery SET sent_at = made_at")
    house.pass_time(START + 2 * HOUR)
    assert Kind.UNDELIVERED in kinds(house.look(case))


@pytest.mark.parametrize(
    ("channel", "words"),
    [
        (OMBUDSMAN, "Our mail server took a message for example.net."),
        ("https://o.example/x", "o.example answered that it took a message."),
        ("letter:ombudsman", "A letter was written, to be posted by somebody here."),
    ],
)
def test_no_more_is_said_of_a_message_than_is_known(
    tmp_path: Path, channel: str, words: str
) -> None:
    house = house_of(tmp_path, THREE_RUNGS.replace(OMBUDSMAN, channel))
    case = house.report(OUTSIDE_ALONE)
    house.turn(START)
    assert told(house.look(case).records[-1].kept, {}) == words
    house.on.records.close()  # type: ignore[attr-defined]


class Stuck(Recorded):
    """Who is at ``slow.example`` does not say that they have a message until told to."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []
        self.begun, self.go_on = Semaphore(0), Event()

    def send(self, channel: str, message: Message) -> None:
        self.asked.append(channel)
        if "slow.example" in channel:
            self.begun.release()
            self.go_on.wait()
        super().send(channel, message)


SLOW = THREE_RUNGS.replace("mailto:mallory@example.org", "https://slow.example/1")


def test_who_is_slow_holds_up_themselves_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However often it is looked at what is due: one message at a time to a receiver."""
    monkeypatch.setattr(escalating, "BUSY_SECONDS", 0.0)
    house = house_of(tmp_path, SLOW.replace(OMBUDSMAN, "https://slow.example/2"))
    out = house.out = Stuck()
    clock = SteadyClock(house.on.records, lambda: START, lambda: 0.0)
    jobs = [Delivering(house.on, clock, lambda: out, {}, outside) for outside in (False, True)]
    inside, outside = jobs
    for _ in range(3):
        house.report()
    threads = []
    for _ in range(3):
        for work in inside.due():
            if "slow.example" in work.what:
                threads.append(Thread(target=inside.carry_out, args=(work.what,)))
                threads[-1].start()
                assert out.begun.acquire(timeout=LONG)
            inside.carry_out(work.what)  # of what runs already it is nothing
    assert len(threads) == 1
    house.report(OUTSIDE_ALONE)
    assert inside.due() == []
    (work,) = outside.due()  # somebody slow on a rung takes no slot of theirs
    threads.append(Thread(target=outside.carry_out, args=(work.what,)))
    threads[-1].start()
    assert out.begun.acquire(timeout=LONG)
    assert Counter(out.asked) == {
        "https://slow.example/1": 1,
        "https://slow.example/2": 1,
        "mailto:ria@example.org": 3,
    }
    out.go_on.set()
    for each in threads:
        each.join(LONG)
    assert Counter(out.to) == Counter(out.asked)
    house.on.records.close()  # type: ignore[attr-defined]


def test_as_many_messages_as_like_to_one_hide_none_to_another(house: House) -> None:
    for _ in range(4):
        house.report(OUTSIDE_ALONE)
    house.report(replace(SAID, imminence=Imminence.RECENT), START + MINUTE)
    first = house.on.records.due_deliveries(START + MINUTE, 2)
    assert [each.channel for each in first] == [OMBUDSMAN, "mailto:mallory@example.org"]


def test_a_receiver_that_drips_stops_no_message_to_anybody_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhook, "SECONDS", 0.5)
    monkeypatch.setattr(escalating, "BUSY_SECONDS", 1.0)
    with receiver(partial(dripping, begin=b"HTTP/1.1 200 OK\r\nX-A: ")) as there:
        slow = THREE_RUNGS.replace("mailto:mallory@example.org", there.http)
        house = house_of(tmp_path, slow.replace("mailto:ria@example.org", "letter:ria"))
        out = OpenChannels("", "a@b.example", tmp_path / "letters", "here", lambda _: bytes(64))
        clock = SteadyClock(house.on.records)
        jobs = [Delivering(house.on, clock, lambda: out, {}, outside) for outside in (False, True)]
        reports = [house.report(at=clock.now()) for _ in range(20)]
        url = f"sqlite:///{tmp_path / 'workflows.db'}"
        with DurableRunner(url, house.on.records, lambda _: None, (), jobs):
            until = time.monotonic() + LONG
            while len(list((tmp_path / "letters").glob("ria-*"))) < 20:
                assert time.monotonic() < until
                time.sleep(0.1)
            for case in reports:
                tries = [each.tries for each in house.on.records.deliveries_of(case)]
                assert max(tries) < 10
    house.on.records.close()  # type: ignore[attr-defined]


# --- ways out --------------------------------------------------------------------------


def test_a_change_of_the_ways_out_is_on_record(house: House) -> None:
    on = replace(house.on, mail_server="smtps://mail.example:465", mail_from="us@example.org")
    assert of_the_house.note_ways(START, on)
    assert not of_the_house.note_ways(START + MINUTE, on)
    for number, changed in enumerate(
        (
            replace(on, mail_server="smtp://127.0.0.1:2525"),
            replace(on, mail_from="them@example.org"),
            replace(on, address="https://elsewhere.example"),
            replace(on, book=replace(on.book, quorum=1)),
            on,
        ),
        1,
    ):
        assert of_the_house.note_ways(START + number * HOUR, changed)
    assert of_the_house.ways_since(START, on) == [START + each * HOUR for each in range(1, 6)]
    assert of_the_house.ways_since(START + 4 * HOUR, on) == [START + 5 * HOUR]


class Room:
    def take(self) -> bool:
        return True

    def give_back(self) -> bool:
        return True


def ways(house: House) -> list[str]:
    kept = house.on.records.records_of([HOUSE])[HOUSE]
    return [str(each.fields["mail_server"]) for each in kept if each.kind == Kind.WAYS]


def test_every_start_looks_at_the_ways_out(house: House) -> None:
    clock = SteadyClock(house.on.records, lambda: START, lambda: 0.0)
    for server in ("smtp://a:25", "smtp://a:25", "smtp://b:25"):
        job = Climbing(replace(house.on, mail_server=server), clock, Room(), {}, lambda: house.out)
        for _ in range(2):
            job.due()
    assert ways(house) == ["smtp://a:25", "smtp://b:25"]


def test_a_message_that_was_taken_is_not_sent_again_because_somebody_added_meanwhile(
    tmp_path: Path,
) -> None:
    both = f'"{OMBUDSMAN}", "letter:ombudsman"'
    house = house_of(tmp_path, THREE_RUNGS.replace(f'"{OMBUDSMAN}"', both))
    sam = person(house.on, "Sam", Role.RESPONDER)
    case = house.report(OUTSIDE_ALONE)
    send = house.out.send

    def meanwhile(channel: str, message: Message) -> None:
        send(channel, message)
        acting.answer(case, "we see to it", False, sam, START, house.on)

    house.out.send = meanwhile  # type: ignore[method-assign]
    house.turn(START)
    house.turn(START + MINUTE)
    assert sorted(house.out.to) == ["letter:ombudsman", OMBUDSMAN]
    assert kinds(house.look(case)).count(Kind.DELIVERED) == 2
    house.on.records.close()  # type: ignore[attr-defined]
