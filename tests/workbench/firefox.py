"""A second real browser: Debian's Firefox, driven over WebDriver BiDi, which it speaks itself.

Where it is not installed, tests with it are left out, unless CI_REQUIRES_ALL is set.
"""

from __future__ import annotations

import itertools
import json
import os
import re
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.programs import installed
from tests.workbench.chromium import SCREEN
from websockets.sync.client import ClientConnection, connect

SECONDS = 60
ENTER, ALT = "\ue007", "\ue00a"
PREFERENCES = {
    "media.autoplay.default": 0,
    "app.update.enabled": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "services.settings.server": "data:,none",
}
"""Of a profile of its own, which asks nobody outside for anything."""


class Page:
    """One tab. Whatever goes wrong in it is in ``wrong``."""

    def __init__(self, link: ClientConnection) -> None:
        self._link, self._numbers = link, itertools.count(1)
        self.wrong: list[str] = []
        self._send("session.new", capabilities={})
        self._send("session.subscribe", events=["log.entryAdded"])
        self._tab = self._send("browsingContext.getTree")["contexts"][0]["context"]
        self._send("browsingContext.setViewport", context=self._tab, viewport=SCREEN)

    def cookie(self, name: str, value: str) -> None:
        text = {"type": "string", "value": value}
        self._send("storage.setCookie", cookie={"name": name, "value": text, "domain": "127.0.0.1"})

    def goto(self, url: str) -> None:
        self._send("browsingContext.navigate", context=self._tab, url=url, wait="complete")

    def evaluate(self, expression: str) -> Any:
        """As JSON has it."""
        found = self._send(
            "script.evaluate",
            expression=f"(async () => JSON.stringify(await ({expression})) ?? 'null')()",
            target={"context": self._tab},
            awaitPromise=True,
        )
        assert found["type"] == "success", found
        return json.loads(found["result"]["value"])

    def wait(self, expression: str) -> Any:
        """Until it is true of the page."""
        until = time.monotonic() + SECONDS
        while not (found := self.evaluate(expression)):
            assert time.monotonic() < until, (expression, self.evaluate("document.body.innerText"))
            time.sleep(0.1)
        return found

    def keys(self, text: str, *, held: str = "") -> None:
        """As a keyboard gives them; ``held`` is kept down meanwhile."""
        presses = [{"type": kind, "value": key} for key in text for kind in ("keyDown", "keyUp")]
        if held:
            presses = [
                {"type": "keyDown", "value": held}, *presses, {"type": "keyUp", "value": held},
            ]  # fmt: skip
        board = {"type": "key", "id": "keyboard", "actions": presses}
        self._send("input.performActions", context=self._tab, actions=[board])

    def _send(self, method: str, **params: Any) -> dict[str, Any]:
        number = next(self._numbers)
        self._link.send(json.dumps({"id": number, "method": method, "params": params}))
        while True:
            said = json.loads(self._link.recv(SECONDS))
            if said["type"] == "event":
                self._note(said["params"])
            elif said["id"] == number:
                assert said["type"] == "success", said
                return dict(said["result"])

    def _note(self, entry: dict[str, Any]) -> None:
        if entry["level"] == "error" and (
            entry["type"] == "javascript" or "Content-Security-Policy" in str(entry["text"])
        ):
            self.wrong.append(entry["text"])


@contextmanager
def firefox(folder: Path) -> Iterator[Page]:
    """Ended at the end."""
    found = installed("firefox-esr", "firefox")
    folder.mkdir()
    lines = [f'user_pref("{name}", {json.dumps(value)});' for name, value in PREFERENCES.items()]
    (folder / "user.js").write_text("\n".join(lines), encoding="utf-8")
    log = folder / "said"
    with log.open("w", encoding="utf-8") as said:
        process = subprocess.Popen(
            [found, "--headless", "--no-remote", "--remote-debugging-port", "0",
             "--profile", str(folder)],
            stdout=said, stderr=said, env={**os.environ, "HOME": str(folder)},
        )  # fmt: skip
    try:
        with connect(f"{_address(log)}/session", proxy=None, max_size=None) as link:
            page = Page(link)
            yield page
            assert not page.wrong, page.wrong
    finally:
        process.terminate()
        process.wait(SECONDS)


def _address(log: Path) -> str:
    until = time.monotonic() + SECONDS
    while not (found := re.search(r"BiDi listening on (ws://\S+)", log.read_text("utf-8"))):
        assert time.monotonic() < until, log.read_text("utf-8")
        time.sleep(0.1)
    return found[1]
