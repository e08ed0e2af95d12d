"""h2spec's cases for RFC 9113 (then 7540) and RFC 7541, and requests of h2load, against a real `serve`."""

from __future__ import annotations

import re
import subprocess
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from tests.rig.verify import built_by_go, figure, program
from tests.tidewire.serve.http2.encrypted import Encrypted

pytestmark = pytest.mark.verify

H2SPEC = "github.com/summerwind/h2spec/cmd/h2spec@v2.2.1+incompatible"
PATH = "/api/problems/too_large/"
"""A page with a body, without a credential. h2spec sends POST there, too."""

OTHERWISE: dict[str, str] = {}
"""{a case that is not passed: why}."""


def test_h2spec(served: Encrypted, tmp_path: Path) -> None:
    report = tmp_path / "report.xml"
    command = [built_by_go("h2spec", H2SPEC), "--host", "localhost", "--port", str(served.port), "--path", PATH]
    command += ["--tls", "--insecure", "--strict", "--timeout", "5", "--junit-report", str(report)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    cases = list(ET.parse(report).getroot().iter("testcase"))
    failed = {case.attrib["classname"] for case in cases if case.find("failure") is not None}
    skipped = [case for case in cases if case.find("skipped") is not None]
    figure(f"h2spec: {len(cases) - len(failed) - len(skipped)} of {len(cases)} cases passed, {len(skipped)} skipped")

    assert len(cases) > 140, done.stdout + done.stderr
    assert failed == set(OTHERWISE), done.stdout


def test_h2load(served: Encrypted) -> None:
    """All requests are answered: 10 connections with 50 streams each."""
    command = [program("h2load", "nghttp2-client"), "--requests", "5000", "--clients", "10", "--max-concurrent-streams"]
    done = subprocess.run(
        [*command, "50", f"{served.url}/healthz"], capture_output=True, text=True, timeout=120, check=False
    )
    finished = re.search(r"finished in .*", done.stdout)
    figure(f"h2load, /healthz on 10 connections with 50 streams each: {finished[0] if finished else done.stdout}")

    assert "5000 succeeded, 0 failed, 0 errored, 0 timeout" in done.stdout, done.stdout
