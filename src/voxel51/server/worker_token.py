"""Worker token: the secret that every machine of the cluster has. It permits to run any code on all of them."""

import os
import secrets
from pathlib import Path

TOKEN_FILE = "worker-token"  # noqa: S105  (the name of a file)


def load_worker_token(folder: Path) -> str:
    """Return the token in the data folder, and create it on first use (mode 0600)."""
    return load_token(folder / TOKEN_FILE)


def load_token(path: Path) -> str:
    """Return the token in a file, and create it on first use (mode 0600)."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        token = path.read_text(encoding="ascii").strip()
        if len(token) < 32:
            raise OSError(f"{path} has no valid token; delete it, and give all workers the new one") from None
        return token
    token = secrets.token_hex(32)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(f"{token}\n")
    return token
