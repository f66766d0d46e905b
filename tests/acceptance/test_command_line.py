"""The installed command, as a person or a script runs it."""

from __future__ import annotations

import json
import os
import pty
import select
import shutil
import subprocess
import sys
import wave
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from tests import recordings, warm

from earwitness import __version__, starter
from earwitness.config import Settings
from earwitness.flow import lessons
from earwitness.flow.incidents import codes, reporting
from earwitness.model import Event, Taught
from earwitness.speech.alignment import occurrences
from earwitness.speech.text import words
from earwitness.starter import Role
from earwitness.wiring import Earwitness

COMMAND = str(Path(sys.executable).parent / "earwitness")
CLIPS = {each.path.name: each for each in starter.recordings(Role.DEMO)}
SAID = "Tell Saoirse that the taxi is here."


def _environment(data: Path) -> dict[str, str]:
    return {
        **os.environ,
        "EARWITNESS_DATA": str(data),
        "EARWITNESS_AUDIT_FRACTION": "0",
        "EARWITNESS_SECOND_LISTENER_FRACTION": "0",
        "TERM": "xterm",
    }


def earwitness(
    data: Path, *arguments: str, typed: str = "", **environment: str
) -> subprocess.CompletedProcess[str]:
    """The same program as the installed one, without waiting for its imports each time."""
    return warm.run("earwitness", *arguments, env=_environment(data) | environment, typed=typed)


def as_json(data: Path, *arguments: str, typed: str = "", code: int = 0) -> Any:
    done = earwitness(data, *arguments, "--json", typed=typed)
    assert done.returncode == code, done.stdout + done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def heard_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("heard")
    heard = as_json(folder, "hear", str(CLIPS["saoirse-1.opus"].path))
    assert heard["files"][0]["utterances"][0]["utterance"]
    return folder


@pytest.fixture
def doubted(heard_once: Path, tmp_path: Path) -> Path:
    """A data folder with one clip in the queue."""
    return Path(shutil.copytree(heard_once, tmp_path, dirs_exist_ok=True))


def test_the_demonstration_holds_from_hearing_to_undo(tmp_path: Path) -> None:
    told = as_json(tmp_path, "demo")
    assert "failed" not in told
    assert told["taught"]["outcome"] == "live"
    term = words(told["judged"]["term"])
    assert occurrences(words(told["again"]["text"]), term)
    for text in (*told["sound_alike"]["texts"], told["undone"]["text"]):
        assert not occurrences(words(text), term)


def test_the_version_is_that_of_the_package(tmp_path: Path) -> None:
    done = subprocess.run([COMMAND, "--version"], capture_output=True, text=True, check=True)
    assert done.stdout == earwitness(tmp_path, "--version").stdout == f"earwitness {__version__}\n"


def test_one_bad_recording_is_named_and_the_others_are_heard(tmp_path: Path) -> None:
    broken, good = tmp_path / "broken.flac", CLIPS["saoirse-1.opus"].path
    broken.write_bytes(b"fLaC, but no more")
    heard = as_json(tmp_path / "data", "hear", str(broken), str(tmp_path), str(good), code=2)
    assert heard["failed"] == [str(broken), str(tmp_path)]
    assert "broken.flac" in heard["files"][0]["message"]
    assert heard["files"][2]["utterances"][0]["text"]


def test_a_file_name_that_is_no_utf8_is_heard_and_escaped_in_the_json(tmp_path: Path) -> None:
    odd = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.opus"))
    shutil.copy(CLIPS["saoirse-1.opus"].path, odd)
    done = subprocess.run(
        [COMMAND, "hear", odd, "missing\udce9.wav", "--json"],
        env=_environment(tmp_path / "data"),
        capture_output=True,
    )
    told = json.loads(done.stdout.decode("utf-8"))
    heard, missing = told["files"]
    assert heard["file"] == f"{tmp_path}/caf\\xe9.opus"
    assert heard["utterances"][0]["text"]
    assert told["failed"] == [missing["file"]] == ["missing\\xe9.wav"]
    assert done.returncode == 2


