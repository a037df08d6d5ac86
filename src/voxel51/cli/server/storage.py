"""``voxel51 server adopt-storage``: join a database and a data folder that do not know each other."""

import argparse

from voxel51.cli.bulk import confirmed
from voxel51.cli.server.shared import add_folder, fail, guarded, settings


def add_to(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    summary = "make the storage in the data folder that of the database, after a loss or a replacement"
    adopt = verbs.add_parser("adopt-storage", help=summary, description=f"{summary.capitalize()}. {_WARNING}")
    add_folder(adopt)
    adopt.add_argument("-f", "--force", action="store_true", help="do not ask for confirmation")
    adopt.set_defaults(run=guarded(_adopt))


def _adopt(options: argparse.Namespace) -> int:
    from voxel51.server.data_folder import running_url
    from voxel51.server.database.opening import adopt

    present = settings(options)
    if running_url(present.folder) is not None:
        return fail("the platform is running in this data folder; stop it first")
    if not options.force:
        print(_WARNING)
        if not confirmed():
            return 1
    print(f"The storage in {present.folder} is now that of the database {adopt(present)}")
    return 0


_WARNING = (
    "Files that only another data folder has can no longer be downloaded, and files in this one that the database does "
    "not record are deleted."
)
