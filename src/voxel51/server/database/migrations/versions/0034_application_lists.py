"""Lists of the jobs and data of an application: their application, and its indexes; indexes for clean-ups."""

import sqlalchemy as sa
from alembic import op

revision = "0034"
down_revision = "0033"

_JOB_LISTS = {
    **{
        field: (field, "id")
        for field in ("state", "archived", "expiration_date", "expired", "analytic_id", "compute_mode", "auto_start",
                      "start_date", "completion_date", "fail_date", "failure_type")
    },
    "id": ("id",),
    "name": ("name", "id", "internal"),
    "upload_date": ("upload_date", "id", "archived", "expired", "state"),
    "by_archived": ("archived", "upload_date", "id", "expired"),
    "by_expired": ("expired", "upload_date", "id", "archived"),
    "by_state": ("state", "archived", "upload_date", "id", "expired"),
}  # fmt: skip
_DATA_FIELDS = ("upload_date", "name", "size_bytes", "media_type", "expiration_date", "encoding")


def upgrade() -> None:
    """Add the columns, fill them for users of applications, and add the indexes."""
    for table in ("jobs", "data"):
        op.add_column(table, sa.Column("application_id", sa.String(36)))
        op.execute(
            f"UPDATE {table} SET application_id = "  # noqa: S608  (constant names)
            f"(SELECT application_id FROM users WHERE users.id = {table}.owner_id) "
            "WHERE owner_id IN (SELECT id FROM users WHERE application_id IS NOT NULL)"
        )
    is_postgresql = op.get_bind().dialect.name == "postgresql"
    if is_postgresql:
        _fill_for_old_processes()
    no_internal = f"internal IS {'false' if is_postgresql else 0} AND application_id IS NOT NULL"
    for name, fields in _JOB_LISTS.items():
        _partial(f"ix_jobs_app_{name}", "jobs", ["application_id", *fields], no_internal)
    for field in _DATA_FIELDS:
        _partial(f"ix_data_app_{field}", "data", ["application_id", field, "id"], "application_id IS NOT NULL")
    _partial("ix_data_app_id", "data", ["application_id", "id"], "application_id IS NOT NULL")
    _clean_ups()


def _fill_for_old_processes() -> None:
    """Fill the column of what processes of the version before insert while the platform is upgraded."""
    op.execute(
        "CREATE FUNCTION fill_application_id() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "SELECT application_id INTO NEW.application_id FROM users WHERE id = NEW.owner_id; RETURN NEW; END $$"
    )
    for table in ("jobs", "data"):
        op.execute(
            f"CREATE TRIGGER {table}_application BEFORE INSERT ON {table} FOR EACH ROW "
            "WHEN (NEW.application_id IS NULL) EXECUTE FUNCTION fill_application_id()"
        )


def _partial(name: str, table: str, columns: list[str], where: str) -> None:
    op.create_index(name, table, columns, sqlite_where=sa.text(where), postgresql_where=sa.text(where))


def _clean_ups() -> None:
    _partial("ix_jobs_analytic_active", "jobs", ["analytic_id", "state"],
             "completion_date IS NULL AND fail_date IS NULL")  # fmt: skip
    op.drop_index("ix_tokens_expires_at", "tokens")
    op.create_index("ix_tokens_kind_expires_at", "tokens", ["kind", "expires_at"])
    op.create_index("ix_tokens_kind_revoked_at", "tokens", ["kind", "revoked_at"])
