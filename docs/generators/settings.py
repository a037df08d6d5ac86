"""Reference page of the platform's settings."""

import re
from collections.abc import Mapping
from dataclasses import Field, fields
from enum import Enum
from typing import Any

from generators.commands import help_of
from generators.markdown import code, sentence
from voxel51.server.settings import PREFIX, Settings

GROUPS: Mapping[str, str] = {
    "Addresses and storage": "dir host port public_url job_url tls_certificate tls_key database_url "
    "storage_url storage_endpoint storage_public_endpoint storage_link_seconds source_locations "
    "user_source_locations",
    "Logs and traces": "log_format otlp_endpoint",
    "Requests": "threads trusted_proxies request_head_seconds request_body_seconds "
    "body_limit_bytes upload_limit_bytes unfinished_upload_days disk_reserve_bytes link_seconds "
    "event_streams event_streams_per_user",
    "Jobs": "concurrency import_seconds split_part_seconds job_attempts job_wall_seconds job_cpu_seconds "
    "job_memory_bytes job_file_bytes "
    "job_processes job_scratch_bytes job_scratch_files job_written_bytes job_network_bytes grace_seconds "
    "job_gpus stop_drain_seconds sandbox sandbox_minimum weights_dir cache_dir",
    "Bundles": "bundle_deployers bundle_bytes bundles_per_user bundle_builds package_index package_file_servers "
    "package_wheels package_sources build_wall_seconds build_memory_bytes build_retry_seconds environment_bytes",
    "Containers": "container_engine container_runtime container_user_namespace container_cpus container_internet "
    "container_read_only_root container_gpus container_images_bytes",
    "Renditions": "prepare_renditions rendition_concurrency rendition_wall_seconds user_running_renditions "
    "rendition_retention_days renditions_per_user",
    "Retention": "lifetime_days expiry_grace_days expiry_gap_days event_retention_days audit_retention_days "
    "usage_retention_days",
    "Limits per user": "user_bytes user_running_jobs batches_per_user open_batches_per_user user_sources "
    "user_source_files requests_per_second "
    "requests_burst address_failures_per_minute account_failures_per_minute",
    "Accounts and sign-in": "sign_up session_days oidc_issuer oidc_client_id oidc_client_secret oidc_name oidc_domains",
    "Outbound requests": "outbound_allow outbound_threads delivery_retention_days",
}
"""Heading -> names of settings."""

_OTHER = "Other"

_UNITS = ("bytes", "seconds", "days")
_INTRODUCTION = """# Settings

The platform reads a setting from an option of [`voxel51 server start`](commands/server.md) if there is one, otherwise
from an environment variable, otherwise it uses the default. Unknown variables and invalid values prevent the start and
are reported. `voxel51 server doctor` checks all settings.

`VOXEL51_SERVER_<NAME>_FILE` names a file that contains the value, such as a secret that Docker or Kubernetes mounts.
White space around the content is ignored.
"""


def pages() -> dict[str, str]:
    """File name -> Markdown."""
    settings = {each.name: each for each in fields(Settings)}
    grouped = {name for names in GROUPS.values() for name in names.split()}
    rest = [name for name in settings if name not in grouped]
    options = set(re.findall(r"--([a-z-]+)", help_of("server", "start")))
    lines = [_INTRODUCTION]
    for heading, names in [*GROUPS.items(), *([(_OTHER, " ".join(rest))] if rest else [])]:
        lines += [f"## {heading}", ""]
        for name in names.split():
            lines += _setting(settings[name], options)
    return {"settings.md": "\n".join(lines)}


def _setting(setting: Field[Any], options: set[str]) -> list[str]:
    facts = [f"Default: {_default(setting.default)}"]
    unit = next((unit for unit in _UNITS if setting.name.endswith(unit)), None)
    if unit:
        facts.append(f"Unit: {unit}")
    option = setting.name.replace("_", "-")
    if option in options:
        facts.append(f"Option: `voxel51 server start --{option}`")
    return [f"### {PREFIX}{setting.name.upper()}", "", sentence(setting.metadata["help"]), "",
            *(f"- {fact}" for fact in facts), ""]  # fmt: skip


def _default(value: Any) -> str:
    if isinstance(value, Enum):
        value = value.value
    return code(value) if str(value) else "empty"
