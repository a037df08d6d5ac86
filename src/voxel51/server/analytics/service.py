"""Analytics: list and describe them, and find the one that a job request names."""

import uuid
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Connection, and_, insert, or_, select, update

from voxel51.server.accounts.callers import Caller, User
from voxel51.server.analytics.availability import NO_CONTAINERS, UNAVAILABLE_REASON, Availability, analytic_rows
from voxel51.server.analytics.builds import build_of, find_bundle
from voxel51.server.analytics.installed import InstalledAnalytic
from voxel51.server.analytics.network.hosts import access_of, has_hosts, missing_hosts, record_hosts
from voxel51.server.analytics.tables import INTERNAL, PLATFORM, AnalyticRow, analytics, images
from voxel51.server.analytics.versions import mark_latest, version_order
from voxel51.server.analytics.weights_in_use import WeightsInUse
from voxel51.server.database.database import Database
from voxel51.server.database.listing import run
from voxel51.server.database.search import Listing, Query
from voxel51.server.errors import BadRequest, NotFound, Unavailable
from voxel51.server.outcomes import Outcomes
from voxel51.wire import dates
from voxel51.wire.analytics import (
    AnalyticDetails,
    AnalyticDocument,
    AnalyticImage,
    AnalyticList,
    AnalyticModel,
    AnalyticRecord,
    AnalyticScope,
    AnalyticType,
    WeightsFile,
)

T = TypeVar("T")

_INCLUDED = "voxel51"
"""First part of the names of included analytics."""

LISTING = Listing(
    columns={
        "id": analytics.c.id,
        "name": analytics.c.name,
        "version": analytics.c.version,
        "scope": analytics.c.scope,
        "supports_cpu": analytics.c.supports_cpu,
        "supports_gpu": analytics.c.supports_gpu,
        "pending": analytics.c.pending,
        "latest": analytics.c.latest,
        "upload_date": analytics.c.upload_date,
        "description": analytics.c.description,
        "unavailable_reason": UNAVAILABLE_REASON,
        "type": analytics.c.analytic_type,
    },
    texts=frozenset({"id", "name", "version", "scope", "type"}),
    flags=frozenset({"pending", "latest", "supports_cpu", "supports_gpu"}),
    identity=analytics.c.id,
)
_RECORD_FIELDS = tuple(name for name in LISTING.columns if name != "type")


