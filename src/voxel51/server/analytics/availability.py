"""Availability of analytics: the reason why no job can run a version, as part of the query that reads its row."""

from sqlalchemy import and_, case, select

from voxel51.server.analytics.tables import analytics, bundles
from voxel51.wire.bundles import BuildState

_NOT_INSTALLED = "the package that offers this version is no longer installed on the platform"
_IMAGES_MISSING = "not all images that its manifest declares were uploaded"
_IS_IMAGE = "it is a container image, and this platform cannot run images yet"
_BUILDING = "its environment is being built"
_BUILD_FAILED = "its environment could not be built; its build log has the reason"

_build_state = select(bundles.c.state).where(bundles.c.analytic_id == analytics.c.id).scalar_subquery()

UNAVAILABLE_REASON = case(
    (and_(analytics.c.pending, analytics.c.entry_point.is_not(None)), _NOT_INSTALLED),
    (_build_state == BuildState.FAILED.value, _BUILD_FAILED),
    (_build_state.in_([BuildState.QUEUED.value, BuildState.BUILDING.value]), _BUILDING),
    (analytics.c.pending, _IMAGES_MISSING),
    (and_(analytics.c.entry_point.is_(None), _build_state.is_(None)), _IS_IMAGE),
    else_=None,
)
"""Text for users; null if jobs can run the version."""

analytic_rows = select(analytics, UNAVAILABLE_REASON.label("unavailable_reason"))
"""All columns of `analytics`, and ``unavailable_reason``."""
