"""Dataset routes: create, list, show and delete datasets. Their archives are at ``datasets/<id>/renditions``."""

from collections.abc import Iterable

from voxel51.server.accounts.access import BY_USER, USER
from voxel51.server.accounts.callers import User
from voxel51.server.datasets.service import DatasetService
from voxel51.server.http.bodies import JsonBody
from voxel51.server.http.context import RequestContext
from voxel51.server.http.query import read_search
from voxel51.server.http.route import Policy, Route, route
from voxel51.wire.accounts import Scope
from voxel51.wire.datasets import DatasetDetails, DatasetList, DatasetRequest

_CHANGE = Policy(USER, scope=Scope.RUN)


def dataset_routes(datasets: DatasetService) -> Iterable[Route]:
    """Return the routes of datasets."""

    def create(context: RequestContext[User], body: DatasetRequest) -> DatasetDetails:
        terms = read_search(body["search"]) if "search" in body else None
        return {"dataset": datasets.create(context.caller, body, terms)}

    def list_all(context: RequestContext[User]) -> DatasetList:
        return {"datasets": datasets.all(context.caller)}

    def show(context: RequestContext[User]) -> DatasetDetails:
        return {"dataset": datasets.record(context.caller, context.path_params["dataset_id"])}

    def delete(context: RequestContext[User]) -> None:
        datasets.delete(context.caller, context.path_params["dataset_id"])

    return [
        route("POST", "/datasets", create, "Define a dataset of the labels of several jobs", _CHANGE,
              JsonBody(DatasetRequest), answers=DatasetDetails, status=201, errors=(400, 404)),
        route("GET", "/datasets", list_all, "List your datasets", BY_USER, answers=DatasetList),
        route("GET", "/datasets/{dataset_id}", show, "Show a dataset", BY_USER, answers=DatasetDetails, errors=(404,)),
        route("DELETE", "/datasets/{dataset_id}", delete, "Delete a dataset and its archive", _CHANGE, status=204,
              errors=(404,)),
    ]  # fmt: skip