class AnalyticService:
    """Catalogue of the analytics that each caller can see."""

    def __init__(
        self, database: Database, weights: WeightsInUse, image_availability: Availability = NO_CONTAINERS
    ) -> None:
        self._database = database
        self._weights = weights
        self._images = image_availability

    def install(self, found: Sequence[InstalledAnalytic], internal: Collection[str] = ()) -> None:
        """Update the catalogue to the installed packages. Those named in ``internal`` are hidden from users.

        A version that is no longer installed stays on record for its past jobs, but is pending: it cannot run.
        """
        with self._database.write() as connection:
            installed = analytics.c.entry_point.is_not(None)
            connection.execute(update(analytics).where(installed).values(pending=True))
            for offer in found:
                _install_one(connection, offer, INTERNAL if offer.entry_point in internal else AnalyticScope.PUBLIC)
            for name in connection.execute(select(analytics.c.name).where(installed).distinct()).scalars().all():
                mark_latest(connection, PLATFORM, name)
        self.choose_weights(found)

    def choose_weights(self, found: Sequence[InstalledAnalytic]) -> None:
        """Find the weights in use among those that the installed packages name."""
        self._weights.choose_among({offer.entry_point: offer.weights for offer in found})

    def list(self, caller: Caller, all_versions: bool) -> AnalyticList:
        """Return what the caller can run: the latest version of each analytic, or every version."""
        usable = [_visible_to(caller), analytics.c.pending.is_(False)]
        if not all_versions:
            usable.append(analytics.c.latest.is_(True))
        return self._run(Query(fields=_RECORD_FIELDS), usable)

    def query(self, caller: Caller, query: Query) -> AnalyticList:
        """Return the analytics that the caller can see and that match, including pending ones."""
        visible = [_visible_to(caller)]
        if not query.all_versions:
            visible.append(or_(analytics.c.latest.is_(True), analytics.c.pending.is_(True)))
        fields = tuple(name for name in query.fields or _RECORD_FIELDS if name in _RECORD_FIELDS)
        return self._run(replace(query, fields=fields or ("id",)), visible)

    def details(self, caller: Caller, analytic_id: str) -> AnalyticDetails:
        """Return the record of an analytic, together with its document.

        Raises:
            NotFound: the analytic does not exist, or the caller cannot see it.
        """
        with self._database.read() as connection:
            row = find_visible(connection, caller, analytic_id)
            record = record_of(row, self._images)
            if row.owner == caller.identity:
                record["images"] = _images_of(connection, analytic_id)
                if (bundle := find_bundle(connection, analytic_id)) is not None:
                    record["build"] = build_of(bundle)
            if has_hosts(connection, analytic_id):
                record["network"] = access_of(connection, analytic_id)
        if weights := self._weights.of(row.entry_point):
            record["weights"] = weights
        details: AnalyticDetails = {"analytic": record, **row.document}  # type: ignore[typeddict-item]
        return details

    def records(self, caller: Caller, analytic_ids: Sequence[str]) -> Outcomes[AnalyticRecord]:
        """Return the record of each version, or `NotFound` for those that the caller cannot see."""
        with self._database.read() as connection:
            return self.each_visible(connection, caller, analytic_ids, lambda row: record_of(row, self._images))

    def each_visible(
        self, connection: Connection, caller: Caller, analytic_ids: Sequence[str], make: Callable[[AnalyticRow], T]
    ) -> Outcomes[T]:
        """Return what ``make`` makes of each version's row, or `NotFound` for those that the caller cannot see."""
        statement = analytic_rows.where(analytics.c.id.in_(analytic_ids), _visible_to(caller))
        found = {row.id: make(row) for row in connection.execute(statement).all()}
        return {analytic_id: found.get(analytic_id) or _no_such_analytic(analytic_id) for analytic_id in analytic_ids}

    def model(self, row: AnalyticRow) -> AnalyticModel | None:
        """Return the model that a version uses by default: its present weights, else what its manifest says."""
        document: AnalyticDocument = row.document
        defaults = {each["name"]: each.get("default") for each in document["parameters"]}
        present = self._weights.model(row.entry_point, defaults)
        return present or document.get("extensions", {}).get("model")

    def weights(self, row: AnalyticRow) -> dict[str, dict[str, WeightsFile]]:
        """Return the weights that jobs of a version use at present: parameter -> value -> file."""
        return self._weights.of(row.entry_point)

    def document(self, caller: Caller, analytic_id: str) -> AnalyticDocument:
        """Return the document of an analytic.

        Raises:
            NotFound: the analytic does not exist, or the caller cannot see it.
        """
        document: AnalyticDocument = self._find(caller, analytic_id).document
        return document

    def resolve(self, caller: Caller, name: str, version: str | None) -> AnalyticRow:
        """Return the row of the version that a job request names; the latest if it names no version.

        A name without an owner names an analytic of the caller. If several owners use the same name, the caller's own
        analytic comes first, then that of the caller's application.

        Raises:
            BadRequest: no such version can run; the text lists the versions.
        """
        full_name = name if "/" in name else f"{caller.name}/{name}"
        statement = analytic_rows.where(analytics.c.name == full_name, _visible_to(caller))
        with self._database.read() as connection:
            rows = connection.execute(statement.order_by(analytics.c.version_order)).all()
            if not rows:
                raise BadRequest(_unknown_name(connection, caller, name))
        rows = sorted(rows, key=lambda row: _nearness(caller, row.owner))  # the sort is stable: versions stay in order
        ready = [row for row in rows if not row.pending]
        chosen = [row for row in ready if (row.latest if version is None else row.version == version)]
        if not chosen:
            raise BadRequest(_not_found(name, full_name, version, rows))
        if reason := self._images.reason(chosen[-1].unavailable_reason):
            raise BadRequest(f"Analytic '{full_name}' cannot run: {self._explained(chosen[-1], reason)}")
        return chosen[-1]

    def _explained(self, row: AnalyticRow, reason: str) -> str:
        """Return the reason why no job can run a version, and what helps."""
        with self._database.read() as connection:
            if missing := missing_hosts(connection, row.id):
                return f"{reason}: {', '.join(missing)}. Ask an operator of the platform for it."
            if has_hosts(connection, row.id):
                return f"{reason}. Ask an operator of the platform."
        return f"{reason}. Use an analytic that is installed as a package."

    def by_id(self, analytic_id: str) -> AnalyticRow:
        """Return the row of a version, without checking who may see it."""
        with self._database.read() as connection:
            return connection.execute(select(analytics).where(analytics.c.id == analytic_id)).one()

    def internal(self, name: str) -> AnalyticRow:
        """Return the row of the latest version of an internal analytic.

        Raises:
            Unavailable: the analytic is not installed.
        """
        chosen = (analytics.c.name == name, analytics.c.scope == INTERNAL, analytics.c.latest.is_(True))
        with self._database.read() as connection:
            row = connection.execute(select(analytics).where(*chosen)).first()
        if row is None:
            raise Unavailable(
                f"The analytic {name!r} is not installed on this platform. Install voxel51-platform[analytics]."
            )
        return row

    def _find(self, caller: Caller, analytic_id: str) -> AnalyticRow:
        with self._database.read() as connection:
            return find_visible(connection, caller, analytic_id)

    def _run(self, query: Query, visible: Sequence[ColumnElement[bool]]) -> AnalyticList:
        with self._database.read() as connection:
            page = run(connection, LISTING, query, visible)
        records = [_to_wire(record, self._images) for record in page.records]
        return {"analytics": records, **page.totals()}


def find_visible(connection: Connection, caller: Caller, analytic_id: str, *, lock: bool = False) -> AnalyticRow:
    """Return the row of a version; lock it against other transactions if ``lock``.

    Raises:
        NotFound: the analytic does not exist, or the caller cannot see it.
    """
    statement = analytic_rows.where(analytics.c.id == analytic_id, _visible_to(caller))
    row: AnalyticRow | None = connection.execute(statement.with_for_update() if lock else statement).first()
    if row is None:
        raise _no_such_analytic(analytic_id)
    return row


