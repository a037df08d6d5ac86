"""Holder image: an image of one program that waits for ever, so that its container keeps a network in being.

No registry may be reachable, and a base image cannot be assumed, so the program is written here: an ELF header, one
segment, and a loop around the system call that waits for signals.
"""

import io
import platform
import struct
import tarfile

PROGRAM = "/wait"

_ADDRESS = 0x400000
_HEADER_BYTES, _SEGMENT_BYTES = 64, 56
_PAUSE = {
    # mov eax, 34 (pause); syscall; jmp to the start
    "x86_64": (62, bytes.fromhex("b822000000 0f05 ebf7")),
    # mov x0…x4, 0; mov x8, 73 (ppoll without descriptors or time limit); svc 0; b to the start
    "aarch64": (
        183,
        struct.pack("<8I", *range(0xD2800000, 0xD2800005), 0xD2800928, 0xD4000001, 0x17FFFFF9),
    ),
}


def holder_archive(machine: str = platform.machine()) -> bytes:
    """Return a tar archive with `PROGRAM` for a machine type.

    Raises:
        OSError: the machine type is not known.
    """
    content = _program(machine)
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        entry = tarfile.TarInfo(PROGRAM.lstrip("/"))
        entry.size, entry.mode = len(content), 0o555
        tar.addfile(entry, io.BytesIO(content))
    return archive.getvalue()


def _program(machine: str) -> bytes:
    if machine not in _PAUSE:
        raise OSError(f"containers are supported on x86_64 and aarch64, not on {machine}")
    number, code = _PAUSE[machine]
    start = _HEADER_BYTES + _SEGMENT_BYTES
    size = start + len(code)
    header = b"\x7fELF\x02\x01\x01".ljust(16, b"\0") + struct.pack(
        "<HHIQQQIHHHHHH", 2, number, 1, _ADDRESS + start, _HEADER_BYTES, 0, 0, _HEADER_BYTES, _SEGMENT_BYTES, 1, 0, 0, 0
    )
    segment = struct.pack("<IIQQQQQQ", 1, 5, 0, _ADDRESS, _ADDRESS, size, size, 0x1000)
    return header + segment + code
