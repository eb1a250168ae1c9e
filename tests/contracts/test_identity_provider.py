"""The promises of `IdentityProvider`. Another implementation joins by a `Bench`: it must play people and time."""

import hashlib
from abc import ABC, abstractmethod
from base64 import urlsafe_b64encode
from datetime import datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import attrs
import pytest

from adapters.memory.clock import MemoryClock
from adapters.memory.identifiers import MemoryIdentifiers
from adapters.memory.identity_provider import MemoryIdentityProvider
from domain.account import AuthFlow, Identity, OAuthApplication
from domain.errors import (
    APIConnectionError,
    AuthenticationError,
    ConfigurationError,
    IACSGraphError,
    InvalidClientError,
    PolicyBlockedError,
    ReauthenticationRequiredError,
    ThrottledError,
)
from domain.token import Grant
from ports.identity_provider import IdentityProvider, SignInRequest
from tests.contracts.samples import MINUTE
from tests.contracts.scenes import refusal

VERIFIER = "a-code-verifier-of-at-least-forty-three-characters"
CONFIDENTIAL = OAuthApplication(
    client_id="confidential",
    tenant_id="tenant",
    scopes=("Mail.Read", "offline_access"),
    redirect_uri="http://localhost:5000/callback",
    client_secrets=("secret-1", "secret-2"),
)
PUBLIC = OAuthApplication(client_id="public", tenant_id="tenant", scopes=("Mail.Read", "offline_access"))
DAEMON = attrs.evolve(CONFIDENTIAL, client_id="daemon", flow=AuthFlow.CLIENT_CREDENTIALS)
UNKNOWN = attrs.evolve(CONFIDENTIAL, client_id="unknown")


def _challenge(verifier: str) -> str:
    """Return the S256 challenge (RFC 7636 section 4.2)."""
    return urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def _request(**fields: str) -> SignInRequest:
    request = SignInRequest(
        redirect_uri="http://localhost:5000/callback",
        state="a state & more",
        nonce="nonce",
        code_challenge=_challenge(VERIFIER),
    )
    return attrs.evolve(request, **fields)


class Bench(ABC):
    """A provider that knows `CONFIDENTIAL`, `PUBLIC` and `DAEMON`, and the user ann@example.com."""

    provider: IdentityProvider

    @abstractmethod
    def authorize(self, application: OAuthApplication, request: SignInRequest) -> str:
        """Return the code with which Ann's browser comes back."""

    @abstractmethod
    def identity(self) -> Identity:
        """Return who Ann is."""

    @abstractmethod
    def revoke(self) -> None:
        """End all of Ann's grants."""

    @abstractmethod
    def meet(self, error: IACSGraphError) -> None:
        """Make the next call fail like this."""

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
        for application in (CONFIDENTIAL, PUBLIC, DAEMON):
            self.memory.register(application)
        self.ann = self.memory.add_user("ann@example.com")

    def authorize(self, application: OAuthApplication, request: SignInRequest) -> str:
        return self.memory.authorize(application, request, "ann@example.com")

    def identity(self) -> Identity:
        return self.ann.identity

    def revoke(self) -> None:
        self.memory.revoke("ann@example.com")

    def meet(self, error: IACSGraphError) -> None:
        self.memory.interventions.append(error)

    def now(self) -> datetime:
        return self.clock.now()

    async def advance(self, duration: timedelta) -> None:
        await self.clock.advance(duration)


BENCHES: dict[str, type[Bench]] = {"memory": MemoryBench}


@pytest.fixture(params=BENCHES)
def bench(request: pytest.FixtureRequest) -> Bench:
    return BENCHES[request.param]()


async def _signed_in(bench: Bench, application: OAuthApplication = CONFIDENTIAL) -> Grant:
    request = _request()
    code = bench.authorize(application, request)
    return await bench.provider.exchange_code(application, _secret(application), code, VERIFIER, request)


def _secret(application: OAuthApplication) -> str | None:
    return application.client_secrets[0] if application.client_secrets else None


def _refresh_token(grant: Grant) -> str:
    assert grant.token.refresh is not None
    return grant.token.refresh


# The address


def test_the_address_asks_for_a_code_with_everything_that_must_come_back(bench: Bench) -> None:
    parts = urlsplit(bench.provider.authorization_url(CONFIDENTIAL, _request()))
    query = {name: values[0] for name, values in parse_qs(parts.query).items()}
    assert parts.scheme == "https"
    assert "tenant" in parts.path.split("/")
    expected = {
        "client_id": "confidential",
        "response_type": "code",
        "redirect_uri": "http://localhost:5000/callback",
        "state": "a state & more",
        "nonce": "nonce",
        "code_challenge": _challenge(VERIFIER),
        "code_challenge_method": "S256",
    }
    assert expected.items() <= query.items()
    assert set(CONFIDENTIAL.scopes) <= set(query["scope"].split())


