"""Environment of processes of Ray: the token of the cluster, and no secret of the platform."""

import os

_HIDDEN_PREFIXES = ("VOXEL51_SERVER_", "AWS_")


def ray_environment(token: str) -> dict[str, str]:
    """Return the environment of a process of Ray, which gets no secret of the platform but the ``token``.

    A cluster that is configured by variables of Ray keeps them.
    """
    environment = {name: value for name, value in os.environ.items() if not name.startswith(_HIDDEN_PREFIXES)}
    defaults = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_AUTH_MODE": "token"}
    if "RAY_AUTH_TOKEN_PATH" not in environment:
        defaults["RAY_AUTH_TOKEN"] = token
    return defaults | environment
