"""Process control: huge pages of a process that is forked often."""

import os
from pathlib import Path

import pytest

from voxel51.runners.process_control import use_huge_pages


def test_memory_in_huge_pages_keeps_its_content_in_this_process_and_in_forks():
    if not Path("/sys/kernel/mm/transparent_hugepage").exists():
        pytest.skip("the kernel has no transparent huge pages")
    content = bytearray(os.urandom(1 << 20) * 8)
    before = bytes(content)

    use_huge_pages()

    assert content == before
    pid = os.fork()
    if pid == 0:
        content[0] ^= 1
        os._exit(0 if content[1:] == before[1:] else 1)
    assert os.waitpid(pid, 0)[1] == 0
    assert content == before
