"""Every setting of the platform: name, default, unit, one line.

A setting is given as an option of ``voxel51 server start`` where it has one, else as the environment variable
``VOXEL51_SERVER_<NAME>``, else it has its default.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit

import msgspec
import platformdirs

from voxel51.server.outbound.allowed import read_allowances
from voxel51.wire.accounts import SettingValue, SignUpMode

PREFIX = "VOXEL51_SERVER_"


_PASSWORD = re.compile(r"(://[^/@:]*:)[^@]*(@)")
_SECRETS = {"oidc_client_secret"}
_CENTURY_DAYS = 36525
_MOST = {
    "lifetime_days": _CENTURY_DAYS,
    "event_days": _CENTURY_DAYS,
    "unfinished_upload_days": _CENTURY_DAYS,
    "webhook_days": _CENTURY_DAYS,
    "session_days": _CENTURY_DAYS,
    "audit_days": _CENTURY_DAYS,
    "link_seconds": _CENTURY_DAYS * 86400,
    "sweep_seconds": _CENTURY_DAYS * 86400,
    "grace_seconds": _CENTURY_DAYS * 86400,
    "job_wall_seconds": _CENTURY_DAYS * 86400,
    "job_cpu_seconds": _CENTURY_DAYS * 86400,
    "job_memory_bytes": 2**62,
    "owner_bytes": 2**62,
    "owner_running_jobs": 2**62,
    "body_limit_bytes": 2**30,
    "job_file_bytes": 2**62,
}
"""More than this no calendar and no kernel counts."""


class SettingError(ValueError):
    """A setting has a value it cannot have; the text names both."""


def _setting(default: Any, help: str) -> Any:  # noqa: A002  (the word that argparse and the documentation use)
    return field(default=default, metadata={"help": help})


def default_folder() -> Path:
    """Where the platform keeps its data unless told otherwise, by the convention of the operating system."""
    return Path(platformdirs.user_data_dir("voxel51", appauthor=False))


def _reason(error: msgspec.ValidationError, values: Mapping[str, Any]) -> str:
    """What is wrong with which value. One that may be a secret is a text, and every text will do."""
    reason, _, place = str(error).partition(" - at `$.")
    name = place.rstrip("`")
    return f"{name} is {values.get(name)!r}: {reason}"


def _is_loopback(parts: SplitResult) -> bool:
    return parts.scheme == "http" and parts.hostname in {"127.0.0.1", "::1", "localhost"}


def cores() -> int:
    """Processors that this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else (os.cpu_count() or 1)


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings, checked. See each field's help for its meaning and unit."""

    dir: str = _setting("", "data folder; empty: the user's data directory by platform convention")
    host: str = _setting("127.0.0.1", "address to listen on; 0.0.0.0 listens on every interface")
    port: int = _setting(5151, "port to listen on; 0 takes any free one")
    public_url: str = _setting("", "what people see, and what token files carry; empty: the address listened on")
    job_url: str = _setting("", "what jobs see; empty: a loopback address of this machine")
    tls_certificate: str = _setting("", "PEM file with the certificate chain; with it the platform speaks HTTPS")
    tls_key: str = _setting("", "PEM file with the certificate's private key")
    database_url: str = _setting("", "postgresql://user:password@host/name; empty: SQLite in the data folder")
    threads: int = _setting(32, "requests served at the same time")
    concurrency: int = _setting(0, "jobs run at the same time; 0: one for each processor")
    rendition_concurrency: int = _setting(2, "renditions (drawn videos, thumbnails) made at the same time, beside jobs")
    rendition_days: float = _setting(30.0, "days until a rendition that nobody looks at is forgotten")
    renditions_of_one: int = _setting(1000, "renditions kept for one user; those looked at longest ago make room")
    weights_dir: str = _setting("", "folder in which jobs keep weights that they fetched; empty: in the data folder")
    job_attempts: int = _setting(5, "how often a job is started before a machine that keeps dying fails it")
    job_wall_seconds: float = _setting(6 * 3600.0, "seconds one attempt at a job may last")
    job_cpu_seconds: int = _setting(24 * 3600, "processor seconds one attempt may use, all threads together")
    job_memory_bytes: int = _setting(8 * 1024**3, "bytes of private memory one attempt may use")
    job_file_bytes: int = _setting(256 * 1024**3, "bytes of any one file that an attempt writes")
    lifetime_days: float = _setting(365.0, "days until data and job outputs expire, unless their upload says otherwise")
    sweep_seconds: float = _setting(30.0, "seconds from one look for what has expired or lost its owner to the next")
    event_days: float = _setting(30.0, "days until events of jobs are forgotten")
    listeners: int = _setting(1000, "programs that follow events at the same time")
    listeners_of_one: int = _setting(50, "how many of them may be one user's")
    upload_limit_bytes: int = _setting(1024**4, "bytes of the largest file that is taken")
    unfinished_upload_days: float = _setting(
        7.0, "days until an upload in pieces that nobody goes on with is forgotten"
    )
    disk_reserve_bytes: int = _setting(256 * 1024**2, "bytes that uploads leave free on the platform's disk")
    outbound_allow: str = _setting(
        "", "hosts, *.suffixes and networks (with or without :port) that may be read from although they are not public"
    )
    outbound_threads: int = _setting(32, "threads that wait for other hosts at the same time")
    webhook_days: float = _setting(30.0, "days that deliveries to webhooks are kept, to be looked at and sent again")
    owner_bytes: int = _setting(0, "bytes of data one user may keep, unless granted otherwise; 0: no limit")
    owner_running_jobs: int = _setting(0, "jobs of one user that run at the same time; 0: no limit")
    requests_per_second: float = _setting(0.0, "requests one user or application may send on average; 0: no limit")
    requests_burst: int = _setting(200, "how many of them may come at once")
    failures_per_minute: float = _setting(
        60.0, "failed attempts of one address to say who it is; more are answered 429; 0: no limit"
    )
    account_failures_per_minute: float = _setting(
        10.0, "wrong passwords for one account, from whatever address; more are answered 429; 0: no limit"
    )
    body_limit_bytes: int = _setting(4 * 1024**2, "bytes of the largest request body that is no file")
    sign_up: SignUpMode = _setting(  # noqa: RUF009  (a frozen field, as all the others)
        SignUpMode.INVITE, "who may make an account: off (nobody), invite (who is invited, and the first), open"
    )
    oidc_issuer: str = _setting("", "OpenID provider by whose word people sign in, such as https://accounts.google.com")
    oidc_client_id: str = _setting("", "what the provider knows this platform as")
    oidc_client_secret: str = _setting("", "its secret there; empty: a public client, by PKCE alone")
    oidc_name: str = _setting("", "what the provider is called on the sign-in page; empty: its host")
    oidc_domains: str = _setting(
        "", "domains, joined by commas: who has a verified e-mail address there needs no invitation"
    )
    session_days: float = _setting(14.0, "days until who signed in by a browser must do so again")
    audit_days: float = _setting(730.0, "days until lines of the audit log are forgotten")
    link_seconds: int = _setting(24 * 3600, "seconds that a signed link lasts")
    grace_seconds: int = _setting(15 * 60, "seconds that a job may still send its log and status after it ended")

    @classmethod
    def load(cls, environment: Mapping[str, str], given: Mapping[str, Any]) -> "Settings":
        """Settings from what was ``given`` on the command line (None: not given) and the environment.

        Raises:
            SettingError: a value is not of its kind or out of range, or a variable names no setting.
        """
        values: dict[str, Any] = {}
        for name, text in environment.items():
            if name.startswith(PREFIX):
                values[name.removeprefix(PREFIX).lower()] = text
        unknown = values.keys() - {setting.name for setting in fields(cls)}
        if unknown:
            names = ", ".join(PREFIX + setting.name.upper() for setting in fields(cls))
            raise SettingError(f"{PREFIX}{min(unknown).upper()} is no setting; there are {names}")
        values.update({name: value for name, value in given.items() if value is not None})
        try:
            settings = msgspec.convert(values, cls, strict=False)
        except msgspec.ValidationError as error:
            raise SettingError(_reason(error, values)) from None
        settings._check()
        return settings

    def _check(self) -> None:
        if not 0 <= self.port <= 65535:
            raise SettingError(f"port {self.port} is out of range; take 1 to 65535, or 0 for any free one")
        if bool(self.tls_certificate) != bool(self.tls_key):
            raise SettingError("tls_certificate and tls_key belong together; give both or neither")
        self._check_amounts()
        try:
            read_allowances(self.allowed_hosts)
        except ValueError as error:
            raise SettingError(f"outbound_allow: {error}") from None
        self._check_provider()
        for name in ("public_url", "job_url"):
            url = getattr(self, name)
            if url and not url.startswith(("http://", "https://")):
                raise SettingError(f"{name} is {url!r}; it must start with http:// or https://")

    def _check_provider(self) -> None:
        if bool(self.oidc_issuer) != bool(self.oidc_client_id):
            raise SettingError("oidc_issuer and oidc_client_id belong together; give both or neither")
        parts = urlsplit(self.oidc_issuer)
        if self.oidc_issuer and not (parts.hostname and (parts.scheme == "https" or _is_loopback(parts))):
            raise SettingError(f"oidc_issuer is {self.oidc_issuer!r}; it must be a URL that starts with https://")

    def _check_amounts(self) -> None:
        at_least_one = ("threads", "rendition_concurrency", "rendition_days", "renditions_of_one",
                        "job_attempts", "job_wall_seconds", "job_cpu_seconds", "job_memory_bytes",
                        "job_file_bytes", "lifetime_days", "event_days", "listeners", "listeners_of_one",
                        "upload_limit_bytes", "link_seconds", "sweep_seconds",
                        "unfinished_upload_days", "outbound_threads", "webhook_days", "session_days",
                        "audit_days", "requests_burst", "body_limit_bytes")  # fmt: skip
        for name in at_least_one:
            if not getattr(self, name) > 0:
                raise SettingError(f"{name} is {getattr(self, name)}; it must be above 0")
        not_negative = ("concurrency", "disk_reserve_bytes", "grace_seconds", "owner_bytes", "owner_running_jobs",
                        "requests_per_second", "failures_per_minute", "account_failures_per_minute")  # fmt: skip
        for name in not_negative:
            if getattr(self, name) < 0:
                raise SettingError(f"{name} is {getattr(self, name)}; it must not be negative")
        for name, most in _MOST.items():
            if getattr(self, name) > most:
                raise SettingError(f"{name} is {getattr(self, name)}; it must be {most} at most")

    @property
    def folder(self) -> Path:
        """The data folder, absolute."""
        return Path(self.dir).expanduser().absolute() if self.dir else default_folder()

    @property
    def weights_folder(self) -> Path:
        """The folder for weights, absolute."""
        return Path(self.weights_dir).expanduser().absolute() if self.weights_dir else self.folder / "weights"

    @property
    def allowed_hosts(self) -> list[str]:
        """The entries of ``outbound_allow``, which commas separate."""
        return self.outbound_allow.split(",")

    @property
    def welcome_domains(self) -> list[str]:
        """The entries of ``oidc_domains``, in lower case."""
        return [entry.strip().lower() for entry in self.oidc_domains.split(",") if entry.strip()]

    @property
    def slots(self) -> int:
        """How many jobs run at the same time."""
        return self.concurrency or cores()

    def shown(self) -> list[SettingValue]:
        """Every setting for an operator to look at; secrets, and a password in a URL, are masked."""
        return [
            {
                "name": setting.name,
                "value": self._masked(setting.name),
                "default": str(setting.default),
                "description": setting.metadata["help"],
            }
            for setting in fields(self)
        ]

    def _masked(self, name: str) -> str:
        value = str(getattr(self, name))
        return "***" if value and name in _SECRETS else _PASSWORD.sub(r"\1***\2", value)
