"""All parts that use Redis do their work with each kind of server that `REDIS_URL` can name, and the start finds no
fault in it.
"""

from __future__ import annotations

import contextlib

import pytest

from tests.rig.redis_kinds import ALL, PLACES, binaries_of, start
from tests.rig.verify import IS_VERIFY
from tests.tidewire.redis_parts import diagnose, found, use_everything


@pytest.mark.slow
@pytest.mark.parametrize(("program", "kind"), ALL if IS_VERIFY else [("found", kind) for kind in PLACES])
async def test_all_parts_work_and_no_fault_is_found(program: str, kind: str) -> None:
    with contextlib.ExitStack() as ending:
        url, files = start(kind, binaries_of(program), ending)
        asking = {"files": files}
        assert found(url, **asking) == []
        await use_everything(url, files)
        assert diagnose(url, **asking) == []