def test_what_is_optional_stands_in_the_address_only_where_it_was_asked_for(bench: Bench) -> None:
    optional = {"login_hint": "ann@example.com", "prompt": "select_account", "claims": '{"access_token":{}}'}
    asked = parse_qs(urlsplit(bench.provider.authorization_url(CONFIDENTIAL, _request(**optional))).query)
    plain = parse_qs(urlsplit(bench.provider.authorization_url(CONFIDENTIAL, _request())).query)
    for name, value in optional.items():
        assert asked[name] == [value]
        assert name not in plain


def test_no_client_secret_and_no_verifier_stand_in_the_address(bench: Bench) -> None:
    address = bench.provider.authorization_url(CONFIDENTIAL, _request())
    assert VERIFIER not in address
    assert not any(secret in address for secret in CONFIDENTIAL.client_secrets)


# Codes


@pytest.mark.parametrize("application", [CONFIDENTIAL, PUBLIC], ids=["confidential", "public"])
async def test_a_code_is_redeemed_for_tokens_and_a_verified_identity(
    bench: Bench, application: OAuthApplication
) -> None:
    grant = await _signed_in(bench, application)
    assert grant.identity == bench.identity()
    assert grant.username == "ann@example.com"
    assert grant.token.refresh
    access = grant.token.access
    assert access.obtained_at <= bench.now() < access.expires_at
    assert access.meets(bench.now(), timedelta(0))


async def test_a_code_is_redeemed_once(bench: Bench) -> None:
    request = _request()
    code = bench.authorize(CONFIDENTIAL, request)
    await bench.provider.exchange_code(CONFIDENTIAL, "secret-1", code, VERIFIER, request)
    with refusal(AuthenticationError):
        await bench.provider.exchange_code(CONFIDENTIAL, "secret-1", code, VERIFIER, request)


@pytest.mark.parametrize(
    ("application", "verifier", "sent"),
    [
        (CONFIDENTIAL, "another-verifier-of-at-least-forty-three-characters", _request()),
        (CONFIDENTIAL, VERIFIER, _request(nonce="another")),
        (CONFIDENTIAL, VERIFIER, _request(redirect_uri="http://localhost:6000/callback")),
        (attrs.evolve(DAEMON, flow=AuthFlow.AUTHORIZATION_CODE), VERIFIER, _request()),
    ],
    ids=["verifier", "nonce", "redirect uri", "application"],
)
async def test_a_code_is_not_redeemed_with_anything_but_what_it_was_asked_for(
    bench: Bench, application: OAuthApplication, verifier: str, sent: SignInRequest
) -> None:
    code = bench.authorize(CONFIDENTIAL, _request())
    with refusal(AuthenticationError):
        await bench.provider.exchange_code(application, "secret-1", code, verifier, sent)


async def test_a_made_up_code_is_not_redeemed(bench: Bench) -> None:
    with refusal(AuthenticationError):
        await bench.provider.exchange_code(CONFIDENTIAL, "secret-1", "made up", VERIFIER, _request())


async def test_an_old_code_is_not_redeemed(bench: Bench) -> None:
    request = _request()
    code = bench.authorize(CONFIDENTIAL, request)
    await bench.advance(11 * MINUTE)
    with refusal(AuthenticationError):
        await bench.provider.exchange_code(CONFIDENTIAL, "secret-1", code, VERIFIER, request)


# Refreshing


@pytest.mark.parametrize("application", [CONFIDENTIAL, PUBLIC], ids=["confidential", "public"])
async def test_a_refresh_token_is_redeemed_for_new_tokens(bench: Bench, application: OAuthApplication) -> None:
    grant = await _signed_in(bench, application)
    await bench.advance(MINUTE)
    newer = await bench.provider.refresh(application, _secret(application), _refresh_token(grant))
    assert newer.token.access.value != grant.token.access.value
    assert newer.token.access.expires_at > grant.token.access.expires_at
    renewed = grant.token.renewed_by(newer.token)
    assert renewed.refresh is not None
    await bench.provider.refresh(application, _secret(application), renewed.refresh)


async def test_claims_may_be_sent_along(bench: Bench) -> None:
    grant = await _signed_in(bench)
    await bench.provider.refresh(CONFIDENTIAL, "secret-1", _refresh_token(grant), '{"access_token":{}}')


async def test_a_revoked_grant_needs_a_new_sign_in_and_says_why(bench: Bench) -> None:
    grant = await _signed_in(bench)
    bench.revoke()
    with pytest.raises(ReauthenticationRequiredError) as caught:
        await bench.provider.refresh(CONFIDENTIAL, "secret-1", _refresh_token(grant))
    assert caught.value.reason == caught.value.reason.lower().strip() != ""
    assert not caught.value.transient
    newer = await _signed_in(bench)
    await bench.provider.refresh(CONFIDENTIAL, "secret-1", _refresh_token(newer))


