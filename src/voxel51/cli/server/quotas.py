"""The command ``quota`` of ``server user`` and ``server app``: set storage and job quotas."""

import argparse

from voxel51.cli.server.shared import Find, add_folder, guarded, open_platform


def add_quota_command(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]", target: str, find: Find) -> None:
    """Add the command that sets ``target``, such as ``the quota of a user``."""

    def grant(options: argparse.Namespace) -> int:
        from voxel51.server.accounts.audit import COMMAND_LINE
        from voxel51.server.accounts.quotas import Quotas

        database = open_platform(options)
        quotas = Quotas(database, {"bytes": 0, "running_jobs": 0})  # the defaults do not matter for granting
        granted = {"bytes": options.bytes, "running_jobs": options.running_jobs}
        quotas.grant(COMMAND_LINE, find(database, options.name), granted)  # type: ignore[arg-type]  # a TypedDict
        shown = (
            f"{name}: {'default' if amount is None else amount or 'unlimited'}" for name, amount in granted.items()
        )
        print(f"Quota of '{options.name}': {', '.join(shown)}")
        return 0

    quota = verbs.add_parser("quota", help=f"set {target}; omitted values follow the settings")
    quota.add_argument("name", metavar="NAME")
    quota.add_argument("--bytes", metavar="N", type=int, help="storage quota in bytes; 0 means unlimited")
    quota.add_argument(
        "--running-jobs", metavar="N", type=int, help="maximum number of running jobs; 0 means unlimited"
    )
    add_folder(quota)
    quota.set_defaults(run=guarded(grant))
