"""Setting limits: the smallest and largest values of numeric settings, and checks of addresses and the engine."""

import re
from collections.abc import Iterable, Mapping
from ipaddress import ip_network
from urllib.parse import SplitResult, urlsplit

from voxel51.wire.overview import EngineKind

URLS = ("public_url", "job_url", "storage_public_endpoint", "package_index", "package_file_servers", "otlp_endpoint")
"""Settings that are URLs, or lists of URLs."""

_POSITIVE = (
    "workers",
    "database_connections",
    "threads",
    "node_lease_seconds",
    "rendition_concurrency",
    "rendition_wall_seconds",
    "rendition_retention_days",
    "renditions_per_user",
    "import_seconds",
    "warm_idle_seconds",
    "warm_memory_bytes",
    "job_attempts",
    "job_wall_seconds",
    "job_cpu_seconds",
    "job_memory_bytes",
    "job_file_bytes",
    "job_processes",
    "job_scratch_bytes",
    "job_scratch_files",
    "job_written_bytes",
    "job_network_bytes",
    "job_partial_bytes",
    "user_partial_bytes",
    "checkpoint_bytes",
    "job_log_bytes",
    "job_requests_burst",
    "lifetime_days",
    "event_retention_days",
    "event_streams",
    "event_streams_per_user",
    "request_head_seconds",
    "request_body_seconds",
    "upload_limit_bytes",
    "link_seconds",
    "storage_link_seconds",
    "cleanup_interval_seconds",
    "unfinished_upload_days",
    "outbound_threads",
    "delivery_retention_days",
    "session_days",
    "audit_retention_days",
    "usage_retention_days",
    "requests_burst",
    "body_limit_bytes",
    "bundle_bytes",
    "bundles_per_user",
    "batches_per_user",
    "open_batches_per_user",
    "user_sources",
    "user_source_files",
    "bundle_builds",
    "environment_bytes",
    "build_wall_seconds",
    "build_memory_bytes",
)
"""Settings that must be greater than 0."""

_NOT_NEGATIVE = (
    "build_retry_seconds",
    "concurrency",
    "warm_processes",
    "disk_reserve_bytes",
    "grace_seconds",
    "stop_drain_seconds",
    "user_running_renditions",
    "expiry_grace_days",
    "expiry_gap_days",
    "requests_per_second",
    "job_requests_per_second",
    "address_failures_per_minute",
    "account_failures_per_minute",
)

_NONE_OR_MORE = ("user_bytes", "user_running_jobs")
"""Settings in which -1 stands for none at all, and 0 for no limit."""

_CENTURY_DAYS = 36525
_MAXIMA: Mapping[str, float] = {
    "workers": 1000,
    "lifetime_days": _CENTURY_DAYS,
    "expiry_grace_days": _CENTURY_DAYS,
    "expiry_gap_days": _CENTURY_DAYS,
    "event_retention_days": _CENTURY_DAYS,
    "unfinished_upload_days": _CENTURY_DAYS,
    "delivery_retention_days": _CENTURY_DAYS,
    "session_days": _CENTURY_DAYS,
    "audit_retention_days": _CENTURY_DAYS,
    "usage_retention_days": 9000,
    "link_seconds": _CENTURY_DAYS * 86400,
    "storage_link_seconds": 7 * 86400,  # the limit of S3
    "cleanup_interval_seconds": _CENTURY_DAYS * 86400,
    "grace_seconds": _CENTURY_DAYS * 86400,
    "job_wall_seconds": _CENTURY_DAYS * 86400,
    "rendition_wall_seconds": _CENTURY_DAYS * 86400,
    "job_cpu_seconds": _CENTURY_DAYS * 86400,
    "job_memory_bytes": 2**62,
    "user_bytes": 2**62,
    "user_running_jobs": 2**62,
    "body_limit_bytes": 2**30,
    "bundle_bytes": 2**40,
    "bundle_builds": 1000,
    "environment_bytes": 2**62,
    "build_wall_seconds": _CENTURY_DAYS * 86400,
    "build_memory_bytes": 2**62,
    "build_retry_seconds": _CENTURY_DAYS * 86400,
    "job_file_bytes": 2**62,
    "job_processes": 2**22,
    "job_scratch_bytes": 2**62,
    "job_scratch_files": 2**31,
    "job_written_bytes": 2**62,
    "job_network_bytes": 2**62,
}
"""Largest values that dates and kernel limits can represent."""


