"""Certificates by which a client proves who it is."""

from datetime import UTC, datetime, timedelta
from functools import cache

import attrs
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID


@attrs.frozen(kw_only=True)
class Credential:
    """A self-signed certificate and its key."""

    certificate: x509.Certificate
    key_pem: bytes = attrs.field(repr=False)

    @property
    def certificate_pem(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    @property
    def both_pem(self) -> bytes:
        return self.key_pem + self.certificate_pem

    @property
    def sha1(self) -> str:
        """The thumbprint as portals show it: hexadecimal."""
        return self.certificate.fingerprint(hashes.SHA1()).hex().upper()  # noqa: S303 - the thumbprint's own algorithm


@cache
def make_credential(number: int = 0, *, elliptic: bool = False) -> Credential:
    """Make a credential; the same number gives the same one, since an RSA key takes a tenth of a second."""
    key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey = (
        ec.generate_private_key(ec.SECP256R1()) if elliptic else rsa.generate_private_key(65_537, 2048)
    )
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"client {number}")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=30))
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return Credential(certificate=certificate, key_pem=pem)
