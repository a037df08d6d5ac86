"""Collection routes: manage collections and their shares, change and read their members, and keep searches."""

from collections.abc import Iterable, Sequence

from voxel51.server.accounts.access import BY_USER, USER
from voxel51.server.accounts.callers import User
from voxel51.server.collections.members import MemberService
from voxel51.server.collections.reviewing import ReviewableJobs
from voxel51.server.collections.saved_searches import SavedSearchService
from voxel51.server.collections.service import CollectionService
from voxel51.server.data.sources import SourceService
from voxel51.server.database.search import Query, Term
from voxel51.server.downloads import Download, ProxiedDownload
from voxel51.server.errors import BadRequest
from voxel51.server.http.bodies import JsonBody, QueryBody
from voxel51.server.http.context import RequestContext
from voxel51.server.http.query import read_search
from voxel51.server.http.replies import FileReply, JsonReply
from voxel51.server.http.route import Policy, Route, route
from voxel51.server.renditions.service import RenditionService
from voxel51.server.renditions.sources import RenditionSource
from voxel51.server.renditions.specs import DATA_RENDITIONS
from voxel51.wire.accounts import Scope
from voxel51.wire.collections import (
    CollectionChange,
    CollectionDetails,
    CollectionList,
    CollectionShares,
    MemberChange,
    MemberChanges,
    NewCollection,
    ReviewableJobList,
    SavedSearchChange,
    SavedSearchDetails,
    SavedSearches,
    ShareChange,
)
from voxel51.wire.data import DataDetails, DataList
from voxel51.wire.renditions import PendingRendition

_EDIT = Policy(USER, scope=Scope.UPLOAD)
_ADD = Policy(USER, scope=Scope.UPLOAD, further_scopes=(Scope.READ,))
_SHARE = Policy(USER, scope=Scope.MANAGE, further_scopes=(Scope.READ,))
"""Adding a file to a collection, and sharing one, pass the file on to others, so both require the scope to read it."""

_POSTER = DATA_RENDITIONS["poster"]


def collection_routes(
    collections: CollectionService,
    members: MemberService,
    reviewable: ReviewableJobs,
    sources: SourceService,
    renditions: RenditionService,
) -> Iterable[Route]:
    """Return the routes of collections."""
    handlers, one = _Handlers(collections, members, reviewable, sources, renditions), "/collections/{collection_id}"
    member, share = f"{one}/data/{{data_id}}", f"{one}/shares/{{username}}"
    return [
        route("GET", "/collections", handlers.all, "List your collections, and those shared with you", BY_USER,
              answers=CollectionList),
        route("POST", "/collections", handlers.create, "Create a collection", _EDIT, JsonBody(NewCollection),
              answers=CollectionDetails, status=201, errors=(409,)),
        route("GET", one, handlers.get, "Get a collection", BY_USER, answers=CollectionDetails, errors=(404,)),
        route("PATCH", one, handlers.change, "Change a collection's name or description", _EDIT,
              JsonBody(CollectionChange), answers=CollectionDetails, errors=(404, 409)),
        route("DELETE", one, handlers.delete, "Delete a collection; its data stay", _EDIT, status=204, errors=(404,)),
        route("POST", f"{one}/members", handlers.change_members, "Add data to a collection, or remove them", _ADD,
              JsonBody(MemberChange), answers=MemberChanges, errors=(404,)),
        route("GET", f"{one}/data", handlers.query, "List the data in a collection that match a query", BY_USER,
              QueryBody(members.lists.listing), answers=DataList, errors=(404,)),
        route("GET", member, handlers.details, "Get the record of a file in a collection", BY_USER,
              answers=DataDetails, errors=(404,)),
        route("GET", f"{member}/download", handlers.download, "Download a file in a collection", BY_USER,
              answers=FileReply, errors=(404, 424, 502)),
        route("GET", f"{member}/poster", handlers.poster, "Get an image of a video in a collection", BY_USER,
              answers=FileReply, more_answers={202: PendingRendition}, errors=(400, 404, 503)),
        route("GET", f"{member}/jobs", handlers.jobs,
              "List the jobs on a file in a collection whose labels its editors can review", BY_USER,
              answers=ReviewableJobList, errors=(404,)),
        route("GET", f"{one}/shares", handlers.shares, "List the users with whom a collection is shared", BY_USER,
              answers=CollectionShares, errors=(404,)),
        route("PUT", share, handlers.share, "Share a collection with a user", _SHARE, JsonBody(ShareChange),
              status=204, errors=(404,)),
        route("DELETE", share, handlers.unshare, "End the share of a collection with a user, or leave it", BY_USER,
              status=204, errors=(400, 404)),
    ]  # fmt: skip


