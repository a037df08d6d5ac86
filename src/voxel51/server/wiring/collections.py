"""Wiring of collections: their services, and saved searches."""

from collections.abc import Iterable
from dataclasses import dataclass

from voxel51.server.collections.members import MemberService
from voxel51.server.collections.reviewing import ReviewableJobs
from voxel51.server.collections.routes import collection_routes, search_routes
from voxel51.server.collections.saved_searches import SavedSearchService
from voxel51.server.collections.service import CollectionService
from voxel51.server.collections.source_routes import user_source_routes
from voxel51.server.collections.user_sources import UserSourceService
from voxel51.server.data.sources import SourceService
from voxel51.server.database.signals import SOURCES
from voxel51.server.http.route import Route
from voxel51.server.renditions.service import RenditionService
from voxel51.server.wiring.data import DataServices
from voxel51.server.wiring.foundation import Foundation


@dataclass(frozen=True, slots=True)
class CollectionServices:
    """All services of collections."""

    collections: CollectionService
    members: MemberService
    searches: SavedSearchService
    reviewable: ReviewableJobs
    sources: SourceService
    user_sources: UserSourceService

    def routes(self, renditions: RenditionService) -> Iterable[Route]:
        """Yield the routes of collections."""
        yield from collection_routes(self.collections, self.members, self.reviewable, self.sources, renditions)
        yield from search_routes(self.searches)
        yield from user_source_routes(self.user_sources)


def build_collections(foundation: Foundation, data: DataServices) -> CollectionServices:
    """Build the services of collections."""
    database = foundation.database
    members = MemberService(database, data.data)
    data.source_scan.on_added(members.add_of_source)
    return CollectionServices(
        collections=CollectionService(database),
        members=members,
        searches=SavedSearchService(database),
        reviewable=ReviewableJobs(database),
        sources=data.sources,
        user_sources=UserSourceService(database, data.in_place, foundation.signals.sender(SOURCES)),
    )
