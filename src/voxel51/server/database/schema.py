"""Database schema: the metadata in which every package declares its tables."""

from sqlalchemy import MetaData

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

FILLED_BY_TRIGGERS = {"is_filled_by_triggers": True}
"""Mark, for the ``info`` of a table: triggers of other tables insert its rows."""
