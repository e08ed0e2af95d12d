"""The page at /api/asyncapi/ in a real Chromium, on a running site. The steps are in asyncapi.test.mjs."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from tests.rig.chromium import chromium
from tests.rig.rest import channel

FOLDER = Path(__file__).parent


def test_the_page_in_a_browser(embedded_site):
    assert (FOLDER / "node_modules").exists(), "run: npm ci --prefix tests/browser --ignore-scripts"
    (alice,) = embedded_site.people("alice")
    facts = {
        "SITE": embedded_site.url,
        "EMAIL": alice.email,
        "PASSWORD": alice.password,
        "TOKEN": alice.access,
        "STREAM": channel(alice.make_room(kind="public")),
        "CHROMIUM": chromium(),
    }
    command = [shutil.which("node") or "node", "--test", "--test-reporter=spec", "asyncapi.test.mjs"]
    environment = os.environ | facts
    done = subprocess.run(
        command, cwd=FOLDER, env=environment, capture_output=True, text=True, timeout=240, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
