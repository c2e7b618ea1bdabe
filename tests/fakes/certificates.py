"""A chain as AWS serves it: a root that clients know, an intermediate authority, a server's certificate; RSA 2048."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import certifi
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID


class _Authority(NamedTuple):
    key: rsa.RSAPrivateKey
    certificate: x509.Certificate


def write_chain(folder: Path, host: str, now: int) -> Path:
    """Write the chain and its key; return their file.

    Beside it stand `ca.pem`, the root alone, and `bundle.pem`, the root among those that Mozilla trusts: what a client
    reads at a cold start on Lambda is such a bundle.
    """
    root = _issue("Bench Root", None, now)
    intermediate = _issue("Bench Intermediate", root, now)
    server = _issue(host, intermediate, now, host=host)
    pem = _pem(root.certificate)
    (folder / "ca.pem").write_bytes(pem)
    (folder / "bundle.pem").write_bytes(Path(certifi.where()).read_bytes() + pem)
    key = server.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    chain = folder / "chain.pem"
    chain.touch(mode=0o600)
    chain.write_bytes(key + _pem(server.certificate) + _pem(intermediate.certificate))
    return chain


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.PEM)


def _issue(name: str, issuer: _Authority | None, now: int, *, host: str | None = None) -> _Authority:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    signer = issuer.key if issuer else key
    begin = datetime.fromtimestamp(now, UTC) - timedelta(hours=1)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(begin + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=host is None, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
    )
    if host is None:
        builder = builder.add_extension(_may_sign(), critical=True)
    else:
        builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
    return _Authority(key, builder.sign(signer, hashes.SHA256()))


def _may_sign() -> x509.KeyUsage:
    names = ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement")
    rest = dict.fromkeys((*names, "encipher_only", "decipher_only"), False)
    return x509.KeyUsage(key_cert_sign=True, crl_sign=True, **rest)
