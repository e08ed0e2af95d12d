"""The certificate of TLS and its key, as files of this machine: usable, private, and valid for long enough."""

from __future__ import annotations

import stat
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509

from tidewire.diagnosis.doctor.finding import Finding, Findings, error, ok, warning
from tidewire.serve.tls.certificates import Certificate, CertificateError

RENEW_DAYS = 21
"""Certificates of 90 days are renewed a month before their end. One with less time left was not."""

RENEWAL = "Renew it, and send SIGHUP to `serve`, or reload the proxy."


def look_at_certificate(certificate: Certificate) -> Findings:
    """What `serve --tls-cert --tls-key` would refuse, and what it would serve although it should not."""
    try:
        certificate.context()
    except CertificateError as fault:
        yield error("certificate", str(fault), "Name the PEM files of one pair, readable for the user of the service.")
        return
    yield from _key(certificate.key)
    chain = x509.load_pem_x509_certificates(certificate.chain.read_bytes())
    begin, end = max(each.not_valid_before_utc for each in chain), min(each.not_valid_after_utc for each in chain)
    yield validity(begin, end, str(certificate.chain))


def validity(begin: datetime, end: datetime, which: str) -> Finding:
    """Judges the time in which a certificate, and its chain, is valid. `which` names it."""
    now = datetime.now(UTC)
    days = (end - now).total_seconds() / 86_400
    if now < begin:
        return error("certificate", f"{which} is not valid before {begin:%Y-%m-%d %H:%M} UTC", "Look at the clock.")
    if days <= 0:
        return error("certificate", f"{which} has expired on {end:%Y-%m-%d %H:%M} UTC", RENEWAL)
    if days < RENEW_DAYS:
        return warning("certificate", f"{which} expires in {days:.0f} days, on {end:%Y-%m-%d}", RENEWAL)
    return ok("certificate", f"{which} is valid for {days:.0f} days")


def _key(path: Path) -> Findings:
    """Whether others than its owner may read the key."""
    mode = stat.S_IMODE(path.stat().st_mode)
    others = "every user of this machine" if mode & stat.S_IROTH else "its group" if mode & stat.S_IRGRP else ""
    if others:
        yield warning(
            "key",
            f"{path} may be read by {others} (mode {mode:03o})",
            f"`chmod 600 {path}`, with the user of the service as its owner.",
        )
