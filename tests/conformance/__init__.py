"""A server for the test suites that the protocol's public SDKs bring along, which expect its reference server.

The engine as it is, under an application that is open to everybody: anonymous clients or HS256 tokens, channels by any
name, clients that publish. What an event of ours is does not matter to those suites: a publication's data goes in and
comes out as it is. `manage.py conformance_server` runs it; production settings refuse to.
"""
