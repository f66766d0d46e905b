"""The settings in force, for administrators, and never a secret."""

from __future__ import annotations

import html
import re
from pathlib import Path

import pytest
from tests.doors.servers import up
from tests.workbench.browsing import browser_at, first_secret, join, offered

from earwitness.accounts import Role
from earwitness.config import PREFIX, Settings


def test_administrators_read_every_setting_and_no_secret(tmp_path: Path) -> None:
    secrets = {"audit_key": "hunter2", "oidc_client_secret": "hunter3"}
    hostile = "<script>alert(1)</script>"
    with (
        up(tmp_path, **secrets, oidc_client_id=hostile) as server,
        browser_at(server) as browser,
        browser_at(server) as other,
    ):
        join(browser, first_secret(server))
        page = browser.get("/workbench/settings").text
        join(other, offered(server, Role.LEAD, Role.AUDITOR), "Bob")
        assert other.get("/workbench/settings").status_code == 403
    assert "hunter" not in page
    assert hostile not in page
    rows = {
        name: tuple(html.unescape(cell) for cell in cells)
        for name, *cells in re.findall(
            r"<code>(\w+)</code></th>\s*<td>(.*?)</td>\s*<td>(.*?)</td>\s*<td>(.*?)</td>", page
        )
    }
    assert rows.keys() == {PREFIX + name.upper() for name in Settings.model_fields}
    assert rows["EARWITNESS_AUDIT_KEY"][:2] == ("set", "environment")
    assert rows["EARWITNESS_OIDC_CLIENT_SECRET"][:2] == ("set", "environment")
    assert rows["EARWITNESS_OIDC_CLIENT_ID"][0] == hostile
    assert rows["EARWITNESS_LEASE_MINUTES"][:2] == ("15.0", "default")
    assert "not set" in rows["EARWITNESS_DATABASE"][0]
    assert "<code>" in rows["EARWITNESS_ENGINE_URL"][2]
    assert rows["EARWITNESS_THREADS"][2] == Settings.model_fields["threads"].description


def test_a_setting_says_where_it_comes_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "house.toml"
    file.write_text('threads = 2\nhttp_port = 1\nengine = "a"\n', encoding="utf-8")
    monkeypatch.setenv("EARWITNESS_HTTP_PORT", "2")
    read = Settings.read(file, engine="scripted", data=tmp_path)
    found = {name: read.source(name) for name in ("threads", "http_port", "engine", "host")}
    assert found == {
        "threads": str(file), "http_port": "environment", "engine": "command", "host": "default",
    }  # fmt: skip
    assert read.model_copy(update={"host": "::1"}).source("threads") == str(file)
    assert Settings.read(None).source("http_port") == "environment"
