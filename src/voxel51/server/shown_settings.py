"""Shown settings: all settings with their values, as operators see them, without secrets."""

import re
from dataclasses import fields

from voxel51.server.settings import Settings
from voxel51.wire.accounts import SettingValue

_PASSWORD = re.compile(r"(://[^/@:]*:)[^@]*(@)")
_SECRETS = {"oidc_client_secret"}


def shown_settings(settings: Settings) -> list[SettingValue]:
    """Return all settings; secrets and passwords in URLs are masked."""
    return [
        {
            "name": setting.name,
            "value": _masked(setting.name, str(getattr(settings, setting.name))),
            "default": str(setting.default),
            "description": setting.metadata["help"],
        }
        for setting in fields(settings)
    ]


def _masked(name: str, value: str) -> str:
    return "***" if value and name in _SECRETS else _PASSWORD.sub(r"\1***\2", value)
