"""What the inside asks of the outside. Each port states its promise.

Implementations live in ``engines``, ``audio`` and ``stores`` and are named in
``wiring`` alone. The contract tests in ``tests/contract`` run every implementation
of a port against the same suite.
"""

from typing import Protocol

from earwitness.ports.access import AccessRecords, AccountRecords, TokenRecords
from earwitness.ports.groups import GroupRecords
from earwitness.ports.hearing import (
    AudioReader,
    Capabilities,
    ClipCodec,
    Engine,
    LexiconSource,
    LiveDetector,
    ShowsFrames,
    SpeechDetector,
)
from earwitness.ports.identity import IdentityProvider
from earwitness.ports.incidents import (
    Addition,
    CaseRow,
    Channels,
    EscalationRecords,
    HeadCopy,
    IncidentRecords,
    Message,
    TimestampAuthority,
    Witness,
)
from earwitness.ports.lead import GoldRecords, OverviewRecords
from earwitness.ports.lexicon import EventRecords, LexiconRecords
from earwitness.ports.listening import DeskRecords
from earwitness.ports.review import Blobs, UtteranceRecords
from earwitness.ports.sound import Denoiser, Screening, SoundRecords, SoundTagger, TagStream

__all__ = [
    "AccessRecords",
    "AccountRecords",
    "Addition",
    "AudioReader",
    "Blobs",
    "Capabilities",
    "CaseRow",
    "Channels",
    "ClipCodec",
    "Denoiser",
    "DeskRecords",
    "Engine",
    "EscalationRecords",
    "EventRecords",
    "GoldRecords",
    "GroupRecords",
    "HeadCopy",
    "IdentityProvider",
    "IncidentRecords",
    "LexiconRecords",
    "LexiconSource",
    "LiveDetector",
    "Message",
    "OverviewRecords",
    "Records",
    "Screening",
    "ShowsFrames",
    "SoundRecords",
    "SoundTagger",
    "SpeechDetector",
    "TagStream",
    "TimestampAuthority",
    "TokenRecords",
    "UtteranceRecords",
    "Witness",
]


class Records(
    UtteranceRecords,
    OverviewRecords,
    GoldRecords,
    GroupRecords,
    LexiconRecords,
    EventRecords,
    AccessRecords,
    AccountRecords,
    TokenRecords,
    DeskRecords,
    IncidentRecords,
    EscalationRecords,
    SoundRecords,
    Protocol,
):
    """Everything that the embedded program keeps, in one database."""
