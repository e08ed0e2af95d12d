"""Workers keep their figures in files that have disk space for them, and in memory when there is none left."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import pytest

from tidewire.ground import metric_files
from tidewire.ground.metric_files import FIRST_BYTES, AllocatedDict

BLOCK = 512


@pytest.fixture
def full_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets no file on a disk get more space. Those in memory do."""
    allocate = os.posix_fallocate

    def refuse(fd: int, offset: int, size: int) -> None:
        if "memfd" not in os.readlink(f"/proc/self/fd/{fd}"):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        allocate(fd, offset, size)

    monkeypatch.setattr(os, "posix_fallocate", refuse)
    metric_files._warn.cache_clear()


def filled(file: AllocatedDict, number: int) -> dict[str, float]:
    """Writes so many values, more than the first bytes hold; returns what the file says."""
    for each in range(number):
        file.write_value(f"{each:0100d}", float(each), 0.0)
    return {key.strip(): value for key, value, _ in file.read_all_values()}


def expected(number: int) -> dict[str, float]:
    return {f"{each:0100d}": float(each) for each in range(number)}


def test_every_byte_has_its_space_before_it_is_written(tmp_path: Path) -> None:
    path = tmp_path / "counter_1.db"
    file = AllocatedDict(str(path))
    assert path.stat().st_blocks * BLOCK >= path.stat().st_size == FIRST_BYTES
    assert filled(file, 2000) == expected(2000)
    assert path.stat().st_blocks * BLOCK >= path.stat().st_size == 4 * FIRST_BYTES


def test_on_a_full_disk_a_new_file_is_in_memory(tmp_path: Path, full_disk: None, caplog: Any) -> None:
    file = AllocatedDict(str(tmp_path / "counter_1.db"))
    assert filled(file, 2000) == expected(2000)
    assert list(tmp_path.iterdir()) == []  # an empty file would be unreadable for the other workers
    assert [record.getMessage() for record in caplog.records] == [
        f"the metrics of process {os.getpid()} are not seen by other workers: No space left on device"
    ]


def test_a_file_that_cannot_grow_goes_on_in_memory(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    path = tmp_path / "counter_1.db"
    file = AllocatedDict(str(path))
    filled(file, 100)
    request.getfixturevalue("full_disk")
    assert filled(file, 2000) == expected(2000)
    assert path.stat().st_size == FIRST_BYTES
    seen = {key.strip(): value for key, value, _, _ in AllocatedDict.read_all_values_from_file(str(path))}
    assert seen.items() >= expected(100).items()  # others read what it was before
