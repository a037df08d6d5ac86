"""Account tables: users, applications, credentials, quotas and the audit log."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    ScalarSelect,
    Select,
    String,
    Table,
    false,
    select,
)

from voxel51.server.accounts.callers import Application
from voxel51.server.database.schema import FILLED_BY_TRIGGERS, metadata
from voxel51.server.database.types import Document, Moment

applications = Table(
    "applications",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("name", String(64), nullable=False, unique=True),
    Column("created_at", Moment, nullable=False),
    Column("shares_results", Boolean, nullable=False, server_default=false()),  # among its users
)

users = Table(
    "users",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("name", String(64), nullable=False),
    Column("application_id", String(36), ForeignKey(applications.c.id)),  # null: a user of the platform
    Column("password_hash", String(256)),
    Column("created_at", Moment, nullable=False),
    Column("role", String(16), nullable=False, server_default="member"),
    Column("email", String(320)),
    Column("suspended_at", Moment),
    Column("deleted_at", Moment),  # set while the user's data are being deleted
)
# Names are unique among the platform's own users, and among the users of each application.
Index(
    "ix_users_platform_name",
    users.c.name,
    unique=True,
    sqlite_where=users.c.application_id.is_(None),
    postgresql_where=users.c.application_id.is_(None),
)
Index("ix_users_application_name", users.c.application_id, users.c.name, unique=True)

tokens = Table(
    "tokens",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("user_id", String(36), ForeignKey(users.c.id, ondelete="CASCADE"), index=True),
    Column("application_id", String(36), ForeignKey(applications.c.id, ondelete="CASCADE"), index=True),
    Column("name", String(128), nullable=False),
    Column("key_hash", String(64), nullable=False, unique=True),
    Column("created_at", Moment, nullable=False),
    Column("revoked_at", Moment),
    Column("kind", String(16), nullable=False, server_default="token"),  # or "session": created by signing in
    Column("scopes", String(64)),  # joined by spaces; null: the default ones
    Column("expires_at", Moment),  # null: never
    Column("last_used_at", Moment),  # to the minute
    CheckConstraint("(user_id IS NULL) <> (application_id IS NULL)", name="one_holder"),
    Index("ix_tokens_kind_expires_at", "kind", "expires_at"),
    Index("ix_tokens_kind_revoked_at", "kind", "revoked_at"),
)

one_time_keys = Table(
    "one_time_keys",  # invitations and password resets
    metadata,
    Column("id", String(36), primary_key=True),
    Column("purpose", String(16), nullable=False),  # "invitation" or "reset"
    Column("user_id", String(36), ForeignKey(users.c.id, ondelete="CASCADE"), index=True),  # null: an invitation
    Column("role", String(16)),  # of the invited user
    Column("key_hash", String(64), nullable=False, unique=True),
    Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False, index=True),
)

oidc_identities = Table(
    "oidc_identities",  # provider accounts by which users sign in
    metadata,
    Column("issuer", String(255), primary_key=True),
    Column("subject", String(255), primary_key=True),
    Column("user_id", String(36), ForeignKey(users.c.id, ondelete="CASCADE"), nullable=False, index=True),
    Column("created_at", Moment, nullable=False),
)

quotas = Table(
    "quotas",
    metadata,
    Column(
        "holder", String(64), primary_key=True
    ),  # identity of a user, or of an application, whose users have this quota each
    Column("bytes", BigInteger),  # null: the default; 0: no limit
    Column("running_jobs", BigInteger),
)

audit_log = Table(
    "audit_log",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("date", Moment, nullable=False, index=True),
    Column("actor", String(128), nullable=False),  # as shown
    Column("action", String(64), nullable=False),
    Column("account", String(64), nullable=False),  # identity of the account that the entry concerns
    Column("account_name", String(64), nullable=False),
    Column("details", Document, nullable=False),
)
Index("ix_audit_log_account_id", audit_log.c.account, audit_log.c.id)


usage_totals = Table(
    "usage_totals",
    metadata,
    Column("owner_id", String(36), ForeignKey(users.c.id, ondelete="CASCADE"), primary_key=True),
    Column("day", String(10), primary_key=True),  # such as 2026-01-31, in UTC; "" for the present
    Column("kind", String(16), primary_key=True),  # see recorded_usage.py; of ended jobs: their failure type
    Column("number", BigInteger, nullable=False),  # of records
    Column("amount", BigInteger, nullable=False),  # bytes, or milliseconds of jobs
    Index("ix_usage_totals_day", "day", "owner_id", "kind", "number", "amount"),
)

usage_changes = Table(
    "usage_changes",  # those that are not in the totals yet
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("owner_id", String(36), ForeignKey(users.c.id, ondelete="CASCADE"), nullable=False, index=True),
    Column("day", String(10), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("number", BigInteger, nullable=False),
    Column("amount", BigInteger, nullable=False),
    info=FILLED_BY_TRIGGERS,
)


def application_of(owner_id: str) -> ScalarSelect[str]:
    """Return a query for the id of the application of a user, for the column of records by which it lists them."""
    return select(users.c.application_id).where(users.c.id == owner_id).scalar_subquery()


def users_of(application: Application) -> Select[tuple[str]]:
    """Return a query for the ids of all users of ``application``."""
    return select(users.c.id).where(users.c.application_id == application.id)