def search_routes(searches: SavedSearchService) -> Iterable[Route]:
    """Return the routes of saved searches."""

    def all_(context: RequestContext[User]) -> SavedSearches:
        return {"searches": searches.all(context.caller)}

    def put(context: RequestContext[User], body: SavedSearchChange) -> SavedSearchDetails:
        return {"search": searches.put(context.caller, context.path_params["search_name"], body)}

    def delete(context: RequestContext[User]) -> None:
        searches.delete(context.caller, context.path_params["search_name"])

    one = "/searches/{search_name}"
    return [
        route("GET", "/searches", all_, "List your saved searches of data", BY_USER, answers=SavedSearches),
        route("PUT", one, put, "Save a search of data", _EDIT, JsonBody(SavedSearchChange),
              answers=SavedSearchDetails),
        route("DELETE", one, delete, "Delete a saved search", _EDIT, status=204, errors=(404,)),
    ]  # fmt: skip


class _Handlers:
    def __init__(
        self,
        collections: CollectionService,
        members: MemberService,
        reviewable: ReviewableJobs,
        sources: SourceService,
        renditions: RenditionService,
    ) -> None:
        self._collections = collections
        self._members = members
        self._reviewable = reviewable
        self._sources = sources
        self._renditions = renditions

    def all(self, context: RequestContext[User]) -> CollectionList:
        return {"collections": self._collections.all(context.caller)}

    def create(self, context: RequestContext[User], body: NewCollection) -> CollectionDetails:
        return {"collection": self._collections.create(context.caller, body)}

    def get(self, context: RequestContext[User]) -> CollectionDetails:
        return {"collection": self._collections.get(context.caller, _id(context))}

    def change(self, context: RequestContext[User], body: CollectionChange) -> CollectionDetails:
        return {"collection": self._collections.change(context.caller, _id(context), body)}

    def delete(self, context: RequestContext[User]) -> None:
        self._collections.delete(context.caller, _id(context))

    def change_members(self, context: RequestContext[User], body: MemberChange) -> MemberChanges:
        acts = {"add": self._members.add, "remove": self._members.remove}
        act = acts.get(body["action"])
        if act is None:
            raise BadRequest(f"Unknown action {body['action']!r:.100}; use add or remove")
        if ("ids" in body) == ("search" in body):
            raise BadRequest("Either ids or search is required: which data to add or remove")
        return act(context.caller, _id(context), body.get("ids"), _terms(body))

    def query(self, context: RequestContext[User], query: Query) -> DataList:
        return self._members.query(context.caller, _id(context), query)

    def details(self, context: RequestContext[User]) -> DataDetails:
        return {"data": self._members.details(context.caller, _id(context), context.path_params["data_id"])}

    def download(self, context: RequestContext[User]) -> Download | ProxiedDownload:
        row = self._members.find(context.caller, _id(context), context.path_params["data_id"])
        return self._sources.content_of(row)

    def poster(self, context: RequestContext[User]) -> Download | JsonReply:
        row = self._members.find(context.caller, _id(context), context.path_params["data_id"])
        # Without arguments, so that a viewer causes one rendition of a video at most.
        found = self._renditions.get(User(row.owner_id, ""), RenditionSource(row.id, None), _POSTER, {})
        return found if isinstance(found, Download) else JsonReply(found, {"Retry-After": "1"}, 202)

    def jobs(self, context: RequestContext[User]) -> ReviewableJobList:
        return {"jobs": self._reviewable.on(context.caller, _id(context), context.path_params["data_id"])}

    def shares(self, context: RequestContext[User]) -> CollectionShares:
        return {"shares": self._collections.shares(context.caller, _id(context))}

    def share(self, context: RequestContext[User], body: ShareChange) -> None:
        self._collections.share(context.caller, _id(context), context.path_params["username"], body["role"])

    def unshare(self, context: RequestContext[User]) -> None:
        self._collections.unshare(context.caller, _id(context), context.path_params["username"])


def _id(context: RequestContext[User]) -> str:
    return context.path_params["collection_id"]


def _terms(body: MemberChange) -> Sequence[Term]:
    return read_search(body.get("search", ""))
