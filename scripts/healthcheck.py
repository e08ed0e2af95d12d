"""The image's health check: exits with 0 when the process is alive. An argument is its port, 8000 otherwise.

It asks /healthz and not /readyz, because a database that is away is no reason to restart the container. The request
names the first of ALLOWED_HOSTS as its host: in production the server refuses requests to the container's address.
"""

import os
import sys
from urllib.request import Request, urlopen

host = os.environ.get("ALLOWED_HOSTS", "").split(",")[0].lstrip("*.") or "localhost"
port = sys.argv[1] if len(sys.argv) > 1 else "8000"
with urlopen(Request(f"http://127.0.0.1:{port}/healthz", headers={"Host": host}), timeout=2) as answer:
    assert answer.status == 200
