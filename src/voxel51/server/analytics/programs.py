"""Programs of analytics: what a runner starts for a version in the catalogue."""

from collections.abc import Callable

from sqlalchemy import RowMapping, select

from voxel51.runners.network_permission import NetworkPermission
from voxel51.runners.programs import BundleProgram, ImageProgram, PackageProgram, Program
from voxel51.runners.resources import Resources
from voxel51.server.analytics.network.service import NetworkGrants
from voxel51.server.analytics.program_files import ProgramFiles
from voxel51.server.analytics.tables import analytics, bundles
from voxel51.server.database.database import Database
from voxel51.wire.analytics import AnalyticDocument, AnalyticImageType, AnalyticType
from voxel51.wire.jobs import JobComputeMode


class ProgramService:
    """Programs by id of the analytic version.

    ``has_gpus``: returns whether jobs can use GPUs, so that those which may are run with one.
    """

    def __init__(
        self,
        database: Database,
        files: ProgramFiles,
        network: NetworkGrants,
        has_gpus: Callable[[], bool] = lambda: False,
    ) -> None:
        self._database = database
        self._network = network
        self._files = files
        self._has_gpus = has_gpus
        # Versions never change, so each is read once. Programs with links, which expire, must not be kept here.
        self._packages: dict[str, PackageProgram] = {}
        self._supports: dict[str, tuple[bool, bool]] = {}  # whether each version supports CPUs, and GPUs
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
        uses_gpu = self._uses_gpu(row["supports_cpu"], row["supports_gpu"], compute_mode)
        return AnalyticImageType.GPU if uses_gpu else AnalyticImageType.CPU

    def _uses_gpu(self, supports_cpu: bool, supports_gpu: bool, compute_mode: str) -> bool:
        wants_gpu = compute_mode == JobComputeMode.GPU or (compute_mode == JobComputeMode.BEST and self._has_gpus())
        return supports_gpu and (wants_gpu or not supports_cpu)

    def resources(self, analytic_id: str, compute_mode: str) -> Resources:
        """Return what a job of a version with this `JobComputeMode` needs: a processor, and a GPU if it uses one."""
        known = self._supports.get(analytic_id)
        if known is None:
            row = self._read(analytic_id)
            known = self._supports[analytic_id] = (bool(row["supports_cpu"]), bool(row["supports_gpu"]))
        return Resources(1.0, 1.0 if self._uses_gpu(*known, compute_mode) else 0.0)

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
        self._supports.clear()
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


def _may_be_warm(document: AnalyticDocument) -> bool:
    # A forked process cannot use the GPU context of its parent.
    return bool(document.get("extensions", {}).get("warm")) and not document["info"]["supports_gpu"]
