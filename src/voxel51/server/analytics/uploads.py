"""Analytics that people upload: a manifest, then the images it declares."""

import uuid
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from voxel51.server.accounts.callers import Application, Caller
from voxel51.server.analytics.images.inspector import ImageInspector
from voxel51.server.analytics.service import find_visible, mark_latest, record_of, version_order
from voxel51.server.analytics.tables import analytics, images
from voxel51.server.database.database import Database
from voxel51.server.errors import BadRequest, Conflict, Forbidden
from voxel51.server.json_documents import parse_json_object
from voxel51.server.storage.storage import Storage, Writer
from voxel51.wire import dates
from voxel51.wire.analytics import AnalyticDocument, AnalyticImageType, AnalyticRecord, AnalyticScope, AnalyticType
from voxel51.wire.manifests import problems_of, problems_of_heading

FOLDER = "images"


class UploadedAnalytics:
    """Takes in analytics for their owners. One is pending until each image that its manifest declares is there."""

    def __init__(self, database: Database, storage: Storage) -> None:
        self._database = database
        self._storage = storage

    def add(self, owner: Caller, content: bytes, analytic_type: str | None) -> AnalyticRecord:
        """A new analytic, or a new version of one, from its manifest.

        Raises:
            BadRequest: the manifest will not do; the text names the fields.
            Conflict: the owner has this version of it already.
        """
        kind = _type(analytic_type)
        document = _read_manifest(content, kind)
        info = document["info"]
        row = {
            "id": str(uuid.uuid4()),
            "owner": owner.identity,
            "name": f"{owner.name}/{info['name']}",
            "version": info["version"],
            "version_order": version_order(info["version"]),
            "latest": False,
            "scope": (AnalyticScope.APPLICATION if isinstance(owner, Application) else AnalyticScope.USER).value,
            "analytic_type": kind.value,
            "supports_cpu": info["supports_cpu"],
            "supports_gpu": info["supports_gpu"],
            "pending": True,
            "upload_date": dates.now(),
            "description": info["description"],
            "document": document,
        }
        try:
            with self._database.write() as connection:
                connection.execute(insert(analytics).values(row))
                return record_of(connection.execute(select(analytics).where(analytics.c.id == row["id"])).one())
        except IntegrityError:
            raise Conflict(
                f"There is a version {info['version']!r} of '{row['name']}' already; upload it under another version"
            ) from None

    def check_image(self, owner: Caller, analytic_id: str, image_type: str | None) -> None:
        """Return when this image may be uploaded; raises as `add_image` does, but does not look whether all are there:
        what comes may be the last one again, whose sender missed the answer."""
        with self._database.read() as connection:
            _check_image(connection, owner, analytic_id, image_type)

    def add_image(
        self, owner: Caller, analytic_id: str, image_type: str | None, writer: Writer, inspector: ImageInspector
    ) -> None:
        """Keep an image; until all of them are there it takes the place of an earlier one of its type.

        Raises:
            NotFound: there is no such analytic that the owner may see.
            Forbidden: it is somebody else's.
            BadRequest: the type is none that the manifest declares.
            Conflict: all images are there; they do not change any more.
        """
        writer.commit()
        try:
            with self._database.write() as connection:
                row, kind = _check_image(connection, owner, analytic_id, image_type, lock=True)
                _check_pending(row)
                of_type = (images.c.analytic_id == analytic_id) & (images.c.type == kind.value)
                replaced = connection.execute(delete(images).where(of_type).returning(images.c.storage_key)).scalar()
                image = {"storage_key": writer.key, "size_bytes": writer.size_bytes, "sha256": writer.sha256}
                described = {"format": inspector.format, "upload_date": dates.now()}
                values = {"analytic_id": analytic_id, "type": kind.value, **image, **described}
                connection.execute(insert(images).values(values))
                self._complete(connection, row)
                if replaced is not None:
                    self._database.after_commit(partial(self._storage.delete, replaced))
        except BaseException:
            self._storage.delete(writer.key)
            raise

    def delete(self, owner: Caller, analytic_id: str, is_used: Callable[[Connection, str], bool]) -> None:
        """Take one version out of the catalogue. It stays on record for its past jobs.

        Raises:
            NotFound: there is no such analytic that the owner may see.
            Forbidden: it is somebody else's.
            Conflict: jobs of it have not ended; ``is_used`` says so.
        """
        with self._database.write() as connection:
            row = _find_own(connection, owner, analytic_id, lock=True)
            if is_used(connection, analytic_id):
                raise Conflict(f"Jobs of analytic '{analytic_id}' have not ended; kill them or wait, then delete it")
            self._delete(connection, row)

    def all(self, owner: Caller) -> list[AnalyticRecord]:
        """The record of everything that the owner uploaded."""
        theirs = select(analytics).where(analytics.c.owner == owner.identity).order_by(analytics.c.upload_date)
        with self._database.read() as connection:
            return [record_of(row) for row in connection.execute(theirs)]

    def delete_all(self, owner: Caller) -> bool:
        """Take everything that the owner uploaded out of the catalogue."""
        with self._database.write() as connection:
            for row in connection.execute(select(analytics).where(analytics.c.owner == owner.identity)).all():
                self._delete(connection, row)
        return True

    def _delete(self, connection: Connection, row: Row[Any]) -> None:
        # Its name is free again: the same version may be uploaded anew, as another analytic.
        values = {"deleted": True, "pending": True, "latest": False, "owner": f"deleted:{row.id}"}
        connection.execute(update(analytics).where(analytics.c.id == row.id).values(values))
        mark_latest(connection, row.owner, row.name)
        gone = delete(images).where(images.c.analytic_id == row.id).returning(images.c.storage_key)
        for key in connection.execute(gone).scalars().all():
            self._database.after_commit(partial(self._storage.delete, key))

    def keeps(self, key: str) -> bool:
        """Whether a record refers to the stored file ``key``."""
        with self._database.read() as connection:
            return connection.execute(select(images.c.type).where(images.c.storage_key == key)).first() is not None

    def _complete(self, connection: Connection, row: Row[Any]) -> None:
        there = connection.execute(select(images.c.type).where(images.c.analytic_id == row.id)).scalars()
        if set(_declared(row)) <= set(there):
            connection.execute(update(analytics).where(analytics.c.id == row.id).values(pending=False))
            mark_latest(connection, row.owner, row.name)


