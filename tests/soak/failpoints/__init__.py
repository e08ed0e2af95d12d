"""An app that makes a process fail at places that a test cannot reach from outside. TIDEWIRE_EXTRA_APPS installs it.

A message whose text is KILL_BEFORE_COMMIT or KILL_AFTER_COMMIT kills the process that records it, at that place.
KILL_AFTER_NEXT_COMMIT kills it after the transaction that follows. Two environment variables change a process:
CLOCK_SKEW_SECONDS sets its clock off, as Python sees it, and PRESENCE_SECONDS is how long entries of presence live.
"""

KILL_BEFORE_COMMIT = "the process that records this dies before COMMIT"
KILL_AFTER_COMMIT = "the process that records this dies after COMMIT, before it publishes"
KILL_AFTER_NEXT_COMMIT = "the process that records this dies after the next COMMIT, before it publishes"
APP = "tests.soak.failpoints"
SKEW = "CLOCK_SKEW_SECONDS"
PRESENCE = "PRESENCE_SECONDS"
