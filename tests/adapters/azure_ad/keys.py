"""Keys, certificates and id tokens of the tests. Keys are made once: each costs a tenth of a second."""

import json
from datetime import UTC, datetime, timedelta
from functools import cache

import jwt
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from jwt.algorithms import RSAAlgorithm

TENANT = "aaaaaaaa-1111-2222-3333-444444444444"
OTHER_TENANT = "bbbbbbbb-1111-2222-3333-444444444444"
ISSUER = f"https://login.example/{TENANT}/v2.0"
TEMPLATE = "https://login.example/{tenantid}/v2.0"
CLIENT = "client-1"
NONCE = "nonce-1"
NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)


def key(number: int = 0) -> rsa.RSAPrivateKey:
    """Return a private key, always the same for the same number."""
    return _key(number)


@cache
def _key(number: int) -> rsa.RSAPrivateKey:
    assert number >= 0
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def jwk(kid: str, number: int = 0, **members: object) -> dict[str, object]:
    """Return a key of a key set."""
    return {**RSAAlgorithm.to_jwk(key(number).public_key(), as_dict=True), "kid": kid, "use": "sig", **members}


def claims(**changes: object) -> dict[str, object]:
    """Return the claims of a good id token; None leaves one out."""
    moment = int(NOW.timestamp())
    found: dict[str, object] = {
        "aud": CLIENT,
        "iss": ISSUER,
        "tid": TENANT,
        "oid": "oid-1",
        "sub": "sub-1",
        "iat": moment,
        "nbf": moment,
        "exp": moment + 3600,
        "nonce": NONCE,
        "preferred_username": "ann@example.com",
        "name": "Ann 앤",
        "email": "ann@example.com",
        "ver": "2.0",
        **changes,
    }
    return {name: value for name, value in found.items() if value is not None}


def id_token(**changes: object) -> str:
    """Return an id token signed with the first key."""
    return signed(claims(**changes))


def signed(content: object, number: int = 0, *, kid: str = "key-1") -> str:
    """Return a signed token."""
    payload = content if isinstance(content, bytes) else json.dumps(content).encode()
    return jwt.api_jws.encode(payload, key(number), "RS256", headers={"kid": kid})


def certificate(number: int = 0) -> x509.Certificate:
    """Return a certificate of a key, signed by itself."""
    return _certificate(number)


@cache
def _certificate(number: int) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"application {number}")])
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key(number).public_key())
        .serial_number(number + 1)
        .not_valid_before(NOW - timedelta(days=3650))
        .not_valid_after(NOW + timedelta(days=36500))
        .sign(key(number), SHA256())
    )


def key_pem(number: int = 0, form: PrivateFormat = PrivateFormat.PKCS8) -> str:
    """Return a private key as PEM text."""
    return key(number).private_bytes(Encoding.PEM, form, NoEncryption()).decode()


def certificate_pem(number: int = 0) -> str:
    """Return a certificate as PEM text."""
    return certificate(number).public_bytes(Encoding.PEM).decode()
