"""An app that kills the relay at places that a test cannot reach from outside. TIDEWIRE_EXTRA_APPS installs it.

The file that FAULT names holds one of PLACES. The relay that comes to that place removes the file and is killed.
"""

ONE_NODE_CALLED = "the first node has ended what was revoked, and the second was not asked"
NODES_CALLED = "all nodes have ended what was revoked, and nothing was copied"
ROWS_COPIED = "the rows were copied, and their positions and COMMIT were not"
POSITION_STORED = "the position was stored, and nothing after COMMIT was done"
PLACES = (ONE_NODE_CALLED, NODES_CALLED, ROWS_COPIED, POSITION_STORED)
APP = "tests.centrifugo.faults"
FAULT = "RELAY_FAULT"
