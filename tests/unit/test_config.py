"""Settings: from the environment, explained, refused by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from earwitness.config import Settings, unknown_variables
from earwitness.errors import SettingsError


def test_the_environment_sets_them(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("EARWITNESS_DATA", str(tmp_path))
    monkeypatch.setenv("EARWITNESS_LEASE_MINUTES", "3")
    settings = Settings()
    assert (settings.data, settings.lease_minutes) == (tmp_path, 3.0)


def test_data_lies_where_the_desktop_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("EARWITNESS_DATA", raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert Settings().data == tmp_path / "earwitness"
    monkeypatch.setenv("XDG_DATA_HOME", "not/absolute")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert Settings().data == tmp_path / ".local" / "share" / "earwitness"


def test_database_and_clips_follow_the_data_folder(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path)
    assert settings.database_url == f"sqlite:///{tmp_path}/earwitness.sqlite"
    assert settings.workflows_url == f"sqlite:///{tmp_path}/workflows.sqlite"
    assert settings.clips_folder == tmp_path / "clips"


def test_on_a_server_the_workflows_lie_beside_the_records() -> None:
    settings = Settings(database="postgresql://host/db")
    assert settings.workflows_url == settings.database_url == "postgresql://host/db"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("audit_fraction", "1.5"),
        ("lease_minutes", "0"),
        ("harm_u_wer", "nan"),
        ("threads", "many"),
        ("rephrase_seconds", "-1"),
    ],
)
def test_a_value_that_cannot_work_is_refused_by_name(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(f"EARWITNESS_{name.upper()}", value)
    with pytest.raises(SettingsError, match=f"EARWITNESS_{name.upper()}"):
        Settings()


def test_an_unknown_setting_is_refused_by_name() -> None:
    with pytest.raises(SettingsError, match="EARWITNESS_LEASE_HOURS"):
        Settings(lease_hours=1)


def test_every_setting_says_what_it_does() -> None:
    undocumented = [name for name, field in Settings.model_fields.items() if not field.description]
    assert undocumented == []


def test_what_is_secret_is_not_shown() -> None:
    shown = repr(Settings(database="postgresql://user:hunter2@host/db", audit_key="hunter3"))
    assert "hunter" not in shown


def test_a_value_of_the_environment_is_not_blamed_on_the_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "house.toml"
    file.write_text("threads = 2\n", encoding="utf-8")
    monkeypatch.setenv("EARWITNESS_THREADS", "many")
    with pytest.raises(SettingsError, match=r"^EARWITNESS_THREADS: "):
        Settings.read(file)


@pytest.mark.parametrize("name", ["", " ", "elm 12"])
def test_a_household_without_a_name_is_refused(name: str) -> None:
    with pytest.raises(SettingsError, match="EARWITNESS_WYOMING_HOUSEHOLD"):
        Settings(wyoming_household=name)


def test_a_misspelt_variable_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EARWITNESS_HTPP_PORT", "1")
    monkeypatch.setenv("EARWITNESS_SETTINGS", "house.toml")
    assert unknown_variables() == ["EARWITNESS_HTPP_PORT"]


def test_where_the_doors_are() -> None:
    assert Settings().http_url == "http://127.0.0.1:10380"
    assert Settings(host="::1", tls_certificate=Path("a")).wyoming_url == "tls://[::1]:10300"


@pytest.mark.parametrize(
    "url",
    [
        "earwitness.example", "http://earwitness.example", "https://", "https://a/b", "https://A",
        "https://a.example/", "https://u@a:x", "https://u@a", "javascript:1", "https://a:99999",
    ],
)  # fmt: skip
def test_a_public_url_that_browsers_would_not_trust_is_refused(url: str) -> None:
    with pytest.raises(SettingsError, match="EARWITNESS_PUBLIC_URL"):
        Settings(public_url=url)


@pytest.mark.parametrize("url", ["", "https://a.example", "https://a.example:8443"])
def test_a_public_url_is_an_origin(url: str) -> None:
    assert Settings(public_url=url).encrypted is bool(url)
