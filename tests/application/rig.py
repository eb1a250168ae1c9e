"""The token use case on in-memory adapters, with a clock that is moved by hand."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from urllib.parse import parse_qsl, urlsplit

import attrs
import pytest

from adapters.cloudevents.event_codec import CloudEventCodec
from adapters.memory.account_store import MemoryAccountStore
from adapters.memory.authentication_log import MemoryAuthenticationLog
from adapters.memory.cipher import MemoryCipher
from adapters.memory.clock import MemoryClock
from adapters.memory.database import MemoryDatabase
from adapters.memory.identifiers import MemoryIdentifiers
from adapters.memory.identity_provider import MemoryIdentityProvider
from adapters.memory.sign_in_store import MemorySignInStore
from adapters.memory.token_store import MemoryTokenStore
from application.accounts import Accounts
from application.applications import Applications
from application.refresher import Refresher, RefreshTimes
from application.sign_ins import Departure, SignIns
from application.token_service import TokenService, open_token_service
from domain.account import Account, OAuthApplication
from domain.errors import ReauthenticationRequiredError
from domain.token import AccessToken
from ports.held_tokens import HeldToken
from ports.identity_provider import AuthorizationResponse, SignInRequest

APPLICATION = OAuthApplication(
    client_id="app",
    tenant_id="tenant",
    scopes=("Mail.Read", "offline_access"),
    redirect_uri="http://localhost:5000/callback",
    client_secrets=("right",),
)
TIMES = RefreshTimes(call=timedelta(seconds=5), lease=timedelta(seconds=60))


@attrs.define(kw_only=True)
class Rig:
    """One process: its service, and everything that it shares with the other processes of the same `database`."""

    clock: MemoryClock
    database: MemoryDatabase
    provider: MemoryIdentityProvider
    accounts: MemoryAccountStore
    tokens: MemoryTokenStore
    identifiers: MemoryIdentifiers
    log: MemoryAuthenticationLog
    refresher: Refresher
    operator: Accounts
    service: TokenService
    sign_ins: SignIns

    async def enrol(self, user_id: str = "lee", application: OAuthApplication | None = None) -> Account:
        """Add an account whose owner, known to the provider, has never signed in."""
        email = f"{user_id}@office.example"
        self.provider.add_user(email)
        if application is not None:
            self.provider.register(application)
        return await self.operator.enrol(
            email=email, name=user_id, actor="test", user_id=user_id, application=application
        )

    def visit(
        self, departure: Departure, username: str, application: OAuthApplication = APPLICATION
    ) -> tuple[str, AuthorizationResponse]:
        """Sign somebody in on the provider's pages; return with what their browser comes back."""
        query = dict(parse_qsl(urlsplit(departure.url).query))
        request = SignInRequest(
            redirect_uri=query["redirect_uri"],
            state=query["state"],
            nonce=query["nonce"],
            code_challenge=query["code_challenge"],
        )
        return query["state"], AuthorizationResponse(code=self.provider.authorize(application, request, username))

    async def sign_in(self, user_id: str = "kim") -> AccessToken:
        """Sign the user in, enrolling them if need be, and return their first access token."""
        email = f"{user_id}@office.example"
        user = self.provider.users.get(email) or self.provider.add_user(email)
        token = self.provider.sign_in(APPLICATION, email)
        await self.service.store_tokens(user_id, token, user_name=user_id, email=email, identity=user.identity)
        return token.access

    async def held(self, user_id: str = "kim") -> HeldToken:
        """Return what the store holds."""
        held = await self.tokens.read(user_id, self.clock.now())
        assert held is not None
        return held

    async def account(self, user_id: str = "kim") -> Account:
        """Return the account."""
        return await self.operator.find(user_id)

    async def expire(self) -> None:
        """Let every access token expire."""
        await self.clock.advance(self.provider.lifetime)

    async def need_sign_in(self, user_id: str = "kim") -> None:
        """Let the access token expire, and the provider refuse another for want of a sign-in, a minute ago."""
        self.provider.interventions.append(ReauthenticationRequiredError("MFA.", reason="mfa_required"))
        await self.expire()
        with pytest.raises(ReauthenticationRequiredError):
            await self.service.get_valid_token(user_id)
        await self.clock.advance(timedelta(minutes=1))

    @property
    def refreshes(self) -> int:
        """Return how often the provider was asked to refresh."""
        return self.provider.calls["refresh"]

    def told(self, kind: str) -> list[tuple[object, ...]]:
        """Return what the authentication log heard of this kind."""
        return [entry for entry in self.log.entries if entry[0] == kind]

    def published(self) -> list[str]:
        """Return the types of the events in the outbox."""
        return [event.headers["ce_type"] for event in self.database.outbox]


@asynccontextmanager
async def open_rig(other: Rig | None = None, *, default: OAuthApplication | None = APPLICATION) -> AsyncIterator[Rig]:
    """Open a process; with `other`, one that shares clock, store and provider with it."""
    clock = other.clock if other else MemoryClock()
    identifiers = other.identifiers if other else MemoryIdentifiers()
    database = other.database if other else MemoryDatabase(cipher=MemoryCipher(), codec=CloudEventCodec())
    provider = other.provider if other else MemoryIdentityProvider(clock=clock, identifiers=identifiers)
    provider.register(APPLICATION)
    applications = Applications(default=default)
    accounts, tokens, log = MemoryAccountStore(database), MemoryTokenStore(database), MemoryAuthenticationLog()
    refresher = Refresher(
        tokens=tokens,
        provider=provider,
        clock=clock,
        identifiers=identifiers,
        log=log,
        applications=applications,
        times=TIMES,
    )
    sign_ins = MemorySignInStore(database)
    operator = Accounts(store=accounts, log=log, clock=clock, identifiers=identifiers)
    async with open_token_service(accounts, refresher) as service:
        yield Rig(
            clock=clock,
            database=database,
            provider=provider,
            accounts=accounts,
            tokens=tokens,
            identifiers=identifiers,
            log=log,
            refresher=refresher,
            operator=operator,
            service=service,
            sign_ins=SignIns(
                store=sign_ins,
                accounts=accounts,
                service=service,
                provider=provider,
                applications=applications,
                clock=clock,
                identifiers=identifiers,
                log=log,
            ),
        )
