"""What was freed is given back to the system."""

import ctypes

import pytest

from tidewire.serve.free_memory import FreeMemory, resident_bytes

MIB = 1024 * 1024


def test_what_is_free_is_given_back() -> None:
    """As after long answers: blocks are freed, and between them some are still used."""
    try:
        libc = ctypes.CDLL("libc.so.6")
        libc.malloc_trim  # noqa: B018  raises where it is missing
    except (OSError, AttributeError):
        pytest.skip("the C library is not glibc")
    libc.malloc.restype, libc.free.argtypes = ctypes.c_void_p, [ctypes.c_void_p]
    blocks = [libc.malloc(64 * 1024) for _ in range(1600)]
    for block in blocks:
        ctypes.memset(block, 1, 64 * 1024)
    used = blocks[::100]
    full = resident_bytes()
    for block in set(blocks) - set(used):
        libc.free(block)

    FreeMemory().give_back()

    assert full - resident_bytes() > 80 * MIB
    for block in used:
        libc.free(block)
