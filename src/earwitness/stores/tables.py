"""The tables. What they look like on disk is written by ``migrations``; a test compares."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    UniqueConstraint,
    text,
)

from earwitness.listening import Harm, Imminence
from earwitness.model import ItemState, TrialOutcome, Verdict
from earwitness.stores import codec
from earwitness.stores.columns import Coded, Finite, Moment, OneOf, Utf8

SCHEMA = "0016"
"""The newest migration; a store with one that is not known is refused."""

metadata = MetaData()

utterance = Table(
    "utterance",
    metadata,
    Column("id", Utf8, primary_key=True),
    Column("device", Utf8, nullable=False),
    Column("household", Utf8, nullable=False),
    Column("locale", Utf8, nullable=False),
    Column("name", Utf8, nullable=False),
    Column("heard_at", Moment, nullable=False),
    Column("transcript", Coded(codec.encode_transcript, codec.decode_transcript), nullable=False),
    Column("flags", Coded(codec.encode_flags, codec.decode_flags), nullable=False),
    Column("clip", Utf8, nullable=False),
)

Index("utterance_of_device", utterance.c.device, utterance.c.heard_at)

# The lease is part of its item, so an item cannot have two.
review_item = Table(
    "review_item",
    metadata,
    Column("utterance", Utf8, ForeignKey("utterance.id"), primary_key=True),
    Column("state", OneOf(ItemState), nullable=False),
    Column("priority", Finite, nullable=False),
    Column("queued_at", Moment, nullable=False),
    Column("closed_at", Moment),
    Column("closed_because", Utf8, nullable=False),
    Column("reason", Utf8),
    Column("settled_by", Coded(codec.encode_transcript, codec.decode_transcript)),
    Column("lease_token", Utf8),
    Column("lease_analyst", Utf8),
    Column("lease_expires_at", Moment),
    UniqueConstraint("lease_token", name="one_item_a_lease"),
    CheckConstraint(
        "(lease_token IS NULL) = (lease_analyst IS NULL)"
        " AND (lease_token IS NULL) = (lease_expires_at IS NULL)",
        name="lease_is_whole",
    ),
    CheckConstraint("closed_at IS NULL OR lease_token IS NULL", name="closed_has_no_lease"),
)
Index(
    "review_item_open",
    review_item.c.priority,
    sqlite_where=text("closed_at IS NULL"),
    postgresql_where=text("closed_at IS NULL"),
)
# What a lead counts and lists is counted and listed from these alone, however many wait.
Index(
    "review_item_state",
    review_item.c.state,
    review_item.c.priority,
    sqlite_where=text("closed_at IS NULL"),
    postgresql_where=text("closed_at IS NULL"),
)
Index(
    "review_item_reason",
    review_item.c.reason,
    review_item.c.priority,
    sqlite_where=text("closed_at IS NULL"),
    postgresql_where=text("closed_at IS NULL"),
)
Index(
    "review_item_age",
    review_item.c.queued_at,
    sqlite_where=text("closed_at IS NULL"),
    postgresql_where=text("closed_at IS NULL"),
)
Index(
    "review_item_closed",
    review_item.c.state,
    review_item.c.closed_at,
    sqlite_where=text("closed_at IS NOT NULL"),
    postgresql_where=text("closed_at IS NOT NULL"),
)

Index(
    "review_item_leased",
    review_item.c.lease_analyst,
    sqlite_where=text("lease_analyst IS NOT NULL"),
    postgresql_where=text("lease_analyst IS NOT NULL"),
)

judgement = Table(
    "judgement",
    metadata,
    Column("id", Utf8, primary_key=True),
    Column("utterance", Utf8, ForeignKey("review_item.utterance"), nullable=False),
    Column("analyst", Utf8, nullable=False),
    Column("verdict", OneOf(Verdict), nullable=False),
    Column("judged_at", Moment, nullable=False),
    Column("text", Utf8, nullable=False),
    Column("terms", Coded(codec.encode_taught, codec.decode_taught), nullable=False),
    Column("blind", Boolean, nullable=False),
    UniqueConstraint("utterance", "analyst", name="one_judgement_an_analyst"),
)

# A judgement that its listener took back; the clip waits for another one.
withdrawn_judgement = Table(
    "withdrawn_judgement",
    metadata,
    Column("id", Utf8, primary_key=True),
    Column("utterance", Utf8, ForeignKey("review_item.utterance"), nullable=False),
    Column("analyst", Utf8, nullable=False),
    Column("verdict", OneOf(Verdict), nullable=False),
    Column("judged_at", Moment, nullable=False),
    Column("text", Utf8, nullable=False),
    Column("terms", Coded(codec.encode_taught, codec.decode_taught), nullable=False),
    Column("blind", Boolean, nullable=False),
    Column("withdrawn_at", Moment, nullable=False),
)
Index("withdrawn_judgement_of", withdrawn_judgement.c.utterance, withdrawn_judgement.c.analyst)

# Whoever passes a clip on does not get it again; nobody asks why.
passed = Table(
    "passed",
    metadata,
    Column("utterance", Utf8, ForeignKey("review_item.utterance"), primary_key=True),
    Column("analyst", Utf8, primary_key=True),
    Column("at", Moment, nullable=False),
)

# Whoever was shown the machine's text before they wrote.
guess_shown = Table(
    "guess_shown",
    metadata,
    Column("utterance", Utf8, ForeignKey("review_item.utterance"), primary_key=True),
    Column("analyst", Utf8, primary_key=True),
    Column("at", Moment, nullable=False),
)

# What a lead vouches for was said in a clip: trusted before any listener.
gold = Table(
    "gold",
    metadata,
    Column("utterance", Utf8, ForeignKey("review_item.utterance"), primary_key=True),
    Column("verdict", OneOf(Verdict), nullable=False),
    Column("text", Utf8, nullable=False),
    Column("by", Utf8, nullable=False),
    Column("why", Utf8, nullable=False),
    Column("at", Moment, nullable=False),
)

lexicon_revision = Table(
    "lexicon_revision",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("published_at", Moment, nullable=False),
    Column("published_by", Utf8, nullable=False),
    Column("why", Utf8, nullable=False),
    Column("cause", Utf8),
    UniqueConstraint("cause", name="cause_publishes_once"),
)

# A row is one version of a term: live from first_revision to last_revision, both
# included; without a last one it is live now.
term = Table(
    "term",
    metadata,
    Column("key", Utf8, primary_key=True),
    Column("first_revision", BigInteger, ForeignKey("lexicon_revision.number"), primary_key=True),
    Column("last_revision", BigInteger, ForeignKey("lexicon_revision.number")),
    Column("written", Utf8, nullable=False),
    Column("spoken", Coded(codec.encode_forms, codec.decode_forms), nullable=False),
    Column("misheard", Coded(codec.encode_forms, codec.decode_forms), nullable=False),
    Column("scope", Utf8, nullable=False),
    Column("weight", Finite, nullable=False),
    Column("margin", Finite),
    Column("taught_by", Utf8, nullable=False),
    Column("utterance", Utf8),
    Column("why", Utf8, nullable=False),
    Column("taught_at", Moment),
)
Index("term_first_revision", term.c.first_revision)
Index("term_last_revision", term.c.last_revision)
Index(
    "term_live_once",
    term.c.key,
    unique=True,
    sqlite_where=text("last_revision IS NULL"),
    postgresql_where=text("last_revision IS NULL"),
)

# An item that a term closed unheard names every term of that reading, and the revision
# that it was read with. With reopened_in it waits, or waited, for a human again.
settlement = Table(
    "settlement",
    metadata,
    Column("utterance", Utf8, ForeignKey("review_item.utterance"), primary_key=True),
    Column("key", Utf8, primary_key=True),
    Column(
        "revision",
        BigInteger,
        ForeignKey("lexicon_revision.number"),
        primary_key=True,
        autoincrement=False,
    ),
    Column("reopened_in", BigInteger, ForeignKey("lexicon_revision.number")),
)
Index("settlement_key", settlement.c.key)
Index("settlement_revision", settlement.c.revision)
Index("settlement_reopened_in", settlement.c.reopened_in)

# Clips that sound alike, and what was heard in those that somebody listened to.
likeness_group = Table(
    "likeness_group",
    metadata,
    Column("id", Utf8, primary_key=True),
    Column("utterance", Utf8, ForeignKey("review_item.utterance"), nullable=False),
    Column("key", Utf8, nullable=False),
    Column("written", Utf8, nullable=False),
    Column("made_by", Utf8, nullable=False),
    Column("at", Moment, nullable=False),
    Column("settled_in", BigInteger, ForeignKey("lexicon_revision.number")),
)
Index("likeness_group_key", likeness_group.c.key)

likeness_member = Table(
    "likeness_member",
    metadata,
    Column("in_group", Utf8, ForeignKey("likeness_group.id"), primary_key=True),
    Column("utterance", Utf8, ForeignKey("review_item.utterance"), primary_key=True),
    Column("place", Integer, nullable=False),
    Column("score", Finite, nullable=False),
)
Index("likeness_member_utterance", likeness_member.c.utterance)

likeness_answer = Table(
    "likeness_answer",
    metadata,
    Column("in_group", Utf8, primary_key=True),
    Column("utterance", Utf8, primary_key=True),
    Column("analyst", Utf8, nullable=False),
    Column("same", Boolean, nullable=False),
    Column("at", Moment, nullable=False),
    ForeignKeyConstraint(
        ["in_group", "utterance"], ["likeness_member.in_group", "likeness_member.utterance"]
    ),
)

trial = Table(
    "trial",
    metadata,
    Column("id", Utf8, primary_key=True),
    Column("key", Utf8, nullable=False, index=True),
    Column("utterance", Utf8, index=True),
    Column("trial", Coded(codec.encode_trial, codec.decode_trial), nullable=False),
    Column("outcome", OneOf(TrialOutcome), nullable=False),
    Column("saved_at", Moment, nullable=False),
)
Index("trial_newest", trial.c.key, trial.c.saved_at, trial.c.id, trial.c.outcome)

event = Table(
    "event",
    metadata,
    Column("position", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("id", Utf8, nullable=False),
    Column("kind", Utf8, nullable=False),
    Column("payload", Coded(codec.encode_payload, codec.decode_payload), nullable=False),
    Column("at", Moment, nullable=False),
    Column("done_at", Moment),
    UniqueConstraint("id", name="event_happens_once"),
)
Index(
    "event_pending",
    event.c.position,
    sqlite_where=text("done_at IS NULL"),
    postgresql_where=text("done_at IS NULL"),
)

# The hash of a one-time code; the device that used it names it.
invitation = Table(
    "invitation",
    metadata,
    Column("code_hash", LargeBinary, primary_key=True),
    Column("household", Utf8, nullable=False),
    Column("room", Utf8, nullable=False),
    Column("invited_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
)

device = Table(
    "device",
    metadata,
    Column("id", Utf8, primary_key=True),
    Column("household", Utf8, nullable=False),
    Column("room", Utf8, nullable=False),
    Column("key", LargeBinary, nullable=False),
    Column("enrolled_at", Moment, nullable=False),
    Column("consent", Boolean, nullable=False),
    Column("next_key", LargeBinary),
    Column("revoked_at", Moment),
    Column("code_hash", LargeBinary, ForeignKey("invitation.code_hash"), nullable=False),
    UniqueConstraint("code_hash", name="one_device_a_code"),
)

# What was heard names its key by household and name, so no two in use share both.
api_key = Table(
    "api_key",
    metadata,
    Column("id", Utf8, primary_key=True),
    Column("name", Utf8, nullable=False),
    Column("household", Utf8, nullable=False),
    Column("made_at", Moment, nullable=False),
    Column("consent", Boolean, nullable=False),
    Column("revoked_at", Moment),
    Column("secret_hash", LargeBinary, nullable=False),
    UniqueConstraint("secret_hash", name="one_key_a_secret"),
)
Index(
    "api_key_name_live_once",
    api_key.c.household,
    api_key.c.name,
    unique=True,
    sqlite_where=text("revoked_at IS NULL"),
    postgresql_where=text("revoked_at IS NULL"),
)

# One row: how often a device or an API key has changed.
access_revision = Table("access_revision", metadata, Column("number", BigInteger, nullable=False))

# Who got the sound of a clip, and why.
playback = Table(
    "playback",
    metadata,
    Column("id", Utf8, primary_key=True),
    Column("utterance", Utf8, ForeignKey("utterance.id"), nullable=False),
    Column("listener", Utf8, nullable=False),
    Column("why", Utf8, nullable=False),
    Column("at", Moment, nullable=False),
    Column("seconds", Finite, nullable=False),
    Column("as_recorded", Boolean, nullable=False),
    Column("played", Finite),
)
Index("playback_of_utterance", playback.c.utterance)
Index("playback_of_listener", playback.c.listener, playback.c.at)

# From before there were cases; each becomes one, and nothing is added here.
report = Table(
    "report",
    metadata,
    Column("id", Utf8, primary_key=True),
    Column("reporter", Utf8, nullable=False),
    Column("at", Moment, nullable=False),
    Column("harm", OneOf(Harm), nullable=False),
    Column("imminence", OneOf(Imminence), nullable=False),
    Column("heard", Utf8, nullable=False),
    Column("utterance", Utf8, ForeignKey("utterance.id")),
)

# Where listeners may see the machine's text before they write their own.
guess_first = Table(
    "guess_first",
    metadata,
    Column("household", Utf8, primary_key=True),
    Column("allowed_by", Utf8, nullable=False),
    Column("why", Utf8, nullable=False),
    Column("at", Moment, nullable=False),
)
