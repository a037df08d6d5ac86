"""Uploaded analytics: take in a manifest, then the container images that it declares."""

import uuid
from collections.abc import Callable, Sequence
from functools import partial

from sqlalchemy import Connection, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from voxel51.server.accounts.callers import Application, Caller
from voxel51.server.analytics.availability import NO_CONTAINERS, Availability, analytic_rows
from voxel51.server.analytics.images.inspector import ImageInspector
from voxel51.server.analytics.network.hosts import record_hosts, remove_grants
from voxel51.server.analytics.ownership import find_own
from voxel51.server.analytics.service import record_of
from voxel51.server.analytics.stored_files import file_references
from voxel51.server.analytics.tables import AnalyticRow, analytics, bundles, images
from voxel51.server.analytics.versions import make_available, mark_latest, prefer, version_order
from voxel51.server.database.database import Database
from voxel51.server.errors import BadRequest, Conflict, DatabaseAway
from voxel51.server.json_documents import parse_json_object
from voxel51.server.storage.storage import Storage, Writer
from voxel51.wire import dates
from voxel51.wire.analytics import AnalyticDocument, AnalyticImageType, AnalyticRecord, AnalyticScope, AnalyticType
from voxel51.wire.manifests import problems_of, problems_of_heading

FOLDER = "images"


class UploadedAnalytics:
    """Analytics that users and applications upload.

    An analytic is pending until each image that its manifest declares was uploaded.
    """

    def __init__(self, database: Database, storage: Storage, image_availability: Availability = NO_CONTAINERS) -> None:
        self._database = database
        self._storage = storage
        self._images = image_availability

    def add(self, owner: Caller, content: bytes, analytic_type: str | None) -> AnalyticRecord:
        """Create an analytic, or a new version of one, from its manifest.

        Raises:
            BadRequest: the manifest is invalid; the text names the fields.
            Conflict: the version exists already.
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
                record_hosts(connection, str(row["id"]), document)
                return record_of(connection.execute(analytic_rows.where(analytics.c.id == row["id"])).one())
        except IntegrityError:
            raise Conflict(
                f"Version {info['version']!r} of '{row['name']}' exists already. Upload it with another version."
            ) from None

    def check_image(self, owner: Caller, analytic_id: str, image_type: str | None) -> None:
        """Raise an error unless this image may be uploaded, as `add_image` does.

        If all images exist, this raises no error: a client that missed the response uploads the last one again.
        """
        with self._database.read() as connection:
            _check_image(connection, owner, analytic_id, image_type)

    def add_image(
        self, owner: Caller, analytic_id: str, image_type: str | None, writer: Writer, inspector: ImageInspector
    ) -> None:
        """Store an image; until all images exist it replaces an earlier one of its type.

        Raises:
            NotFound: the analytic does not exist, or the owner cannot see it.
            Forbidden: the analytic belongs to another owner.
            BadRequest: the manifest does not declare this type.
            Conflict: all images exist, so they cannot change any more.
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
        except DatabaseAway:
            raise  # the record may name the file
        except BaseException:
            self._storage.delete(writer.key)
            raise

    def delete(self, owner: Caller, analytic_id: str, is_used: Callable[[Connection, str], bool]) -> None:
        """Remove a version from the catalogue. It stays on record for its past jobs.

        Raises:
            NotFound: the analytic does not exist, or the owner cannot see it.
            Forbidden: the analytic belongs to another owner.
            Conflict: some of its jobs have not ended, according to ``is_used``.
        """
        with self._database.write() as connection:
            row = find_own(connection, owner, analytic_id, lock=True)
            if is_used(connection, analytic_id):
                raise Conflict(f"Jobs of analytic '{analytic_id}' have not ended. Cancel them or wait, then delete it.")
            self._delete(connection, row)

    def prefer(self, owner: Caller, analytic_id: str) -> AnalyticRecord:
        """Make a version the latest of its analytic, as to return to an earlier one, and return its record.

        Raises:
            NotFound: the analytic does not exist, or the owner cannot see it.
            Forbidden: the analytic belongs to another owner.
            Conflict: no job can run the version.
        """
        with self._database.write() as connection:
            row = find_own(connection, owner, analytic_id, lock=True)
            if row.pending:
                raise Conflict(f"Version {row.version!r} of '{row.name}' cannot run: {row.unavailable_reason}")
            prefer(connection, row)
            return record_of(find_own(connection, owner, analytic_id), self._images)

    def all(self, owner: Caller) -> list[AnalyticRecord]:
        """Return the records of all analytics that the owner uploaded."""
        of_owner = analytic_rows.where(analytics.c.owner == owner.identity).order_by(analytics.c.upload_date)
        with self._database.read() as connection:
            return [record_of(row, self._images) for row in connection.execute(of_owner)]

    def delete_all(self, owner: Caller) -> bool:
        """Remove all analytics that the owner uploaded from the catalogue."""
        with self._database.write() as connection:
            for row in connection.execute(select(analytics).where(analytics.c.owner == owner.identity)).all():
                self._delete(connection, row)
        return True

    def _delete(self, connection: Connection, row: AnalyticRow) -> None:
        # The changed owner frees the name: the same version may be uploaded again, as another analytic.
        values = {"deleted": True, "pending": True, "latest": False, "owner": f"deleted:{row.id}"}
        connection.execute(update(analytics).where(analytics.c.id == row.id).values(values))
        mark_latest(connection, row.owner, row.name)
        remove_grants(connection, row)
        gone_images = delete(images).where(images.c.analytic_id == row.id).returning(images.c.storage_key)
        gone_bundles = delete(bundles).where(bundles.c.analytic_id == row.id)
        files = [*connection.execute(gone_images).scalars()]
        for bundle in connection.execute(gone_bundles.returning(bundles.c.storage_key, bundles.c.log_key)):
            files += [key for key in bundle if key is not None]
        for key in files:
            self._database.after_commit(partial(self._storage.delete, key))

    def references(self, key: str) -> bool:
        """Return whether a record refers to the stored file ``key``."""
        with self._database.read() as connection:
            return any(connection.execute(statement).first() is not None for statement in file_references(key))

    def _complete(self, connection: Connection, row: AnalyticRow) -> None:
        uploaded = connection.execute(select(images.c.type).where(images.c.analytic_id == row.id)).scalars()
        if set(_declared(row)) <= set(uploaded):
            make_available(connection, row)


