"""TLS for `manage.py serve`: certificates, and connections that are encrypted (docs/http2.md).

certificates.py      a certificate and its key from two files: read, checked, read again at SIGHUP
development.py       a certificate for this machine alone, made on request
transport.py         one encrypted connection, and the factory of all: which protocol ALPN has chosen
"""
