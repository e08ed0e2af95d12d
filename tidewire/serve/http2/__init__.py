"""HTTP/2, where a client chooses it by ALPN (docs/http2.md, docs/decisions/0067-http2.md).

frames.py            what arrives, cut into frames: refused by their heads, before they are in memory
budget.py            how many frames and resets a client may send beyond what answers need
driver.py            `h2`, the state machine of the protocol; what bends it
connection.py        one connection: its frames in turns, its streams, its deadlines, its end
request_turns.py     the requests of all connections, begun in turns
stream.py            one stream: what an HTTP/1.1 connection is to its request (http_requests.py)
sending.py           what streams have to send, in turns
"""