def test_a_file_whose_name_begins_with_a_dash_comes_after_two(tmp_path: Path) -> None:
    done = earwitness(tmp_path, "hear", "--json", "--", "-missing.wav")
    assert json.loads(done.stdout)["failed"] == ["-missing.wav"]


def test_a_long_recording_shows_how_far_it_is_heard(tmp_path: Path) -> None:
    long = recordings.write(tmp_path / "long.flac", recordings.silence(400))
    with Terminal(tmp_path / "data", "hear", str(long)) as terminal:
        shown = terminal.rest()
        assert terminal.wait() == 0
    assert "/400" in shown
    assert "no speech" in shown
    assert "400" not in earwitness(tmp_path / "data", "hear", str(long)).stderr


def test_a_recording_that_says_it_is_too_long_names_limit_and_setting(tmp_path: Path) -> None:
    long = recordings.write(tmp_path / "long.flac", recordings.silence(40))
    done = earwitness(tmp_path, "hear", str(long), EARWITNESS_AUDIO_STREAM_SECONDS="30")
    assert done.returncode == 2
    assert "30 s" in done.stderr
    assert "audio_stream_seconds" in done.stderr


def test_a_file_name_cannot_steer_the_terminal(tmp_path: Path) -> None:
    done = earwitness(tmp_path, "hear", "evil\x1b[2J\u202egnp.wav")
    assert done.returncode == 2
    assert "\x1b" not in done.stdout + done.stderr
    assert "\u202e" not in done.stdout + done.stderr


def test_the_queue_says_why_but_not_what_the_machine_heard(doubted: Path) -> None:
    text = earwitness(doubted, "queue", "--json").stdout
    assert json.loads(text)[0]["rules"]
    assert "taxi" not in text.lower()


def test_a_bracketed_word_is_taught_and_heard_again(doubted: Path) -> None:
    (answered,) = as_json(doubted, "review", typed="Tell [Saoirse] that the taxi is here.\n")
    assert (answered["state"], answered["taught"][0]["outcome"]) == ("closed", "live")
    heard = as_json(doubted, "hear", str(CLIPS["saoirse-3.opus"].path))
    assert "saoirse" in heard["files"][0]["utterances"][0]["text"].lower()
    assert as_json(doubted, "lexicon", "list")["terms"][0]["written"] == "Saoirse"
    assert as_json(doubted, "lexicon", "undo")["terms"] == 0


def test_the_machines_text_is_shown_only_after_the_answer(doubted: Path) -> None:
    before = earwitness(doubted, "review", typed="").stderr
    assert "taxi" not in before.lower()
    after = earwitness(doubted, "review", typed=f"{SAID}\n").stderr
    assert "machine" in after


def test_a_clip_that_is_left_to_others_waits_for_others(doubted: Path) -> None:
    assert as_json(doubted, "review", typed="/s\n") == []
    assert [item["state"] for item in as_json(doubted, "queue")] == ["waiting"]
    assert as_json(doubted, "review", "--as", "ann", typed="/u\n")[0]["verdict"] == "unintelligible"


def test_ctrl_c_frees_the_clip_and_keeps_what_was_typed(doubted: Path) -> None:
    with Terminal(doubted, "review") as terminal:
        terminal.until("> ")
        terminal.type("tell sao")
        terminal.until("tell sao")
        terminal.interrupt()
        shown = terminal.rest()
        assert "free again" in shown
        assert "\N{REPLACEMENT CHARACTER}" not in shown
        assert terminal.wait() == 130
    with Terminal(doubted, "review") as terminal:
        assert "tell sao" in terminal.until("tell sao")
        terminal.type("irse that the taxi is here\r")
        terminal.until("Words to teach?")
        terminal.type("\r")
        assert terminal.wait() == 0
    assert as_json(doubted, "queue") == []


