"""The verb ``quota`` of users and of applications: how much they may have."""

import argparse

from voxel51.cli.server.shared import Find, add_folder, guarded, open_platform, settings


def add_quota_verb(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]", whose: str, find: Find) -> None:
    """Add the verb by which ``whose`` quota is granted."""

    def grant(options: argparse.Namespace) -> int:
        from voxel51.server.accounts.audit import COMMAND_LINE
        from voxel51.server.accounts.quotas import Quotas

        present, database = settings(options), open_platform(options)
        quotas = Quotas(database, {"bytes": present.owner_bytes, "running_jobs": present.owner_running_jobs})
        granted = {"bytes": options.bytes, "running_jobs": options.running_jobs}
        quotas.grant(COMMAND_LINE, find(database, options.name), granted)  # type: ignore[arg-type]  # a TypedDict
        shown = (
            f"{name}: {'as usual' if amount is None else amount or 'no limit'}" for name, amount in granted.items()
        )
        print(f"'{options.name}' may have {', '.join(shown)}")
        return 0

    quota = verbs.add_parser("quota", help=f"grant {whose} quota; what is left out is as usual")
    quota.add_argument("name", metavar="NAME")
    quota.add_argument("--bytes", metavar="N", type=int, help="bytes of data that are kept; 0: no limit")
    quota.add_argument("--running-jobs", metavar="N", type=int, help="jobs that run at the same time; 0: no limit")
    add_folder(quota)
    quota.set_defaults(run=guarded(grant))
