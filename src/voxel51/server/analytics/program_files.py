"""Program files: the bundles and container images of analytics, and the links by which runners fetch them.

A runner may be on any machine, so a launch has a signed link to the file and its hash. The link permits nothing else.
"""

from sqlalchemy import RowMapping, select

from voxel51.runners.programs import StoredFile
from voxel51.server.analytics.tables import bundles, images
from voxel51.server.database.database import Database
from voxel51.server.downloads import Download, Links
from voxel51.server.errors import NotFound
from voxel51.wire.analytics import AnalyticImageType

BUNDLE = "bundle"
"""Name of a bundle in links; those of images are the values of `AnalyticImageType`."""


class ProgramFiles:
    """Files of programs by id of the analytic version. ``links`` signs links that are reachable from where jobs run."""

    def __init__(self, database: Database, links: Links) -> None:
        self._database = database
        self._links = links

    def bundle(self, analytic_id: str) -> StoredFile:
        """Return the source of a bundle with a new link.

        Raises:
            NotFound: the analytic has none.
        """
        return self._stored_file(analytic_id, BUNDLE)

    def image(self, analytic_id: str, image_type: AnalyticImageType) -> StoredFile:
        """Return a container image with a new link.

        Raises:
            NotFound: the analytic has none of this type.
        """
        return self._stored_file(analytic_id, image_type.value)

    def download(self, analytic_id: str, name: str) -> Download:
        """Return the content of a file; ``name`` is `BUNDLE` or the type of an image.

        Raises:
            NotFound: the analytic has no such file, or was deleted.
        """
        row = self._find(analytic_id, name)
        return Download(row["storage_key"], f"{analytic_id}-{name}", None, row["sha256"], row["size_bytes"])

    def _stored_file(self, analytic_id: str, name: str) -> StoredFile:
        row = self._find(analytic_id, name)
        url = self._links("GET", f"/links/analytics/{analytic_id}/{name}")
        return StoredFile(url, row["sha256"], row["size_bytes"])

    def _find(self, analytic_id: str, name: str) -> RowMapping:
        table = bundles if name == BUNDLE else images
        chosen = select(table.c.storage_key, table.c.size_bytes, table.c.sha256).filter_by(analytic_id=analytic_id)
        if table is images:
            chosen = chosen.filter_by(type=name)
        with self._database.read() as connection:
            row = connection.execute(chosen).mappings().first()
        if row is None:
            raise NotFound(f"Analytic '{analytic_id}' has no file '{name}'; it may have been deleted")
        return row
