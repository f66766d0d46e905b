"""The tables of who works here, beside the others in ``tables``."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, Index, LargeBinary, Table, UniqueConstraint

from earwitness.stores import codec
from earwitness.stores.columns import Coded, Moment, Utf8
from earwitness.stores.tables import metadata

# The hash of a one-time link that makes an account; the account that used it names it.
account_offer = Table(
    "account_offer",
    metadata,
    Column("secret_hash", LargeBinary, primary_key=True),
    Column("roles", Coded(codec.encode_roles, codec.decode_roles), nullable=False),
    Column("offered_by", Utf8, nullable=False),
    Column("expires_at", Moment, nullable=False),
)

# ``login`` is the name as it is compared, ``seen_at`` the last use of any of its sessions.
account = Table(
    "account",
    metadata,
    Column("id", Utf8, primary_key=True),
    Column("name", Utf8, nullable=False),
    Column("roles", Coded(codec.encode_roles, codec.decode_roles), nullable=False),
    Column("made_at", Moment, nullable=False),
    Column("disabled_at", Moment),
    Column("seen_at", Moment),
    Column("login", Utf8, nullable=False),
    Column("offer_hash", LargeBinary, ForeignKey("account_offer.secret_hash"), nullable=False),
    UniqueConstraint("login", name="one_account_a_login"),
    UniqueConstraint("offer_hash", name="one_account_an_offer"),
)

# Who has a row here may sign in with it. ``last_step`` is the newest TOTP step that was used.
password = Table(
    "password",
    metadata,
    Column("account", Utf8, ForeignKey("account.id"), primary_key=True),
    Column("hash", Utf8, nullable=False),
    Column("totp", LargeBinary, nullable=False),
    Column("last_step", BigInteger, nullable=False),
)

passkey = Table(
    "passkey",
    metadata,
    Column("id", Utf8, primary_key=True),
    Column("account", Utf8, ForeignKey("account.id"), nullable=False),
    Column("credential", LargeBinary, nullable=False),
    Column("public_key", LargeBinary, nullable=False),
    Column("sign_count", BigInteger, nullable=False),
    Column("transports", Coded(codec.encode_texts, codec.decode_texts), nullable=False),
    Column("name", Utf8, nullable=False),
    Column("made_at", Moment, nullable=False),
    Column("last_used_at", Moment),
    UniqueConstraint("credential", name="one_passkey_a_credential"),
)
Index("passkey_of_account", passkey.c.account)

session = Table(
    "session",
    metadata,
    Column("id", Utf8, primary_key=True),
    Column("account", Utf8, ForeignKey("account.id"), nullable=False),
    Column("began_at", Moment, nullable=False),
    Column("seen_at", Moment, nullable=False),
    Column("agent", Utf8, nullable=False),
    Column("secret_hash", LargeBinary, nullable=False),
    UniqueConstraint("secret_hash", name="one_session_a_secret"),
)
Index("session_of_account", session.c.account)

# Whom a provider of identities signs in, as who.
identity = Table(
    "identity",
    metadata,
    Column("issuer", Utf8, primary_key=True),
    Column("subject", Utf8, primary_key=True),
    Column("account", Utf8, ForeignKey("account.id"), nullable=False),
    UniqueConstraint("account", name="one_identity_an_account"),
)

token = Table(
    "token",
    metadata,
    Column("id", Utf8, primary_key=True),
    Column("account", Utf8, ForeignKey("account.id"), nullable=False),
    Column("name", Utf8, nullable=False),
    Column("roles", Coded(codec.encode_roles, codec.decode_roles), nullable=False),
    Column("made_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("revoked_at", Moment),
    Column("last_used_at", Moment),
    Column("secret_hash", LargeBinary, nullable=False),
    UniqueConstraint("secret_hash", name="one_token_a_secret"),
)
Index("token_of_account", token.c.account)
