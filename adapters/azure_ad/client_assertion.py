"""How an application proves itself with a certificate instead of a secret (private_key_jwt, RFC 7523 section 2.2).

Source: Microsoft identity platform, certificate-credentials.md.
"""

import re
from datetime import datetime, timedelta

import attrs
import jwt
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from jwt.utils import base64url_encode

from domain.errors import InvalidClientError

ALGORITHM = "PS256"
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
LIFETIME = timedelta(minutes=10)
PEM_BEGINS = "-----BEGIN"

_KEY = re.compile(r"-----BEGIN ([A-Z ]*PRIVATE KEY)-----.+?-----END \1-----", re.DOTALL)


@attrs.frozen(kw_only=True)
class Certificate:
    """A private key and what it is known by."""

    key: RSAPrivateKey = attrs.field(repr=False)
    thumbprint: str
    """SHA-256 of the certificate's DER form, base64url."""


def is_pem(credential: str) -> bool:
    """Return whether a client credential is a key with its certificate, not a secret."""
    return credential.startswith(PEM_BEGINS)


def read_certificate(pem: str) -> Certificate:
    """Return the private key and the certificate that belongs to it; others in the text are its chain.

    Raises:
        InvalidClientError: the text holds no such pair (CLIENT_CERTIFICATE_UNUSABLE).
    """
    found = _KEY.search(pem)
    if found is None:
        raise _unusable("holds no private key")
    try:
        key = load_pem_private_key(found.group().encode(), password=None)
        certificates = x509.load_pem_x509_certificates(pem.encode())
    except TypeError:
        raise _unusable("has a private key with a password") from None
    except ValueError:
        raise _unusable("has a private key or a certificate that cannot be read") from None
    if not isinstance(key, RSAPrivateKey):
        raise _unusable("has a key that is not an RSA key")
    for certificate in certificates:
        if certificate.public_key() == key.public_key():
            return Certificate(key=key, thumbprint=base64url_encode(certificate.fingerprint(SHA256())).decode())
    raise _unusable("holds no certificate of its private key")


def assertion(pem: str, client_id: str, audience: str, now: datetime, unique: str) -> str:
    """Return the signed statement; `audience` is the token endpoint, `unique` an id that is used once.

    Raises:
        InvalidClientError: as `read_certificate`.
    """
    certificate = read_certificate(pem)
    claims = {
        "aud": audience,
        "iss": client_id,
        "sub": client_id,
        "jti": unique,
        "nbf": int(now.timestamp()),
        "iat": int(now.timestamp()),
        "exp": int((now + LIFETIME).timestamp()),
    }
    return jwt.encode(claims, certificate.key, ALGORITHM, headers={"x5t#S256": certificate.thumbprint})


def _unusable(why: str) -> InvalidClientError:
    msg = f"The application's certificate cannot be used, for its PEM text {why}: the operator must correct the file."
    return InvalidClientError(msg, error_code="CLIENT_CERTIFICATE_UNUSABLE")
