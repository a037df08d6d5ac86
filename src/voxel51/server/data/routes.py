"""Data routes: upload, list, download and delete files, and register files on other hosts."""

import re
from collections.abc import Iterable, Mapping

from voxel51.server.accounts.access import BY_APPLICATION, BY_USER, USER
from voxel51.server.accounts.callers import Application, User
from voxel51.server.data.contents import REUSE_FIELD, StoredContent, read_reuse
from voxel51.server.data.labelling import LabellingService
from voxel51.server.data.labelling_routes import labelling_routes
from voxel51.server.data.lifetime import EXPIRY_FIELD, LifetimeChange, asked_change
from voxel51.server.data.reuse import ReuseService
from voxel51.server.data.service import DataService
from voxel51.server.data.sources import SourceService
from voxel51.server.database.search import Query
from voxel51.server.downloads import Download, ProxiedDownload
from voxel51.server.errors import BadRequest
from voxel51.server.http.access import SIGNED_LINK
from voxel51.server.http.batch import Action, BatchBody, batch_route
from voxel51.server.http.bodies import Form, JsonBody, MultipartBody, QueryBody
from voxel51.server.http.context import RequestContext
from voxel51.server.http.replies import FileReply, JsonReply
from voxel51.server.http.route import Headers, Policy, RequestHeader, Route, route
from voxel51.server.outcomes import only
from voxel51.server.parameters import QueryParameter
from voxel51.wire import digests, direct
from voxel51.wire.accounts import Scope
from voxel51.wire.collections import DataChange
from voxel51.wire.data import DataByUrl, DataDetails, DataList, DataRecord, DataReuse, SignedUrl
from voxel51.wire.digests import REPR_DIGEST, to_header

_FORM_OVERHEAD_BYTES = 64 * 1024
"""Bytes that a form may add to its file."""

FOLDER = "data"
"""Folder of the storage in which uploaded files are kept."""

_UPLOAD = MultipartBody(fields={"data_ttl": EXPIRY_FIELD, "reuse": REUSE_FIELD}, folder=FOLDER)
_UPLOAD_HEADERS = Headers(
    request={REPR_DIGEST: RequestHeader("hash of the file: a file with another hash is rejected", digests.PATTERN)},
    response={REPR_DIGEST: "SHA-256 of the file"},
)
_SOURCE_ERRORS = (424, 502)
_DIRECT = {
    direct.PARAMETER: QueryParameter(
        "true: redirect to the S3 store (with status 307), if the file is there and clients can reach it",
        schema={"enum": ["true", "false"]},
    )
}
_DIRECT_HEADERS = Headers({direct.HEADER: RequestHeader("true: as the parameter direct", "^true$")})

_SHA256 = re.compile(r"[0-9a-fA-F]{64}")

LIFETIME_BODY = JsonBody(LifetimeChange, form=True, schema={"minProperties": 1, "maxProperties": 1})


def data_routes(
    data: DataService,
    sources: SourceService,
    reuse: ReuseService,
    labelling: LabellingService,
) -> Iterable[Route]:
    """Return the routes of data."""
    handlers = _Handlers(data, sources, reuse, labelling)
    one, query = "/data/{data_id}", QueryBody(data.lists.listing)
    checked = Policy(USER, before_body=handlers.check_storage_quota)
    return [
        route("GET", "/data/list", handlers.list, "List all of your data", BY_USER, answers=DataList),
        route("GET", "/data", handlers.query, "List your data that match a query", BY_USER, query, answers=DataList),
        route("GET", "/apps/data", handlers.query_of_application, "List data of all your users that match a query",
              BY_APPLICATION, query, answers=DataList),
        route("POST", "/data", handlers.upload, "Upload a file", checked, _UPLOAD, answers=DataDetails, status=201,
              more_answers={200: DataDetails}, headers=_UPLOAD_HEADERS),
        route("POST", "/data/reuse", handlers.reuse, "Get a record of a file that was uploaded before, by its hash",
              BY_USER, JsonBody(DataReuse), prepare=handlers.check_reusable, answers=DataDetails, errors=(404,)),
        route("POST", "/data/url", handlers.add_by_url, "Register a file on another host, which is read when needed",
              BY_USER, JsonBody(DataByUrl), prepare=handlers.check_url, answers=DataDetails, status=201,
              errors=_SOURCE_ERRORS),
        *labelling_routes(labelling, data),
        route("GET", one, handlers.details, "Get a file's record", BY_USER, at_once=handlers.details_at_once,
              answers=DataDetails, errors=(404,)),
        route("GET", f"{one}/download", handlers.download, "Download a file", BY_USER, answers=FileReply,
              parameters=_DIRECT, errors=(404, *_SOURCE_ERRORS), headers=_DIRECT_HEADERS),
        route("GET", f"{one}/download-url", handlers.download_url, "Get a signed link to a file", BY_USER,
              answers=SignedUrl, errors=(404,)),
        route("PUT", f"{one}/ttl", handlers.change_lifetime, "Change when a file expires", BY_USER, LIFETIME_BODY,
              status=204, errors=(404,)),
        batch_route("data", handlers.batch_actions(), USER, Scope.UPLOAD),
        route("DELETE", one, handlers.delete, "Delete a file", BY_USER, status=204, errors=(404,)),
        route("GET", "/links/data/{data_id}", handlers.follow_link, "Download a file by signed link",
              Policy(SIGNED_LINK), answers=FileReply, parameters=_DIRECT, errors=(404, *_SOURCE_ERRORS)),
    ]  # fmt: skip


