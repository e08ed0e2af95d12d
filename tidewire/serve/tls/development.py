"""A certificate for this machine alone: made on request, kept, and made again before it expires.

No browser trusts it before a person says so. It is for trying HTTP/2 and `wss://`, and for nothing else.
"""

from __future__ import annotations

import os
import socket
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tidewire.serve.tls.certificates import Certificate

VALID_DAYS = 90
RENEW_DAYS = 7
"""A certificate with less time left is made again at the next start."""
ADDRESSES = ("127.0.0.1", "::1")


def certificate(folder: Path) -> Certificate:
    """Returns the development certificate in this folder; makes it where there is none, or where it expires soon.
    Raises OSError when the folder cannot be written."""
    kept = Certificate(folder / "development-certificate.pem", folder / "development-key.pem")
    if not _is_good(kept):
        folder.mkdir(parents=True, exist_ok=True)
        _make(kept)
    return kept


def _is_good(kept: Certificate) -> bool:
    try:
        found = x509.load_pem_x509_certificate(kept.chain.read_bytes())
        key = serialization.load_pem_private_key(kept.key.read_bytes(), password=None)
    except (OSError, ValueError, TypeError):
        return False
    is_a_pair = key.public_key() == found.public_key()
    return is_a_pair and found.not_valid_after_utc - datetime.now(UTC) > timedelta(days=RENEW_DAYS)


def _make(kept: Certificate) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    names = dict.fromkeys(("localhost", socket.gethostname()))
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Tidewire development")])
    now = datetime.now(UTC)
    alternatives = [x509.DNSName(each) for each in names if each.isascii() and each]
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=VALID_DAYS))
        .add_extension(
            x509.SubjectAlternativeName([*alternatives, *(x509.IPAddress(ip_address(each)) for each in ADDRESSES)]),
            critical=False,
        )
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(key, hashes.SHA256())
    )
    _write(
        kept.key,
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()),
    )
    _write(kept.chain, made.public_bytes(serialization.Encoding.PEM))


def _write(path: Path, content: bytes) -> None:
    """Replaces the file at one stroke, readable for this user only."""
    fresh = path.with_suffix(".new")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(content)
    fresh.replace(path)
