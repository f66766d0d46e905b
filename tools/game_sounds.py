"""Makes manifests for ``bench sound`` from Debian packages: music, speech, sounds of games.

usage: python tools/game_sounds.py FOLDER     (on Debian or Ubuntu; 8 GB while it works)

Packages are fetched by apt-get, unpacked and never installed. What a recording is, is said by
the rules below, from its name alone and before anything was measured: of monsters, of people who
are animals and of whatever a name leaves open nothing is taken. Two manifests come out:
``ordinary.tsv`` (hours of music and speech, for false alarms) and ``harm.tsv``. The sounds of
games are acted or made, see docs/research/sound-events.md.
"""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
import tarfile
import wave
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO
from itertools import groupby
from pathlib import Path, PurePosixPath

import av

SOUNDS = (".ogg", ".oga", ".opus", ".wav", ".flac", ".mp3", ".g722")
ARCHIVES = (".zip", ".pk3", ".wz")
SHORTEST = {"music": 20.0, "speech": 0.3}
LONGEST = 600.0
"""What the reader holds at once, in seconds."""


@dataclass(frozen=True, slots=True)
class Rule:
    """Whatever in ``package`` has a path that ``matches`` is ``text``, of this kind."""

    package: str
    matches: str
    kind: str
    text: str


def _of(kind: str, text: str, *places: tuple[str, str]) -> tuple[Rule, ...]:
    return tuple(Rule(package, matches, kind, text) for package, matches in places)


MEN_AND_WOMEN = "(assassin|ayumi|beret|major|sarge|sergei|smarine|sorceress|tony)"
"""Of OpenArena's figures."""
PEOPLE = "(fricka|insurrectionist|marine|soldier|specop)"
"""Of Nexuiz's."""
UNITS = (
    "(archer|axe_thrower|guard|princess|spearman|stickfighter|swordman|technician|valkyrie|worker)"
)
"""Of MegaGlest's, those whose names are people's."""

MUSIC = _of(
    "sound",
    "music",
    *((package, "(?i)music") for package in (
        "0ad-data", "colobot-common-sounds", "extremetuxracer-data", "fillets-ng-data",
        "flare-game", "freedroidrpg-data", "hedgewars-data", "lincity-ng-data", "lordsawar-data",
        "megaglest-data", "naev-data", "openarena-088-data", "openclonk-data", "redeclipse-data",
        "scorched3d-data", "starfighter-data", "supertux-data", "supertuxkart-data",
        "unknown-horizons", "warmux-data", "widelands-data",
    )),
    *((package, "") for package in (
        "asc-music", "asterisk-moh-opsound-g722", "drascula-music", "nexuiz-music",
        "planetblupi-music-ogg", "singularity-music", "ufoai-music", "warzone2100-music",
        "wesnoth-1.16-music",
    )),
    ("hyperrogue-music", "/music/"),
)  # fmt: skip
SPEECH = _of(
    "speech",
    "",
    *((f"asterisk-core-sounds-{language}-g722", "^(?!.*(silence|monkey|beep))")
      for language in ("en", "es", "fr", "it", "ru")),
    ("fillets-ng-data-cs", "^(?!.*shout)"),
    ("fillets-ng-data-nl", "^(?!.*shout)"),
    ("gcin-voice", ""),
    ("klettres-data", ""),
)  # fmt: skip
SCREAMS = _of(
    "sound",
    "scream",
    ("freedink-data", "/wscream"),
    ("netpanzer-data", "/scream_"),
    ("scorched3d-data", "/misc/scream"),
    ("supertuxkart-data", "/WilhelmScream"),
    ("ufoai-sound", "/civfemscream"),
    ("warzone2100-data", "/misc/scream"),
)
FALLING = _of(
    "sound",
    "scream while falling",
    ("nexuiz-data", f"/player/{PEOPLE}/player/falling"),
    ("openarena-081-players", f"/{MEN_AND_WOMEN}/falling1"),
    ("openarena-data", f"/{MEN_AND_WOMEN}/falling1"),
)
DEATHS = _of(
    "sound",
    "pain of dying",
    ("0ad-data", "/actor/human/death/"),
    ("flare-game", "/(fe)?male_die"),
    ("megaglest-data", f"/{UNITS}_die"),
    ("nexuiz-data", f"/player/{PEOPLE}/player/death"),
    ("openarena-081-players", f"/{MEN_AND_WOMEN}/death"),
    ("openarena-data", f"/{MEN_AND_WOMEN}/death"),
    ("ufoai-sound", "/(civilians|soldiers)/.*death"),
    ("wesnoth-1.16-data", "/human(-old|-female)?-die"),
)
HURT = _of(
    "sound",
    "pain",
    ("flare-game", "/(fe)?male_hit"),
    ("nexuiz-data", f"/player/{PEOPLE}/player/pain"),
    ("openarena-081-players", f"(?i)/{MEN_AND_WOMEN}/pain"),
    ("openarena-data", f"(?i)/{MEN_AND_WOMEN}/pain"),
    ("ufoai-sound", "/(civilians|soldiers)/.*hurt"),
    ("wesnoth-1.16-data", "/human(-old|-female)?-hit"),
)
GLASS = _of(
    "sound", "glass breaking", ("freedroidrpg-data", "/Glass_Break"), ("ufoai-sound", "/breakglass")
)
SHOTS = _of(
    "sound",
    "gunshot",
    ("0ad-data", "/Musket"),
    ("cube2-data", "/q009/(pistol|shotgun|rifle|minigun)"),
    ("hedgewars-data", "/Sounds/(shotgunfire|gun|minigun)\\."),
    ("nexuiz-data", "/(shotgun|uzi|campingrifle)_fire"),
    ("openarena-data", "/(machgf.b|sshotf1b)"),
    ("scorched3d-data", "/shoot/(machinegun|shotgun)"),
    ("ufoai-sound", "/bullet-(pistol|rifle|sniper|shotgun|smg|hmg|chaingun)"),
    ("warmux-data", "/weapons/(shotgun|gun)\\."),
    ("wesnoth-1.16-data", "/gunshot"),
)
EXPLOSIONS = _of(
    "sound",
    "explosion",
    ("bzflag-data", "/(boom|explosion)"),
    ("cube2-data", "/(explosion|explode)"),
    ("endless-sky-data", "/(final )?explosion"),
    ("hedgewars-data", "/Sounds/explosion"),
    ("lincity-ng-data", "/RocketExplosion"),
    ("naev-data", "/explosion"),
    ("netpanzer-data", "/expl_"),
    ("redeclipse-data", "/weapons/explode"),
    ("scorched3d-data", "/none/data/wav/explosions/(small|medium|large|xlarge)"),
    ("starfighter-data", "/explode"),
    ("supertux-data", "/explosion"),
    ("supertuxkart-data", "/sfx/explosion"),
    ("ufoai-sound", "/(explosion|combat-explosion)"),
    ("warmux-data", "/explosion"),
    ("warzone2100-data", "/explons/(lrg|sml)expl"),
    ("wesnoth-1.16-data", "/explosion"),
)
ORDINARY = MUSIC + SPEECH
HARM = SCREAMS + FALLING + DEATHS + HURT + GLASS + SHOTS + EXPLOSIONS


