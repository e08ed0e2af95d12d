"""A certificate and its key, as files: read, checked, and read again when they were renewed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from OpenSSL import SSL

CIPHERS = b"ECDHE+AESGCM:ECDHE+CHACHA20"
"""For TLS 1.2: forward secrecy and authenticated encryption only, as RFC 9113 asks of HTTP/2. TLS 1.3 has no others."""


PROTOCOLS = (b"h2", b"http/1.1")
"""What a connection may speak, the better one first. A WebSocket's client offers HTTP/1.1 only, and gets that."""


class CertificateError(Exception):
    """The certificate or its key cannot be used. The text names the file and what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """Two files in PEM: the certificate, followed by the intermediate ones of its chain, and its private key."""

    chain: Path
    key: Path

    def arguments(self) -> list[str]:
        """Returns the arguments of `manage.py serve` that name them."""
        return ["--tls-cert", str(self.chain), "--tls-key", str(self.key)]

    def context(self) -> SSL.Context:
        """Returns what new connections are made from: TLS 1.2 or 1.3, with this certificate. Raises
        CertificateError."""
        _require_readable(self.chain, "certificate")
        _require_readable(self.key, "key")
        context = SSL.Context(SSL.TLS_SERVER_METHOD)
        context.set_min_proto_version(SSL.TLS1_2_VERSION)
        context.set_cipher_list(CIPHERS)
        context.set_options(SSL.OP_NO_COMPRESSION | SSL.OP_NO_RENEGOTIATION | SSL.OP_CIPHER_SERVER_PREFERENCE)
        context.set_mode(SSL.MODE_RELEASE_BUFFERS)
        context.set_alpn_select_callback(_choose_protocol)
        try:
            context.use_certificate_chain_file(str(self.chain))
        except SSL.Error as error:
            raise CertificateError(f"{self.chain} is not a certificate in PEM ({_reason(error)}).") from None
        try:
            context.use_privatekey(_private_key(self.key))
            context.check_privatekey()
        except SSL.Error:
            raise CertificateError(f"{self.key} is not the key of the certificate {self.chain}.") from None
        return context


def _choose_protocol(connection: SSL.Connection, offered: list[bytes]) -> Any:
    """Returns the protocol of a connection (ALPN). Where the client offers none of ours it speaks HTTP/1.1, as one that
    offers nothing."""
    return next((name for name in PROTOCOLS if name in offered), SSL.NO_OVERLAPPING_PROTOCOLS)


def _require_readable(path: Path, what: str) -> None:
    try:
        with path.open("rb") as file:
            file.read(1)
    except OSError as error:
        raise CertificateError(f"The {what} {path} cannot be read: {error.strerror}.") from None


def _private_key(path: Path) -> Any:
    """Returns the key in this file. Raises CertificateError."""
    try:
        return serialization.load_pem_private_key(path.read_bytes(), password=None)
    except TypeError:
        sentence = f"The key {path} is encrypted. Serve with one that is not, readable for this user only."
    except (ValueError, UnsupportedAlgorithm) as error:
        sentence = f"{path} is not a private key in PEM ({error})."
    raise CertificateError(sentence)


def _reason(error: Exception) -> str:
    """Returns OpenSSL's last words: (library, function, reason), or ""."""
    found = error.args[0] if error.args else ()
    return str(found[-1][-1]) if isinstance(found, list | tuple) and found else "unreadable"
