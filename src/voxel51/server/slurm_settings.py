"""Settings of the engine Slurm: checks, and the address on which the platform listens for its Slurm jobs."""

from voxel51.runners.slurm.options import check_name, parse_options
from voxel51.wire.overview import EngineKind

_WILDCARDS = {"0.0.0.0", "::"}  # noqa: S104  (compared with, not listened on)


def check_slurm(engine: EngineKind, host: str, address: str, names: dict[str, str], options: str) -> None:
    """Check the settings of the engine Slurm. ``names`` has the partition and the account, by setting.

    Raises:
        ValueError: one is invalid; the text names it.
    """
    for setting, value in names.items():
        check_name(setting, value)
    parse_options(options)
    listening, _ = contact_address(host, address)
    if engine is EngineKind.SLURM and listening in _WILDCARDS:
        raise ValueError(
            f"slurm_address is {address!r}, which names no address of this machine for host {host}; "
            "for the engine slurm, it must be HOST:PORT at which the nodes reach the platform"
        )


def contact_address(host: str, address: str) -> tuple[str, int]:
    """Return host and port on which the platform listens for its Slurm jobs; port 0: any free one.

    Raises:
        ValueError: the setting is invalid.
    """
    if not address:
        return host, 0
    name, _, port = address.rpartition(":")
    if not (name and port.isdecimal() and int(port) < 2**16):
        raise ValueError(f"slurm_address is {address!r}; it must be HOST:PORT")
    return name.strip("[]"), int(port)
