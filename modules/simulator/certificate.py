"""TLS for the simulator: a CA that signs one server certificate and is then forgotten, so that nobody can use it."""

import errno
import fcntl
import ipaddress
import os
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import attrs
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from modules.simulator.replacing import replace_file


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


CA_FILE, SERVER_FILE = "ca.pem", "server.pem"
_LIFETIME = timedelta(days=365)
_LEAST = timedelta(days=1)
_NAMES = x509.SubjectAlternativeName(
    [
        x509.DNSName("localhost"),
        x509.IPAddress(ipaddress.ip_address("127.0.0.1")),
        x509.IPAddress(ipaddress.ip_address("::1")),
    ]
)
_NAME_OF_CA = _name("IACSGraph simulator CA")
_Builder = x509.CertificateBuilder


@attrs.frozen(kw_only=True)
class Certificates:
    """`ca_file` is for clients to trust; `context` is the server's."""

    ca_file: Path
    context: ssl.SSLContext


def issue(directory: Path, *, now: datetime | None = None) -> Certificates:
    """Return the certificates of the directory; new ones if there are none, or if they end within a day.

    `ca.pem` is the CA's certificate, `server.pem` (0600) the server's key, certificate and CA. The CA's key is written
    nowhere. The server is `localhost`, `127.0.0.1` and `::1`. Processes that share the directory take turns.

    Raises: OSError if the directory cannot be made, read or written; FileExistsError if it holds a `ca.pem` or
    `server.pem` of somebody else's.
    """
    moment = now or datetime.now(UTC)
    directory.mkdir(parents=True, exist_ok=True)
    ca_file, server_file = directory / CA_FILE, directory / SERVER_FILE
    with _turn(directory):
        for file in (ca_file, server_file):
            _refuse_others(file)
        if not _is_good(ca_file, server_file, moment):
            ca, server = _make(moment)
            replace_file(server_file, server, mode=0o600)
            replace_file(ca_file, ca, mode=0o644)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(server_file)
    return Certificates(ca_file=ca_file, context=context)


@contextmanager
def _turn(directory: Path) -> Iterator[None]:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _refuse_others(file: Path) -> None:
    try:
        found = x509.load_pem_x509_certificates(file.read_bytes())
        ours = all(certificate.issuer == _NAME_OF_CA for certificate in found)
    except FileNotFoundError:
        return
    except ValueError:
        ours = False
    if not ours:
        raise FileExistsError(errno.EEXIST, "is not one of the simulator's", str(file))


def _is_good(ca_file: Path, server_file: Path, now: datetime) -> bool:
    try:
        (ca,) = x509.load_pem_x509_certificates(ca_file.read_bytes())
        both = server_file.read_bytes()
        server, signer = x509.load_pem_x509_certificates(both)
        key = serialization.load_pem_private_key(both, password=None)
        server.verify_directly_issued_by(ca)
        names = server.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (FileNotFoundError, ValueError, TypeError, InvalidSignature, x509.ExtensionNotFound):
        return False
    lasts = min(ca.not_valid_after_utc, server.not_valid_after_utc) - now > _LEAST
    private = server_file.stat().st_mode & 0o077 == 0
    return lasts and private and signer == ca and key.public_key() == server.public_key() and names == _NAMES


def _make(now: datetime) -> tuple[bytes, bytes]:
    """Return the CA's certificate, and the server's key, certificate and CA: each as PEM."""
    ca_key, server_key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    ca = _ca(ca_key, now)
    server = _server(server_key.public_key(), ca_key, now)
    key = server_key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    ca_pem = ca.public_bytes(serialization.Encoding.PEM)
    return ca_pem, key + server.public_bytes(serialization.Encoding.PEM) + ca_pem


def _ca(key: ec.EllipticCurvePrivateKey, now: datetime) -> x509.Certificate:
    public = key.public_key()
    return (
        _begun(_NAME_OF_CA, public, now)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(certificates=True), critical=True)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(public), critical=False)
        .sign(key, hashes.SHA256())
    )


def _server(public: ec.EllipticCurvePublicKey, ca_key: ec.EllipticCurvePrivateKey, now: datetime) -> x509.Certificate:
    authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key())
    return (
        _begun(_name("localhost"), public, now)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(_NAMES, critical=False)
        .add_extension(authority, critical=False)
        .sign(ca_key, hashes.SHA256())
    )


def _begun(subject: x509.Name, public: ec.EllipticCurvePublicKey, now: datetime) -> _Builder:
    return (
        _Builder()
        .subject_name(subject)
        .issuer_name(_NAME_OF_CA)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _LEAST)
        .not_valid_after(now + _LIFETIME)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
    )


def _usage(*, certificates: bool) -> x509.KeyUsage:
    """A CA signs certificates and lists of revoked ones, a server signs handshakes."""
    return x509.KeyUsage(
        digital_signature=not certificates,
        key_cert_sign=certificates,
        crl_sign=certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
