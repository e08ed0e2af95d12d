"""Many accounts at once, without hashing a password for each."""

from __future__ import annotations

import json

from tests.rig.site import Site

_CODE = """
import json
from api.auth import sessions
from api.models import User
users = User.objects.bulk_create(User(email=f"crowd{{n}}@example.com", name=f"crowd {{n}}") for n in range({count}))
print(json.dumps([sessions.sign_in_as(user)["access"] for user in users]))
"""


def crowd_tokens(site: Site, count: int) -> list[str]:
    """Makes `count` accounts and returns an access token of each."""
    return json.loads(site.shell(_CODE.format(count=count)).strip().splitlines()[-1])
