"""The Azure AD adapter under the contract: against the simulator, and against a provider that nobody here wrote."""

import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar
from urllib.parse import parse_qsl, urljoin, urlsplit

import aiohttp
import attrs
from yarl import URL

from adapters.azure_ad.endpoints import Endpoints
from adapters.azure_ad.identity_provider import AzureADIdentityProvider
from adapters.azure_ad.tenant_directory import AzureADTenantDirectory
from adapters.http_client.session import open_session
from adapters.system.identifiers import SystemIdentifiers
from domain.account import Identity, OAuthApplication
from domain.errors import IACSGraphError, PolicyBlockedError, ThrottledError
from modules.simulator.faults import Fault, aadsts, status
from modules.simulator.registration import Application
from modules.simulator.scopes import GRAPH
from modules.simulator.simulator import Simulator
from ports.identity_provider import AuthorizationResponse, SignInRequest
from tests.adapters.azure_ad.keys import jwk
from tests.contracts.provider_bench import (
    CONFIDENTIAL,
    DAEMON,
    PUBLIC,
    REDIRECT_URI,
    SCOPES,
    Bench,
)
from tests.fakes.hurried_clock import HurriedClock
from tests.simulator.html_forms import Page
from tests.simulator.person import Callback, Person
from tests.simulator.running import running_simulator

ACCOUNT = "ann"
TENANT = "contract"
IDENTITY = Identity(tenant_id="11111111-2222-3333-4444-555555555555", object_id="66666666-7777-8888-9999-000000000000")
DECLINING = "decline"
_FIELD = re.compile(r'<input type="hidden" name="([a-z_]+)" value="([^"]*)"')


class SimulatorBench(Bench):
    """Against the simulated Entra ID."""

    scheme = "http"

    def __init__(self, simulator: Simulator, session: aiohttp.ClientSession) -> None:
        self.simulator = simulator
        self.ann = simulator.directory.users[0]
        self.username = self.ann.upn
        self.clock = HurriedClock(simulator.clock.now)
        endpoints = Endpoints(authority=simulator.http_url, graph_url=simulator.http_url)
        identifiers = SystemIdentifiers()
        self.provider = AzureADIdentityProvider(
            session=session, clock=self.clock, identifiers=identifiers, endpoints=endpoints
        )
        self.directory = AzureADTenantDirectory(
            session=session, clock=self.clock, identifiers=identifiers, endpoints=endpoints
        )
        self.confidential = self._registered("web", CONFIDENTIAL)
        self.public = self._registered("public", PUBLIC)
        self.daemon = self._registered("daemon", DAEMON)

    async def authorize(self, application: OAuthApplication, request: SignInRequest) -> AuthorizationResponse:
        async with Person(self.ann) as person:
            return _response(await person.sign_in(self.provider.authorization_url(application, request)))

    async def decline(self, application: OAuthApplication, request: SignInRequest) -> AuthorizationResponse:
        async with Person(self.ann) as person:
            callback = await person.cancel(self.provider.authorization_url(application, request))
        assert isinstance(callback, Callback)
        return _response(callback)

    async def enter(self, verification_uri: str, user_code: str, *, approves: bool) -> None:
        async with Person(self.ann) as person:
            if approves:
                await person.enter_code(verification_uri, user_code)
            else:
                typed = await person.open(verification_uri)
                assert isinstance(typed, Page)
                asked = await person.submit(typed.form("device"), {"otc": user_code})
                assert isinstance(asked, Page)
                await person.submit(asked.form("sign-in"), {"action": "cancel"})

    def identity(self) -> Identity:
        return Identity(tenant_id=self.ann.tenant_id, object_id=self.ann.object_id)

    async def revoke(self) -> None:
        self.simulator.revoke_sessions(self.username)

    @asynccontextmanager
    async def failing(self, error: IACSGraphError) -> AsyncIterator[None]:
        fault = self.simulator.faults.add(_fault(error))
        yield
        self.simulator.faults.remove(fault)

    def now(self) -> datetime:
        return self.simulator.clock.now()

    async def advance(self, duration: timedelta) -> None:
        self.simulator.clock.advance(duration)
        self.clock.run(duration)

    def _registered(self, name: str, application: OAuthApplication) -> OAuthApplication:
        """Return the application with the simulator's ids and two secrets of its own."""
        directory = self.simulator.directory
        known: Application = directory.application(name)
        if name != "daemon":
            directory.add_redirect_uri(known, REDIRECT_URI, "public" if known.public_client else "web")
        if known.secrets:
            directory.add_secret(known)
        # Only an administrator can consent to it.
        directory.consent(known, directory.tenant.tenant_id, {f"{GRAPH}/User.RevokeSessions.All"})
        return attrs.evolve(
            application,
            client_id=known.client_id,
            tenant_id=directory.tenant.tenant_id,
            client_secrets=tuple(secret.value for secret in known.secrets),
        )


