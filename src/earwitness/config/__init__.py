"""Every setting, in one place: the environment's ``EARWITNESS_NAME`` becomes a value.

A setting is documented by its ``description``; ``docs/reference/settings.md`` is
written from here.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, field_validator

from earwitness.accounts import Role
from earwitness.config.addresses import (
    is_everywhere,
    is_issuer,
    is_loopback,
    is_mail_server,
    is_origin,
)
from earwitness.config.reading import PREFIX, ReadSettings
from earwitness.config.values import Amount, Fraction, Household, Port, Positive, default_data

__all__ = ["ELSEWHERE", "PREFIX", "Settings", "unknown_variables"]

ELSEWHERE = frozenset({"SETTINGS", "API_KEY"})
"""Variables that are options of commands, not settings."""


class Settings(ReadSettings):
    """Frozen. Raises SettingsError, which names the setting, for a value that cannot work."""

    data: Path = Field(
        default_factory=default_data,
        description="The folder of everything that is kept; made when missing, for you alone.",
    )
    database: str = Field(
        "",
        repr=False,  # it may hold a password
        description="The database's URL: sqlite:///PATH or postgresql://...; "
        "by default earwitness.sqlite in the data folder.",
    )
    clips: Path | None = Field(
        None, description="The folder of kept clips; by default clips in the data folder."
    )

    engine: str = Field("moonshine", description="The recogniser that hears.")
    engine_model: Path | None = Field(
        None, description="Its model file or folder, for recognisers that do not bring their own."
    )
    engine_url: str = Field(
        "",
        description="The address of a recogniser that runs somewhere else, for `wyoming`: "
        "tcp://HOST:PORT.",
    )
    second_engine: str = Field(
        "",
        description="A second recogniser that hears everything too, for the rule that doubts "
        "where two disagree; empty for none.",
    )
    second_engine_model: Path | None = Field(
        None, description="The second recogniser's model file or folder."
    )
    second_engine_url: str = Field("", description="The second recogniser's address.")
    sound_model: Path | None = Field(
        None,
        description="The weights of the tagger of sounds, where those of the extra `sound` are "
        "not wanted: YAMNet as ONNX, with its class map beside it.",
    )
    threads: int = Field(1, ge=1, le=64, description="Processor threads for a recogniser.")
    witnesses: list[str] = Field(
        [],
        description="Who signs each head of that log: for each witness its address, a space and "
        "its key.",
    )
    witness_quorum: int = Field(
        0,
        ge=0,
        description="So many of them must have signed before a report is acknowledged; 0 for more "
        "than half.",
    )
    timestamp_authority: str = Field(
        "",
        pattern=r"^(https?://[^\s?#]+)?$",
        description="The address of an authority that stamps new heads of that log (RFC 3161); "
        "empty for none.",
    )
    timestamp_roots: Path | None = Field(
        None,
        description="Certificates (PEM) of whom to believe such a stamp: the authority's own, or "
        "those of who vouches for it.",
    )
    escalation: Path | None = Field(
        None,
        description="The escalation policy, a TOML file: who must act on a report, by when, and "
        "who outside is told if nobody does. Without one every responder is told, and no outside.",
    )
    smtp: str = Field(
        "",
        repr=False,  # it may hold a password
        description="The mail server for messages about reports: smtps://USER:PASSWORD@HOST, or "
        "smtp:// for one that begins in the clear and then encrypts, or that runs on this machine.",
    )
    mail_from: str = Field(
        "earwitness@localhost", description="The address from which those messages come."
    )
    log_key: Path | None = Field(
        None,
        description="The file of the key that signs the log of incidents; by default log.key in "
        "the data folder, made when missing.",
    )

    audio_read_seconds: Positive = Field(
        600.0, description="The longest recording that is held in memory at once."
    )
    audio_stream_seconds: Positive = Field(
        12 * 3600.0, description="The longest recording that is taken piece by piece."
    )
    audio_decoder_mib: int = Field(
        512, ge=128, description="Memory of each process that decodes what is sent, in MiB."
    )
    audio_cpu_seconds: int = Field(
        600, ge=1, description="Processor time for decoding one recording, in seconds."
    )
    audio_stall_seconds: Positive = Field(
        30.0, description="How long decoding may be silent before it is stopped, in seconds."
    )

    doubt_word: Fraction = Field(0.5, description="Doubt a word of lower confidence.")
    doubt_utterance: Fraction = Field(
        0.5, description="Doubt an answer of lower confidence, as where a word may be missing."
    )
    doubt_unknown_word: Fraction = Field(
        0.3, description="Doubt a word that is this probably one the recogniser does not know."
    )
    doubt_nbest: Fraction = Field(
        0.5, description="Doubt an answer when this share of the probability reads otherwise."
    )
    doubt_second_engine: Fraction = Field(
        0.1, description="Doubt an answer when this share of its words differs from the second's."
    )
    doubt_rephrase: Fraction = Field(
        0.5, description="Doubt both of two attempts that differ and are more alike than this."
    )
    audit_fraction: Fraction = Field(
        0.01,
        description="The share of all speech that a human hears whatever the machine thinks of "
        "it, so that accuracy can be estimated without bias.",
    )
    audit_key: str = Field(
        "",
        repr=False,  # who knows it can foresee what is drawn
        description="A secret that changes which speech is drawn for the audit.",
    )
    ask_again_confidence: Fraction = Field(
        0.2,
        description="Have a device ask its speaker to say it again where an answer is doubted and "
        "has less confidence than this.",
    )
    rephrase_seconds: Amount = Field(
        30.0,
        description="How long undoubted speech stays in memory, in seconds, to notice that "
        "somebody had to repeat themselves; 0 remembers nothing.",
    )

    lease_minutes: Positive = Field(
        15.0, description="How long a listener may take over a clip before it goes to another."
    )
    loudest_lufs: float = Field(
        -23.0,
        ge=-60,
        le=-5,
        description="How loud a clip may be in a listener's ears unless they ask for it as it "
        "was recorded, in LUFS.",
    )
    break_every_minutes: Positive = Field(
        50.0, description="After how long without a break a listener is told to take one."
    )
    break_minutes: Positive = Field(
        10.0, description="How long nothing must be heard to count as a break."
    )
    second_listener_fraction: Fraction = Field(
        0.1, description="The share of judged clips that a second, blind listener hears too."
    )

    harm_u_wer: Amount = Field(
        0.001,
        description="By how much a term may raise the word error rate of all other words, as a "
        "fraction, and still go live by itself.",
    )
    harm_false_accepts_per_hour: Amount = Field(
        2.0,
        description="How often an hour a term may be heard where nobody said it, and still go "
        "live by itself.",
    )
    trial_seconds: Positive = Field(
        30.0,
        description="How much audio of the backlog, and of the regression set, a trial listens to "
        "anew, nearest to the term first, in seconds; what is in memory is decoded besides.",
    )
    trial_memory_seconds: Positive = Field(
        300.0, description="How much encoded audio is held in memory for trials, in seconds."
    )

    host: str = Field("127.0.0.1", description="The address at which every door listens.")
    http_port: Port = Field(
        10380, description="The port of HTTP and of the device link; 0 takes a free one."
    )
    wyoming_port: Port = Field(10300, description="The port of Wyoming; 0 takes a free one.")
    wyoming_plain: bool = Field(
        False,
        description="Speak Wyoming without TLS beyond this machine: everybody on the network can "
        "then listen in, and speak.",
    )
    wyoming_announce: bool = Field(
        False, description="Announce Wyoming on the local network by zeroconf."
    )
    wyoming_household: Household = Field(
        "local", description="The household of whoever speaks Wyoming, which knows none."
    )
    wyoming_consent: bool = Field(
        True, description="Whether doubtful speech that came by Wyoming is kept for a human."
    )
    tls_certificate: Path | None = Field(
        None, description="A PEM file with the certificate chain; all doors then speak TLS."
    )
    tls_key: Path | None = Field(None, description="The PEM file with its private key.")
    public_url: str = Field(
        "",
        description="Where people reach the workbench, such as https://earwitness.example, if not "
        "at localhost: passkeys belong to that name.",
    )
    oidc_issuer: str = Field(
        "", description="An OpenID Connect provider that signs people in: its issuer's address."
    )
    oidc_client_id: str = Field("", description="Who we are to that provider.")
    oidc_client_secret: str = Field("", repr=False, description="Our secret there, if any.")
    oidc_client_secret_file: Path | None = Field(
        None, description="A file with that secret, in place of the setting itself."
    )
    oidc_roles_claim: str = Field(
        "roles",
        description="The claim of the provider's ID token that says who may do what; dots lead "
        "into what is nested.",
    )
    oidc_roles: dict[str, Role] = Field(
        {},
        description='Its values and the roles that they give, such as {"listeners": "analyst"}; '
        "whoever has none of them is refused.",
    )

    endpoint_seconds: Positive = Field(
        0.7, description="How long somebody must be silent for an utterance to be over, in seconds."
    )
    utterance_seconds: float = Field(
        15.0, ge=2, le=30, description="The longest utterance, in seconds; a longer one is cut."
    )
    partial_seconds: Amount = Field(
        0.7,
        description="How often somebody who speaks is shown what was heard so far, in seconds, "
        "while a core is free; 0 for never.",
    )
    hearing_threads: int = Field(
        0, ge=0, le=256, description="How many utterances are recognised at once; 0: one a core."
    )
    shed_seconds: Positive = Field(
        2.0, description="An utterance that would be answered later than this is shed, in seconds."
    )
    max_streams: int = Field(
        4000, ge=1, description="How many streams may be open at once; more are refused."
    )
    max_connections: int = Field(8000, ge=1, description="How many connections a door holds.")
    max_connections_per_peer: int = Field(
        64, ge=1, description="How many of them one address beyond this machine may have."
    )
    max_behind_seconds: Positive = Field(
        5.0, description="How far a stream may run ahead of its hearing before it must wait."
    )
    upload_mib: int = Field(25, ge=1, description="The largest recording that HTTP takes, in MiB.")
    uploads_mib: int = Field(
        256, ge=1, description="Memory for all recordings that are being sent, in MiB."
    )
    idle_seconds: Positive = Field(
        60.0, description="How long a connection may say nothing before it is ended, in seconds."
    )
    stall_seconds: Positive = Field(
        10.0, description="How long a message may take to arrive once it has begun, in seconds."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="The least that is worth a line in the log of `earwitness up`."
    )
    shutdown_seconds: Amount = Field(
        10.0, description="How long ending waits for what is being heard, in seconds."
    )

    def __init__(self, **values: Any) -> None:  # what a type checker would make requires them all
        super().__init__(**values)

    @field_validator("oidc_issuer")
    @classmethod
    def _is_issuer(cls, value: str) -> str:
        if value and not is_issuer(value):
            raise ValueError("Input should be an https:// address without ? and #")
        return value

    @field_validator("smtp")
    @classmethod
    def _is_mail_server(cls, value: str) -> str:
        if value and not is_mail_server(value):
            raise ValueError("Input should be smtps://HOST or smtp://HOST")  # it may hold a secret
        return value

    @field_validator("public_url")
    @classmethod
    def _is_origin(cls, value: str) -> str:
        if value and not is_origin(value):
            raise ValueError("Input should be https:// and a host, and at most a port")
        return value

    @property
    def http_url(self) -> str:
        """Where ``earwitness up`` with these settings speaks HTTP."""
        return self._url("https" if self.tls_certificate else "http", self.http_port)

    @property
    def people_url(self) -> str:
        """Where people reach the workbench. A passkey belongs to a name, not to 127.0.0.1."""
        if self.public_url or not (is_loopback(self.host) or is_everywhere(self.host)):
            return self.public_url or self.http_url
        return self.model_copy(update={"host": "localhost"}).http_url

    @property
    def encrypted(self) -> bool:
        """Whether browsers reach us by TLS, ours or that of who stands before us."""
        return self.tls_certificate is not None or self.public_url.startswith("https:")

    @property
    def wyoming_url(self) -> str:
        """Where it speaks Wyoming."""
        return self._url("tls" if self.tls_certificate else "tcp", self.wyoming_port)

    def _url(self, scheme: str, port: int) -> str:
        return f"{scheme}://{f'[{self.host}]' if ':' in self.host else self.host}:{port}"

    @property
    def database_url(self) -> str:
        return self.database or f"sqlite:///{self.data / 'earwitness.sqlite'}"

    @property
    def workflows_url(self) -> str:
        """Where durable steps are kept: the same PostgreSQL, or an SQLite file of their own."""
        if self.database_url.startswith("sqlite"):
            return f"sqlite:///{self.data / 'workflows.sqlite'}"
        return self.database_url

    @property
    def clips_folder(self) -> Path:
        return self.clips or self.data / "clips"


def unknown_variables() -> list[str]:
    """Names in the environment that look like settings, and are none."""
    known = {name.upper() for name in Settings.model_fields} | ELSEWHERE
    return sorted(
        name for name in os.environ if name.startswith(PREFIX) and name[len(PREFIX) :] not in known
    )
