"""What the commands of incidents say where what they are given cannot be used."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import pytest
from tests.values import START
from typer.testing import CliRunner

import earwitness.doors.cli  # noqa: F401  every command
from earwitness.config import Settings
from earwitness.doors.cli.app import app
from earwitness.errors import EarwitnessError, SettingsError
from earwitness.evidence.notes import SigningKey
from earwitness.flow.incidents.bundle import bag

LOG = str(SigningKey.from_seed("example.org/log", bytes(32)).public)


def refusal(*arguments: object) -> str:
    """Of a command that ends with an error of ours."""
    done = CliRunner().invoke(app, [str(each) for each in arguments])
    assert isinstance(done.exception, EarwitnessError), (done.exception, done.output)
    return str(done.exception)


def test_a_witness_that_cannot_keep_its_heads_says_so(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    assert str(file) in refusal("witness", "--log", LOG, "--folder", file)
    assert str(file) in refusal("witness", "--log", LOG, "--folder", file / "below")
    (tmp_path / "made" / "witness.key").mkdir(parents=True)
    said = refusal("witness", "--log", LOG, "--folder", tmp_path / "made")
    assert "witness.key" in said
    assert "EARWITNESS_LOG_KEY" not in said


def test_a_witness_that_may_not_write_says_so() -> None:
    nowhere = Path("/proc/earwitness")  # where not even root may
    assert str(nowhere) in refusal("witness", "--log", LOG, "--folder", nowhere / "new")


def test_a_witness_of_no_log_is_refused_and_makes_nothing(tmp_path: Path) -> None:
    assert "--log" in refusal("witness", "--folder", tmp_path / "new")
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("option", ["--key", "--witness"])
def test_a_key_that_is_none_is_named_with_its_option(tmp_path: Path, option: str) -> None:
    file = tmp_path / "receipt.json"
    file.write_text("{}")
    assert refusal("verify", file, option, "nonsense").startswith(f"{option}: ")
    folder = tmp_path / "w"
    assert refusal("witness", "--folder", folder, "--log", "nonsense").startswith("--log: ")


def test_what_is_no_text_is_named(tmp_path: Path) -> None:
    file, other = tmp_path / "picture.png", tmp_path / "receipt.json"
    file.write_bytes(b"\x89PNG\r\n\xff\xfe")
    other.write_text("{}")
    said = refusal("verify", other, file)
    assert str(file) in said
    assert "is no receipt, case, timestamp or bundle" in said
    assert "codec" not in said


def unpacked(folder: Path, files: dict[str, bytes]) -> Path:
    made = folder / "case.zip"
    made.write_bytes(bag("case-1", files, {"Bagging-Date": START.date().isoformat()}))
    with zipfile.ZipFile(made) as archive:
        archive.extractall(folder)
    return folder / "case-1"


def verified(*arguments: object) -> Any:
    done = CliRunner().invoke(app, ["verify", *map(str, arguments)])
    return done.output


def test_a_bundle_that_was_unpacked_is_verified_as_it_is(tmp_path: Path) -> None:
    folder = unpacked(tmp_path, {"case.json": b"{}", "evidence/x": b"1"})
    packed, loose = verified(tmp_path / "case.zip"), verified(folder)
    assert loose.replace(str(folder), "") == packed.replace(str(tmp_path / "case.zip"), "")
    (folder / "data" / "evidence" / "x").write_bytes(b"2")
    assert "data/evidence/x is not what manifest-sha256.txt says" in verified(folder)
    (folder / "bagit.txt").unlink()
    assert "is a folder, and no bundle" in refusal("verify", folder)


@pytest.mark.parametrize("name", ["EARWITNESS_WITNESSES", "EARWITNESS_OIDC_ROLES"])
def test_a_setting_that_is_no_json_is_named(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "http://secret")
    with pytest.raises(SettingsError, match=f"^{name}: is not JSON") as refused:
        Settings()
    assert "secret" not in str(refused.value)