class _Handlers:
    def __init__(
        self, data: DataService, sources: SourceService, reuse: ReuseService, labelling: LabellingService
    ) -> None:
        self._labelling = labelling
        self._data = data
        self._sources = sources
        self._reuse = reuse

    def list(self, context: RequestContext[User]) -> DataList:
        return self._data.query(context.caller, Query())

    def query(self, context: RequestContext[User], query: Query) -> DataList:
        return self._data.query(context.caller, query)

    def query_of_application(self, context: RequestContext[Application], query: Query) -> DataList:
        return self._data.query_of_application(context.caller, query)

    def check_storage_quota(self, context: RequestContext[User]) -> None:
        announced = context.headers.get("content-length", "")
        if announced.isdigit():
            self._data.check_storage_quota(context.caller.id, max(0, int(announced) - _FORM_OVERHEAD_BYTES))

    def upload(self, context: RequestContext[User], form: Form) -> JsonReply:
        upload = form.file("file")
        ttl, reuse = form.fields.get("data_ttl"), read_reuse(form.fields.get("reuse"))
        added = self._data.add(context.caller.id, upload.filename, upload.media_type, upload.stored, ttl, reuse=reuse)
        headers = {REPR_DIGEST: to_header(upload.stored.sha256)}
        return JsonReply({"data": added.record}, headers, None if added.is_new else 200)

    def check_reusable(self, context: RequestContext[User], body: DataReuse) -> None:
        self._reuse.check(context.caller.id, _content(body))

    def reuse(self, context: RequestContext[User], body: DataReuse) -> Mapping[str, DataRecord]:
        name, ttl = body.get("filename"), body.get("data_ttl")
        return {"data": self._reuse.record(context.caller.id, _content(body), name, ttl)}

    def check_url(self, _context: RequestContext[User], body: DataByUrl) -> None:
        self._sources.check(body)
        if "size" not in body:
            body["size"] = self._sources.ask_size_bytes(body["signed_url"])

    def add_by_url(self, context: RequestContext[User], body: DataByUrl) -> Mapping[str, DataRecord]:
        return {"data": self._sources.add(context.caller.id, body)}

    def details(self, context: RequestContext[User]) -> Mapping[str, DataRecord]:
        return {"data": self._data.details(context.caller, context.path_params["data_id"])}

    def details_at_once(self, context: RequestContext[User]) -> Mapping[str, DataRecord] | None:
        record = self._data.details_at_once(context.caller, context.path_params["data_id"])
        return None if record is None else {"data": record}

    def download(self, context: RequestContext[User]) -> Download | ProxiedDownload:
        return self._sources.content_of(self._data.find(context.caller.id, context.path_params["data_id"]))

    def download_url(self, context: RequestContext[User]) -> SignedUrl:
        return {"url": self._data.download_url(context.caller, context.path_params["data_id"])}

    def change_lifetime(self, context: RequestContext[User], body: LifetimeChange) -> None:
        only(self._data.change_lifetime(context.caller, [context.path_params["data_id"]], body))

    def delete(self, context: RequestContext[User]) -> None:
        only(self._data.delete(context.caller, [context.path_params["data_id"]]))

    def batch_actions(self) -> Mapping[str, Action[User]]:
        return {
            "details": lambda caller, ids, _: self._data.details_of_many(caller, ids),
            "ttl": lambda caller, ids, body: self._data.change_lifetime(caller, ids, asked_change(body)),
            "delete": lambda caller, ids, _: self._data.delete(caller, ids),
            "update": lambda caller, ids, body: self._labelling.change(caller, ids, _labelling_change(body)),
        }

    def follow_link(self, context: RequestContext[None]) -> Download | ProxiedDownload:
        return self._sources.content_of(self._data.by_id(context.path_params["data_id"]))


def _labelling_change(body: BatchBody) -> DataChange:
    change: DataChange = {}
    if "add_tags" in body:
        change["add_tags"] = body["add_tags"]
    if "remove_tags" in body:
        change["remove_tags"] = body["remove_tags"]
    if "metadata" in body:
        change["metadata"] = body["metadata"]
    return change


def _content(body: DataReuse) -> StoredContent:
    if not _SHA256.fullmatch(body["sha256"]):
        raise BadRequest(f"sha256 must be 64 hexadecimal digits, not {body['sha256']!r:.80}")
    if not 0 <= body["size"] < 2**63:
        raise BadRequest(f"size must be a number of bytes from 0 and below 2^63, not {body['size']}")
    return StoredContent(body["size"], body["sha256"].lower())
