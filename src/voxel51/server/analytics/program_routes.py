"""Program routes: runners fetch the bundles and container images of analytics by signed links."""

from collections.abc import Iterable

from voxel51.server.analytics.program_files import ProgramFiles
from voxel51.server.downloads import Download
from voxel51.server.http.access import SIGNED_LINK
from voxel51.server.http.context import RequestContext
from voxel51.server.http.replies import FileReply
from voxel51.server.http.route import Policy, Route, route


def program_routes(files: ProgramFiles) -> Iterable[Route]:
    """Return the route of the files of programs."""

    def download(context: RequestContext[None]) -> Download:
        return files.download(context.path_params["analytic_id"], context.path_params["name"])

    return [
        route("GET", "/links/analytics/{analytic_id}/{name}", download, "Download a program to run it",
              Policy(SIGNED_LINK), answers=FileReply, errors=(404,)),
    ]  # fmt: skip
