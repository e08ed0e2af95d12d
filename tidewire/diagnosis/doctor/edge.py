"""Centrifugo: whether each node takes our calls, and whether the relay knows their tables."""

from __future__ import annotations

from tidewire.centrifugo import broker
from tidewire.centrifugo.broker import UnknownBrokerError
from tidewire.centrifugo.nodes import NodeAwayError, Nodes
from tidewire.diagnosis.doctor.finding import Findings, error, ok
from tidewire.ground.conf import conf
from tidewire.log.database import log_alias

REMEDY = "Start the node, compare the address and CENTRIFUGO_API_KEY, or take it out of CENTRIFUGO_NODES."


def look_at_edge() -> Findings:
    if not conf.CENTRIFUGO_NODES:
        return
    for address in conf.CENTRIFUGO_NODES:
        nodes = Nodes([address], conf.CENTRIFUGO_API_KEY)
        try:
            nodes.check()
        except NodeAwayError as failure:
            yield error("node", str(failure), REMEDY)
        else:
            yield ok("node", f"{address} answers")
        finally:
            nodes.close()
    try:
        broker.check(log_alias())
    except UnknownBrokerError as failure:
        yield error("nodes' tables", str(failure), "See docs/centrifugo.md: one release of Centrifugo is known.")
    else:
        yield ok("nodes' tables", "they are known")
