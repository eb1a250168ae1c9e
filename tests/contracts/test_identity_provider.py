"""The promises of `IdentityProvider`. Another implementation joins by a `Bench`: it must play people and time."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import attrs
import pytest

from domain.account import AuthFlow, OAuthApplication
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
from domain.reauth import REMEDIES
from domain.token import Grant
from ports.identity_provider import AuthorizationResponse, DeviceAuthorization, DevicePoll, SignInRequest
from tests.contracts.azure_benches import open_independent_bench, open_simulator_bench
from tests.contracts.provider_bench import REDIRECT_URI, VERIFIER, Bench, asking, challenge, open_memory_bench
from tests.contracts.samples import MINUTE
from tests.contracts.scenes import refusal

BENCHES: dict[str, Callable[[], AbstractAsyncContextManager[Bench]]] = {
    "memory": open_memory_bench,
    "azure": open_simulator_bench,
}
INDEPENDENT = "azure independent"


@pytest.fixture(params=[*BENCHES, INDEPENDENT])
async def bench(request: pytest.FixtureRequest) -> AsyncIterator[Bench]:
    if request.param == INDEPENDENT:
        opening: AbstractAsyncContextManager[Bench] = open_independent_bench(
            request.getfixturevalue("independent_provider_url")
        )
    else:
        opening = BENCHES[request.param]()
    async with opening as opened:
        for words, reason in opened.CANNOT.items():
            if all(word in request.node.name for word in words.split()):
                pytest.skip(reason)
        yield opened


async def _signed_in(bench: Bench, application: OAuthApplication | None = None) -> Grant:
    request = asking()
    return await _exchange(bench, await _authorized(bench, request, application), request, application)


async def _authorized(
    bench: Bench, request: SignInRequest, application: OAuthApplication | None = None
) -> AuthorizationResponse:
    return await bench.authorize(application or bench.confidential, request)


async def _exchange(
    bench: Bench,
    response: AuthorizationResponse,
    request: SignInRequest,
    application: OAuthApplication | None = None,
    verifier: str = VERIFIER,
) -> Grant:
    application = application or bench.confidential
    return await bench.provider.exchange_code(application, _secret(application), response, verifier, request)


async def _refresh(bench: Bench, grant: Grant, application: OAuthApplication | None = None) -> Grant:
    application = application or bench.confidential
    return await bench.provider.refresh(application, _secret(application), _refresh_token(grant))


def _known(bench: Bench, role: str) -> OAuthApplication:
    return {"confidential": bench.confidential, "public": bench.public, "daemon": bench.daemon}[role]


def _secret(application: OAuthApplication) -> str | None:
    return application.client_secrets[0] if application.client_secrets else None


def _refresh_token(grant: Grant) -> str:
    assert grant.token.refresh is not None
    return grant.token.refresh


# The address


def test_the_address_asks_for_a_code_with_everything_that_must_come_back(bench: Bench) -> None:
    parts = urlsplit(bench.provider.authorization_url(bench.confidential, asking()))
    query = {name: values[0] for name, values in parse_qs(parts.query).items()}
    assert parts.scheme == bench.scheme
    assert bench.confidential.tenant_id in parts.path.split("/")
    expected = {
        "client_id": bench.confidential.client_id,
        "response_type": "code",
        "redirect_uri": REDIRECT_URI,
        "state": "a state & more",
        "nonce": "nonce",
        "code_challenge": challenge(VERIFIER),
        "code_challenge_method": "S256",
    }
    assert expected.items() <= query.items()
    assert set(bench.confidential.scopes) <= set(query["scope"].split())


def test_what_is_optional_stands_in_the_address_only_where_it_was_asked_for(bench: Bench) -> None:
    optional = {"login_hint": "ann@example.com", "prompt": "select_account", "claims": '{"access_token":{}}'}
    asked = parse_qs(urlsplit(bench.provider.authorization_url(bench.confidential, asking(**optional))).query)
    plain = parse_qs(urlsplit(bench.provider.authorization_url(bench.confidential, asking())).query)
    for name, value in optional.items():
        assert asked[name] == [value]
        assert name not in plain


def test_no_client_secret_and_no_verifier_stand_in_the_address(bench: Bench) -> None:
    address = bench.provider.authorization_url(bench.confidential, asking())
    assert VERIFIER not in address
    assert not any(secret in address for secret in bench.confidential.client_secrets)


# Codes


@pytest.mark.parametrize("role", ["confidential", "public"])
async def test_a_code_is_redeemed_for_tokens_and_a_verified_identity(bench: Bench, role: str) -> None:
    grant = await _signed_in(bench, _known(bench, role))
    assert grant.identity == bench.identity()
    assert grant.username == bench.username
    assert grant.email in {None, bench.username}
    assert grant.token.refresh
    access = grant.token.access
    assert access.obtained_at <= bench.now() < access.expires_at
    assert access.meets(bench.now(), timedelta(0))
    assert {"Mail.Read", "User.Read"} <= set(access.scopes)


async def test_a_code_is_redeemed_once(bench: Bench) -> None:
    request = asking()
    response = await _authorized(bench, request)
    await _exchange(bench, response, request)
    with refusal(AuthenticationError, "CODE_REJECTED"):
        await _exchange(bench, response, request)


@pytest.mark.parametrize(
    ("role", "verifier", "sent"),
    [
        ("confidential", "another-verifier-of-at-least-forty-three-characters", asking()),
        ("confidential", VERIFIER, asking(nonce="another")),
        ("confidential", VERIFIER, asking(redirect_uri="http://localhost:6000/callback")),
        ("daemon", VERIFIER, asking()),
    ],
    ids=["verifier", "nonce", "redirect uri", "application"],
)
async def test_a_code_is_not_redeemed_with_anything_but_what_it_was_asked_for(
    bench: Bench, role: str, verifier: str, sent: SignInRequest
) -> None:
    response = await _authorized(bench, asking())
    application = attrs.evolve(_known(bench, role), flow=AuthFlow.AUTHORIZATION_CODE)
    with refusal(AuthenticationError, "CODE_REJECTED"):
        await _exchange(bench, response, sent, application, verifier)


async def test_a_made_up_code_is_not_redeemed(bench: Bench) -> None:
    with refusal(AuthenticationError, "CODE_REJECTED"):
        await _exchange(bench, AuthorizationResponse(code="made up"), asking())


async def test_an_old_code_is_not_redeemed(bench: Bench) -> None:
    request = asking()
    response = await _authorized(bench, request)
    await bench.advance(11 * MINUTE)
    with refusal(AuthenticationError, "CODE_REJECTED"):
        await _exchange(bench, response, request)


async def test_a_person_who_says_no_has_declined(bench: Bench) -> None:
    request = asking()
    response = await bench.decline(bench.confidential, request)
    assert response.code is None
    with refusal(AuthenticationError, "SIGN_IN_DECLINED"):
        await _exchange(bench, response, request)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ("access_denied", AuthenticationError),
        ("server_error", APIConnectionError),
        ("temporarily_unavailable", APIConnectionError),
        ("login_required", ReauthenticationRequiredError),
        ("interaction_required", ReauthenticationRequiredError),
        ("consent_required", ReauthenticationRequiredError),
        ("unauthorized_client", ConfigurationError),
        ("invalid_scope", ConfigurationError),
        ("unheard_of", ConfigurationError),
    ],
)
async def test_a_response_without_a_code_is_raised_as_what_it_tells_of(
    bench: Bench, error: str, kind: type[IACSGraphError]
) -> None:
    response = AuthorizationResponse(error=error, error_description="words-canary", error_subcode="words-canary")
    with pytest.raises(kind) as caught:
        await _exchange(bench, response, asking())
    assert type(caught.value) is kind
    assert "words-canary" not in f"{caught.value} {caught.value.details}"


async def test_a_response_that_says_nothing_is_no_sign_in(bench: Bench) -> None:
    with refusal(AuthenticationError, "CODE_REJECTED"):
        await _exchange(bench, AuthorizationResponse(), asking())


# Device flows


async def _began(bench: Bench) -> DeviceAuthorization:
    flow = await bench.provider.begin_device_flow(bench.public)
    assert flow.user_code
    assert flow.device_code not in repr(flow)
    assert flow.verification_uri.startswith(("https://", "http://127.0.0.1"))
    assert bench.now() < flow.expires_at
    assert flow.interval > timedelta(0)
    return flow


async def _polled(bench: Bench, flow: DeviceAuthorization) -> Grant | DevicePoll:
    await bench.advance(flow.interval)
    return await bench.provider.redeem_device_code(bench.public, None, flow.device_code)


async def test_a_device_flow_waits_for_the_person_and_ends_in_a_verified_identity(bench: Bench) -> None:
    flow = await _began(bench)
    assert await _polled(bench, flow) is DevicePoll.PENDING
    assert await _polled(bench, flow) is DevicePoll.PENDING
    await bench.enter(flow.verification_uri, flow.user_code, approves=True)
    grant = await _polled(bench, flow)
    assert isinstance(grant, Grant)
    assert grant.identity == bench.identity()
    assert grant.username == bench.username
    assert grant.token.access.meets(bench.now(), timedelta(0))
    await _refresh(bench, grant, bench.public)


async def test_a_device_code_is_redeemed_once(bench: Bench) -> None:
    flow = await _began(bench)
    await bench.enter(flow.verification_uri, flow.user_code, approves=True)
    assert isinstance(await _polled(bench, flow), Grant)
    with refusal(AuthenticationError, "DEVICE_CODE_REJECTED"):
        await _polled(bench, flow)


async def test_a_person_who_refuses_the_user_code_has_declined(bench: Bench) -> None:
    flow = await _began(bench)
    await bench.enter(flow.verification_uri, flow.user_code, approves=False)
    with refusal(AuthenticationError, "SIGN_IN_DECLINED"):
        await _polled(bench, flow)


async def test_a_user_code_that_nobody_enters_expires(bench: Bench) -> None:
    flow = await _began(bench)
    await bench.advance(flow.expires_at - bench.now() + MINUTE)
    with refusal(AuthenticationError, "DEVICE_CODE_EXPIRED"):
        await _polled(bench, flow)


async def test_a_made_up_device_code_is_not_redeemed(bench: Bench) -> None:
    with refusal(AuthenticationError, "DEVICE_CODE_REJECTED"):
        await bench.provider.redeem_device_code(bench.public, None, "made-up")


async def test_who_polls_too_soon_is_told_to_slow_down(bench: Bench) -> None:
    flow = await _began(bench)
    assert await _polled(bench, flow) is DevicePoll.PENDING
    assert await bench.provider.redeem_device_code(bench.public, None, flow.device_code) is DevicePoll.SLOW_DOWN


async def test_an_unknown_application_begins_no_device_flow(bench: Bench) -> None:
    with pytest.raises(ConfigurationError):
        await bench.provider.begin_device_flow(bench.unknown)


# Refreshing


@pytest.mark.parametrize("role", ["confidential", "public"])
async def test_a_refresh_token_is_redeemed_for_new_tokens(bench: Bench, role: str) -> None:
    application = _known(bench, role)
    grant = await _signed_in(bench, application)
    await bench.advance(MINUTE)
    newer = await _refresh(bench, grant, application)
    assert newer.token.access.value != grant.token.access.value
    assert newer.token.access.expires_at > grant.token.access.expires_at
    renewed = newer.token.keeping(grant.token.refresh)
    await _refresh(bench, Grant(token=renewed), application)


async def test_claims_may_be_sent_along(bench: Bench) -> None:
    grant = await _signed_in(bench)
    application = bench.confidential
    await bench.provider.refresh(application, _secret(application), _refresh_token(grant), '{"access_token":{}}')


async def test_a_revoked_grant_needs_a_new_sign_in_and_says_why(bench: Bench) -> None:
    grant = await _signed_in(bench)
    await bench.revoke()
    with pytest.raises(ReauthenticationRequiredError) as caught:
        await _refresh(bench, grant)
    assert caught.value.reason in REMEDIES
    assert not caught.value.transient
    newer = await _signed_in(bench)
    await _refresh(bench, newer)


async def test_a_made_up_refresh_token_needs_a_new_sign_in(bench: Bench) -> None:
    application = bench.confidential
    with refusal(ReauthenticationRequiredError):
        await bench.provider.refresh(application, _secret(application), "made up")


async def test_a_refresh_token_of_another_application_is_not_redeemed(bench: Bench) -> None:
    grant = await _signed_in(bench)
    with refusal(ReauthenticationRequiredError):
        await _refresh(bench, grant, bench.public)


# The application itself


async def test_an_application_gets_a_token_of_its_own_without_refresh_token_or_identity(bench: Bench) -> None:
    grant = await bench.provider.client_credentials(bench.daemon, _secret(bench.daemon))
    assert grant.token.refresh is None
    assert grant.identity is None
    assert grant.token.access.meets(bench.now(), timedelta(0))


async def _calls_with(bench: Bench, application: OAuthApplication, secret: str | None) -> list[type[IACSGraphError]]:
    """Return how each call fails with this application and secret."""
    request = asking()
    grant = await _signed_in(bench)
    response = await _authorized(bench, request)
    failures = []
    for call in (
        bench.provider.exchange_code(application, secret, response, VERIFIER, request),
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
        assert await _calls_with(bench, bench.confidential, wrong) == [InvalidClientError] * 3


async def test_after_a_wrong_client_secret_another_one_may_do(bench: Bench) -> None:
    grant = await _signed_in(bench)
    with refusal(InvalidClientError):
        await bench.provider.refresh(bench.confidential, "wrong", _refresh_token(grant))
    await bench.provider.refresh(bench.confidential, bench.confidential.client_secrets[-1], _refresh_token(grant))


async def test_a_wrong_client_secret_does_not_use_up_a_code(bench: Bench) -> None:
    request = asking()
    response = await _authorized(bench, request)
    with refusal(InvalidClientError):
        await bench.provider.exchange_code(bench.confidential, "wrong", response, VERIFIER, request)
    assert (await _exchange(bench, response, request)).identity


async def test_an_unknown_application_is_a_matter_of_configuration(bench: Bench) -> None:
    for failure in await _calls_with(bench, bench.unknown, "secret"):
        assert issubclass(failure, ConfigurationError)


@pytest.mark.parametrize(
    "error",
    [APIConnectionError("down"), ThrottledError("busy", retry_after=MINUTE), PolicyBlockedError("blocked")],
    ids=lambda error: type(error).__name__,
)
async def test_a_fault_of_the_moment_uses_up_nothing(bench: Bench, error: IACSGraphError) -> None:
    grant = await _signed_in(bench)
    request = asking()
    response = await _authorized(bench, request)
    async with bench.failing(error):
        with refusal(type(error)):
            await _refresh(bench, grant)
    async with bench.failing(error):
        with refusal(type(error)):
            await _exchange(bench, response, request)
    await _refresh(bench, grant)
    await _exchange(bench, response, request)


# What the resource accepts


async def test_a_token_is_valid_until_it_expires(bench: Bench) -> None:
    access = (await _signed_in(bench)).token.access
    assert await bench.provider.validate_token(access.value)
    await bench.advance(access.expires_at - bench.now() + MINUTE)
    assert not await bench.provider.validate_token(access.value)


async def test_a_made_up_token_is_not_valid(bench: Bench) -> None:
    for value in ("made-up", "made up", ""):
        assert not await bench.provider.validate_token(value)


async def test_a_resource_that_cannot_be_asked_is_told(bench: Bench) -> None:
    access = (await _signed_in(bench)).token.access
    async with bench.failing(APIConnectionError("down")):
        with refusal(APIConnectionError):
            await bench.provider.validate_token(access.value)


async def test_a_grant_shows_no_secret(bench: Bench) -> None:
    grant = await _signed_in(bench)
    assert grant.token.access.value not in repr(grant)
    assert _refresh_token(grant) not in repr(grant)
