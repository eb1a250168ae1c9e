"""Where the contract of `IdentityProvider` is tried: a provider with people, time and troubles of its own."""

import hashlib
from abc import ABC, abstractmethod
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import datetime, timedelta
from typing import ClassVar

import attrs

from adapters.memory.clock import MemoryClock
from adapters.memory.identifiers import MemoryIdentifiers
from adapters.memory.identity_provider import MemoryIdentityProvider
from adapters.memory.tenant_directory import MemoryTenantDirectory
from domain.account import AuthFlow, Identity, OAuthApplication
from domain.errors import IACSGraphError
from ports.identity_provider import AuthorizationResponse, IdentityProvider, SignInRequest
from ports.tenant_directory import TenantDirectory

REDIRECT_URI = "http://localhost:5000/callback"
VERIFIER = "a-code-verifier-of-at-least-forty-three-characters"
SCOPES = ("User.Read", "Mail.Read", "offline_access")
CONFIDENTIAL = OAuthApplication(
    client_id="confidential",
    tenant_id="tenant",
    scopes=SCOPES,
    redirect_uri=REDIRECT_URI,
    client_secrets=("secret-1", "secret-2"),
)
PUBLIC = OAuthApplication(client_id="public", tenant_id="tenant", scopes=SCOPES, flow=AuthFlow.DEVICE_CODE)
DAEMON = OAuthApplication(
    client_id="daemon", tenant_id="tenant", flow=AuthFlow.CLIENT_CREDENTIALS, client_secrets=("secret-1", "secret-2")
)
ANN = "ann@example.com"


def challenge(verifier: str) -> str:
    """Return the S256 challenge (RFC 7636 section 4.2)."""
    return urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def asking(**fields: str) -> SignInRequest:
    """Return the request of a sign-in."""
    request = SignInRequest(
        redirect_uri=REDIRECT_URI, state="a state & more", nonce="nonce", code_challenge=challenge(VERIFIER)
    )
    return attrs.evolve(request, **fields)


class Bench(ABC):
    """A provider that knows three applications and somebody, Ann. `unknown` it does not know."""

    CANNOT: ClassVar[Mapping[str, str]] = {}
    """Tests that cannot be expressed here, by name, and why."""

    provider: IdentityProvider
    confidential: OAuthApplication = CONFIDENTIAL
    public: OAuthApplication = PUBLIC
    daemon: OAuthApplication = DAEMON
    scheme: str = "https"
    username: str = ANN

    @property
    def unknown(self) -> OAuthApplication:
        """Return an application that nobody registered."""
        return attrs.evolve(self.confidential, client_id="00000000-1111-2222-3333-444444444444")

    @abstractmethod
    async def authorize(self, application: OAuthApplication, request: SignInRequest) -> AuthorizationResponse:
        """Return with what Ann's browser comes back after she signed in."""

    @abstractmethod
    async def decline(self, application: OAuthApplication, request: SignInRequest) -> AuthorizationResponse:
        """Return with what Ann's browser comes back after she said no."""

    @abstractmethod
    async def enter(self, verification_uri: str, user_code: str, *, approves: bool) -> None:
        """Let Ann type a user code, and sign in or say no."""

    @abstractmethod
    def identity(self) -> Identity:
        """Return who Ann is."""

    @abstractmethod
    async def revoke(self) -> None:
        """End all of Ann's grants."""

    @abstractmethod
    def failing(self, error: IACSGraphError) -> AbstractAsyncContextManager[None]:
        """Let every call fail like this for a while."""

    @abstractmethod
    def now(self) -> datetime:
        """Return the provider's time."""

    @abstractmethod
    async def advance(self, duration: timedelta) -> None:
        """Let time pass."""


class MemoryBench(Bench):
    """The provider in memory."""

    def __init__(self) -> None:
        self.clock = MemoryClock()
        self.memory = MemoryIdentityProvider(clock=self.clock, identifiers=MemoryIdentifiers())
        self.provider = self.memory
        self.directory: TenantDirectory = MemoryTenantDirectory(provider=self.memory)
        for application in (self.confidential, self.public, self.daemon):
            self.memory.register(application)
        self.ann = self.memory.add_user(self.username)

    async def authorize(self, application: OAuthApplication, request: SignInRequest) -> AuthorizationResponse:
        return AuthorizationResponse(code=self.memory.authorize(application, request, self.username))

    async def decline(self, application: OAuthApplication, request: SignInRequest) -> AuthorizationResponse:  # noqa: ARG002 - she says no to all
        return AuthorizationResponse(error="access_denied", error_description="no", error_subcode="cancel")

    async def enter(self, verification_uri: str, user_code: str, *, approves: bool) -> None:  # noqa: ARG002 - no pages
        if approves:
            self.memory.approve(user_code, self.username)
        else:
            self.memory.decline(user_code)

    def identity(self) -> Identity:
        return self.ann.identity

    async def revoke(self) -> None:
        self.memory.revoke(self.username)

    @asynccontextmanager
    async def failing(self, error: IACSGraphError) -> AsyncIterator[None]:
        self.memory.interventions.append(error)
        yield
        assert not self.memory.interventions

    def now(self) -> datetime:
        return self.clock.now()

    async def advance(self, duration: timedelta) -> None:
        await self.clock.advance(duration)


@asynccontextmanager
async def open_memory_bench() -> AsyncIterator[MemoryBench]:
    """Make one."""
    yield MemoryBench()
