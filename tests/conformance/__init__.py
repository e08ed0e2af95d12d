"""A server for the test suites of the protocol's public SDKs, which expect its reference server.

It is the unchanged engine under an application that is open to all: anonymous clients or HS256 tokens, channels of any
name, clients that publish. The suites do not know our events, so the data of a publication is stored and sent as it is.
`manage.py conformance_server` runs it, except with production settings.
"""
