"""The worked session of docs/reference/device-link.md really takes place."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.docs.pages import ROOT, blocks
from tests.doors.link_house import Raw, raw, serving
from tests.doors.schema import fits
from tests.live.streams import said

from earwitness.device.keys import Identity
from earwitness.live.stream import Pace
from earwitness.wire.link import codec
from earwitness.wire.link import messages as link

PAGE = ROOT / "docs" / "reference" / "device-link.md"
SCHEMA = json.loads(PAGE.with_name("device-link.schema.json").read_text(encoding="utf-8"))
OWN = {
    "device", "nonce", "clock", "signature", "session", "began", "clock_offset", "received", "sent",
    "utterance",
}  # fmt: skip
"""Fields that differ from session to session."""


def session() -> Iterator[tuple[str, str]]:
    """(who, what) of each line of the worked session; a line may go on, indented."""
    (block,) = blocks(PAGE, "text")
    lines = re.sub(r"\n\s+", " ", "\n".join(block.lines)).split("\n")
    yield from ((line[:8].strip(), line[8:].strip()) for line in lines)


def examples() -> list[dict[str, Any]]:
    """Every message on the page."""
    worked = [what for _, what in session() if what.startswith("{")]
    others = ["\n".join(block.lines) for block in blocks(PAGE, "json")]
    return [json.loads(each) for each in [*worked, *others]]


@pytest.mark.parametrize("message", examples(), ids=lambda message: message["type"])
def test_every_message_on_the_page_fits_the_published_schema(message: dict[str, Any]) -> None:
    definitions = SCHEMA["$defs"]
    assert fits(message, {"anyOf": SCHEMA["anyOf"]}, definitions)
    assert not fits(message | {"more": 1}, {"anyOf": SCHEMA["anyOf"]}, definitions)
    for name in message:
        less = {key: value for key, value in message.items() if key != name}
        required = any(
            name in about.get("required", ())
            for about in definitions.values()
            if about.get("properties", {}).get("type", {}).get("const") == message["type"]
        )
        assert fits(less, {"anyOf": SCHEMA["anyOf"]}, definitions) != required


def test_the_session_on_the_page_takes_place(tmp_path: Path) -> None:
    async def test() -> None:
        async with serving(tmp_path, pace=Pace(partial_seconds=0)) as site, raw(site) as client:
            identity = site.enrolled()
            heard: list[link.FromServer] = [client.challenge]
            for who, what in session():
                if who == "device":
                    await _say(client, identity, what)
                else:
                    message = heard.pop() if heard else await client.next()
                    assert _shared(json.loads(codec.encode(message))) == _shared(json.loads(what))

    asyncio.run(test())


async def _say(client: Raw, identity: Identity, what: str) -> None:
    if not what.startswith("{"):
        await client.play(said(0))
        return
    message = codec.from_device(what)
    if isinstance(message, link.Hello):
        await client.send(client.hello(identity))
    else:
        await client.send(message)


def _shared(message: dict[str, Any]) -> dict[str, Any]:
    return {key: "..." if key in OWN else value for key, value in message.items()}
