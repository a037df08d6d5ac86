"""Settings of the platform, read and validated; `setting_fields` has their names, defaults and descriptions.

A setting is read from its option of ``voxel51 server start`` if it has one, else from the environment variable
``VOXEL51_SERVER_<NAME>`` or the file that ``VOXEL51_SERVER_<NAME>_FILE`` names, else it has its default.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path

import msgspec
import platformdirs

from voxel51.runners.gpu_devices import GpuAccess
from voxel51.server.machine import memory_bytes, processors
from voxel51.server.outbound.allowed import parse_allowed_hosts
from voxel51.server.roles import check_processes
from voxel51.server.setting_fields import SettingFields
from voxel51.server.setting_files import read_setting_files
from voxel51.server.setting_limits import (
    URLS,
    check_amounts,
    check_engine,
    check_networks,
    check_provider,
    check_urls,
    read_origins,
)
from voxel51.server.slurm_settings import check_slurm
from voxel51.server.source_locations import read_source_locations

PREFIX = "VOXEL51_SERVER_"
"""Prefix of the environment variables."""

_LEAST_MEMORY_BYTES = 1024**3
"""Memory that a slot should have: models and frames of large videos need about as much."""

_SERVER_MEMORY_BYTES = 512 * 1024**2
"""Memory that jobs leave to the platform itself and to the system, if that is more than a tenth."""


class SettingError(ValueError):
    """A setting has an invalid value. The text names the setting and the value."""


def default_folder() -> Path:
    """Return the default data folder, by the convention of the operating system."""
    return Path(platformdirs.user_data_dir("voxel51", appauthor=False))


def _reason(error: msgspec.ValidationError, values: Mapping[str, object]) -> str:
    # Quoting the value discloses no secret: secrets are texts, and every text is valid.
    reason, _, path = str(error).partition(" - at `$.")
    name = path.rstrip("`")
    return f"{name} is {values.get(name)!r}: {reason}"


def cores() -> int:
    """Return the number of processors that this process may use."""
    return processors()


@dataclass(frozen=True, slots=True)
class Settings(SettingFields):
    """All settings, validated."""

    @classmethod
    def load(cls, environment: Mapping[str, str], given: Mapping[str, object]) -> "Settings":
        """Return the settings ``given`` on the command line (None: not given) and in the environment.

        Raises:
            SettingError: a value has the wrong type or is out of range, or a variable is not a setting.
        """
        names = {setting.name for setting in fields(cls)}
        present = {
            name.removeprefix(PREFIX).lower(): text for name, text in environment.items() if name.startswith(PREFIX)
        }
        try:
            values: dict[str, object] = {**read_setting_files(present, names)}
        except ValueError as error:
            raise SettingError(str(error)) from None
        unknown = values.keys() - names
        if unknown:
            known = ", ".join(PREFIX + setting.name.upper() for setting in fields(cls))
            raise SettingError(f"{PREFIX}{min(unknown).upper()} is not a setting. The settings are: {known}")
        values.update({name: value for name, value in given.items() if value is not None})
        try:
            settings = msgspec.convert(values, cls, strict=False)
        except msgspec.ValidationError as error:
            raise SettingError(_reason(error, values)) from None
        settings._check()
        return settings

    def _check(self) -> None:
        if not 0 <= self.port <= 65535:
            raise SettingError(f"port {self.port} is out of range; use 1 to 65535, or 0 for any free port")
        if bool(self.tls_certificate) != bool(self.tls_key):
            raise SettingError("tls_certificate and tls_key must be set together; set both or neither")
        try:
            check_amounts({each.name: getattr(self, each.name) for each in fields(self)})
            check_engine(self.engine, self.ray_address)
            names = {"slurm_partition": self.slurm_partition, "slurm_account": self.slurm_account}
            check_slurm(self.engine, self.host, self.slurm_address, names, self.slurm_options)
            check_processes(self.role, self.workers, self.database_url, self.job_url or self.public_url)
            check_provider(self.oidc_issuer, self.oidc_client_id)
            check_networks(self.trusted_networks)
            read_origins(self.embed_origins)
            read_source_locations(self.source_locations, self.user_source_locations)
            check_urls({name: getattr(self, name) for name in URLS})
        except ValueError as error:
            raise SettingError(str(error)) from None
        try:
            parse_allowed_hosts(self.allowed_hosts)
        except ValueError as error:
            raise SettingError(f"outbound_allow: {error}") from None
        if self.public_url.startswith("https://") and self.storage_public_endpoint.startswith("http://"):
            raise SettingError(
                f"storage_public_endpoint is {self.storage_public_endpoint!r}; it must use https, as public_url"
            )

    @property
    def folder(self) -> Path:
        """The data folder, absolute."""
        return Path(self.dir).expanduser().absolute() if self.dir else default_folder()

    @property
    def storage_folder(self) -> Path:
        """The folder for stored files, absolute."""
        return Path(self.storage_dir).expanduser().absolute() if self.storage_dir else self.folder / "storage"

    @property
    def secret_key_path(self) -> Path:
        """The file with the secret key, absolute."""
        own = self.folder / "signing.key"
        return Path(self.secret_key_file).expanduser().absolute() if self.secret_key_file else own

    @property
    def weights_folder(self) -> Path:
        """The folder for weights, absolute."""
        return Path(self.weights_dir).expanduser().absolute() if self.weights_dir else self.folder / "weights"

    @property
    def cache_folder(self) -> Path:
        """The folder for what can be computed again, absolute."""
        return Path(self.cache_dir).expanduser().absolute() if self.cache_dir else self.folder / "cache"

    @property
    def allowed_hosts(self) -> list[str]:
        """The entries of ``outbound_allow``, which commas separate."""
        return self.outbound_allow.split(",")

    @property
    def trusted_networks(self) -> list[str]:
        """The entries of ``trusted_proxies``, which commas separate."""
        return [entry.strip() for entry in self.trusted_proxies.split(",") if entry.strip()]

    @property
    def sign_up_domains(self) -> list[str]:
        """The entries of ``oidc_domains``, in lower case: users with an address there need no invitation."""
        return [entry.strip().lower() for entry in self.oidc_domains.split(",") if entry.strip()]

    @property
    def preload_patterns(self) -> list[str]:
        """The entries of ``preload``."""
        return [entry.strip() for entry in self.preload.split(",") if entry.strip()]

    @property
    def gpus_of_packages(self) -> GpuAccess:
        """GPU access of the jobs of installed packages, which operators trust."""
        return GpuAccess.ALL if self.job_gpus else GpuAccess.NONE

    @property
    def gpus_of_bundles(self) -> GpuAccess:
        """GPU access of the jobs of bundles."""
        return GpuAccess.NEEDED if self.job_gpus else GpuAccess.NONE

    @property
    def total_slots(self) -> int:
        """Number of jobs that may run at the same time."""
        if self.concurrency:
            return self.concurrency
        by_memory = self._memory_of_jobs // _LEAST_MEMORY_BYTES - self._most_renditions
        return max(1, min(cores(), by_memory))

    @property
    def attempt_memory_bytes(self) -> int:
        """Bytes of memory that one attempt may use: all slots together, and renditions, fit into the machine."""
        return min(self.job_memory_bytes, self._memory_of_jobs // (self.total_slots + self._most_renditions))

    @property
    def _most_renditions(self) -> int:
        """Number of renditions that are made at the same time, including one in the background."""
        return self.rendition_concurrency + self.prepare_renditions

    @property
    def _memory_of_jobs(self) -> int:
        total = memory_bytes()
        return total - max(total // 10, min(total // 2, _SERVER_MEMORY_BYTES))

    @property
    def renditions_at_once(self) -> int:
        """Number of renditions of one user that may be made at the same time."""
        return self.user_running_renditions or max(1, self.rendition_concurrency - 1)
