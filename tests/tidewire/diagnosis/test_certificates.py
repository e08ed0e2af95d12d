"""The doctor's look at the certificate of TLS: each fault is named, with what to do."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tidewire.diagnosis.doctor.certificates import RENEW_DAYS, look_at_certificate
from tidewire.diagnosis.doctor.finding import ERROR, OK, WARNING
from tidewire.serve.tls.certificates import Certificate

DAY = timedelta(days=1)
NAME = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "chat.example.com")])
KEY = ec.generate_private_key(ec.SECP256R1())


def signed(begins: timedelta, ends: timedelta) -> bytes:
    """Returns a certificate in PEM whose validity is counted from now."""
    now, number = datetime.now(UTC), x509.random_serial_number()
    made = x509.CertificateBuilder(NAME, NAME, KEY.public_key(), number, now + begins, now + ends)
    return made.sign(KEY, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


@pytest.fixture
def pair(tmp_path: Path) -> Certificate:
    """A certificate that is valid for 80 days, and its key, which its owner alone may read."""
    made = Certificate(tmp_path / "chat.pem", tmp_path / "chat.key")
    made.chain.write_bytes(signed(-DAY, 80 * DAY))
    write_key(made.key, KEY)
    return made


def write_key(path: Path, key: ec.EllipticCurvePrivateKey) -> None:
    path.touch(0o600)
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )


def found(pair: Certificate) -> list[tuple[str, str, str]]:
    """Returns (level, subject, text) of all that is found. What is wrong has a remedy."""
    findings = list(look_at_certificate(pair))
    assert all(bool(finding.remedy) == (finding.level != OK) for finding in findings)
    return [(finding.level, finding.subject, finding.text) for finding in findings]


def test_a_good_pair_is_in_order(pair: Certificate) -> None:
    ((level, subject, text),) = found(pair)
    assert (level, subject) == (OK, "certificate")
    assert "is valid for 80 days" in text


@pytest.mark.parametrize(
    ("begins", "ends", "level", "words"),
    [
        (-90 * DAY, -DAY, ERROR, "has expired on"),
        (DAY, 80 * DAY, ERROR, "is not valid before"),
        (-90 * DAY, (RENEW_DAYS - 1) * DAY + DAY / 2, WARNING, f"expires in {RENEW_DAYS - 1} days"),
    ],
)
def test_the_time_of_a_certificate(
    pair: Certificate, begins: timedelta, ends: timedelta, level: str, words: str
) -> None:
    pair.chain.write_bytes(signed(begins, ends))
    ((found_level, subject, text),) = found(pair)
    assert (found_level, subject) == (level, "certificate")
    assert words in text


def test_a_chain_is_valid_as_long_as_each_of_its_certificates(pair: Certificate) -> None:
    pair.chain.write_bytes(signed(-DAY, 80 * DAY) + signed(-DAY * 90, -DAY))
    assert [(level, subject) for level, subject, _ in found(pair)] == [(ERROR, "certificate")]


@pytest.mark.parametrize(("mode", "others"), [(0o640, "its group"), (0o644, "every user of this machine")])
def test_a_key_that_others_may_read(pair: Certificate, mode: int, others: str) -> None:
    pair.key.chmod(mode)
    key, certificate = found(pair)
    assert key[:2] == (WARNING, "key")
    assert f"may be read by {others}" in key[2]
    assert certificate[0] == OK


def test_what_serve_refuses(pair: Certificate, tmp_path: Path) -> None:
    """In the words of `serve`: a file that is missing, or is no PEM, and a key of another certificate."""
    missing = Certificate(tmp_path / "nowhere.pem", pair.key)
    folder = Certificate(pair.chain, tmp_path)
    other = Certificate(pair.chain, tmp_path / "other.key")
    write_key(other.key, ec.generate_private_key(ec.SECP256R1()))
    text = Certificate(tmp_path / "text.pem", pair.key)
    text.chain.write_text("not in PEM")
    for wrong, words in (
        (missing, "cannot be read: No such file"),
        (folder, "cannot be read: Is a directory"),
        (other, "is not the key of the certificate"),
        (text, "is not a certificate in PEM"),
    ):
        ((level, subject, said),) = found(wrong)
        assert (level, subject) == (ERROR, "certificate")
        assert words in said
