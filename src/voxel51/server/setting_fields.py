"""Setting fields: the name, default, unit and a one-line description of each setting of the platform."""

from dataclasses import dataclass, field
from typing import TypeVar

from voxel51.runners.sandbox.policy import SandboxKind
from voxel51.server.logs import LogFormat
from voxel51.server.roles import Role
from voxel51.wire.accounts import SignUpMode
from voxel51.wire.bundles import BundleDeployers
from voxel51.wire.overview import EngineKind

_Value = TypeVar("_Value")


def _setting(default: _Value, help: str) -> _Value:  # noqa: A002  (the word that argparse and the documentation use)
    return field(default=default, metadata={"help": help})


@dataclass(frozen=True, slots=True)
class SettingFields:
    """The fields of `voxel51.server.settings.Settings`. The help of each has its meaning and unit."""

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
    user_source_locations: str = _setting(
        "", "the same for sources that users register themselves; USER=LOCATION or app:APPLICATION=LOCATION limits one"
    )
    user_sources: int = _setting(20, "sources that one user may register")
    user_source_files: int = _setting(200_000, "files in place that one user may have by sources of their own")
    embed_origins: str = _setting(
        "", "origins, separated by commas, whose pages may show shared results in a frame, such as https://example.org"
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
    ray_join: bool = _setting(
        False, "whether the platform's processes make their machine a member of the Ray cluster; it runs no jobs then"
    )
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
        30.0,
        "seconds that importing one installed analytic may take at the start (on a busy machine, of processor time); a "
        "slower one is left out",
    )
    preload: str = _setting(
        "*",
        "installed analytics whose modules are kept in memory, so that their jobs start faster: names, with ``*`` for "
        "any characters, separated by commas; empty: none, which saves memory",
    )
    warm_processes: int = _setting(
        4, "processes that keep what analytics have set up, such as models, for further jobs of one owner; 0: none"
    )
    warm_idle_seconds: float = _setting(300.0, "seconds after its last job until such a process ends")
    warm_memory_bytes: int = _setting(
        2 * 1024**3, "bytes of memory of these processes together; the least recently used end first"
    )
    split_part_seconds: float = _setting(
        20.0, "seconds of work that each part of a split job has at least, as earlier jobs of its analytic measured it"
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
    job_log_bytes: int = _setting(256 * 1024**2, "bytes of a log that a job uploads by itself; a larger one is refused")
    job_requests_per_second: float = _setting(
        50.0,
        "requests per second that one attempt may send on average, where 64 KiB of a body count as one; more are "
        "answered later, and with status 429 if many wait; 0: no limit",
    )
    job_requests_burst: int = _setting(1000, "requests that one attempt may send at once")
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
    job_gpus: bool = _setting(
        False,
        "whether jobs that are not containers see the NVIDIA GPUs of their machine: all jobs of installed packages, "
        "and those of bundles that support GPUs",
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
    batches_per_user: int = _setting(
        1000, "batches of jobs kept per user; the oldest that have ended are deleted first, and their jobs stay"
    )
    open_batches_per_user: int = _setting(50, "batches of jobs of one user that have not ended at the same time")
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