def test_a_clip_whose_review_was_killed_is_there_at_once_for_the_same_listener(
    doubted: Path,
) -> None:
    with Terminal(doubted, "review", "--as", "ada") as terminal:
        terminal.until("> ")
    assert as_json(doubted, "review", "--as", "bob", typed="/n\n") == []
    assert as_json(doubted, "review", "--as", "ada", typed="/n\n")[0]["verdict"] == "no_speech"


def test_ctrl_c_at_the_words_to_teach_keeps_the_answer_and_says_so(doubted: Path) -> None:
    with at_words_to_teach(doubted) as terminal:
        terminal.type("Saoirse")
        terminal.until("Saoirse")
        terminal.interrupt()
        shown = terminal.rest()
        assert terminal.wait() == 130
    assert "Your answer is kept" in shown
    assert "\N{REPLACEMENT CHARACTER}" not in shown
    assert "free again" not in shown
    assert as_json(doubted, "queue", "--all")[0]["state"] == "closed"
    assert as_json(doubted, "lexicon", "list")["terms"] == []


def test_a_clip_is_written_where_the_listener_says_and_nothing_is_overwritten(
    doubted: Path, tmp_path: Path
) -> None:
    file = tmp_path / "to hear.wav"
    names = (file, file, tmp_path / "no" / "a.wav", "~nobody-of-that-name/a.wav")
    done = earwitness(doubted, "review", typed="".join(f"/w {name}\n" for name in names))
    assert done.returncode == 0
    assert f"Written to {file}" in done.stderr.replace("\n", " ")
    assert "is there already" in done.stderr
    assert done.stderr.count("cannot be written") == 2
    assert file.stat().st_mode & 0o777 == 0o600
    with wave.open(str(file)) as sound:
        assert sound.getnframes() > sound.getframerate()
    assert [item["state"] for item in as_json(doubted, "queue")] == ["waiting"]


def test_two_who_listened_to_the_same_clip_are_compared(doubted: Path) -> None:
    assert "No clip" in earwitness(doubted, "queue", "--agreement").stdout
    for name in ("ada", "bob"):
        typed = earwitness(
            doubted,
            *("review", "--as", name),
            typed=f"{SAID}\n",
            EARWITNESS_SECOND_LISTENER_FRACTION="1",
        )
        assert typed.returncode == 0, typed.stderr
    found = as_json(doubted, "queue", "--agreement")
    assert (found["clips"], found["agreed"], found["words"]) == (1, 1, 1.0)
    assert "1 of 1 clips" in earwitness(doubted, "queue", "--agreement").stdout


def test_a_command_behind_a_draft_is_a_command_and_the_draft_stays(doubted: Path) -> None:
    with Terminal(doubted, "review") as terminal:
        terminal.until("> ")
        terminal.type("half typed")
        terminal.until("half typed")
        terminal.interrupt()
        terminal.wait()
    with Terminal(doubted, "review") as terminal:
        terminal.until("half typed")
        terminal.type("/q\r")
        assert terminal.wait() == 0
    assert [item["state"] for item in as_json(doubted, "queue")] == ["waiting"]


@pytest.mark.parametrize("line", ["hello [wor", "[[yeet]] x", "yeet] it"])
def test_brackets_that_do_not_pair_are_no_transcript(doubted: Path, line: str) -> None:
    done = earwitness(doubted, "review", typed=f"{line}\n")
    assert done.returncode == 1
    assert "Brackets" in done.stderr
    assert [item["state"] for item in as_json(doubted, "queue")] == ["waiting"]