def owner_of_name(connection: Connection, caller: Caller, name: str) -> str:
    """Return the owner of the analytic with the full name ``name``, as `AnalyticService.resolve` chooses it.

    Raises:
        BadRequest: the caller sees no such analytic.
    """
    statement = select(analytics.c.owner).where(analytics.c.name == name, _visible_to(caller)).distinct()
    owners = sorted(connection.execute(statement).scalars(), key=lambda owner: _nearness(caller, owner))
    if not owners:
        raise BadRequest(_unknown_name(connection, caller, name))
    return str(owners[-1])


def _unknown_name(connection: Connection, caller: Caller, name: str) -> str:
    """Return the sentence for a name that no analytic has, with that of one whose owner was left out or is another."""
    likely = [f"{owner}/{name.rpartition('/')[2]}" for owner in (caller.name, _INCLUDED)]
    statement = select(analytics.c.name).where(analytics.c.name.in_(likely), _visible_to(caller)).limit(1)
    found = connection.execute(statement).scalar()
    hint = f"Did you mean '{found}'?" if found else "Use a full name, such as 'voxel51/object-tracks'."
    return f"Analytic '{name}' not found. {hint}"


def _not_found(name: str, full_name: str, version: str | None, rows: Sequence[AnalyticRow]) -> str:
    """Return the sentence for a request of a version that is not among the ready ones of ``rows``."""
    wanted = name if version is None else f"{name} v{version}"
    reasons = [row.unavailable_reason for row in rows if row.pending and version in {None, row.version}]
    because = f" ({reasons[-1]})" if reasons else ""
    versions = ", ".join(row.version for row in rows if not row.pending) or "none is ready to run"
    return f"Analytic '{wanted}' not found{because}; versions of '{full_name}': {versions}"


def _no_such_analytic(analytic_id: str) -> NotFound:
    return NotFound(f"Analytic '{analytic_id}' not found. List the analytics to see their ids.")


def record_of(row: AnalyticRow, image_availability: Availability = NO_CONTAINERS) -> AnalyticRecord:
    """Return the record of a version for the API."""
    record = {name: getattr(row, name) for name in _RECORD_FIELDS}
    record["is_image_to_video"] = row.analytic_type == AnalyticType.IMAGE_TO_VIDEO
    return _to_wire(record, image_availability)


def _images_of(connection: Connection, analytic_id: str) -> list[AnalyticImage]:
    statement = select(images).where(images.c.analytic_id == analytic_id).order_by(images.c.type)
    return [
        {
            "type": row.type,
            "format": row.format,
            "size_bytes": row.size_bytes,
            "upload_date": dates.to_text(row.upload_date),
        }
        for row in connection.execute(statement)
    ]


def _owners(caller: Caller) -> list[str]:
    """Return the owners whose private analytics the caller can see, the nearest last."""
    application_id = caller.application_id if isinstance(caller, User) else None
    return [*([] if application_id is None else [f"application:{application_id}"]), caller.identity]


def _visible_to(caller: Caller) -> ColumnElement[bool]:
    is_shared_or_own = or_(analytics.c.scope == AnalyticScope.PUBLIC.value, analytics.c.owner.in_(_owners(caller)))
    return and_(is_shared_or_own, analytics.c.deleted.is_(False))


def _nearness(caller: Caller, owner: str) -> int:
    return [PLATFORM, *_owners(caller)].index(owner) if owner in _owners(caller) else 0


def _install_one(connection: Connection, offer: InstalledAnalytic, scope: str) -> None:
    info = offer.document["info"]
    values = {
        "scope": str(scope),
        "analytic_type": AnalyticType.PLATFORM.value,
        "supports_cpu": info["supports_cpu"],
        "supports_gpu": info["supports_gpu"],
        "pending": False,
        "description": info["description"],
        "document": offer.document,
        "entry_point": offer.entry_point,
    }
    same = (analytics.c.owner == PLATFORM) & (analytics.c.name == offer.entry_point)
    same &= analytics.c.version == info["version"]
    if connection.execute(update(analytics).where(same).values(values)).rowcount == 0:
        identity = {"id": str(uuid.uuid4()), "owner": PLATFORM, "name": offer.entry_point, "version": info["version"]}
        order = {"version_order": version_order(info["version"]), "latest": False, "upload_date": dates.now()}
        connection.execute(insert(analytics).values(**identity, **order, **values))
    analytic_id = connection.execute(select(analytics.c.id).where(same)).scalar_one()
    record_hosts(connection, analytic_id, offer.document)


def _to_wire(record: dict[str, Any], image_availability: Availability) -> AnalyticRecord:
    if "unavailable_reason" in record:
        record["unavailable_reason"] = image_availability.reason(record["unavailable_reason"])
    upload_date = record.get("upload_date")
    if isinstance(upload_date, datetime):
        record["upload_date"] = dates.to_text(upload_date)
    return record  # type: ignore[return-value]  # the keys are those of LISTING
