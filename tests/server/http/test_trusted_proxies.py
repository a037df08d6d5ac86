"""Trusted proxies: only they state the address of a client, to which failed sign-ins are counted."""

import pytest
import requests

from voxel51.server.settings import SettingError, Settings


@pytest.mark.parametrize(("proxies", "statuses"), [("", [401, 401, 429]), ("10.0.0.0/8, 127.0.0.1", [401, 401, 401])])
def test_address_is_taken_from_configured_proxies_only(start_platform, proxies: str, statuses: list[int]) -> None:
    variables = {"VOXEL51_SERVER_TRUSTED_PROXIES": proxies, "VOXEL51_SERVER_ADDRESS_FAILURES_PER_MINUTE": "2"}
    platform = start_platform(environment=variables)
    got = []
    for number in range(3):
        headers = {"Authorization": "Bearer v51_guess", "X-Forwarded-For": f"203.0.113.{number}"}
        got.append(requests.get(f"{platform.url}/v1/account", headers=headers, timeout=20).status_code)

    assert got == statuses


def test_invalid_proxy_prevents_the_start() -> None:
    with pytest.raises(SettingError, match=r"trusted_proxies: 'proxy\.example' does not appear"):
        Settings.load({}, {"trusted_proxies": "127.0.0.1,proxy.example"})
