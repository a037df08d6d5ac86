"""Programs of analytics: what a runner starts for a version in the catalogue."""

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import RowMapping, select

from voxel51.runners.network_permission import NetworkPermission
from voxel51.runners.programs import BundleProgram, ImageProgram, PackageProgram, Program
from voxel51.runners.resources import Resources
from voxel51.server.analytics.network.service import NetworkGrants
from voxel51.server.analytics.program_files import ProgramFiles
from voxel51.server.analytics.tables import analytics, bundles
from voxel51.server.database.database import Database
from voxel51.wire.analytics import AnalyticDocument, AnalyticImageType, AnalyticResources, AnalyticType
from voxel51.wire.jobs import JobComputeMode


@dataclass(frozen=True, slots=True)
class _Requirements:
    """Processors that a version supports, and the resources that its manifest declares."""

    supports_cpu: bool
    supports_gpu: bool
    is_image: bool
    declared: AnalyticResources


class ProgramService:
    """Programs by id of the analytic version.

    ``has_gpus``: returns whether jobs can use GPUs, so that those which may are run with one; its argument is whether
    the job runs a container image.
    """

    def __init__(
        self,
        database: Database,
        files: ProgramFiles,
        network: NetworkGrants,
        has_gpus: Callable[[bool], bool] = lambda _is_image: False,
    ) -> None:
        self._database = database
        self._network = network
        self._files = files
        self._has_gpus = has_gpus
        # Versions never change, so each is read once. Programs with links, which expire, must not be kept here.
        self._packages: dict[str, PackageProgram] = {}
        self._requirements: dict[str, _Requirements] = {}
        self._warm: set[str] = set()  # ids of those in `_packages` whose setup may be kept

    def of(self, analytic_id: str, compute_mode: str = JobComputeMode.BEST) -> Program:
        """Return the program of a version for a job with this `JobComputeMode`.

        Raises:
            NotFound: its files were deleted.
        """
        known = self._packages.get(analytic_id)
        if known is not None:
            return known
        row = self._read(analytic_id)
        if row["entry_point"] is not None:
            package = PackageProgram(row["entry_point"])
            if _may_be_warm(row["document"]):
                self._warm.add(analytic_id)
            self._packages[analytic_id] = package  # last: a reload may forget both at any time
            return package
        if row["module"] is not None:
            return BundleProgram(self._files.bundle(analytic_id), row["module"], row["lock"])
        image_type = self._image_type(row, compute_mode)
        is_image_to_video = row["analytic_type"] == AnalyticType.IMAGE_TO_VIDEO
        return ImageProgram(self._files.image(analytic_id, image_type), image_type.value, is_image_to_video)

    def _image_type(self, row: RowMapping, compute_mode: str) -> AnalyticImageType:
        uses_gpu = self._uses_gpu(row["supports_cpu"], row["supports_gpu"], compute_mode, is_image=True)
        return AnalyticImageType.GPU if uses_gpu else AnalyticImageType.CPU

    def _uses_gpu(self, supports_cpu: bool, supports_gpu: bool, compute_mode: str, *, is_image: bool) -> bool:
        is_preferred = compute_mode == JobComputeMode.BEST and self._has_gpus(is_image)
        wants_gpu = compute_mode == JobComputeMode.GPU or is_preferred
        return supports_gpu and (wants_gpu or not supports_cpu)

    def resources(self, analytic_id: str, compute_mode: str) -> Resources:
        """Return what a job of a version with this `JobComputeMode` needs: what the manifest declares.

        By default, that is one processor, and one GPU for a job that uses any.
        """
        known = self._requirements.get(analytic_id)
        if known is None:
            row = self._read(analytic_id)
            declared = row["document"].get("extensions", {}).get("resources", {})
            known = self._requirements[analytic_id] = _Requirements(
                bool(row["supports_cpu"]), bool(row["supports_gpu"]), _is_image(row), declared
            )
        uses_gpu = self._uses_gpu(known.supports_cpu, known.supports_gpu, compute_mode, is_image=known.is_image)
        declared = known.declared
        return Resources(
            cpus=float(declared.get("cpus", 1.0)),
            gpus=float(declared.get("gpus", 1.0)) if uses_gpu else 0.0,
            memory_bytes=declared.get("memory_bytes", 0),
        )

    def network_permission(self, analytic_id: str, program: Program) -> NetworkPermission | None:
        """Return the network permission of a job of this version; None if it asks for no network access.

        Raises:
            NetworkRefused: it asks for network access that it may not have.
        """
        return self._network.permission(analytic_id, is_image=isinstance(program, ImageProgram))

    def warm_key(self, analytic_id: str, owner_id: str) -> str | None:
        """Return the key of the launches of this owner and version; None unless `of` found that it may be kept warm."""
        # Only packages: a bundle may set up nothing outside of the sandbox of one job.
        return f"{owner_id}/{analytic_id}" if analytic_id in self._warm else None

    def forget_packages(self) -> None:
        """Read the programs of packages again, which were reloaded: a version may have another manifest now."""
        self._packages.clear()
        self._requirements.clear()
        self._warm.clear()

    def _read(self, analytic_id: str) -> RowMapping:
        columns = (
            analytics.c.document,
            analytics.c.entry_point,
            analytics.c.analytic_type,
            analytics.c.supports_cpu,
            analytics.c.supports_gpu,
            bundles.c.module,
            bundles.c.lock,
        )
        statement = select(*columns).outerjoin(bundles, bundles.c.analytic_id == analytics.c.id)
        with self._database.read() as connection:
            return connection.execute(statement.where(analytics.c.id == analytic_id)).mappings().one()


def _is_image(row: RowMapping) -> bool:
    return row["entry_point"] is None and row["module"] is None


def _may_be_warm(document: AnalyticDocument) -> bool:
    # A forked process cannot use the GPU context of its parent.
    return bool(document.get("extensions", {}).get("warm")) and not document["info"]["supports_gpu"]