def check_amounts(values: Mapping[str, float]) -> None:
    """Check the numbers in ``values``, the settings by name.

    Raises:
        ValueError: one is out of range; the text names it.
    """
    for name in _POSITIVE:
        if not values[name] > 0:
            raise ValueError(f"{name} is {values[name]}; it must be greater than 0")
    for name in _NOT_NEGATIVE:
        if values[name] < 0:
            raise ValueError(f"{name} is {values[name]}; it must not be negative")
    for name in _NONE_OR_MORE:
        if values[name] < -1:
            raise ValueError(f"{name} is {values[name]}; it must be -1, 0 or greater")
    for name, most in _MAXIMA.items():
        if values[name] > most:
            raise ValueError(f"{name} is {values[name]}; it must be at most {most}")


def check_engine(engine: EngineKind, ray_address: str) -> None:
    """Check the address of the cluster.

    Raises:
        ValueError: it is missing or invalid.
    """
    host, _, port = ray_address.rpartition(":")
    if engine is EngineKind.RAY and not (host and port.isdecimal()):
        raise ValueError(f"ray_address is {ray_address!r}; for the engine ray, it must be HOST:PORT of the Ray head")


def check_provider(issuer: str, client_id: str) -> None:
    """Check the settings of the OpenID provider.

    Raises:
        ValueError: they are incomplete, or the provider could be imitated; the text names the setting.
    """
    if bool(issuer) != bool(client_id):
        raise ValueError("oidc_issuer and oidc_client_id must be set together; set both or neither")
    parts = urlsplit(issuer)
    if issuer and not (parts.hostname and (parts.scheme == "https" or _is_loopback(parts))):
        raise ValueError(f"oidc_issuer is {issuer!r}; it must be a URL that starts with https://")


def _is_loopback(parts: SplitResult) -> bool:
    return parts.scheme == "http" and parts.hostname in {"127.0.0.1", "::1", "localhost"}


def check_urls(urls: Mapping[str, str]) -> None:
    """Check the URLs in ``urls``, the settings by name; a setting may have several, separated by commas.

    Raises:
        ValueError: one is invalid; the text names it.
    """
    for name, value in urls.items():
        if any(url.strip() and not url.strip().startswith(("http://", "https://")) for url in value.split(",")):
            raise ValueError(f"{name} is {value!r}; it must start with http:// or https://")


def check_networks(entries: Iterable[str]) -> None:
    """Check the addresses and networks of trusted proxies.

    Raises:
        ValueError: one is invalid; the text names it.
    """
    for entry in entries:
        try:
            ip_network(entry)
        except ValueError as error:
            raise ValueError(f"trusted_proxies: {error}; use addresses and networks, such as 10.0.0.0/8") from None


_ORIGIN = re.compile(r"\*|https?://(\*\.)?[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?(:(\*|[0-9]{1,5}))?")


def read_origins(text: str) -> list[str]:
    """Return the origins that ``embed_origins`` names.

    Raises:
        ValueError: one is not an origin; the text names it.
    """
    origins = [entry.strip() for entry in text.split(",") if entry.strip()]
    for origin in origins:
        # They become part of a header, so nothing but an origin may pass.
        if not _ORIGIN.fullmatch(origin):
            raise ValueError(f"embed_origins: {origin!r} is not an origin; use such as https://example.org, or *")
    return origins
