"""With which keys a tenant signs, and as whom: its discovery document and its key set.

Source: Microsoft identity platform, signing-key-rollover.md and v2-protocols-oidc.md.
"""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import TypeVar

import attrs
import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from jwt.algorithms import RSAAlgorithm
from yarl import URL

from adapters.azure_ad.documents import Document, parse_object, text
from adapters.azure_ad.endpoints import Endpoints
from adapters.azure_ad.outcomes import Call, refused
from adapters.azure_ad.remembered import Remembered
from adapters.azure_ad.responses import OK, garbage
from adapters.http_client.retrying import Deadline, Repeat, Retrying
from adapters.http_client.transport import Answer, Request, Transport

T = TypeVar("T")

SMALLEST_KEY_BITS = 2048
PREPARATION = timedelta(seconds=7)
TENANT_PLACE = "{tenantid}"
"""Stands in the issuer of an authority for many tenants."""


@attrs.frozen(kw_only=True)
class Metadata:
    """What a tenant says of itself. `issuer` may contain `TENANT_PLACE`."""

    issuer: str
    jwks_uri: str


@attrs.frozen(kw_only=True)
class SigningKey:
    """`issuer` is who alone may sign with it; None where the key set does not say."""

    key: RSAPublicKey
    issuer: str | None


@attrs.frozen(kw_only=True, eq=False)
class TenantKeys:
    """What is known of one tenant."""

    metadata: Remembered[Metadata]
    keys: Remembered[Mapping[str, SigningKey]]


@attrs.frozen(kw_only=True, eq=False)
class SigningKeys:
    """The keys of every tenant that was asked for."""

    transport: Transport
    retrying: Retrying
    endpoints: Endpoints
    _tenants: dict[str, TenantKeys] = attrs.field(factory=dict)

    async def issuer(self, tenant: str, deadline: Deadline) -> str:
        """Return who signs for the tenant, maybe with `TENANT_PLACE` in it.

        Raises: as `describe`.
        """
        return (await self._of(tenant).metadata.get(deadline)).issuer

    async def prepare(self, tenant: str, deadline: Deadline) -> None:
        """Have issuer and keys at hand, and leave time for what they are needed for.

        Raises: as `describe`.
        """
        await self._of(tenant).keys.get(deadline.within(PREPARATION))

    async def find(self, tenant: str, key_id: str, deadline: Deadline) -> SigningKey | None:
        """Return the key; if it is unknown the set is fetched again, but seldom.

        Raises: as `describe`.
        """
        keys = self._of(tenant).keys
        found = (await keys.get(deadline)).get(key_id)
        return found or (await keys.renewed(deadline)).get(key_id)

    async def describe(self, tenant: str, deadline: Deadline) -> tuple[Metadata, Answer]:
        """Ask the tenant for its discovery document.

        Raises:
            APIConnectionError, ThrottledError: it cannot be reached, fails, or answers no such document.
            ConfigurationError: there is no such tenant (TENANT_UNKNOWN), or its certificate is not trusted.
        """

        def read(answer: Answer) -> tuple[Metadata, Answer]:
            document = parse_object(answer.body) or {}
            issuer, jwks_uri = text(document, "issuer"), text(document, "jwks_uri")
            if issuer is None or jwks_uri is None or not self._safe(jwks_uri):
                raise garbage(answer, "no discovery document with an issuer and a safe address of its keys")
            return Metadata(issuer=issuer, jwks_uri=jwks_uri), answer

        return await self._fetch(self.endpoints.discovery(tenant), read, deadline)

    def _safe(self, address: str) -> bool:
        """Return whether keys may be fetched there: never unprotected for an authority that is protected."""
        try:
            url = URL(address)
        except ValueError:
            return False
        own = URL(self.endpoints.authority).scheme
        return bool(url.host) and (url.scheme == "https" or own == url.scheme == "http")

    def _of(self, tenant: str) -> TenantKeys:
        return self._tenants.setdefault(tenant, self._make(tenant))

    def _make(self, tenant: str) -> TenantKeys:
        async def describe(deadline: Deadline) -> Metadata:
            return (await self.describe(tenant, deadline))[0]

        async def fetch(deadline: Deadline) -> Mapping[str, SigningKey]:
            found = await metadata.get(deadline)
            return await self._fetch(URL(found.jwks_uri), _read_keys, deadline)

        clock = self.transport.clock
        metadata = Remembered(fetch=describe, clock=clock)
        return TenantKeys(metadata=metadata, keys=Remembered(fetch=fetch, clock=clock))

    async def _fetch(self, url: URL, read: Callable[[Answer], T], deadline: Deadline) -> T:
        async def attempt(seconds: float) -> T:
            answer = await self.transport.send(Request(method="GET", url=url), seconds)
            if answer.status != OK:
                raise refused(answer, Call.APPLICATION)
            return read(answer)

        return await self.retrying.run(attempt, Repeat.ALWAYS, deadline)


def _read_keys(answer: Answer) -> Mapping[str, SigningKey]:
    keys = parse_keys(parse_object(answer.body) or {})
    if not keys:
        raise garbage(answer, "no key set with a key that could be used")
    return keys


def parse_keys(document: Document) -> Mapping[str, SigningKey]:
    """Return the RSA keys for signatures that are long enough, by `kid`; others are left out (RFC 7517)."""
    listed = document.get("keys")
    found: dict[str, SigningKey] = {}
    for entry in listed if isinstance(listed, list) else []:
        if not isinstance(entry, dict) or entry.get("kty") != "RSA" or entry.get("use", "sig") != "sig":
            continue
        if entry.get("alg", "RS256") != "RS256" or "d" in entry:
            continue
        key_id, key = text(entry, "kid"), _public_key(entry)
        if key_id is not None and key is not None and key.key_size >= SMALLEST_KEY_BITS:
            found[key_id] = SigningKey(key=key, issuer=text(entry, "issuer"))
    return found


def _public_key(entry: Document) -> RSAPublicKey | None:
    """Return the key; of `n` and `e` alone, so that nothing else in the entry matters."""
    modulus, exponent = text(entry, "n"), text(entry, "e")
    if modulus is None or exponent is None:
        return None
    try:
        key = RSAAlgorithm.from_jwk({"kty": "RSA", "n": modulus, "e": exponent})
    except (jwt.InvalidKeyError, ValueError, TypeError):
        return None
    return key if isinstance(key, RSAPublicKey) else None
