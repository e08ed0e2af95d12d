"""The client protocol without any I/O: codes, the commands that a client sends, the replies, pushes and events that the
server sends, their two encodings (JSON and Protobuf), and the WebSocket frames around them."""
