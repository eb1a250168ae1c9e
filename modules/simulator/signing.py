"""Signing keys: id tokens, the published key set, and roll-over."""

import json
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from hashlib import sha256
from typing import Any

import attrs
import jwt
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from modules.simulator.registration import thumbprint

_TEMPLATE = "{tenantid}"


@attrs.frozen(kw_only=True)
class SigningKey:
    """A key with its certificate. `tenant_id`: the only tenant that it signs for; None: any."""

    kid: str
    private: rsa.RSAPrivateKey = attrs.field(repr=False, eq=False)
    certificate: bytes = attrs.field(repr=False, eq=False)
    tenant_id: str | None = None

    def as_jwk(self, base: str) -> dict[str, Any]:
        numbers = self.private.public_key().public_numbers()
        return {
            "kty": "RSA",
            "use": "sig",
            "kid": self.kid,
            "x5t": self.kid,
            "n": _number(numbers.n),
            "e": _number(numbers.e),
            "x5c": [b64encode(self.certificate).decode()],
            "issuer": f"{base}/{self.tenant_id or _TEMPLATE}/v2.0",
        }


class Signing:
    """The keys that are published, the newest first: that one signs. Keys are made when first needed."""

    def __init__(self) -> None:
        self._keys: list[SigningKey] = []
        self._made = 0

    @property
    def keys(self) -> list[SigningKey]:
        if not self._keys:
            self._keys.append(self._next())
        return self._keys

    @property
    def current(self) -> SigningKey:
        return self.keys[0]

    def roll(self, *, keep_old: bool = True, tenant_id: str | None = None) -> SigningKey:
        """Sign with a new key from now on; the old ones stay published, or are dropped at once."""
        old = self.keys if keep_old else []
        self._keys = [attrs.evolve(self._next(), tenant_id=tenant_id), *old]
        return self._keys[0]

    def drop_old(self) -> None:
        """Publish the newest key only."""
        self._keys = self.keys[:1]

    def jwks(self, base: str) -> dict[str, Any]:
        return {"keys": [key.as_jwk(base) for key in self.keys]}

    def sign(self, claims: Mapping[str, Any]) -> str:
        key = self.current
        return jwt.encode(dict(claims), key.private, algorithm="RS256", headers={"kid": key.kid})

    def _next(self) -> SigningKey:
        self._made += 1
        return _key(self._made)


def half_hash(text: str) -> str:
    """`c_hash` or `at_hash` of a code or token."""
    return urlsafe_b64encode(sha256(text.encode()).digest()[:16]).decode().rstrip("=")


def client_info(object_id: str, tenant_id: str) -> str:
    """Who signed in, as MSAL reads it."""
    text = json.dumps({"uid": object_id, "utid": tenant_id}, separators=(",", ":"))
    return urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _number(value: int) -> str:
    return urlsafe_b64encode(value.to_bytes((value.bit_length() + 7) // 8)).decode().rstrip("=")


@cache
def _key(number: int) -> SigningKey:
    """The process's key with this number: making one is slow, and every simulator may use the same."""
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Simulated token signing")])
    start = datetime(2020, 1, 1, tzinfo=UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(number)
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=36_500))
        .sign(private, hashes.SHA256())
    )
    kid = thumbprint(certificate, hashes.SHA1())  # noqa: S303 - x5t is defined so
    return SigningKey(kid=kid, private=private, certificate=certificate.public_bytes(Encoding.DER))