@dataclass(frozen=True, slots=True)
class Found:
    """One recording of a package, where it lies now."""

    rule: Rule
    path: Path
    seconds: float


def main() -> None:
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    seen: set[str] = set()
    for name, rules in (("ordinary", ORDINARY), ("harm", HARM)):
        found = list(_found(folder, rules, seen))
        _write(folder / f"{name}.tsv", found)
        for text, own in groupby(found, key=lambda each: each.rule.text or "speech"):
            _told(name, text, list(own))


def _told(name: str, text: str, found: Sequence[Found]) -> None:
    hours = sum(each.seconds for each in found) / 3600
    print(f"{name}.tsv: {text}, {len(found)} recordings, {hours:.2f} h")


def _found(folder: Path, rules: Iterable[Rule], seen: set[str]) -> Iterator[Found]:
    """Each recording once, even where games share it."""
    for rule in rules:
        for path in _recordings(folder, rule.package):
            if not re.search(rule.matches, path.relative_to(folder).as_posix()):
                continue
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            seconds = 0.0 if digest in seen else _seconds(path)
            seen.add(digest)
            if SHORTEST.get(rule.text or rule.kind, 0.05) <= seconds <= LONGEST:
                yield Found(rule, path, seconds)


def _write(path: Path, found: Iterable[Found]) -> None:
    rows = [
        f"{each.path.relative_to(path.parent)}\t{each.rule.kind}\t{each.rule.text}"
        f"\t{each.rule.package}\t{each.seconds:.2f}"
        for each in found
    ]
    path.write_text("\n".join(["path\tkind\ttext\tpackage\tseconds", *rows, ""]))


def _recordings(folder: Path, package: str) -> list[Path]:
    own = folder / package
    if not own.is_dir():
        partial = folder / f"{package}.part"
        for name, content in _files(_fetched(folder, package)):
            _keep(partial / name.lstrip("/"), content)
        partial.rename(own)
    return sorted(path for path in own.rglob("*") if path.suffix.lower() in SOUNDS)


def _fetched(folder: Path, package: str) -> bytes:
    """The files of a package, as one tar archive."""
    subprocess.run(["apt-get", "download", "-q", package], cwd=folder, check=True)
    (archive,) = folder.glob(f"{package}_*.deb")
    files = subprocess.run(["dpkg-deb", "--fsys-tarfile", archive], check=True, capture_output=True)
    archive.unlink()
    return files.stdout


def _files(tar: bytes) -> Iterator[tuple[str, bytes]]:
    """All sounds, also those in a game's own archives."""
    with tarfile.open(fileobj=BytesIO(tar)) as files:
        for each in files:
            content = files.extractfile(each) if each.isfile() else None
            if content is None or ".." in PurePosixPath(each.name).parts:
                continue
            if each.name.lower().endswith(ARCHIVES):
                yield from _zipped(each.name, content.read())
            elif each.name.lower().endswith(SOUNDS):
                yield each.name, content.read()


def _zipped(name: str, content: bytes) -> Iterator[tuple[str, bytes]]:
    with zipfile.ZipFile(BytesIO(content)) as files:
        for each in files.namelist():
            if each.lower().endswith(SOUNDS) and ".." not in PurePosixPath(each).parts:
                yield f"{name}.d/{each}", files.read(each)


def _keep(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".g722":
        _as_wav(path.with_suffix(".wav"), content)
    else:
        path.write_bytes(content)


def _as_wav(path: Path, content: bytes) -> None:
    """Raw G.722 has no header to be known by: 16 kHz, 64 kbit/s."""
    with av.open(BytesIO(content), format="g722") as sound, wave.open(str(path), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(16_000)
        for frame in sound.decode(audio=0):
            out.writeframes(frame.to_ndarray().astype("<i2").tobytes())


def _seconds(path: Path) -> float:
    """0 for what cannot be opened."""
    try:
        with av.open(str(path), metadata_errors="replace") as sound:
            return (sound.duration or 0) / 1e6
    except av.FFmpegError:
        return 0.0


if __name__ == "__main__":
    main()
