"""Setting files: read settings from files that ``VOXEL51_SERVER_<NAME>_FILE`` names, as secrets of containers are."""

from collections.abc import Collection, Mapping
from pathlib import Path

_SUFFIX = "_file"
_MOST_BYTES = 64 * 1024


def read_setting_files(values: Mapping[str, str], settings: Collection[str]) -> dict[str, str]:
    """Return ``values`` (setting -> text) with each ``<setting>_file`` replaced by the content of the file it names.

    White space around the content is removed: editors and ``echo`` end a file by a line break.

    Raises:
        ValueError: a file cannot be read, or a setting is given both ways.
    """
    read = dict(values)
    for name in values:
        setting = name.removesuffix(_SUFFIX)
        if name in settings or setting not in settings:  # a setting of that name, or an error that the caller reports
            continue
        if setting in values:
            raise ValueError(f"{setting} and {name} are both set; set one of them")
        read[setting] = _content(name, read.pop(name))
    return read


def _content(name: str, path: str) -> str:
    try:
        with Path(path).open("rb") as file:
            content = file.read(_MOST_BYTES + 1)
        if len(content) > _MOST_BYTES:
            raise ValueError(f"{name}: {path} is larger than {_MOST_BYTES} bytes, so it is not the file of a setting")
        return content.decode().strip()
    except OSError as error:
        raise ValueError(f"{name}: {path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ValueError(f"{name}: {path} is not text in UTF-8") from None