def _type(text: str | None) -> AnalyticType:
    try:
        return AnalyticType(text or AnalyticType.PLATFORM)
    except ValueError:
        raise BadRequest(f"analytic_type must be {' or '.join(AnalyticType)}, not {text!r:.100}") from None


def _read_manifest(content: bytes, kind: AnalyticType) -> AnalyticDocument:
    document = parse_json_object("manifest", content)
    is_heading = kind is AnalyticType.IMAGE_TO_VIDEO
    problems = problems_of_heading(document) if is_heading else problems_of(document)
    if problems:
        raise BadRequest(f"The manifest is invalid: {'; '.join(problems)}")
    if is_heading:
        document.update(_IMAGE_TO_VIDEO_PARTS)
    checked: AnalyticDocument = document  # type: ignore[assignment]  # checked above
    return checked


_IMAGE_TO_VIDEO_PARTS: dict[str, object] = {
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
"""Inputs and outputs that the platform adds to an analytic of single images, so that it runs on videos."""


def _check_image(
    connection: Connection, owner: Caller, analytic_id: str, image_type: str | None, *, lock: bool = False
) -> tuple[AnalyticRow, AnalyticImageType]:
    row = find_own(connection, owner, analytic_id, lock=lock)
    declared = _declared(row)
    if (image_type or "").upper() not in declared:
        raise BadRequest(f"type must be {' or '.join(declared)} for analytic '{analytic_id}', not {image_type!r:.100}")
    return row, AnalyticImageType((image_type or "").upper())


def _check_pending(row: AnalyticRow) -> None:
    if not row.pending:
        raise Conflict(f"Analytic '{row.id}' has all its images. Upload a new version to change them.")


def _declared(row: AnalyticRow) -> Sequence[str]:
    modes = {AnalyticImageType.CPU.value: row.supports_cpu, AnalyticImageType.GPU.value: row.supports_gpu}
    return [mode for mode, is_declared in modes.items() if is_declared]
