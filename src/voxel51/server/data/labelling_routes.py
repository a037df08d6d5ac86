"""Routes of tags and metadata: list the tags, and change those of one file, or of all that match a search."""

from collections.abc import Iterable

from voxel51.server.accounts.access import BY_USER, USER
from voxel51.server.accounts.callers import User
from voxel51.server.data.labelling import LabellingService
from voxel51.server.data.service import DataService
from voxel51.server.http.bodies import JsonBody
from voxel51.server.http.context import RequestContext
from voxel51.server.http.query import read_search
from voxel51.server.http.route import Policy, Route, route
from voxel51.server.outcomes import only
from voxel51.wire.accounts import Scope
from voxel51.wire.collections import DataChange, DataChanges, DataLabellingDetails, KnownTags, MatchingDataChange


def labelling_routes(labelling: LabellingService, data: DataService) -> Iterable[Route]:
    """Return the routes of tags and metadata."""

    def tags(context: RequestContext[User]) -> KnownTags:
        return {"tags": labelling.tags(context.caller)}

    def change(context: RequestContext[User], body: DataChange) -> DataLabellingDetails:
        return {"data": only(labelling.change(context.caller, [context.path_params["data_id"]], body))}

    def change_matching(context: RequestContext[User], body: MatchingDataChange) -> DataChanges:
        matches = data.matches(context.caller, read_search(body["search"]))
        return labelling.change_matching(context.caller, matches, body)

    return [
        route("GET", "/data/tags", tags, "List the tags of your data", BY_USER, answers=KnownTags),
        route("PATCH", "/data", change_matching, "Change the tags and metadata of all data that match a search",
              Policy(USER, scope=Scope.UPLOAD), JsonBody(MatchingDataChange), answers=DataChanges),
        route("PATCH", "/data/{data_id}", change, "Change the tags and metadata of a file",
              Policy(USER, scope=Scope.UPLOAD), JsonBody(DataChange), answers=DataLabellingDetails, errors=(404,)),
    ]  # fmt: skip
