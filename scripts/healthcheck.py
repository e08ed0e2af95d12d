"""The image's health check: is the process alive? (Not: is it ready. A database that is away is no reason to kill it.)

Asked under a name that the server answers to, because in production it refuses the address of the container.
"""

import os
from urllib.request import Request, urlopen

host = os.environ.get("ALLOWED_HOSTS", "").split(",")[0].lstrip("*.") or "localhost"
with urlopen(Request("http://127.0.0.1:8000/healthz", headers={"Host": host}), timeout=2) as answer:
    assert answer.status == 200
