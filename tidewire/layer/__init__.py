"""Everything that touches a channel layer.

`messages` holds the form of the messages, `publishing` and `publisher` send them after COMMIT, and `mailbox` and
`membership` receive them for the hub. A channel layer may lose any message: the hub reads from the event log whatever
the layer did not bring.
"""