async def test_a_made_up_refresh_token_needs_a_new_sign_in(bench: Bench) -> None:
    with refusal(ReauthenticationRequiredError):
        await bench.provider.refresh(CONFIDENTIAL, "secret-1", "made up")


async def test_a_refresh_token_of_another_application_is_not_redeemed(bench: Bench) -> None:
    grant = await _signed_in(bench)
    with refusal(ReauthenticationRequiredError):
        await bench.provider.refresh(PUBLIC, None, _refresh_token(grant))


# The application itself


async def test_an_application_gets_a_token_of_its_own_without_refresh_token_or_identity(bench: Bench) -> None:
    grant = await bench.provider.client_credentials(DAEMON, "secret-1")
    assert grant.token.refresh is None
    assert grant.identity is None
    assert grant.token.access.meets(bench.now(), timedelta(0))


async def _calls_with(bench: Bench, application: OAuthApplication, secret: str | None) -> list[type[IACSGraphError]]:
    """Return how each call fails with this application and secret."""
    request = _request()
    grant = await _signed_in(bench)
    code = bench.authorize(CONFIDENTIAL, request)
    failures = []
    for call in (
        bench.provider.exchange_code(application, secret, code, VERIFIER, request),
        bench.provider.refresh(application, secret, _refresh_token(grant)),
        bench.provider.client_credentials(application, secret),
    ):
        with pytest.raises(IACSGraphError) as caught:
            await call
        failures.append(type(caught.value))
        assert str(secret) not in f"{caught.value} {caught.value.details}"
    return failures


async def test_a_wrong_or_missing_client_secret_is_the_fault_of_nobody_but_the_application(bench: Bench) -> None:
    for wrong in ("wrong-canary", None):
        assert await _calls_with(bench, CONFIDENTIAL, wrong) == [InvalidClientError] * 3


async def test_after_a_wrong_client_secret_another_one_may_do(bench: Bench) -> None:
    grant = await _signed_in(bench)
    with refusal(InvalidClientError):
        await bench.provider.refresh(CONFIDENTIAL, "wrong", _refresh_token(grant))
    await bench.provider.refresh(CONFIDENTIAL, "secret-2", _refresh_token(grant))


async def test_a_wrong_client_secret_does_not_use_up_a_code(bench: Bench) -> None:
    request = _request()
    code = bench.authorize(CONFIDENTIAL, request)
    with refusal(InvalidClientError):
        await bench.provider.exchange_code(CONFIDENTIAL, "wrong", code, VERIFIER, request)
    assert (await bench.provider.exchange_code(CONFIDENTIAL, "secret-2", code, VERIFIER, request)).identity


async def test_an_unknown_application_is_a_matter_of_configuration(bench: Bench) -> None:
    assert await _calls_with(bench, UNKNOWN, "secret-1") == [ConfigurationError] * 3


@pytest.mark.parametrize(
    "error",
    [APIConnectionError("down"), ThrottledError("busy", retry_after=MINUTE), PolicyBlockedError("blocked")],
    ids=lambda error: type(error).__name__,
)
async def test_a_fault_of_the_moment_uses_up_nothing(bench: Bench, error: IACSGraphError) -> None:
    grant = await _signed_in(bench)
    request = _request()
    code = bench.authorize(CONFIDENTIAL, request)
    bench.meet(error)
    with refusal(type(error)):
        await bench.provider.refresh(CONFIDENTIAL, "secret-1", _refresh_token(grant))
    bench.meet(error)
    with refusal(type(error)):
        await bench.provider.exchange_code(CONFIDENTIAL, "secret-1", code, VERIFIER, request)
    await bench.provider.refresh(CONFIDENTIAL, "secret-1", _refresh_token(grant))
    await bench.provider.exchange_code(CONFIDENTIAL, "secret-1", code, VERIFIER, request)


# What the resource accepts


async def test_a_token_is_valid_until_it_expires(bench: Bench) -> None:
    access = (await _signed_in(bench)).token.access
    assert await bench.provider.validate_token(access.value)
    await bench.advance(access.expires_at - bench.now())
    assert not await bench.provider.validate_token(access.value)


async def test_a_made_up_token_is_not_valid(bench: Bench) -> None:
    for value in ("made up", ""):
        assert not await bench.provider.validate_token(value)


async def test_a_resource_that_cannot_be_asked_is_told(bench: Bench) -> None:
    access = (await _signed_in(bench)).token.access
    bench.meet(APIConnectionError("down"))
    with refusal(APIConnectionError):
        await bench.provider.validate_token(access.value)


async def test_a_grant_shows_no_secret(bench: Bench) -> None:
    grant = await _signed_in(bench)
    assert grant.token.access.value not in repr(grant)
    assert _refresh_token(grant) not in repr(grant)
