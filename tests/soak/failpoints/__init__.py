"""An app that makes a process fail where no test could reach: switched on by TIDEWIRE_EXTRA_APPS, and by what is said.

A message that says KILL_BEFORE_COMMIT or KILL_AFTER_COMMIT kills the process that records it, at that very place; one
that says KILL_AFTER_NEXT_COMMIT, at the next thing that it records. CLOCK_SKEW_SECONDS in the environment sets the
process's clock off, as Python sees it; PRESENCE_SECONDS is how long entries of presence live.
"""

KILL_BEFORE_COMMIT = "the process that records this dies before COMMIT"
KILL_AFTER_COMMIT = "the process that records this dies after COMMIT, before it publishes"
KILL_AFTER_NEXT_COMMIT = "the process that records this dies after the next COMMIT, before it publishes"
APP = "tests.soak.failpoints"
SKEW = "CLOCK_SKEW_SECONDS"
PRESENCE = "PRESENCE_SECONDS"
