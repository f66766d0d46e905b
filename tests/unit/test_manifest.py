from __future__ import annotations

import json
from pathlib import Path
from time import process_time

import numpy as np
import pytest

from earwitness.bench.distractors import distractors
from earwitness.bench.manifest import read, recordings, terms_of
from earwitness.errors import AudioError, ManifestError, SettingsError
from earwitness.model import Samples
from earwitness.speech.sounds import sound_distance


def manifest(folder: Path, *lines: str, clips: int = 3) -> Path:
    for number in range(clips):
        (folder / f"{number}.wav").write_bytes(b"x")
    path = folder / "manifest.tsv"
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def test_a_row_is_read_with_its_terms(tmp_path: Path) -> None:
    path = manifest(
        tmp_path,
        "text\tpath\tkind\tspeaker\textra",
        'yeet that\t0.wav\tspeech\tann\t["yeet", "no cap"]',
        "no cap\t1.wav\tspeech\tbob\tno cap",
        "plain\t2.wav\tspeech",
    )
    rows = read(path).rows
    assert [row.extra for row in rows] == [("yeet", "no cap"), ("no cap",), ()]
    assert [row.speaker for row in rows] == ["ann", "bob", ""]
    assert (rows[0].path, rows[0].text, rows[0].line) == (tmp_path / "0.wav", "yeet that", 2)


def test_fields_may_be_quoted_as_spreadsheets_do(tmp_path: Path) -> None:
    path = manifest(
        tmp_path,
        '"path"\t"text"\t"extra"',
        '"0.wav"\t"he said ""yeet"""\t"[""yeet"", ""no cap""]"',
        '1.wav\tno cap\t"no cap"',
    )
    rows = read(path).rows
    assert rows[0].text == 'he said "yeet"'
    assert [row.extra for row in rows] == [("yeet", "no cap"), ("no cap",)]


def test_a_manifest_of_twenty_thousand_recordings_is_read_in_seconds(tmp_path: Path) -> None:
    """Comparing every row with every other one took a minute."""
    lines = [f"{'0.wav' if number % 2 else 'gone.wav'}\t{number}" for number in range(20_000)]
    path = manifest(tmp_path, "path\ttext", *lines)
    before = process_time()
    found = read(path)
    assert process_time() - before < 10
    assert len(found.rows) == len(found.left_out) == 10_000


def test_windows_lines_a_byte_order_mark_and_empty_lines_are_fine(tmp_path: Path) -> None:
    path = manifest(tmp_path)
    path.write_bytes(b"\xef\xbb\xbfpath\ttext\r\n0.wav\thello\r\n\r\n")
    assert [row.text for row in read(path).rows] == ["hello"]


def test_a_missing_recording_is_named_and_the_rest_goes_on(tmp_path: Path) -> None:
    path = manifest(tmp_path, "path\ttext", "0.wav\ta", "nowhere.wav\tb", "1.wav\tc")
    found = read(path)
    assert [row.text for row in found.rows] == ["a", "c"]
    assert len(found.left_out) == 1
    assert "line 3" in found.left_out[0]
    assert "nowhere.wav" in found.left_out[0]


@pytest.mark.parametrize(
    ("lines", "line", "reason"),
    [
        ([], 1, "path"),
        (["path\tsaid", "0.wav\ta"], 1, "text"),
        (["path\ttext", "0.wav\ta\tb"], 2, "3 fields"),
        (["path\ttext", "0.wav\ta", "\ta"], 3, "no path"),
        (["path\ttext\textra", '0.wav\ta\t["b"'], 2, "JSON"),
        (["path\ttext\textra", "0.wav\ta\t[1]"], 2, "no text"),
        (["path\ttext", "gone.wav\ta"], 2, "gone.wav"),
        (["path\ttext", "a\0b.wav\ta"], 2, "zero byte"),
    ],
)
def test_a_manifest_that_cannot_be_used_is_refused_by_line(
    tmp_path: Path, lines: list[str], line: int, reason: str
) -> None:
    path = manifest(tmp_path, *lines)
    with pytest.raises(ManifestError, match=reason) as refused:
        read(path)
    assert f"manifest.tsv, line {line}" in str(refused.value)


def test_text_in_another_encoding_is_refused_by_line(tmp_path: Path) -> None:
    path = manifest(tmp_path)
    path.write_bytes(b"path\ttext\n0.wav\tok\n1.wav\tcaf\xe9\n")
    with pytest.raises(ManifestError, match="line 3: not UTF-8"):
        read(path)


def test_a_folder_or_nothing_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match=tmp_path.name):
        read(tmp_path)
    with pytest.raises(ManifestError, match=r"gone\.tsv"):
        read(tmp_path / "gone.tsv")


class Deaf:
    """A reader that fails on the second recording."""

    def read(self, path: Path) -> Samples:
        if path.name == "1.wav":
            raise AudioError(f"{path}: cannot be decoded.")
        return np.zeros(10, np.float32)


def test_a_recording_that_cannot_be_decoded_is_named_and_the_rest_goes_on(tmp_path: Path) -> None:
    found = read(manifest(tmp_path, "path\ttext", "0.wav\ta", "1.wav\tb", "2.wav\tc"))
    failed: list[str] = []
    assert [row.text for row, _ in recordings(found, Deaf(), failed)] == ["a", "c"]
    assert len(failed) == 1
    assert "line 3" in failed[0]


def test_terms_come_one_a_line(tmp_path: Path) -> None:
    path = tmp_path / "terms.txt"
    path.write_text("yeet\n\n no cap \nyeet\n", encoding="utf-8")
    assert terms_of(path) == ("yeet", "no cap")
    path.write_text("\n", encoding="utf-8")
    with pytest.raises(ManifestError, match=r"terms\.txt"):
        terms_of(path)


def test_distractors_are_repeatable_and_no_word_of_any_text() -> None:
    texts = ["The eat ALARM!", json.dumps("basin")]
    found = distractors(500, ["yeet", "bussin"], texts)
    assert found == distractors(500, ["bussin", "yeet"], texts)
    assert len(set(found)) == 500
    assert not set(found) & {"the", "eat", "alarm", "basin", "yeet", "bussin"}
    assert found != distractors(500, ["yeet", "bussin"], texts, seed=1)


def test_some_distractors_sound_like_a_term() -> None:
    found = distractors(100, ["bussin"])
    assert sum(sound_distance("bussin", word) < 0.3 for word in found) >= 2


def test_more_distractors_than_words_are_refused() -> None:
    with pytest.raises(SettingsError, match="1000000"):
        distractors(1_000_000)