class IndependentBench(Bench):
    """Against npm's oidc-provider, which rotates refresh tokens and revokes their family on reuse."""

    CANNOT: ClassVar[Mapping[str, str]] = {
        "uses_up_nothing PolicyBlockedError": "OpenID Connect knows no policies of an organisation",
        "too_soon": "this provider never asks to slow down",
        "nobody_enters_expires": "this provider forgets what has expired: it is unknown then",
    }
    scheme = "http"

    def __init__(self, url: str, session: aiohttp.ClientSession) -> None:
        self.url = url
        self.session = session
        self.ahead = timedelta(0)
        self.clock = HurriedClock(self.now)
        self.provider = AzureADIdentityProvider(
            session=session,
            clock=self.clock,
            identifiers=SystemIdentifiers(),
            endpoints=Endpoints(authority=url, graph_url=url),
        )
        secrets = (CONFIDENTIAL.client_secrets[0],)
        self.confidential = attrs.evolve(CONFIDENTIAL, tenant_id=TENANT, client_secrets=secrets)
        self.public = attrs.evolve(PUBLIC, tenant_id=TENANT)
        self.daemon = attrs.evolve(DAEMON, tenant_id=TENANT, client_secrets=secrets)

    async def authorize(self, application: OAuthApplication, request: SignInRequest) -> AuthorizationResponse:
        return await self._visit(self.provider.authorization_url(application, request))

    async def decline(self, application: OAuthApplication, request: SignInRequest) -> AuthorizationResponse:
        hinted = attrs.evolve(request, login_hint=DECLINING)
        return await self._visit(self.provider.authorization_url(application, hinted))

    async def enter(self, verification_uri: str, user_code: str, *, approves: bool) -> None:
        async with self._browser() as browser:
            async with browser.get(verification_uri) as page:
                fields = dict(_FIELD.findall(await page.text()))
            for answer in ({}, {"confirm": "yes"} if approves else {"abort": "yes"}):
                form = {**fields, "user_code": user_code, **answer}
                async with browser.post(verification_uri, data=form) as page:
                    fields = dict(_FIELD.findall(await page.text()))

    def identity(self) -> Identity:
        return IDENTITY

    async def revoke(self) -> None:
        await self._control("revoke")

    @asynccontextmanager
    async def failing(self, error: IACSGraphError) -> AsyncIterator[None]:
        busy = isinstance(error, ThrottledError)
        headers = {"Retry-After": "60"} if busy else {}
        await self._control("fail", status=429 if busy else 503, headers=headers, body="no JSON")
        yield
        await self._control("fail")

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    async def advance(self, duration: timedelta) -> None:
        await self._control("advance", seconds=duration.total_seconds())
        await self.synchronise()
        self.clock.run(duration)

    async def synchronise(self) -> None:
        """Learn how far ahead of the machine's the provider's clock is: earlier tests have moved it."""
        found = await self._control("now")
        ahead = float(found["now"]) - datetime.now(UTC).timestamp()
        self.ahead = timedelta(seconds=round(ahead))

    async def _control(self, what: str, **body: object) -> Mapping[str, Any]:
        async with self.session.post(f"{self.url}/control/{what}", json=body) as response:
            assert response.status == 200
            return dict(await response.json())

    async def _visit(self, address: str) -> AuthorizationResponse:
        """Follow redirects up to the application's own address."""
        async with self._browser() as browser:
            while not address.startswith(REDIRECT_URI):
                async with browser.get(URL(address, encoded=True), allow_redirects=False) as page:
                    address = urljoin(address, page.headers["Location"])
        return _response(Callback(url=address, fields=dict(parse_qsl(urlsplit(address).query))))

    @staticmethod
    def _browser() -> aiohttp.ClientSession:
        return aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True))


def independent_config() -> dict[str, object]:
    """Return how the independent provider is set up."""
    grants = ["authorization_code", "refresh_token"]
    confidential = {"client_secret": CONFIDENTIAL.client_secrets[0], "token_endpoint_auth_method": "client_secret_post"}
    clients: list[dict[str, object]] = [
        {"client_id": "confidential", "grant_types": grants, **confidential},
        {"client_id": "daemon", "grant_types": ["authorization_code", "client_credentials"], **confidential},
        {
            "client_id": "public",
            "grant_types": [*grants, "urn:ietf:params:oauth:grant-type:device_code"],
            "token_endpoint_auth_method": "none",
            "application_type": "native",
        },
        {
            "client_id": "certified",
            "grant_types": ["authorization_code", "client_credentials"],
            "token_endpoint_auth_method": "private_key_jwt",
            "token_endpoint_auth_signing_alg": "PS256",
            "jwks": {"keys": [jwk("certificate")]},
        },
    ]
    return {
        "tenant": TENANT,
        "account": ACCOUNT,
        "scopes": ["openid", "profile", *SCOPES],
        "claims": {
            "tid": IDENTITY.tenant_id,
            "oid": IDENTITY.object_id,
            "preferred_username": Bench.username,
            "name": "Ann",
        },
        "clients": [{"redirect_uris": [REDIRECT_URI], **client} for client in clients],
    }


@asynccontextmanager
async def open_simulator_bench(*, strict: bool = False) -> AsyncIterator[SimulatorBench]:
    """Run a simulator for one test."""
    async with (
        running_simulator(strict=strict, token_lifetime=timedelta(hours=1)) as simulator,
        open_session() as session,
    ):
        simulator.switches.slow_down = True
        yield SimulatorBench(simulator, session)


@asynccontextmanager
async def open_independent_bench(url: str) -> AsyncIterator[IndependentBench]:
    """Join the running provider."""
    async with open_session() as session:
        bench = IndependentBench(url, session)
        await bench.synchronise()
        yield bench


def _fault(error: IACSGraphError) -> Fault:
    if isinstance(error, PolicyBlockedError):
        return aadsts(53003)
    return status(429, retry_after=60) if isinstance(error, ThrottledError) else status(503)


def _response(callback: Callback) -> AuthorizationResponse:
    known = {field.name for field in attrs.fields(AuthorizationResponse)}
    return AuthorizationResponse(**{name: value for name, value in callback.fields.items() if name in known})
