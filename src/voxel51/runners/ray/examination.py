"""Examination of a cluster: ask its head for the versions that members must have.

Run by ``python -m voxel51.runners.ray.examination HOST:PORT``, since a client of Ray may end its process. Prints the
versions as JSON, ``null`` if no platform has connected yet.
"""

import json
import sys

from ray._raylet import GcsClient  # type: ignore[attr-defined]
from ray.exceptions import AuthenticationError, RpcError

from voxel51.runners.ray.versions import NAMESPACE, NO_ANSWER, VERSIONS_KEY, WRONG_TOKEN

_ANSWER_SECONDS = 10


def main() -> int:
    """Print the versions, and return the exit code."""
    try:
        client = GcsClient(address=sys.argv[1])
        own = client.internal_kv_get(VERSIONS_KEY, NAMESPACE.encode(), timeout=_ANSWER_SECONDS)
        metadata = client.internal_kv_get(b"CLUSTER_METADATA", b"cluster", timeout=_ANSWER_SECONDS)
    except AuthenticationError:
        return WRONG_TOKEN
    except RpcError as error:
        sys.stderr.write(f"{error}\n")
        return NO_ANSWER
    found = json.loads(metadata) if metadata else {}
    cluster = {"python": found.get("python_version"), "ray": found.get("ray_version")}
    sys.stdout.write(json.dumps({"platform": json.loads(own) if own else None, "cluster": cluster}) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
