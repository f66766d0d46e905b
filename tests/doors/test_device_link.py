"""The device link over real sockets: the real device, and what the server tells it."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.doors.link_house import Talker, raw, serving, talking
from tests.flow.house import UNSURE
from tests.live.streams import said, silence
from tests.recordings import tone

from earwitness.device.client import Connected, Disconnected, Refused
from earwitness.device.keys import KeyFile
from earwitness.device.opus import Opus
from earwitness.device.session import DeviceSession, Packet
from earwitness.engines.scripted import ANY, Reading, Script, ScriptedEngine, recording
from earwitness.live.hearing import Limits
from earwitness.model import SAMPLE_RATE, Samples, Term
from earwitness.wire.link import messages as link

SURE, DOUBTED = "turn off the light", "eat that alarm"


def run(test: Coroutine[Any, Any, None]) -> None:
    asyncio.run(test)


def test_what_a_device_says_is_answered_and_kept_where_it_is_doubted(tmp_path: Path) -> None:
    async def test() -> None:
        async with serving(tmp_path) as site, talking(site.url, site.enrolled()) as talker:
            talker.say(said(4, 0))
            await talker.finish()
            assert talker.texts == [SURE, DOUBTED]
            sure, doubted = talker.all(link.Final)
            assert sure.utterance is None
            assert site.kept() == [doubted.utterance]
            kept = site.program.records.utterance(str(doubted.utterance))
            assert (kept.source.household, kept.source.name) == ("smith", "kitchen")
            assert doubted.flags[0].reason in [flag.reason for flag in kept.flags]
            assert sure.start < sure.end <= doubted.start < doubted.end <= doubted.endpoint

    run(test())


def test_somebody_who_speaks_is_noticed_before_the_answer(tmp_path: Path) -> None:
    async def test() -> None:
        async with serving(tmp_path) as site, talking(site.url, site.enrolled()) as talker:
            talker.say(said(4))
            speech, final = await talker.until(link.Speech), await talker.until(link.Final)
            assert speech.start == final.start
            assert talker.told.index(speech) < talker.told.index(final)

    run(test())


def test_push_to_talk_hears_what_is_between_two_presses(tmp_path: Path) -> None:
    async def test() -> None:
        session = DeviceSession(push=True)
        async with serving(tmp_path) as site, talking(site.url, site.enrolled(), session) as talker:
            talker.say(recording(5))  # nobody holds the button
            for number in (4, 0):
                session.begin()
                talker.say(recording(number))
                session.end()
                talker.say(silence(0.2))
            await talker.finish()
            assert talker.texts == [SURE, DOUBTED]

    run(test())


# --- a broken line -----------------------------------------------------------------


async def _uncut(folder: Path) -> tuple[list[tuple[str, int, int]], int]:
    async with serving(folder) as site, talking(site.url, site.enrolled()) as talker:
        talker.say(said(4, 0, 5))
        await talker.finish()
        return _heard(talker), len(site.kept())


def _heard(talker: Talker) -> list[tuple[str, int, int]]:
    return [(final.text, final.start, final.end) for final in talker.all(link.Final)]


@pytest.mark.parametrize("seconds", [0.5, 1.5, 2.6, 3.3, 3.9, 5.9])
def test_a_cut_line_loses_and_doubles_nothing(seconds: float, tmp_path: Path) -> None:
    async def test() -> None:
        audio, at = said(4, 0, 5), round(seconds * SAMPLE_RATE)
        async with (
            serving(tmp_path / "cut") as site,
            talking(site.url, site.enrolled()) as talker,
        ):
            await talker.until(Connected)
            talker.say(audio[:at])
            await talker.sent()
            talker.device.cut()
            await talker.until(Disconnected)
            talker.say(audio[at:])
            await talker.finish()
            assert [each.resumed for each in talker.all(Connected)] == [False, True]
            assert (_heard(talker), len(site.kept())) == await _uncut(tmp_path / "uncut")

    run(test())


def test_an_answer_that_was_kept_but_never_arrived_is_kept_once(tmp_path: Path) -> None:
    """The worst moment: it is in the queue already when the line breaks."""

    async def test() -> None:
        async with serving(tmp_path) as site:
            identity = site.enrolled()
            async with raw(site) as client:
                welcome = await client.greet(identity)
                await client.play(said(0))
                kept = (await client.until(link.Final)).utterance
            async with raw(site) as client:
                again = await client.greet(
                    identity, session=welcome.session, began=welcome.began, position=0
                )
                assert again.began == welcome.began
                await client.play(said(0))
                assert (await client.until(link.Final)).utterance == kept
            assert site.kept() == [kept]

    run(test())


def test_a_device_carries_on_with_a_server_that_was_started_anew(tmp_path: Path) -> None:
    async def test() -> None:
        audio, at = said(0, 4), round(3.4 * SAMPLE_RATE)
        async with AsyncExitStack() as devices:
            async with serving(tmp_path) as site:
                identity, port = site.enrolled(), site.port
                talker = await devices.enter_async_context(talking(site.url, identity))
                talker.say(audio[:at])
                await talker.until(link.Final)
                talker.device.cut()  # its last words are not to be heard, either
            async with serving(tmp_path, port=port) as site:
                talker.say(audio[at:])
                await talker.finish()
                assert talker.texts == [DOUBTED, SURE]
                assert len(site.kept()) == 1

    run(test())


def test_a_server_that_goes_asks_its_devices_to_come_again(tmp_path: Path) -> None:
    async def test() -> None:
        async with AsyncExitStack() as devices:
            async with serving(tmp_path) as site:
                identity, port = site.enrolled(), site.port
                talker = await devices.enter_async_context(talking(site.url, identity))
                talker.say(recording(4))
                await talker.until(Connected)
                await site.link.stop(5.0)
                await talker.until(link.Restart)
                assert site.link.admission.connections == 0
            async with serving(tmp_path, port=port):
                await talker.finish()
                assert talker.texts == [SURE]

    run(test())


def test_push_to_talk_survives_a_cut_line(tmp_path: Path) -> None:
    async def test() -> None:
        session = DeviceSession(push=True)
        async with serving(tmp_path) as site, talking(site.url, site.enrolled(), session) as talker:
            await talker.until(Connected)
            session.begin()
            talker.say(recording(0, 2.0))
            await talker.sent()
            talker.device.cut()
            await talker.until(Disconnected)
            talker.say(recording(0, 1.0))
            session.end()
            await talker.finish()
            assert talker.texts == [DOUBTED]
            (final,) = talker.all(link.Final)
            assert (final.start, final.end) == (0, 3 * SAMPLE_RATE)
            assert len(site.kept()) == 1

    run(test())


# --- keys ---------------------------------------------------------------------------


def test_a_key_is_exchanged_and_the_old_one_shut_out(tmp_path: Path) -> None:
    async def test() -> None:
        keys = KeyFile(tmp_path / "key.json")
        async with serving(tmp_path) as site:
            old = site.enrolled()
            keys.write(old)
            async with talking(site.url, old, keys=keys) as talker:
                await talker.until(Connected)
                talker.device.rotate()
                await talker.until(Connected, 2)
                talker.say(said(4))
                await talker.finish()
                assert talker.texts == [SURE]
            new = keys.enrolled()
            assert new.seed != old.seed
            assert new.next_seed == ""
            with pytest.raises(Refused, match="may not speak here"):
                async with talking(site.url, old) as talker:
                    await talker.device.run()

    run(test())


def test_a_key_that_was_announced_and_never_confirmed_is_announced_again(tmp_path: Path) -> None:
    async def test() -> None:
        keys = KeyFile(tmp_path / "key.json")
        async with serving(tmp_path) as site:
            keys.write(site.enrolled())
            crashed = keys.announcing()  # and then the device lost power
            async with talking(site.url, keys.enrolled(), keys=keys) as talker:
                await talker.until(Connected, 2)
            assert keys.enrolled().seed == crashed.next_seed

    run(test())


def test_a_revoked_device_is_shut_out_at_once_and_for_good(tmp_path: Path) -> None:
    async def test() -> None:
        async with serving(tmp_path) as site:
            identity = site.enrolled()
            async with talking(site.url, identity) as talker:
                await talker.until(Connected)
                site.program.records.revoke_device(identity.device, datetime.now(UTC))
                assert (await talker.until(link.Error)).code == "revoked"
            with pytest.raises(Refused, match="revoked"):
                async with talking(site.url, identity) as talker:
                    await talker.device.run()

    run(test())


def test_a_newer_connection_takes_the_place_of_the_older(tmp_path: Path) -> None:
    async def test() -> None:
        async with serving(tmp_path) as site:
            identity = site.enrolled()
            async with talking(site.url, identity) as older:
                await older.until(Connected)
                async with talking(site.url, identity) as newer:
                    newer.say(said(4))
                    await newer.finish()
                    assert newer.texts == [SURE]
                    assert (await older.until(link.Error)).code == "replaced"

    run(test())


# --- what the server tells ------------------------------------------------------------


def test_without_consent_a_doubtful_utterance_is_answered_and_not_kept(tmp_path: Path) -> None:
    async def test() -> None:
        async with serving(tmp_path) as site:
            async with talking(site.url, site.enrolled(), consent=False) as talker:
                talker.say(said(0))
                await talker.finish()
                (final,) = talker.all(link.Final)
                assert (final.text, final.utterance) == (DOUBTED, None)
                assert final.flags
            assert site.kept() == []

    run(test())


def test_consent_that_is_withdrawn_holds_for_what_is_being_said(tmp_path: Path) -> None:
    async def test() -> None:
        async with serving(tmp_path) as site, talking(site.url, site.enrolled()) as talker:
            talker.say(recording(0, 1.0))
            await talker.until(link.Speech)
            talker.device.consent(False)
            assert not (await talker.until(link.Consent)).granted
            talker.say(silence(1))
            await talker.finish()
            assert talker.texts == [DOUBTED]
            assert site.kept() == []

    run(test())


def test_a_household_that_withdraws_consent_is_heeded_on_an_open_line(tmp_path: Path) -> None:
    async def test() -> None:
        async with serving(tmp_path) as site:
            identity = site.enrolled()
            async with talking(site.url, identity) as talker:
                await talker.until(Connected)
                site.program.records.set_consent(identity.device, False)
                assert not (await talker.until(link.Consent)).granted
                talker.say(said(0))
                await talker.finish()
                assert site.kept() == []

    run(test())


def test_every_device_hears_of_a_new_revision_of_the_lexicon(tmp_path: Path) -> None:
    async def test() -> None:
        async with (
            serving(tmp_path) as site,
            talking(site.url, site.enrolled()) as one,
            talking(site.url, site.enrolled()) as other,
        ):
            before = (await one.until(Connected)).welcome.lexicon
            await other.until(Connected)
            terms = [Term("yeet")]
            await asyncio.to_thread(site.program.publish_all, terms, by="ada", why="slang")
            for talker in (one, other):
                assert (await talker.until(link.LexiconRevision)).revision == before + 1
            one.say(said(0))
            await one.finish()
            (final,) = one.all(link.Final)
            assert (final.text, final.revision) == ("yeet that alarm", before + 1)
            assert [word.term for word in final.words] == ["yeet", None, None]

    run(test())


def test_speech_that_comes_too_late_is_shed_and_said_so(tmp_path: Path) -> None:
    async def test() -> None:
        limits = Limits(threads=1, shed_seconds=1e-9)
        session = DeviceSession(push=True)
        async with (
            serving(tmp_path, limits=limits) as site,
            talking(site.url, site.enrolled(), session) as talker,
        ):
            session.begin()
            talker.say(recording(0))
            session.end()
            await talker.finish()
            (shed,) = talker.all(link.Shed)
            assert (shed.start, shed.end) == (0, SAMPLE_RATE)
            assert shed.retry_after > 0
            assert (talker.texts, site.kept()) == ([], [])

    run(test())


def test_what_was_not_understood_at_all_is_asked_for_again(tmp_path: Path) -> None:
    async def test() -> None:
        async with serving(tmp_path) as site, talking(site.url, site.enrolled()) as talker:
            talker.say(said(6, 4))
            await talker.finish()
            (repeat,) = talker.all(link.Repeat)
            failed, _ = talker.all(link.Final)
            assert repeat.position == failed.end
            assert repeat.reason == "Nothing was understood."
            assert site.kept() == [failed.utterance]

    run(test())


def test_an_answer_that_is_too_unsure_is_asked_for_again(tmp_path: Path) -> None:
    async def test() -> None:
        async with (
            serving(tmp_path, ask_again_confidence=0.3) as site,
            talking(site.url, site.enrolled()) as talker,
        ):
            talker.say(said(4, 0))
            await talker.finish()
            (repeat,) = talker.all(link.Repeat)
            assert repeat.position == talker.all(link.Final)[1].end

    run(test())


def test_what_is_muted_is_forgotten_on_both_sides(tmp_path: Path) -> None:
    async def test() -> None:
        async with serving(tmp_path) as site, talking(site.url, site.enrolled()) as talker:
            talker.say(recording(0))
            await talker.until(link.Speech)
            talker.device.forget()
            talker.say(said(4))
            await talker.finish()
            assert talker.texts == [SURE]
            assert site.kept() == []

    run(test())


def test_silence_that_is_not_sent_ends_what_was_being_said(tmp_path: Path) -> None:
    async def test() -> None:
        async with serving(tmp_path) as site, talking(site.url, site.enrolled()) as talker:
            session = talker.device.session
            talker.say(recording(4))
            session.skip(5 * SAMPLE_RATE)
            talker.say(recording(0))
            await talker.finish()
            assert talker.texts == [SURE, DOUBTED]
            assert [final.start for final in talker.all(link.Final)] == [0, 6 * SAMPLE_RATE]

    run(test())


def test_a_ping_tells_how_the_clocks_differ(tmp_path: Path) -> None:
    async def test() -> None:
        async with serving(tmp_path) as site, talking(site.url, site.enrolled()) as talker:
            pong = await talker.until(link.Pong)
            assert pong.clock <= pong.received <= pong.sent  # one machine, one clock
            offset, trip = talker.device.clock_offset, talker.device.round_trip
            assert offset is not None
            assert trip is not None
            assert abs(offset) <= trip

    run(test())


def test_a_store_that_fails_ends_the_line_and_what_was_said_comes_again(tmp_path: Path) -> None:
    async def test() -> None:
        async with serving(tmp_path) as site, talking(site.url, site.enrolled()) as talker:
            await talker.until(Connected)
            clips = tmp_path / "clips"
            clips.mkdir(exist_ok=True)
            clips.rename(tmp_path / "away")
            clips.write_text("in the way")
            talker.say(said(0))
            assert (await talker.until(link.Error)).code == "store"
            clips.unlink()
            (tmp_path / "away").rename(clips)
            await talker.finish()
            assert talker.texts == [DOUBTED]
            assert len(site.kept()) == 1

    run(test())


# --- Opus -----------------------------------------------------------------------------

ANYTHING = {ANY: Script((Reading("play some music", -1.0, confidence=UNSURE),))}


def _speech() -> Samples:
    return np.concatenate([silence(1), tone(1.0), silence(1), tone(1.5, hertz=300), silence(1)])


async def _with_opus(folder: Path, cut_at: float | None) -> tuple[list[tuple[str, int, int]], int]:
    """What is heard, and how much is kept, with the line cut after so many seconds, or never."""
    audio = _speech()
    at = round((cut_at or 0) * SAMPLE_RATE)
    session = DeviceSession(Opus())
    async with (
        serving(folder, engine=ScriptedEngine(ANYTHING)) as site,
        talking(site.url, site.enrolled(), session) as talker,
    ):
        await talker.until(Connected)
        if cut_at is not None:
            talker.say(audio[:at])
            await talker.sent()
            talker.device.cut()
            await talker.until(Disconnected)
        talker.say(audio[at:])
        await talker.finish()
        return _heard(talker), len(site.kept())


@pytest.mark.parametrize("seconds", [1.5, 3.0, 3.5, 4.0])
def test_a_cut_line_loses_and_doubles_nothing_of_opus_either(
    seconds: float, tmp_path: Path
) -> None:
    async def test() -> None:
        whole = await _with_opus(tmp_path / "whole", None)
        assert len(whole[0]) == whole[1] == 2
        assert await _with_opus(tmp_path / "cut", seconds) == whole

    run(test())


def test_opus_that_is_sent_again_is_the_same_sound(tmp_path: Path) -> None:
    """The clip that is kept is the same to the bit, though its decoder began further back."""

    async def test() -> None:
        encoding, audio = Opus(), _speech()
        packets = [*encoding.encode(audio), *encoding.finish()]
        async with serving(tmp_path, engine=ScriptedEngine(ANYTHING)) as site:
            identity = site.enrolled()
            async with raw(site) as client:
                welcome = await client.greet(identity, codec="opus")
                await client.play_opus(packets)
                one, other = [await client.until(link.Final) for _ in range(2)]
            again = {"session": welcome.session, "began": welcome.began, "position": one.until}
            async with raw(site) as client:
                await client.greet(identity, codec="opus", **again)
                await client.play_opus(packets)
                assert await client.until(link.Final) == other
            assert len(site.kept()) == 2

    run(test())


def test_bytes_that_are_no_opus_are_an_error(tmp_path: Path) -> None:
    async def test() -> None:
        async with serving(tmp_path) as site, raw(site) as client:
            await client.greet(site.enrolled(), codec="opus")
            await client.play_opus([Packet(b"\xff\xff\xff", 320, fresh=True)])
            assert (await client.error()).code == "bad_opus"

    run(test())
