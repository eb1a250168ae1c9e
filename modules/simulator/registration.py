"""App registrations: what a client is, and how it proves it."""

from base64 import urlsafe_b64encode
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Literal

import attrs
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from modules.simulator.redirects import Platform, RedirectUri

# Whose accounts may sign in: of the application's own tenant; of any tenant; of any tenant, or personal ones.
Audience = Literal["single", "organizations", "all"]


@attrs.define(kw_only=True)
class Secret:
    """A client secret. `secret_id` is what people paste by mistake."""

    secret_id: str
    value: str = attrs.field(repr=False)
    expires_at: datetime


@attrs.frozen(kw_only=True)
class ClientCertificate:
    """A registered certificate, known by its thumbprints: base64url without padding."""

    sha256: str
    sha1: str
    expires_at: datetime
    public_key: RSAPublicKey = attrs.field(repr=False, eq=False)

    @classmethod
    def read(cls, pem: bytes) -> "ClientCertificate":
        """Raises: ValueError if it is no certificate, or not one of an RSA key."""
        certificate = x509.load_pem_x509_certificate(pem)
        key = certificate.public_key()
        if not isinstance(key, RSAPublicKey):
            raise ValueError("a client's certificate must be of an RSA key")  # noqa: TRY004 - about the file's content
        return cls(
            sha256=thumbprint(certificate, hashes.SHA256()),
            sha1=thumbprint(certificate, hashes.SHA1()),  # noqa: S303 - x5t is defined so
            expires_at=certificate.not_valid_after_utc.astimezone(UTC),
            public_key=key,
        )


def thumbprint(certificate: x509.Certificate, algorithm: hashes.HashAlgorithm) -> str:
    return urlsafe_b64encode(certificate.fingerprint(algorithm)).decode().rstrip("=")


@attrs.define(kw_only=True, eq=False)
class Application:
    """An app registration, changed while the simulator runs.

    `public_client`: flows without a secret are on (device code, native redirects). `id_tokens`: the authorize endpoint
    may hand out id tokens. `assigned_only`: only the users in `assigned` (object ids) may sign in. `delegated`: what
    `.default` asks people for, by full names; `application_permissions`: what it means to an administrator, by names.
    """

    name: str
    display_name: str
    client_id: str
    tenant_id: str
    audience: Audience = "organizations"
    secrets: list[Secret] = attrs.field(factory=list)
    certificates: list[ClientCertificate] = attrs.field(factory=list)
    redirect_uris: list[RedirectUri] = attrs.field(factory=list)
    public_client: bool = False
    id_tokens: bool = False
    delegated: list[str] = attrs.field(factory=list)
    application_permissions: list[str] = attrs.field(factory=list)
    assigned_only: bool = False
    assigned: set[str] = attrs.field(factory=set)
    enabled: bool = True

    @property
    def is_confidential(self) -> bool:
        return bool(self.secrets or self.certificates)

    def redirect_platform(self, asked: str) -> Platform | None:
        """The platform of the registered redirect URI that covers the one asked for; None if none does."""
        return next((each.platform for each in self.redirect_uris if each.covers(asked)), None)

    def with_redirects(self, platform: Platform, uris: Iterable[str]) -> "Application":
        self.redirect_uris += [RedirectUri(uri=uri, platform=platform) for uri in uris]
        return self
