"""Stored files: the data folder of a stopped platform, read without the platform."""

import sqlite3
from pathlib import Path


def database_path(folder: Path) -> Path:
    """Return the path of the SQLite database in the data folder."""
    found = [path for path in folder.iterdir() if path.is_file() and _begins_like_sqlite(path)]
    assert len(found) == 1, f"expected one database in {folder}, found {found}"
    return found[0]


def _begins_like_sqlite(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(16) == b"SQLite format 3\x00"


def every_text_in(database: Path) -> set[str]:
    """Return every text value of every table, to look up the keys of stored files."""
    texts: set[str] = set()
    with sqlite3.connect(database) as connection:
        # Virtual tables have their texts in tables of their own.
        tables = "SELECT name FROM sqlite_master WHERE type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL %'"
        names = [name for (name,) in connection.execute(tables)]
        for table in names:
            for row in connection.execute(f'SELECT * FROM "{table}"'):
                texts.update(value for value in row if isinstance(value, str))
    connection.close()
    return texts


def stored_keys(folder: Path) -> dict[str, int]:
    """Return key -> size in bytes of every complete file in the storage; partial files have no key yet."""
    root = folder / "storage"
    assert root.is_dir(), f"no storage in {folder}: {sorted(path.name for path in folder.iterdir())}"
    files = [path for path in root.glob("*/?/*") if path.is_file()]
    return {f"{path.relative_to(root).parts[0]}/{path.name}": path.stat().st_size for path in files}


def orphans(folder: Path) -> list[str]:
    """Return the keys of stored files that no row of the database contains."""
    texts = every_text_in(database_path(folder))
    return sorted(key for key in stored_keys(folder) if key not in texts)
