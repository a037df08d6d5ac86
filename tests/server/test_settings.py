"""Invalid settings are reported with their name."""

import pytest

from voxel51.server.settings import SettingError, Settings


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("THREADS", "many", "threads is 'many': Expected `int`, got `str`"),
        ("SIGN_UP", "sometimes", "sign_up is 'sometimes': Invalid enum value 'sometimes'"),
        ("LIFETIME_DAYS", "0", "lifetime_days is 0.0; it must be greater than 0"),
    ],
)
def test_invalid_value_is_reported_with_name(name: str, value: str, text: str) -> None:
    with pytest.raises(SettingError) as refused:
        Settings.load({f"VOXEL51_SERVER_{name}": value}, {})

    assert str(refused.value) == text
