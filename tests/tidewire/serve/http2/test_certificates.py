"""Certificates: what cannot be used is refused in a sentence, a renewed one is taken at SIGHUP, workers share one."""

from __future__ import annotations

import signal
import socket
import ssl
import stat
import subprocess
import sys
import warnings
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.rig.http2 import HTTP2Client, tls_connection
from tests.rig.site import ROOT, Sites
from tests.tidewire.serve.http2.conftest import MakeEncrypted
from tests.tidewire.serve.http2.encrypted import Encrypted
from tests.tidewire.serve.served import wait_until
from tidewire.serve.tls import development
from tidewire.serve.tls.certificates import Certificate, CertificateError


@dataclass(frozen=True)
class Pair:
    """A certificate for localhost and its key."""

    chain: Path
    key: Path

    @property
    def arguments(self) -> tuple[str, ...]:
        return ("--tls-cert", str(self.chain), "--tls-key", str(self.key))


def make(folder: Path, *options: str) -> Pair:
    """Makes a pair in this folder, in place of the one that is there."""
    folder.mkdir(exist_ok=True)
    pair = Pair(folder / "certificate.pem", folder / "key.pem")
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-days", "2"]
    command += ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", *(options or ["-nodes"])]
    subprocess.run([*command, "-keyout", pair.key, "-out", pair.chain], check=True, capture_output=True)
    return pair


def shown(served: Encrypted) -> bytes:
    """Returns the certificate that the server shows."""
    with tls_connection(served.port) as connection:
        return connection.getpeercert(binary_form=True) or b""


def der(chain: Path) -> bytes:
    return ssl.PEM_cert_to_DER_cert(chain.read_text())


# -- files that cannot be used -----------------------------------------------------------------------------------------


def test_each_file_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    good, other = make(tmp_path / "good"), make(tmp_path / "other")
    secret = make(tmp_path / "secret", "-passout", "pass:hush")
    text = tmp_path / "text.pem"
    text.write_text("not in PEM")
    wrong = {
        (tmp_path / "missing.pem", good.key): "missing.pem cannot be read: No such file",
        (good.chain, tmp_path / "missing.pem"): "missing.pem cannot be read: No such file",
        (tmp_path, good.key): "cannot be read: Is a directory",
        (text, good.key): "text.pem is not a certificate in PEM",
        (good.chain, text): "text.pem is not a private key in PEM",
        (good.chain, other.key): "is not the key of the certificate",
        (secret.chain, secret.key): "is encrypted",
    }
    for (chain, key), sentence in wrong.items():
        with pytest.raises(CertificateError, match=sentence):
            Certificate(chain, key).context()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--tls-cert", "certificate.pem"), "TLS needs both --tls-cert and --tls-key"),
        (("--tls-cert", "nowhere.pem", "--tls-key", "nowhere.pem"), "nowhere.pem cannot be read"),
        (("--tls-dev", "--tls-key", "key.pem"), "--tls-dev makes a certificate of its own"),
    ],
)
def test_serve_ends_with_a_sentence(sites: Sites, arguments: tuple[str, ...], sentence: str) -> None:
    command = [sys.executable, "manage.py", "serve", "--port", "0", "--skip-checks", *arguments]
    done = subprocess.run(
        command, cwd=ROOT, env=sites.make("embedded").environment, capture_output=True, text=True, check=False
    )

    assert done.returncode == 1
    assert "CommandError: " in done.stderr
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr


# -- for development ---------------------------------------------------------------------------------------------------


def test_the_development_certificate_is_kept_private_and_made_again_before_it_expires(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = development.certificate(tmp_path / "data")
    made = first.chain.read_bytes()
    assert stat.S_IMODE(first.key.stat().st_mode) == 0o600
    first.context()

    assert development.certificate(tmp_path / "data").chain.read_bytes() == made
    monkeypatch.setattr(development, "RENEW_DAYS", development.VALID_DAYS + 1)
    assert development.certificate(tmp_path / "data").chain.read_bytes() != made
    monkeypatch.undo()
    first.key.write_text("damaged")
    development.certificate(tmp_path / "data").context()


# -- renewal, and workers ----------------------------------------------------------------------------------------------


def test_sighup_takes_a_renewed_certificate_and_keeps_what_is_open_and_refuses_a_bad_one(
    make_encrypted: MakeEncrypted, tmp_path: Path
) -> None:
    pair = make(tmp_path / "pair")
    first = der(pair.chain)
    served = make_encrypted(*pair.arguments, certificate=pair.chain)
    assert shown(served) == first
    with HTTP2Client(served.port) as client:
        make(tmp_path / "pair")
        served.process.send_signal(signal.SIGHUP)
        assert wait_until(lambda: shown(served) == der(pair.chain))
        assert client.get("/healthz").status == 200

    good = der(pair.chain)
    pair.chain.write_text("half a file")
    served.process.send_signal(signal.SIGHUP)
    assert wait_until(lambda: "the certificate is kept as it was" in served.log.read_text())
    assert shown(served) == good


def test_tls_1_1_and_weak_ciphers_are_refused(served: Encrypted) -> None:
    for change in (_only_tls_1_1, _only_cbc):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        change(context)
        with pytest.raises(OSError):
            context.wrap_socket(_plain(served), server_hostname="localhost")


def _only_cbc(context: ssl.SSLContext) -> None:
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers("ECDHE+AES:!AESGCM:!AESCCM:@SECLEVEL=0")


def _only_tls_1_1(context: ssl.SSLContext) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        context.set_ciphers("ALL:@SECLEVEL=0")
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1


def _plain(served: Encrypted) -> socket.socket:
    return socket.create_connection(("127.0.0.1", served.port), timeout=10)
