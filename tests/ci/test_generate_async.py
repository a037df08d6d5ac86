"""Generation of the async clients from the blocking ones."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

from support.documentation_pages import ROOT

SCRIPT = ROOT / ".ci" / "generate_async.py"
BLOCKING = '''"""API client for tests."""

from collections.abc import Iterator

from voxel51.users.client import Client


class API(Client):
    """API client."""

    def __init__(self) -> None:
        super().__init__()

    def all(self) -> Iterator[int]:
        """Return … an iterator."""
        return self._iterate(1)

    def one(self) -> int:
        """Return one."""
        for item in self._iterate(1):
            return self._run(item) or self._send(item)
        return 0
'''
ASYNC = '''"""Async API client for tests."""

from collections.abc import AsyncIterator

from voxel51.users.async_client import AsyncClient


class AsyncAPI(AsyncClient):
    """Async API client."""

    def __init__(self) -> None:
        super().__init__()

    def all(self) -> AsyncIterator[int]:
        """Return … an iterator."""
        return self._iterate(1)

    async def one(self) -> int:
        """Return one."""
        async for item in self._iterate(1):
            return await self._run(item) or await self._send(item)
        return 0
'''


def test_generated_clients_are_up_to_date() -> None:
    done = subprocess.run([sys.executable, SCRIPT, "--check"], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr


def test_methods_calls_and_loops_become_async(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    specification = importlib.util.spec_from_file_location("generate_async", SCRIPT)
    assert specification is not None
    assert specification.loader is not None
    generator = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(generator)
    monkeypatch.setattr(generator, "ROOT", tmp_path)
    source = tmp_path / "api.py"
    source.write_text(BLOCKING, encoding="utf-8")

    header, text = generator.generated(source).split('"""', 1)

    assert "Generated from api.py" in header
    assert '"""' + text == ASYNC
