"""Certificates for servers and clients on loopback, signed by an authority that exists for one test run."""

from __future__ import annotations

import datetime
import ipaddress
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.rig import servers

LIFETIME = datetime.timedelta(days=1)


@dataclass(frozen=True)
class Certificate:
    """Paths of PEM files: the authority's certificate, the one that it signed, and its key."""

    authority: Path
    certificate: Path
    key: Path


def make_certificate() -> Certificate:
    """Returns a certificate for 127.0.0.1, for servers and clients, whose files every user may read."""
    folder = servers.temporary_folder("certificates")
    paths = Certificate(folder / "ca.pem", folder / "certificate.pem", folder / "key.pem")
    authority_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    authority = _signed(
        "Test authority", authority_key.public_key(), "Test authority", authority_key, is_authority=True
    )
    certificate = _signed("127.0.0.1", key.public_key(), "Test authority", authority_key, is_authority=False)
    paths.authority.write_bytes(authority.public_bytes(serialization.Encoding.PEM))
    paths.certificate.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    paths.key.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return paths


def _signed(
    name: str,
    key: ec.EllipticCurvePublicKey,
    issuer: str,
    issuer_key: ec.EllipticCurvePrivateKey,
    *,
    is_authority: bool,
) -> x509.Certificate:
    now = datetime.datetime.now(datetime.UTC)
    builder = x509.CertificateBuilder(_name(issuer), _name(name), key, x509.random_serial_number(), now, now + LIFETIME)
    builder = builder.add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
    if not is_authority:
        address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
        builder = builder.add_extension(x509.SubjectAlternativeName([address]), critical=False)
    return builder.sign(issuer_key, hashes.SHA256())


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
