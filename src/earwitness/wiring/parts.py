"""What the program is made of; each part is made when it is first needed."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import datetime
from functools import cached_property, partial
from pathlib import Path
from time import monotonic, perf_counter

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from earwitness import starter
from earwitness.audio.clip import decode_flac, encode_flac
from earwitness.audio.components import components
from earwitness.audio.decoder import Limits as AudioLimits
from earwitness.audio.deepfilter import DeepFilter, resampled
from earwitness.audio.dnsmos import Dnsmos
from earwitness.audio.opus import OpusDecoders
from earwitness.audio.original import Originals, digest, write_wav
from earwitness.audio.reader import Reader
from earwitness.audio.silero import SileroDetector
from earwitness.audio.silero_batch import SileroBatch
from earwitness.audio.yamnet import YamNet
from earwitness.config import Settings
from earwitness.engines import Options, open_engine
from earwitness.errors import EngineError, SettingsError
from earwitness.evidence.notes import SigningKey, VerifierKey
from earwitness.flow import hear
from earwitness.flow.clips import Clips
from earwitness.flow.examination import Bench, Examining
from earwitness.flow.hear import Hearing, Keeper
from earwitness.flow.incidents import house
from earwitness.flow.incidents.codes import code_of, identity_key
from earwitness.flow.incidents.logbook import Logbook
from earwitness.flow.incidents.parts import Incidents
from earwitness.flow.memory import RecentSpeech
from earwitness.flow.readings import Clip, Readings
from earwitness.flow.scope import ScopedLexicons
from earwitness.flow.subjects import KeptClips
from earwitness.flow.teach import Teaching
from earwitness.flow.treating import Workshop
from earwitness.flow.trial import Limits
from earwitness.flow.watching import Choices, Watch
from earwitness.incidents.status import LONG_AGO
from earwitness.live.hearing import Limits as LiveLimits
from earwitness.live.hearing import LiveHearing
from earwitness.live.stream import Pace
from earwitness.model import (
    Samples,
)
from earwitness.outgoing import OpenChannels, mail
from earwitness.outgoing.timestamping import authority_at
from earwitness.ports import Engine, SoundTagger
from earwitness.runners.steady import SteadyClock, hold
from earwitness.sound.kinds import Tools
from earwitness.speech.doubt import Thresholds, rules
from earwitness.stores import FolderBlobs, PolledLexicon, SqlRecords, open_store, reserve
from earwitness.stores.head_file import HeadFile
from earwitness.stores.policy_file import PolicyFile
from earwitness.stores.reserve import Reserve
from earwitness.witness import key_file
from earwitness.witness.client import witness_at


class FlacCodec:
    """Implements ``ports.ClipCodec``."""

    def encode(self, audio: Samples) -> bytes:
        return encode_flac(audio)

    def decode(self, content: bytes) -> Samples:
        return decode_flac(content)


class Parts:
    """Of one program on one data folder. Safe to share between threads."""

    def __init__(self, settings: Settings, engine: Engine | None = None) -> None:
        self.settings = settings
        self._given_engine = engine

    @cached_property
    def engine(self) -> Engine:
        return self._given_engine or self._engine("engine")

    @cached_property
    def second_engine(self) -> Engine | None:
        return self._engine("second_engine") if self.settings.second_engine else None

    def _engine(self, which: str) -> Engine:
        """``which`` is the setting that names it; its other settings begin with that."""
        name, model, url = (getattr(self.settings, which + part) for part in ("", "_model", "_url"))
        return open_engine(name, Options(model, self.settings.threads, url))

    @cached_property
    def records(self) -> SqlRecords:
        return open_store(self.settings.database_url)

    @cached_property
    def blobs(self) -> FolderBlobs:
        return FolderBlobs(self.settings.clips_folder, spare=reserve.SIZE)

    @cached_property
    def reserve(self) -> Reserve:
        """Room that is kept for reports."""
        return Reserve(self.settings.data / "reserve")

    @cached_property
    def incidents(self) -> Incidents:
        """What ``flow.reporting`` needs. The key of the log is made the first time."""
        folder = self.settings.data
        witnesses = tuple(map(witness_at, self.settings.witnesses))
        if self.settings.witness_quorum > len(witnesses):
            raise SettingsError("EARWITNESS_WITNESS_QUORUM: there are fewer witnesses than that.")
        book = Logbook(
            self.records,
            key_file.KeyFile(self._log_key_file),
            HeadFile(folder / "log.head"),
            witnesses,
            self.settings.witness_quorum or (len(witnesses) // 2 + 1 if witnesses else 0),
            authority_at(self.settings.timestamp_authority, self.settings.timestamp_roots),
        )
        return Incidents(
            self.records,
            self.blobs,
            FolderBlobs(folder / "sealed"),
            book,
            PolicyFile(self.settings.escalation).text,
            partial(code_of, self.messages_key.seed),
            identity_key(self.messages_key.seed),
            self.settings.people_url,
            mail.shown(self.settings.smtp),
            self.settings.mail_from,
            self.reserve.give_back,
        )

    @property
    def log_keys(self) -> tuple[SigningKey, ...]:
        """Those that sign the log of incidents, the newest last; made the first time."""
        return key_file.log_keys(self._log_key_file)

    def rotate_log_key(self) -> VerifierKey:
        """A new one, for which the one before it vouches in the log. Raises SettingsError."""
        key_file.rotate(self._log_key_file)
        self.__dict__.pop("incidents", None)
        house.note_keys(self.clock.now(), self.incidents)
        return self.incidents.book.key.public

    def log_key_since(self) -> datetime | None:
        """When the newest of several began to sign, as the log has it; None for a single one."""
        if len(self.log_keys) < 2:
            return None
        house.note_keys(self.clock.now(), self.incidents)
        return house.keys_since(LONG_AGO, self.incidents)[-1]

    def retire_log_keys(self) -> VerifierKey:
        """All but the newest, with which a head is signed before that. Raises SettingsError."""
        return key_file.retire(self._log_key_file).public

    @property
    def _log_key_file(self) -> Path:
        return self.settings.log_key or self.settings.data / "log.key"

    @cached_property
    def messages_key(self) -> SigningKey:
        """Signs what goes out by webhook; made the first time."""
        return key_file.log_key(self.settings.data / "messages.key")

    @cached_property
    def channels(self) -> OpenChannels:
        """Ways out to whoever is told of a report."""
        return OpenChannels(
            self.settings.smtp,
            self.settings.mail_from,
            self.settings.data / "letters",
            self.settings.people_url,
            Ed25519PrivateKey.from_private_bytes(self.messages_key.seed).sign,
        )

    @cached_property
    def clock(self) -> SteadyClock:
        """For what must come due whoever sets the machine's clock."""
        clock = SteadyClock(self.records)
        hold(clock, self.incidents)
        return clock

    @property
    def audio_limits(self) -> AudioLimits:
        """What one recording may cost."""
        limits = {name: getattr(self.settings, name) for name in AudioLimits.__dataclass_fields__}
        return AudioLimits(**limits)

    @cached_property
    def reader(self) -> Reader:
        return Reader(self.audio_limits)

    @cached_property
    def opus(self) -> OpusDecoders:
        """For devices that stream Opus."""
        return OpusDecoders(self.settings.audio_decoder_mib)

    @cached_property
    def lexicons(self) -> ScopedLexicons:
        return ScopedLexicons(PolledLexicon(self.records, monotonic))

    @cached_property
    def hearing(self) -> Hearing:
        """What ``flow.hear`` needs."""
        return Hearing(
            engine=self.engine,
            detector=SileroDetector(),
            lexicons=self.lexicons,
            rules=rules(_thresholds(self.settings)),
            keeper=Keeper(self.records, self.blobs, FlacCodec()),
            memory=RecentSpeech(self.settings.rephrase_seconds),
            second=self.second_engine,
            watch=Watch(lambda: self.tagger, self.sound_choices),
        )

    @cached_property
    def sound_choices(self) -> Choices:
        """Which household watches for which sounds."""
        return Choices(self.records)

    @cached_property
    def tagger(self) -> SoundTagger:
        """Raises EngineError where its weights are not installed."""
        return YamNet(self.settings.sound_model)

    @cached_property
    def denoiser(self) -> DeepFilter:
        """Raises EngineError where it is not installed."""
        return DeepFilter()

    @cached_property
    def workshop(self) -> Workshop:
        """What ``flow.treating`` needs. Without neural noise reduction its steps are refused."""
        try:
            denoiser = self.denoiser
        except EngineError:
            return Workshop(Tools(resample=resampled), digest, components)
        tools = Tools(denoiser, resample=resampled)
        return Workshop(tools, digest, partial(components, denoiser))

    @cached_property
    def screening(self) -> Dnsmos:
        """Raises EngineError where its weights are not installed."""
        return Dnsmos()

    @cached_property
    def originals(self) -> Originals:
        """Recordings as they were made."""
        return Originals(self.audio_limits)

    @cached_property
    def examining(self) -> Examining:
        """What ``flow.examination`` needs."""
        return Examining(
            self.records,
            KeptClips(self.records, self.blobs.get),
            self.originals.decode,
            write_wav,
            lambda: self.workshop,
            lambda: self.tagger,
        )

    @cached_property
    def bench(self) -> Bench:
        """Where chains are run for pages and programs."""
        return Bench()

    @cached_property
    def live(self) -> LiveHearing:
        """Many streams at once; first asked for within the event loop that they run in."""
        named = self.settings.model_dump()
        return LiveHearing(
            self.hearing,
            SileroBatch(),
            Pace(**{name: named[name] for name in Pace.__dataclass_fields__}),
            LiveLimits(
                self.settings.max_streams, self.settings.hearing_threads, self.settings.shed_seconds
            ),
        )

    @cached_property
    def teaching(self) -> Teaching:
        """What ``flow.teach`` and ``flow.lead`` need."""
        return Teaching(
            engine=self.engine,
            lexicons=self.lexicons,
            records=self.records,
            clips=Clips(self.records, self.blobs, FlacCodec(), lambda: self.starter),
            readings=Readings(self.engine, self.settings.trial_memory_seconds),
            doubts=hear.remaining_doubts(self.hearing),
            clock=perf_counter,
            limits=Limits(self.settings.harm_u_wer, self.settings.harm_false_accepts_per_hour),
            seconds=self.settings.trial_seconds,
        )

    @cached_property
    def starter(self) -> Sequence[Clip]:
        """The recordings that ship, against which every term is tried."""
        roles = (starter.Role.REGRESSION, starter.Role.SOUND_ALIKE)
        return [
            Clip(
                id=f"starter/{recording.path.name}",
                seconds=recording.seconds,
                read=partial(self.reader.read, recording.path),
                text=recording.text,
            )
            for recording in starter.recordings()
            if recording.role in roles
        ]


def _thresholds(settings: Settings) -> Thresholds:
    return Thresholds(
        low_confidence=settings.doubt_word,
        low_utterance_confidence=settings.doubt_utterance,
        unknown_word=settings.doubt_unknown_word,
        nbest_disagreement=settings.doubt_nbest,
        second_engine=settings.doubt_second_engine,
        rephrase=settings.doubt_rephrase,
        audit_share=settings.audit_fraction,
        audit_key=settings.audit_key,
    )


def make_private(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise SettingsError(f"EARWITNESS_DATA: {folder}: {error.strerror}.") from error
    if not os.access(folder, os.W_OK | os.X_OK):
        raise SettingsError(f"EARWITNESS_DATA: {folder} cannot be written.")
