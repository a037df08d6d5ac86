"""``voxel51 server rotate-key``: replace the key that signs links and encrypts stored secrets."""

import argparse

from voxel51.cli.server.shared import add_folder, guarded, settings


def add_to(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    rotate = verbs.add_parser("rotate-key", help="replace the signing key; links made so far stop working")
    add_folder(rotate)
    rotate.set_defaults(run=guarded(_rotate))


def _rotate(options: argparse.Namespace) -> int:
    from voxel51.server.key_rotation import rotate_secret_key

    count = rotate_secret_key(settings(options))
    print("Replaced the signing key. Links made so far no longer work; tokens, sessions and passwords stay valid.")
    print(f"Encrypted {count} stored secrets again. Start the platform, and back up signing.key with its database.")
    return 0
