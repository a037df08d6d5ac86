"""Availability of analytics: the reason why no job can run a version, as part of the query that reads its row."""

from collections.abc import Callable

from sqlalchemy import and_, case, select

from voxel51.server.analytics.network.hosts import HAS_HOSTS, LACKS_GRANT
from voxel51.server.analytics.tables import analytics, bundles
from voxel51.wire.analytics import AnalyticType
from voxel51.wire.bundles import BuildState

_NOT_INSTALLED = "the package that offers this version is no longer installed on the platform"
_IMAGES_MISSING = "not all images that its manifest declares were uploaded"
_IS_IMAGE = "it is a container image"
_IS_IMAGE_TO_VIDEO = "it is a container image for the frames of videos"
_LACKS_GRANT = "it needs network access that no operator has granted"
_USES_NETWORK = "it needs network access"
_BUILDING = "its environment is being built"
_BUILD_FAILED = "its environment could not be built; its build log has the reason"

_build_state = select(bundles.c.state).where(bundles.c.analytic_id == analytics.c.id).scalar_subquery()

UNAVAILABLE_REASON = case(
    (and_(analytics.c.pending, analytics.c.entry_point.is_not(None)), _NOT_INSTALLED),
    (_build_state == BuildState.FAILED.value, _BUILD_FAILED),
    (_build_state.in_([BuildState.QUEUED.value, BuildState.BUILDING.value]), _BUILDING),
    (analytics.c.pending, _IMAGES_MISSING),
    (LACKS_GRANT, _LACKS_GRANT),
    (analytics.c.analytic_type == AnalyticType.IMAGE_TO_VIDEO.value, _IS_IMAGE_TO_VIDEO),
    (and_(analytics.c.entry_point.is_(None), _build_state.is_(None)), _IS_IMAGE),
    (HAS_HOSTS, _USES_NETWORK),
    else_=None,
)
"""Text for users, of which `Availability` completes or drops some; null if jobs can run the version."""

analytic_rows = select(analytics, UNAVAILABLE_REASON.label("unavailable_reason"))
"""All columns of `analytics`, and ``unavailable_reason``."""


class Availability:
    """Whether this platform can run container images, and analytics with network access; the database does not know it.

    Args:
        missing: returns why not, as a phrase; None if they can.
        missing_for_frames: returns why no frames can be extracted for image-to-video analytics; None if they can.
        network_refusal: why the sandbox cannot limit network access to the hosts of an analytic; None if it can.
    """

    def __init__(
        self,
        missing: Callable[[], str | None],
        missing_for_frames: Callable[[], str | None],
        network_refusal: str | None = None,
    ) -> None:
        self._missing = missing
        self._missing_for_frames = missing_for_frames
        self._network_refusal = network_refusal

    def reason(self, stored: str | None) -> str | None:
        """Return why no job can run a version, given the ``unavailable_reason`` that the query has read."""
        if stored == _USES_NETWORK:
            return None if self._network_refusal is None else f"{stored}, which {self._network_refusal}"
        if stored not in {_IS_IMAGE, _IS_IMAGE_TO_VIDEO}:
            return stored
        if missing := self._missing():
            return f"{stored}, and containers cannot be run: {missing}"
        if stored == _IS_IMAGE_TO_VIDEO and (missing := self._missing_for_frames()):
            return f"{stored}, which cannot be extracted: {missing}"
        return None


NO_CONTAINERS = Availability(lambda: "the platform has no container engine", lambda: None)
