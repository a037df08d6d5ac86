"""Settings: invalid ones are reported with their name, and the defaults keep users from each other's resources."""

import shutil
from pathlib import Path

import pytest

from voxel51.server.machine import memory_bytes
from voxel51.server.settings import SettingError, Settings
from voxel51.server.wiring.accounts import build_accounts
from voxel51.server.wiring.foundation import Addresses, build_foundation


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("THREADS", "many", "threads is 'many': Expected `int`, got `str`"),
        ("SIGN_UP", "sometimes", "sign_up is 'sometimes': Invalid enum value 'sometimes'"),
        (
            "EMBED_ORIGINS",
            "https://a.example, https://b.example; script-src *",
            "embed_origins: 'https://b.example; script-src *' is not an origin; use such as https://example.org, or *",
        ),
        ("LIFETIME_DAYS", "0", "lifetime_days is 0.0; it must be greater than 0"),
        (
            "PACKAGE_FILE_SERVERS",
            "https://a.example, b.example",
            "package_file_servers is 'https://a.example, b.example'; it must start with http:// or https://",
        ),
    ],
)
def test_invalid_value_is_reported_with_name(name: str, value: str, text: str) -> None:
    with pytest.raises(SettingError) as refused:
        Settings.load({f"VOXEL51_SERVER_{name}": value}, {})

    assert str(refused.value) == text


@pytest.mark.parametrize("concurrency", ["0", "1", "64", "5000"])
def test_memory_of_all_slots_fits_into_the_machine(concurrency: str) -> None:
    settings = Settings.load({"VOXEL51_SERVER_CONCURRENCY": concurrency}, {})

    at_once = settings.total_slots + settings.rendition_concurrency + settings.prepare_renditions
    assert 0 < settings.attempt_memory_bytes * at_once < memory_bytes()
    assert settings.attempt_memory_bytes <= settings.job_memory_bytes


def test_slots_are_as_many_as_have_enough_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("voxel51.server.settings.cores", lambda: 64)
    monkeypatch.setattr("voxel51.server.settings.memory_bytes", lambda: 32 * 1024**3)
    settings = Settings.load({}, {})

    assert settings.total_slots == 25
    assert settings.attempt_memory_bytes >= 1024**3
    monkeypatch.setattr("voxel51.server.settings.memory_bytes", lambda: 512 * 1024**2)
    assert settings.total_slots == 1


def test_limits_of_users_are_set_by_default(tmp_path: Path) -> None:
    settings = Settings.load({}, {"dir": str(tmp_path / "data"), "host": "127.0.0.1"})

    assert settings.requests_per_second > 0
    foundation = build_foundation(settings, Addresses("http://127.0.0.1:1", "http://127.0.0.1:1"))
    services = build_accounts(foundation)
    alice = services.accounts.create_user("alice")
    with foundation.database.read() as connection:
        assert services.quotas.of(connection, [alice.id])[alice.id] == {
            "bytes": shutil.disk_usage(tmp_path).total // 2, "running_jobs": 0,
        }  # fmt: skip
    services.accounts.create_user("bob")
    with foundation.database.read() as connection:
        assert services.quotas.most_running(connection, [alice.id]) == {}, "a slot would idle while jobs of alice wait"
    foundation.database.close()


def test_a_setting_is_read_from_the_file_that_its_variable_names(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("postgresql://voxel51:words @host/name\n")

    settings = Settings.load({"VOXEL51_SERVER_DATABASE_URL_FILE": str(secret)}, {"dir": str(tmp_path)})

    assert settings.database_url == "postgresql://voxel51:words @host/name"


@pytest.mark.parametrize(
    ("variables", "text"),
    [
        ({"DATABASE_URL_FILE": "/no/file"}, "database_url_file: /no/file cannot be read: No such file or directory"),
        ({"DATABASE_URL_FILE": "/dev/zero"}, "database_url_file: /dev/zero is larger than 65536 bytes"),
        ({"DATABASE_URL_FILE": "/x", "DATABASE_URL": ""}, "database_url and database_url_file are both set"),
        ({"PORT_FILE": __file__}, "port is '"),
        ({"NOTHING_FILE": "/x"}, "VOXEL51_SERVER_NOTHING_FILE is not a setting"),
    ],
)
def test_a_file_of_a_setting_that_cannot_be_used_is_refused(variables: dict[str, str], text: str) -> None:
    with pytest.raises(SettingError) as refused:
        Settings.load({f"VOXEL51_SERVER_{name}": value for name, value in variables.items()}, {})

    assert str(refused.value).startswith(text)