def test_a_folder_without_a_name_is_not_the_current_one(tmp_path: Path) -> None:
    done = subprocess.run(
        [COMMAND, "--data", "", "queue"], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 2
    assert "--data" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_word_that_its_own_clip_does_not_bear_out_is_live_and_said_to_be_unheard(
    doubted: Path,
) -> None:
    (item,) = as_json(doubted, "queue")
    clip = ("--from", item["utterance"], "--said", "gyatt")
    done = earwitness(doubted, "teach", "gyatt", *clip)
    assert done.returncode == 0
    assert "not heard" in done.stdout
    assert "--spoken" in done.stdout


def test_each_piped_line_answers_one_clip_and_none_becomes_a_term(tmp_path: Path) -> None:
    clips = [str(CLIPS[name].path) for name in ("saoirse-1.opus", "saoirse-3.opus")]
    as_json(tmp_path, "hear", *clips)
    lines = [SAID, "Remind Saoirse to call the bank."]
    answered = as_json(tmp_path, "review", typed="\n".join(lines) + "\n")
    assert [each["text"] for each in answered] == lines
    assert as_json(tmp_path, "lexicon", "list")["terms"] == []


def test_after_a_refused_piped_answer_no_line_answers_the_wrong_clip(doubted: Path) -> None:
    done = earwitness(doubted, "review", typed="...\n")
    assert done.returncode == 1
    assert "A transcript needs the words" in done.stderr
    assert as_json(doubted, "review", typed=f"...\n{SAID}\n", code=1) == []
    assert [item["state"] for item in as_json(doubted, "queue")] == ["waiting"]
    assert as_json(doubted, "review", typed=f"{SAID}\n")[0]["text"] == SAID


def test_only_words_that_were_said_are_taught_and_a_refused_one_ends_nothing(doubted: Path) -> None:
    with at_words_to_teach(doubted) as terminal:
        terminal.type("/q, the, gochujang, taxi\r")
        shown = terminal.rest()
        assert terminal.wait() == 0
    assert all(f"'{word}'" in shown for word in ("/q", "gochujang"))
    terms = as_json(doubted, "lexicon", "list")["terms"]
    assert {term["written"] for term in terms} <= {"taxi"}


def test_the_help_while_listening_has_its_lines(doubted: Path) -> None:
    shown = earwitness(doubted, "review", typed="/?\n").stderr
    assert "\N{REPLACEMENT CHARACTER}" not in shown
    assert any(line.lstrip().startswith("/n  no speech") for line in shown.splitlines())


def test_terms_travel_as_csv(tmp_path: Path) -> None:
    file = tmp_path / "terms.csv"
    file.write_text("written,why\ngochujang,shopping\nyeet,\n", encoding="utf-8")
    imported = earwitness(tmp_path, "lexicon", "import", str(file))
    assert "2 of 2 terms are live" in imported.stdout
    assert "not measured: earwitness bench recognition" in imported.stderr
    again = tmp_path / "again.csv"
    again.write_text("anybody may read what was here", encoding="utf-8")
    earwitness(tmp_path, "lexicon", "export", str(again))
    assert again.stat().st_mode & 0o077 == 0
    assert as_json(tmp_path / "b", "lexicon", "import", str(again))["live"] == 2


def test_a_list_goes_live_without_the_terms_that_cannot_be_honoured(tmp_path: Path) -> None:
    file = tmp_path / "terms.csv"
    file.write_text(f"written\ngochujang\n{'la' * 2500}\n...\n", encoding="utf-8")
    done = as_json(tmp_path, "lexicon", "import", str(file), code=2)
    assert (done["live"], len(done["refused"])) == (1, 2)


@pytest.mark.parametrize("form", ["nemo", "label-studio"])
def test_judged_clips_travel_to_another_store(doubted: Path, tmp_path: Path, form: str) -> None:
    as_json(doubted, "review", typed=f"{SAID}\n")
    file = tmp_path / "judged.json"
    assert len(as_json(doubted, "lexicon", "export", str(file), "--format", form)["clips"]) == 1
    kept_apart = [file, file.with_name("judged-clips"), *file.parent.glob("judged-clips/*.wav")]
    assert [each.stat().st_mode & 0o077 for each in kept_apart] == [0, 0, 0]
    other = tmp_path / "other"
    assert as_json(other, "lexicon", "import", str(file))["imported"] == 1
    assert as_json(other, "lexicon", "import", str(file))["imported"] == 0
    (kept,) = as_json(other, "queue", "--all")
    assert kept["state"] == "closed"


@pytest.mark.parametrize(
    ("arguments", "code", "names"),
    [
        (["lexicon", "import", "missing.csv"], 2, "missing.csv"),
        (["lexicon", "export", "/dev/null/terms.csv"], 2, "/dev/null/terms.csv"),
        (["lexicon", "show", "nothing"], 2, "nothing"),
        (["lexicon", "undo", "99"], 2, "99"),
        (["lexicon", "retire", "nothing"], 2, "nothing"),
        (["review", "ffff"], 2, "ffff"),
        (["teach", "\x07"], 2, ""),
        (["teach", "yeet", "--said", "yeet it"], 2, "--from"),
        (["bench", "doubt", "missing.tsv"], 2, "missing.tsv"),
        (["bench", "recognition", "missing.tsv", "--model", "x"], 5, "--model"),
    ],
)
def test_what_cannot_be_done_is_said_with_its_exit_code(
    tmp_path: Path, arguments: list[str], code: int, names: str
) -> None:
    done = earwitness(tmp_path, *arguments)
    assert (done.returncode, done.stdout) == (code, "")
    assert done.stderr.startswith("error  ")
    assert names in done.stderr
    told = json.loads(earwitness(tmp_path, *arguments, "--json").stdout)
    assert set(told) == {"error", "message"}


def test_a_setting_that_cannot_work_is_named(tmp_path: Path) -> None:
    done = earwitness(tmp_path, "queue", EARWITNESS_THREADS="many")
    assert done.returncode == 5
    assert "EARWITNESS_THREADS" in done.stderr


def test_doctor_finds_a_damaged_store(tmp_path: Path) -> None:
    marks = {each["name"]: each["mark"] for each in as_json(tmp_path, "doctor")}
    assert "failed" not in marks.values()
    (tmp_path / "earwitness.sqlite").write_bytes(b"not a database" * 1000)
    marks = {each["name"]: each["mark"] for each in as_json(tmp_path, "doctor", code=1)}
    assert marks["store"] == "failed"


def test_doctor_names_a_report_that_somebody_changed(tmp_path: Path) -> None:
    with Earwitness.open(Settings(data=tmp_path)) as program:
        said = reporting.statement("ada", "threat", "now", "a threat")
        case = program.report(said, codes.new_code()).case
        checked = {each["name"]: each["detail"] for each in as_json(tmp_path, "doctor")}
        assert checked["incidents"] == "1 reports as they were; no witness signs the log"
        assert str(program.incidents.book.key.public) in checked["keys"]
        with program.records.database.write() as connection:
            connection.exec_driver_sql("UPDATE incident_record SET salt = zeroblob(32)")
    found = {each["name"]: each for each in as_json(tmp_path, "doctor", code=1)}["incidents"]
    assert found["mark"] == "failed"
    assert case in found["detail"]


def test_lost_clips_hold_up_nobody_and_are_named(tmp_path: Path) -> None:
    one, another, whole = (str(CLIPS[f"saoirse-{number}.opus"].path) for number in (1, 2, 3))
    as_json(tmp_path, "hear", one, another)
    lost = {item["utterance"] for item in as_json(tmp_path, "queue")}
    damaged, missing = (tmp_path / "clips").glob("?" * 64)
    damaged.write_bytes(b"torn")
    missing.unlink()
    as_json(tmp_path, "hear", whole)
    answered, *unheard = as_json(tmp_path, "review", typed="/n\n")
    assert answered["verdict"] == "no_speech"
    assert {each["utterance"] for each in unheard} == lost
    assert {item["utterance"] for item in as_json(tmp_path, "queue")} == lost
    assert len(as_json(tmp_path, "review", lost.pop(), code=4)) == 1
    details = {each["name"]: each["detail"] for each in as_json(tmp_path, "doctor", code=1)}
    assert all(each in details["clips"] for each in (damaged.name, missing.name, *lost))


def decided_and_killed(data: Path) -> None:
    """As if two commands had died by kill -9 once they had written their decision down."""
    with Earwitness.open(Settings(data=data)) as program:
        now = datetime.now(UTC)
        program.records.add(Event("e1", "from the future", {}, now))
        program.records.add(lessons.request("e2", Taught("Saoirse"), now, by="ada"))


@pytest.mark.parametrize(
    ("command", "terms"),
    [(["review"], {"Saoirse"}), (["teach", "gochujang"], {"Saoirse", "gochujang"})],
)
def test_what_was_decided_before_a_kill_is_carried_out_by_the_next_command(
    tmp_path: Path, command: list[str], terms: set[str]
) -> None:
    decided_and_killed(tmp_path)
    checks = {each["name"]: each for each in as_json(tmp_path, "doctor")}
    assert checks["decisions"]["mark"] == "warning"
    assert checks["decisions"]["detail"].startswith("2 not carried out")
    done = earwitness(tmp_path, *command)
    assert done.returncode == 0
    assert "e1 could not be carried out" in done.stderr
    assert "from the future" in done.stderr
    assert {each["written"] for each in as_json(tmp_path, "lexicon", "list")["terms"]} == terms
    checks = {each["name"]: each for each in as_json(tmp_path, "doctor")}
    assert checks["decisions"]["detail"].startswith("1 not carried out")


def test_an_undo_takes_back_what_was_decided_before_it_too(tmp_path: Path) -> None:
    as_json(tmp_path, "teach", "gochujang")
    decided_and_killed(tmp_path)
    as_json(tmp_path, "lexicon", "undo")
    as_json(tmp_path, "review")
    assert as_json(tmp_path, "lexicon", "list")["terms"] == []


class Terminal:
    """The command at a terminal of its own."""

    def __init__(self, data: Path, *arguments: str) -> None:
        self._ours, theirs = pty.openpty()
        self._unread = ""
        self._process = subprocess.Popen(
            [COMMAND, *arguments],
            env=_environment(data),
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
            preexec_fn=_take_the_terminal,
        )
        os.close(theirs)

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        os.close(self._ours)

    def type(self, text: str) -> None:
        os.write(self._ours, text.encode())

    def interrupt(self) -> None:
        """Ctrl-C until it is heeded: Python's line editor misses one between two keys."""
        while "Stopped" not in self._unread:
            self.type("\x03")
            while "Stopped" not in self._unread and select.select([self._ours], [], [], 5.0)[0]:
                self._read_on("Stopped")

    def until(self, wanted: str) -> str:
        """What is shown up to and with ``wanted``; fails when the program ends before."""
        while wanted not in self._unread:
            self._read_on(wanted)
        shown, _, self._unread = self._unread.partition(wanted)
        return shown + wanted

    def rest(self) -> str:
        """What is shown until the program ends."""
        shown, self._unread = self._unread, ""
        while part := self._read():
            shown += part
        return shown

    def wait(self) -> int:
        self.rest()
        return self._process.wait()

    def _read_on(self, wanted: str) -> None:
        part = self._read()
        assert part, f"it ended without {wanted!r}: {self._unread}"
        self._unread += part

    def _read(self) -> str:
        select.select([self._ours], [], [])
        try:
            return os.read(self._ours, 65_536).decode(errors="replace")
        except OSError:  # Linux says so when the other side is closed
            return ""


@contextmanager
def at_words_to_teach(data: Path) -> Iterator[Terminal]:
    """A review whose first clip is answered, at its second question."""
    with Terminal(data, "review") as terminal:
        terminal.until("> ")
        terminal.type(f"{SAID}\r")
        terminal.until("Words to teach?")
        terminal.until("> ")
        yield terminal


def _take_the_terminal() -> None:
    """Makes the terminal the controlling one, so that Ctrl-C reaches the program.

    Who starts the tests in the background has Ctrl-C ignored, and children inherit that.
    """
    import fcntl
    import signal
    import termios

    signal.signal(signal.SIGINT, signal.SIG_DFL)
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
