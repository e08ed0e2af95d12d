"""One socket: bytes from the server to typed commands, and replies and pushes back to bytes.

  consumer.py             EventConsumer, the Channels class of one socket
    receive_queue.py      what the client sent and is not answered yet
    connection.py         one client without a socket: its identity, its subscriptions, its end
    protocol_connection.py  a connection that speaks the Centrifuge client protocol
      commands.py         the answer to each command
      rpc.py              the application's own methods

The send queue, in which replies and pushes wait for the server, is tidewire/delivery/send_queue.py.
"""