def _type(text: str | None) -> AnalyticType:
    try:
        return AnalyticType(text or AnalyticType.PLATFORM)
    except ValueError:
        raise BadRequest(f"analytic_type is {' or '.join(AnalyticType)}, not {text!r:.100}") from None


def _read_manifest(content: bytes, kind: AnalyticType) -> AnalyticDocument:
    document = parse_json_object("manifest", content)
    is_heading = kind is AnalyticType.IMAGE_TO_VIDEO
    problems = problems_of_heading(document) if is_heading else problems_of(document)
    if problems:
        raise BadRequest(f"The manifest will not do: {'; '.join(problems)}")
    if is_heading:
        document.update(_OF_IMAGES)
    checked: AnalyticDocument = document  # type: ignore[assignment]  # it was checked
    return checked


_OF_IMAGES: dict[str, Any] = {
    "inputs": [{"name": "video", "type": "types.Video", "description": "The video to analyse", "required": True}],
    "parameters": [],
    "outputs": [
        {
            "name": "labels",
            "type": "types.VideoLabels",
            "description": "What was found in each frame",
            "filename": "labels.json",
            "post_as_data": False,
            "schema": None,
        }
    ],
    "zip_outputs": False,
}
"""What the platform supplies to an analytic of single images, so that it runs on videos."""


def _check_image(
    connection: Connection, owner: Caller, analytic_id: str, image_type: str | None, *, lock: bool = False
) -> tuple[Row[Any], AnalyticImageType]:
    row = _find_own(connection, owner, analytic_id, lock=lock)
    declared = _declared(row)
    if (image_type or "").upper() not in declared:
        raise BadRequest(f"type is {' or '.join(declared)} for analytic '{analytic_id}', not {image_type!r:.100}")
    return row, AnalyticImageType((image_type or "").upper())


def _check_pending(row: Row[Any]) -> None:
    if not row.pending:
        raise Conflict(f"Analytic '{row.id}' has all its images; upload a new version to change them")


def _declared(row: Row[Any]) -> Sequence[str]:
    modes = {AnalyticImageType.CPU.value: row.supports_cpu, AnalyticImageType.GPU.value: row.supports_gpu}
    return [mode for mode, is_declared in modes.items() if is_declared]


def _find_own(connection: Connection, owner: Caller, analytic_id: str, *, lock: bool = False) -> Row[Any]:
    row = find_visible(connection, owner, analytic_id, lock=lock)
    if row.owner != owner.identity:
        raise Forbidden(f"Analytic '{analytic_id}' ({row.name}) is not yours to change")
    return row
