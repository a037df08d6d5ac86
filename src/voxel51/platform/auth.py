"""Original SDK: the credential of a running job."""

from voxel51.wire.headers import AGENT_KEY


class Token:
    """Credential of one attempt at a job, the content of the variable ``API_TOKEN``."""

    def __init__(self, private_key: str) -> None:
        self._private_key = private_key

    def get_header(self) -> dict[str, str]:
        """Return the header of a request that carries the credential."""
        return {AGENT_KEY: self._private_key}
