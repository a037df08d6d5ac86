"""Settings of the platform: the name, default, unit and a one-line description of each.

A setting is read from its option of ``voxel51 server start`` if it has one, else from the environment variable
``VOXEL51_SERVER_<NAME>`` or the file that ``VOXEL51_SERVER_<NAME>_FILE`` names, else it has its default.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TypeVar

import msgspec
import platformdirs

from voxel51.runners.sandbox.policy import SandboxKind
from voxel51.server.logs import LogFormat
from voxel51.server.machine import memory_bytes, processors
from voxel51.server.outbound.allowed import parse_allowed_hosts
from voxel51.server.roles import Role, check_processes
from voxel51.server.setting_files import read_setting_files
from voxel51.server.setting_limits import URLS, check_amounts, check_engine, check_networks, check_provider, check_urls
from voxel51.server.slurm_settings import check_slurm
from voxel51.wire.accounts import SignUpMode
from voxel51.wire.bundles import BundleDeployers
from voxel51.wire.overview import EngineKind

PREFIX = "VOXEL51_SERVER_"
"""Prefix of the environment variables."""

_LEAST_MEMORY_BYTES = 1024**3
"""Memory that a slot should have: models and frames of large videos need about as much."""

_SERVER_MEMORY_BYTES = 512 * 1024**2
"""Memory that jobs leave to the platform itself and to the system, if that is more than a tenth."""


class SettingError(ValueError):
    """A setting has an invalid value. The text names the setting and the value."""


_Value = TypeVar("_Value")


def _setting(default: _Value, help: str) -> _Value:  # noqa: A002  (the word that argparse and the documentation use)
    return field(default=default, metadata={"help": help})


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
class Settings:
    """All settings, validated. The help of each field has its meaning and unit."""

    dir: str = _setting("", "data folder; empty: the user's data directory by platform convention")
    role: Role = _setting(  # noqa: RUF009  (a frozen field, as all the others)
        Role.ALL, "what the process does: all, api (requests) or dispatcher (jobs, background work); PostgreSQL only"
    )
    workers: int = _setting(1, "processes that serve requests; with more than 1, a further one runs jobs")
    host: str = _setting("127.0.0.1", "address to listen on; 0.0.0.0 listens on all interfaces")
    port: int = _setting(5151, "port to listen on; 0 picks a free one")
    public_url: str = _setting("", "URL of the platform for users and in token files; empty: the address it listens on")
    job_url: str = _setting("", "URL of the platform for jobs; empty: a loopback address of this machine")
    tls_certificate: str = _setting("", "PEM file with the certificate chain; enables HTTPS")
    tls_key: str = _setting("", "PEM file with the certificate's private key")
    database_url: str = _setting("", "postgresql://user:password@host/name; empty: SQLite in the data folder")
    database_connections: int = _setting(32, "connections to PostgreSQL that one process may have for its requests")
    storage_url: str = _setting("", "s3://bucket/folder for stored files; empty: the data folder. Keys: AWS_ variables")
    storage_dir: str = _setting("", "folder for stored files, if not in a bucket; empty: in the data folder")
    secret_key_file: str = _setting("", "file with the platform's secret key; empty: signing.key in the data folder")
    storage_endpoint: str = _setting("", "URL of the S3-compatible store; empty: Amazon S3")
    storage_public_endpoint: str = _setting(
        "", "URL of the store for clients, which then up- and download by signed links; empty: through the platform"
    )
    storage_link_seconds: int = _setting(900, "seconds until such a link expires, at most 604800")
    source_locations: str = _setting(
        "", "folders and s3://bucket/prefix, separated by commas, whose files operators may register in place"
    )
    trusted_proxies: str = _setting(
        "", "addresses and networks of reverse proxies, separated by commas, whose X-Forwarded-For and -Proto are used"
    )
    request_head_seconds: float = _setting(20.0, "seconds in which a client must send the head of a request")
    request_body_seconds: float = _setting(120.0, "seconds in which a client must send a body that is not a file")
    engine: EngineKind = _setting(  # noqa: RUF009  (a frozen field, as all the others)
        EngineKind.LOCAL,
        "what runs jobs: local (this machine), ray (the nodes of a Ray cluster) or slurm (one Slurm job per job)",
    )
    ray_address: str = _setting("", "HOST:PORT of the head of the Ray cluster, for the engine ray")
    slurm_partition: str = _setting("", "partition for the engine slurm; empty: Slurm's default")
    slurm_account: str = _setting("", "account that Slurm charges; empty: the user's default")
    slurm_options: str = _setting("", "further options of sbatch, such as --qos=low --constraint=avx2")
    slurm_address: str = _setting(
        "", "HOST:PORT on which the platform listens for its Slurm jobs; empty: host, and any free port"
    )
    slurm_token_file: str = _setting(
        "", "file with the token of Slurm jobs, at a path that all nodes have; empty: worker-token in the data folder"
    )
    slurm_python: str = _setting("", "Python interpreter of the nodes with this package; empty: at the platform's path")
    slurm_node_folder: str = _setting(
        "", "folder of each node for scratch files; empty: in its folder for temporary files"
    )
    node_lease_seconds: float = _setting(
        8.0, "seconds without contact after which a node ends its jobs, and they run again on others"
    )
    threads: int = _setting(32, "requests served at the same time")
    concurrency: int = _setting(
        0,
        "number of slots, that is of jobs that run at the same time; 0: one per processor that has 1 GiB of memory",
    )
    rendition_concurrency: int = _setting(
        2, "renditions (annotated videos, thumbnails) made at the same time, besides jobs"
    )
    rendition_wall_seconds: float = _setting(3600.0, "seconds in which one rendition must be made")
    user_running_renditions: int = _setting(
        0, "renditions of one user that are made at the same time; 0: as many as leave a slot for other users"
    )
    prepare_renditions: bool = _setting(
        True,
        "whether the poster, frame index and playable copy of a new video are made in the background, one at a time "
        "and only while a slot is idle; otherwise on request",
    )
    rendition_retention_days: float = _setting(30.0, "days after its last use until a rendition is deleted")
    renditions_per_user: int = _setting(1000, "renditions kept per user; the least recently used are deleted first")
    weights_dir: str = _setting("", "folder for model weights that jobs download; empty: in the data folder")
    cache_dir: str = _setting("", "folder for what can be computed again; empty: in the data folder")
    import_seconds: float = _setting(
        30.0, "seconds that importing one installed analytic may take at the start; a slower one is left out"
    )
    warm_processes: int = _setting(
        4, "processes that keep what analytics have set up, such as models, for further jobs of one owner; 0: none"
    )
    warm_idle_seconds: float = _setting(300.0, "seconds after its last job until such a process ends")
    warm_memory_bytes: int = _setting(
        2 * 1024**3, "bytes of memory of these processes together; the least recently used end first"
    )
    job_attempts: int = _setting(5, "attempts at a job, if the platform or machine dies during each, before it fails")
    job_wall_seconds: float = _setting(6 * 3600.0, "seconds one attempt at a job may take")
    job_cpu_seconds: int = _setting(24 * 3600, "processor seconds one attempt may use, all threads together")
    job_memory_bytes: int = _setting(
        8 * 1024**3,
        "bytes of private memory one attempt may use, all processes together; less if all slots exceed the memory",
    )
    job_file_bytes: int = _setting(256 * 1024**3, "size in bytes of the largest file that an attempt may write")
    job_processes: int = _setting(1024, "processes and threads that one attempt may have at the same time")
    job_scratch_bytes: int = _setting(256 * 1024**3, "bytes that one attempt may keep in its folder, log included")
    job_scratch_files: int = _setting(200_000, "files and folders that one attempt may keep in its folder")
    job_written_bytes: int = _setting(1024**4, "bytes that one attempt may write to disks in all")
    job_network_bytes: int = _setting(10 * 1024**3, "bytes that one attempt may exchange with granted hosts")
    job_partial_bytes: int = _setting(16 * 1024**2, "bytes of compressed partial results kept of one job")
    user_partial_bytes: int = _setting(512 * 1024**2, "bytes of compressed partial results kept of all jobs of a user")
    checkpoint_bytes: int = _setting(4 * 1024**2, "bytes of the state that a job may save, to go on from after a loss")
    sandbox: SandboxKind = _setting(  # noqa: RUF009  (a frozen field, as all the others)
        SandboxKind.NAMESPACES, "strongest sandbox to confine jobs by: none, landlock or namespaces"
    )
    sandbox_minimum: SandboxKind = _setting(  # noqa: RUF009  (as above)
        SandboxKind.NONE, "weakest sandbox in which jobs may run, of the same three; where it is missing, no job runs"
    )
    log_format: LogFormat = _setting(  # noqa: RUF009  (as above)
        LogFormat.TEXT, "format of the log lines: text, or json (one object per line)"
    )
    otlp_endpoint: str = _setting(
        "", "base URL of an OpenTelemetry collector, such as http://127.0.0.1:4318, that gets traces; empty: no traces"
    )
    stop_drain_seconds: float = _setting(
        0.0, "seconds for which running jobs may finish after SIGTERM, while new ones wait; 0: they are stopped at once"
    )
    bundle_deployers: BundleDeployers = _setting(  # noqa: RUF009  (as above)
        BundleDeployers.AUTO,
        "who may deploy bundles: operators, members (and operators), none, or auto (members where a sandbox confines "
        "jobs, otherwise operators)",
    )
    bundle_bytes: int = _setting(256 * 1024**2, "size in bytes of a bundle, as uploaded and unpacked")
    bundles_per_user: int = _setting(500, "bundles that one user or application may have, each version counts")
    bundle_builds: int = _setting(2, "bundles that are built at the same time, one of each owner")
    package_index: str = _setting(
        "https://pypi.org/simple", "package index for bundles; empty: only the folder package_wheels"
    )
    package_file_servers: str = _setting(
        "", "URLs of further servers, separated by commas, at which the package index keeps its files"
    )
    package_wheels: str = _setting("", "folder with wheels for bundles, which need no package index; empty: none")
    package_sources: bool = _setting(
        False, "whether bundles may install packages without a wheel, whose code then runs while they are built"
    )
    build_wall_seconds: float = _setting(900.0, "seconds that one step of the build of a bundle may take")
    build_memory_bytes: int = _setting(4 * 1024**3, "bytes of memory that one step of the build of a bundle may use")
    build_retry_seconds: float = _setting(
        3600.0, "seconds for which a build is tried again while the package index does not answer; then it fails"
    )
    environment_bytes: int = _setting(20 * 1024**3, "bytes of all environments of bundles that are kept")
    container_engine: str = _setting(
        "auto",
        "URL of the engine (Docker, or Podman's service) that runs container images, such as "
        "unix:///run/podman/podman.sock; auto: the first that DOCKER_HOST or a usual socket names; off: none",
    )
    container_runtime: str = _setting("", "OCI runtime of containers, such as runsc; empty: the engine's default")
    container_user_namespace: str = _setting(
        "", "user namespace of containers, such as auto with Podman; empty: the engine's default"
    )
    container_cpus: float = _setting(0.0, "processors that one container may use on average; 0: all")
    container_internet: bool = _setting(False, "whether containers may reach other hosts than the platform")
    container_read_only_root: bool = _setting(
        False, "whether containers may write to folders for scratch files only, instead of a layer of their own"
    )
    container_gpus: bool = _setting(
        False, "whether images made for GPUs are preferred, and get all GPUs of the machine"
    )
    container_images_bytes: int = _setting(
        50 * 1024**3, "bytes of all container images kept in the engine; the least recently used are removed first"
    )
    lifetime_days: float = _setting(365.0, "days until data and job outputs expire, unless a request sets another date")
    expiry_grace_days: float = _setting(
        1.0,
        "days that the platform must run after it was off, or the clock set forward, by more than a day before "
        "anything expires",
    )
    expiry_gap_days: float = _setting(
        90.0, "longest such gap in days; after a longer one nothing expires until this is increased"
    )
    cleanup_interval_seconds: float = _setting(30.0, "seconds between deletions of what has expired")
    event_retention_days: float = _setting(30.0, "days until events of jobs are deleted")
    event_streams: int = _setting(1000, "event streams that may be open at the same time")
    event_streams_per_user: int = _setting(50, "event streams that one user may have open at the same time")
    upload_limit_bytes: int = _setting(1024**4, "size in bytes of the largest file that may be uploaded")
    unfinished_upload_days: float = _setting(
        7.0, "days after its last request until an unfinished resumable upload is deleted"
    )
    disk_reserve_bytes: int = _setting(
        256 * 1024**2, "free bytes on the platform's disk below which uploads are rejected and no job is started"
    )
    outbound_allow: str = _setting(
        "",
        "hosts, *.suffixes and networks (with or without :port) that outbound requests may reach though not public",
    )
    outbound_threads: int = _setting(32, "outbound requests at the same time")
    delivery_retention_days: float = _setting(30.0, "days until webhook deliveries are deleted from the history")
    user_bytes: int = _setting(
        -1, "bytes of data one user may store, unless their quota is set; 0: no limit; -1: half of the disk"
    )
    user_running_jobs: int = _setting(
        0,
        "jobs of one user that may run at the same time, unless their quota is set; 0: no limit, and so is -1, "
        "the default of version 0.1",
    )
    requests_per_second: float = _setting(
        200.0, "requests per second that one user or application may send on average; 0: no limit"
    )
    requests_burst: int = _setting(2000, "requests that one user or application may send at once")
    address_failures_per_minute: float = _setting(
        60.0,
        "failed authentications and refused sign-ups per minute from one address; more get status 429; 0: no limit",
    )
    account_failures_per_minute: float = _setting(
        10.0, "wrong passwords per minute for one account, from all addresses; more get status 429; 0: no limit"
    )
    body_limit_bytes: int = _setting(4 * 1024**2, "size in bytes of the largest request body that is not a file")
    sign_up: SignUpMode = _setting(  # noqa: RUF009  (a frozen field, as all the others)
        SignUpMode.INVITE, "who may create an account: off (only operators), invite (users with an invitation), open"
    )
    oidc_issuer: str = _setting(
        "", "issuer URL of the OpenID provider, such as https://accounts.google.com; empty: no OIDC sign-in"
    )
    oidc_client_id: str = _setting("", "client id that the provider gave this platform")
    oidc_client_secret: str = _setting("", "client secret that the provider gave; empty: a public client with PKCE")
    oidc_name: str = _setting("", "name of the provider on the sign-in page; empty: its host")
    oidc_domains: str = _setting(
        "", "comma-separated domains; users with a verified e-mail address there need no invitation"
    )
    session_days: float = _setting(14.0, "days until a browser session ends")
    usage_retention_days: float = _setting(1100.0, "days until months are deleted from the usage ledger")
    audit_retention_days: float = _setting(730.0, "days until entries of the audit log are deleted")
    link_seconds: int = _setting(24 * 3600, "seconds until a signed link expires")
    grace_seconds: int = _setting(15 * 60, "seconds after its end in which a job may still send its log and status")

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
