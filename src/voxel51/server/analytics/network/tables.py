"""Tables of the hosts that versions of analytics ask for, and of the grants of operators."""

from sqlalchemy import Column, ForeignKey, Integer, String, Table

from voxel51.server.analytics.tables import analytics
from voxel51.server.database.schema import metadata
from voxel51.server.database.types import Document, Moment

analytic_hosts = Table(
    "analytic_hosts",
    metadata,
    Column("analytic_id", String(36), ForeignKey(analytics.c.id, ondelete="CASCADE"), primary_key=True),
    Column("host", String(260), primary_key=True),  # with its port
    Column("position", Integer, nullable=False),  # in the manifest
)
"""Hosts in the manifests, as rows, so that queries can compare them with the grants."""

network_grants = Table(
    "network_grants",
    metadata,
    # The owner too: a name may be that of another owner's analytic later.
    Column("analytic_owner", String(64), primary_key=True),
    Column("analytic_name", String(255), primary_key=True),
    Column("host", String(260), primary_key=True),
    Column("private_networks", Document, nullable=False),
    Column("granted_by", String(255), nullable=False),
    Column("grant_date", Moment, nullable=False),
)
