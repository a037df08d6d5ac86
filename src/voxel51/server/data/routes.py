"""The routes of data."""

from collections.abc import Iterable, Mapping
from typing import Any

from voxel51.server.data.lifetime import EXPIRY_FIELD, LifetimeChange, asked_change
from voxel51.server.data.service import LISTING, DataService
from voxel51.server.data.sources import SourceService
from voxel51.server.downloads import Download, ProxiedDownload
from voxel51.server.errors import BadRequest
from voxel51.server.http.batch import Action, batch_route
from voxel51.server.http.route import Answer, Bytes, Call, Header, JsonBody, MultipartBody, Needs, QueryBody, Route
from voxel51.server.outcomes import only
from voxel51.wire import digests
from voxel51.wire.accounts import Scope
from voxel51.wire.data import DataByUrl, DataDetails, DataList, DataRecord, SignedUrl
from voxel51.wire.digests import REPR_DIGEST, to_header

_FORM_BYTES = 64 * 1024
"""What a form may have around its file."""

FOLDER = "data"
"""Folder of the storage in which uploaded files are kept."""


def data_routes(data: DataService, sources: SourceService) -> Iterable[Route]:
    """One table of all routes of data."""
    handlers = _Handlers(data, sources)
    query = QueryBody(LISTING)
    upload = MultipartBody(fields={"data_ttl": EXPIRY_FIELD}, folder=FOLDER)
    return [
        Route("GET", "/data/list", handlers.query, "All of your data", answers=DataList),
        Route(
            "GET", "/data", handlers.query, "Your data that match a query", body=QueryBody(LISTING), answers=DataList
        ),
        Route(
            "GET",
            "/apps/data",
            handlers.query_of_application,
            "Data of all your users that match a query",
            needs=Needs.APPLICATION,
            body=query,
            answers=DataList,
        ),
        Route(
            "POST",
            "/data",
            handlers.upload,
            "Upload a file",
            body=upload,
            before=handlers.check_storage_quota,
            answers=DataDetails,
            status=201,
            takes_headers={REPR_DIGEST: Header("hash of the file: what has another is not kept", digests.PATTERN)},
            answer_headers={REPR_DIGEST: "SHA-256 of the file"},
        ),
        Route(
            "POST",
            "/data/url",
            handlers.add_by_url,
            "Name a file on another host, which is read from there when it is needed",
            body=JsonBody(DataByUrl),
            answers=DataDetails,
            status=201,
            errors=(424, 502),
            look_outside=handlers.look_at_url,
        ),
        Route("GET", "/data/{data_id}", handlers.details, "One file's record", answers=DataDetails, errors=(404,)),
        Route(
            "GET",
            "/data/{data_id}/download",
            handlers.download,
            "The file itself",
            answers=Bytes,
            errors=(404, 424, 502),
        ),
        Route(
            "GET",
            "/data/{data_id}/download-url",
            handlers.download_url,
            "A signed link to the file",
            answers=SignedUrl,
            errors=(404,),
        ),
        Route(
            "PUT",
            "/data/{data_id}/ttl",
            handlers.change_lifetime,
            "Change when the file expires",
            body=JsonBody(LifetimeChange, form=True),
            status=204,
            errors=(404,),
        ),
        batch_route("data", handlers.batch_actions(), changes=Scope.UPLOAD),
        Route("DELETE", "/data/{data_id}", handlers.delete, "Delete the file", status=204, errors=(404,)),
        Route(
            "GET",
            "/links/data/{data_id}",
            handlers.follow_link,
            "The file itself, by signed link",
            needs=Needs.LINK,
            answers=Bytes,
            errors=(404, 424, 502),
        ),
    ]


class _Handlers:
    def __init__(self, data: DataService, sources: SourceService) -> None:
        self._data = data
        self._sources = sources

    def query(self, call: Call) -> DataList:
        return self._data.query(call.caller, call.query)

    def query_of_application(self, call: Call) -> DataList:
        return self._data.query_of_application(call.caller, call.query)

    def check_storage_quota(self, call: Call) -> None:
        announced = call.headers.get("content-length", "")
        if announced.isdigit():
            self._data.check_storage_quota(call.caller.id, max(0, int(announced) - _FORM_BYTES))

    def upload(self, call: Call) -> Answer:
        upload = call.upload
        if upload is None or upload.writer is None:
            raise BadRequest("No file came; send it as the part named 'file'")
        kept = self._data.add(
            call.caller.id, upload.filename, upload.media_type, upload.writer, call.fields.get("data_ttl")
        )
        return Answer({"data": kept}, {REPR_DIGEST: to_header(upload.writer.sha256)})

    def look_at_url(self, call: Call) -> None:
        described: Any = call.body
        self._sources.check(described)
        if "size" not in described:
            described["size"] = self._sources.ask_size_bytes(described["signed_url"])

    def add_by_url(self, call: Call) -> Mapping[str, DataRecord]:
        described: Any = call.body
        return {"data": self._sources.add(call.caller.id, described)}

    def details(self, call: Call) -> Mapping[str, DataRecord]:
        return {"data": self._data.details(call.caller, call.path["data_id"])}

    def download(self, call: Call) -> Download | ProxiedDownload:
        return self._sources.content_of(self._data.find(call.caller.id, call.path["data_id"]))

    def download_url(self, call: Call) -> SignedUrl:
        return {"url": self._data.download_url(call.caller, call.path["data_id"])}

    def change_lifetime(self, call: Call) -> None:
        change: Any = call.body
        only(self._data.change_lifetime(call.caller, [call.path["data_id"]], change))

    def delete(self, call: Call) -> None:
        only(self._data.delete(call.caller, [call.path["data_id"]]))

    def batch_actions(self) -> Mapping[str, Action]:
        return {
            "details": lambda caller, ids, _: self._data.details_of_many(caller, ids),
            "ttl": lambda caller, ids, body: self._data.change_lifetime(caller, ids, asked_change(body)),
            "delete": lambda caller, ids, _: self._data.delete(caller, ids),
        }

    def follow_link(self, call: Call) -> Download | ProxiedDownload:
        return self._sources.content_of(self._data.by_id(call.path["data_id"]))
