"""What a stopped platform's data folder holds, read without the platform's help."""

import sqlite3
from pathlib import Path


def database_path(folder: Path) -> Path:
    """The one SQLite database of the data folder."""
    found = [path for path in folder.rglob("*") if path.is_file() and _begins_like_sqlite(path)]
    assert len(found) == 1, f"expected one database in {folder}, found {found}"
    return found[0]


def _begins_like_sqlite(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(16) == b"SQLite format 3\x00"


def every_text_in(database: Path) -> set[str]:
    """Every text value of every table: what a stored file's key is looked up in."""
    texts: set[str] = set()
    with sqlite3.connect(database) as connection:
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for table in tables:
            for row in connection.execute(f'SELECT * FROM "{table}"'):
                texts.update(value for value in row if isinstance(value, str))
    connection.close()
    return texts


def stored_keys(folder: Path) -> dict[str, int]:
    """Key -> size in bytes of every whole file in the platform's storage; half-written ones have no key yet."""
    root = folder / "storage"
    assert root.is_dir(), f"there is no storage in {folder}: {sorted(path.name for path in folder.iterdir())}"
    files = [path for path in root.glob("*/?/*") if path.is_file()]
    return {f"{path.relative_to(root).parts[0]}/{path.name}": path.stat().st_size for path in files}


def orphans(folder: Path) -> list[str]:
    """Keys of stored files that no row of the database speaks of."""
    texts = every_text_in(database_path(folder))
    return sorted(key for key in stored_keys(folder) if key not in texts)
