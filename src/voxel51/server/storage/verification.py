"""Verification: compare every stored file with its record, and repair damaged files from intact copies.

A file is damaged if it is missing, or has another size or SHA-256 than its record. It is repaired if the file of
another record has the recorded hash: the same video of another user, or an output that was also stored as data.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from voxel51.server.storage.hashing import sha256_of
from voxel51.server.storage.storage import Storage


@dataclass(frozen=True, slots=True)
class RecordedFile:
    """A stored file as a record describes it.

    Attributes:
        key: of the file in the storage. Several records may share it; they follow each other.
        subject: what the file is and whose, for operators.
        size_bytes: None for files older than the record of their size.
        sha256: in hexadecimal; None for files older than the record of their hash.
    """

    key: str
    subject: str
    size_bytes: int | None
    sha256: str | None


@dataclass(frozen=True, slots=True)
class DamagedFile:
    """A damaged file, and the key of the intact copy that replaced it; None if there is no copy."""

    file: RecordedFile
    problem: str
    repaired_from: str | None = None


@dataclass(frozen=True, slots=True)
class Verification:
    """Result of a verification: the number of records whose file was checked, and the damaged files."""

    checked: int
    damaged: Sequence[DamagedFile]

    @property
    def lost(self) -> Sequence[DamagedFile]:
        """Return the damaged files that were not repaired."""
        return [each for each in self.damaged if each.repaired_from is None]


class Verifier:
    """Verifies and repairs a storage, also while a platform uses it.

    Args:
        storage: where the files are.
        records: yields all recorded files, those of the same key one after the other.
        is_recorded: returns whether any record still refers to a key.
    """

    def __init__(
        self, storage: Storage, records: Callable[[], Iterable[RecordedFile]], is_recorded: Callable[[str], bool]
    ) -> None:
        self._storage = storage
        self._records = records
        self._is_recorded = is_recorded

    def verify(self, *, hashes: bool = True, repair: bool = True) -> Verification:
        """Check all files; with ``hashes`` read each whole, otherwise only look at its size."""
        checked, damaged = 0, []
        last_key, problem = None, None
        for file in self._records():
            checked += 1
            if file.key != last_key:
                last_key, problem = file.key, self._problem_of(file, hashes)
            # A file that was deleted together with its record, after the record was read, is not damaged.
            if problem is not None and self._is_recorded(file.key):
                damaged.append(DamagedFile(file, problem))
        return Verification(checked, [*self._repaired(damaged)] if repair else damaged)

    def _problem_of(self, file: RecordedFile, hashes: bool) -> str | None:
        try:
            size_bytes = self._storage.size_bytes(file.key)
            if file.size_bytes not in {None, size_bytes}:
                return f"has {size_bytes} instead of {file.size_bytes} bytes"
            if hashes and file.sha256 is not None and sha256_of(self._storage.read(file.key)) != file.sha256:
                return "has other bytes than recorded"
        except FileNotFoundError:
            return "is missing"
        except OSError as error:
            return f"cannot be read: {error.strerror}"
        return None

    def _repaired(self, damaged: Sequence[DamagedFile]) -> Iterator[DamagedFile]:
        copies = self._copies({each.file.sha256 for each in damaged} - {None}) if damaged else {}
        sources: dict[str, str | None] = {}
        for each in damaged:
            key, sha256 = each.file.key, each.file.sha256
            if key not in sources:
                candidates = copies.get(sha256 or "", ())
                sources[key] = next((copy for copy in candidates if copy != key and self._copy(copy, each.file)), None)
            yield DamagedFile(each.file, each.problem, sources[key])

    def _copies(self, hashes: set[str | None]) -> Mapping[str, Sequence[str]]:
        """Return the keys of all files with one of ``hashes``, by hash; they may be damaged themselves."""
        found: dict[str, list[str]] = defaultdict(list)
        for file in self._records():
            if file.sha256 is not None and file.sha256 in hashes and file.key not in found[file.sha256]:
                found[file.sha256].append(file.key)
        return found

    def _copy(self, source: str, target: RecordedFile) -> bool:
        """Replace the file of ``target`` by a copy of ``source``; return False if the source is damaged too."""
        try:
            reader = self._storage.read(source)
        except OSError:
            return False
        writer = self._storage.writer(target.key, target.size_bytes)
        try:
            for chunk in reader:
                writer.write(chunk)
            if writer.sha256 != target.sha256:
                return False
            writer.commit()
        finally:
            reader.close()
            writer.abort()
        return True
