"""A hostile network: nothing foreign leaves, nothing is asked twice that must not be, nothing secret shows."""

import asyncio
import json
import logging
import traceback
from collections.abc import Awaitable, Callable
from datetime import timedelta

import attrs
import jwt
import pytest

from adapters.azure_ad.endpoints import PACE
from adapters.http_client.transport import MEBIBYTE, Sent
from domain.errors import APIConnectionError, AuthenticationError, InvalidClientError, ThrottledError
from tests.adapters.azure_ad.keys import NOW, certificate_pem, jwk, key, key_pem
from tests.adapters.azure_ad.rig import (
    APPLICATION,
    CODE,
    REFRESH,
    REQUEST,
    RESPONSE,
    SECRET,
    VERIFIER,
    Rig,
    keys,
    open_azure_rig,
    refusal,
)
from tests.fakes.hostile_server import Trouble, answer, cut

Call = Callable[[Rig], Awaitable[object]]


def _exchange(rig: Rig) -> Awaitable[object]:
    return rig.provider.exchange_code(APPLICATION, SECRET, RESPONSE, VERIFIER, REQUEST)


def _refresh(rig: Rig) -> Awaitable[object]:
    return rig.provider.refresh(APPLICATION, SECRET, REFRESH)


CALLS: dict[str, Call] = {
    "code": _exchange,
    "device begin": lambda rig: rig.provider.begin_device_flow(APPLICATION),
    "device": lambda rig: rig.provider.redeem_device_code(APPLICATION, SECRET, "dc-canary"),
    "refresh": _refresh,
    "application": lambda rig: rig.provider.client_credentials(APPLICATION, SECRET),
    "validate": lambda rig: rig.provider.validate_token("at-canary"),
    "reach": lambda rig: rig.directory.reach("contoso.com"),
    "try": lambda rig: rig.directory.try_application(APPLICATION, SECRET),
    "revoke": lambda rig: rig.directory.revoke_sessions("at-canary"),
}
AFTER_KEYS = {"code", "device"}
PATIENT = {"device begin", "application", "validate", "reach", "try", "revoke"}
"""What changes nothing, or nothing that a repetition makes worse, is asked four times."""

GARBAGE: dict[str, bytes | Trouble] = {
    "empty": answer(200),
    "a page": answer(200, "<html><body>Sign in to the hotel's network</body></html>", Content_Type="text/html"),
    "cut JSON": answer(200, '{"access_token": "at-canary", "expires_'),
    "another shape": answer(200, '[{"access_token": "at-canary"}]'),
    "cut off": cut(answer(200, '{"access_token": "at-canary"}'), 10),
    "no HTTP": b"SSH-2.0-OpenSSH_9.2\r\n",
    "half a head": b"HTTP/1.1 200 OK\r\nContent-",
    "a bad length": b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n{}",
    "bad compression": answer(200, b"not gzip", Content_Encoding="gzip"),
    "huge": answer(200, b" " * (MEBIBYTE + 1)),
    "a redirect": answer(302, Location="/elsewhere"),
    "a permanent redirect": answer(308, Location="https://login.evil.example/"),
    "a page of a proxy": answer(407, "<html>", Proxy_Authenticate="Basic"),
    "dropped unread": Trouble.DROP_UNREAD,
    "dropped": Trouble.DROP,
}
SECRETS = [SECRET, CODE, REFRESH, VERIFIER, "canary"]
BOUNDS = [timedelta(seconds=0.5), timedelta(seconds=1), timedelta(seconds=2)]


def _prepared(rig: Rig, name: str) -> None:
    if name in AFTER_KEYS:
        rig.will(rig.metadata(), keys())


@pytest.mark.parametrize("kind", GARBAGE)
@pytest.mark.parametrize("name", CALLS)
async def test_garbage_is_an_outage_that_shows_no_secret(
    azure: Rig, caplog: pytest.LogCaptureFixture, name: str, kind: str
) -> None:
    caplog.set_level(logging.DEBUG)
    _prepared(azure, name)
    prepared = len(azure.server.script)
    azure.server.otherwise = GARBAGE[kind]
    with pytest.raises(APIConnectionError) as caught:
        await CALLS[name](azure)
    error = caught.value
    assert type(error) is APIConnectionError
    assert error.transient
    assert "operator must" in str(error)
    shown = f"{error!r} {error.details} {''.join(traceback.format_exception(error))} {caplog.text}"
    assert not any(secret in shown for secret in SECRETS)
    if kind != "dropped unread":
        asked = len(azure.server.received) - prepared
        # aiohttp by itself asks once more for what a GET lost with its connection.
        assert asked in (range(4, 9) if name in PATIENT else {1}), "what may have been acted upon is not sent again"
    assert not any("elsewhere" in request.path for request in azure.server.received)


async def _warm(azure: Rig) -> None:
    """Let the provider know the keys."""
    azure.will(azure.metadata(), keys(), azure.tokens())
    await CALLS["code"](azure)
    azure.server.received.clear()
    azure.clock.slept.clear()


@pytest.mark.parametrize("name", CALLS)
async def test_a_server_that_cannot_be_reached_is_tried_again_whatever_is_asked(azure: Rig, name: str) -> None:
    await _warm(azure)
    azure.server.stop()
    with pytest.raises(APIConnectionError) as caught:
        await CALLS[name](azure)
    assert caught.value.details["sent"] == Sent.NEVER
    assert len(azure.clock.slept) == 3


@pytest.mark.parametrize(
    ("name", "attempts"), [("code", 1), ("device", 1), ("refresh", 4), ("application", 4), ("validate", 4)]
)
@pytest.mark.parametrize("status", [500, 503])
async def test_a_server_that_fails_is_asked_again_unless_it_may_have_used_up_a_code(
    azure: Rig, name: str, attempts: int, status: int
) -> None:
    await _warm(azure)
    azure.server.otherwise = answer(status, "<html>")
    with pytest.raises(APIConnectionError):
        await CALLS[name](azure)
    assert len(azure.server.received) == attempts


@pytest.mark.parametrize("name", CALLS)
async def test_a_server_that_is_too_busy_is_asked_again_after_the_time_it_wants(azure: Rig, name: str) -> None:
    await _warm(azure)
    azure.server.otherwise = answer(429, Retry_After="2.5")
    with pytest.raises(ThrottledError) as caught:
        await CALLS[name](azure)
    assert caught.value.retry_after == timedelta(seconds=2.5)
    assert azure.clock.slept == [timedelta(seconds=2.5)] * 3


@pytest.mark.parametrize(
    ("header", "wait"), [("60", 60), ("15", 15), ("Thu, 01 Jan 2026 12:01:30 GMT", 90), ("9999999", 3600)]
)
@pytest.mark.parametrize("name", ["code", "refresh", "validate", "reach"])
async def test_a_wait_that_does_not_fit_in_is_the_callers(azure: Rig, name: str, header: str, wait: float) -> None:
    await _warm(azure)
    for status in (429, 503):
        azure.server.otherwise = answer(status, Retry_After=header)
        with pytest.raises(ThrottledError) as caught:
            await CALLS[name](azure)
        assert caught.value.retry_after == timedelta(seconds=wait)
    assert not azure.clock.slept


async def test_a_date_to_wait_until_is_compared_with_the_servers_own_time(azure: Rig) -> None:
    azure.will(answer(429, Retry_After="Fri, 06 Feb 2026 10:00:40 GMT", Date="Fri, 06 Feb 2026 10:00:00 GMT"))
    with pytest.raises(ThrottledError) as caught:
        await CALLS["refresh"](azure)
    assert caught.value.retry_after == timedelta(seconds=40)


async def test_an_outage_that_passes_is_not_noticed(azure: Rig) -> None:
    azure.will(refusal("temporarily_unavailable", 90033), answer(503), answer(429), azure.tokens())
    grant = await azure.provider.refresh(APPLICATION, SECRET, REFRESH)
    assert grant.token.access.value == "at-canary"
    pauses = azure.clock.slept
    assert len(pauses) == 3
    assert all(pause <= bound for pause, bound in zip(pauses, BOUNDS, strict=True))


async def test_a_server_that_keeps_silent_is_given_up_within_the_bound() -> None:
    async with open_azure_rig(attrs.evolve(PACE, budget=timedelta(milliseconds=50))) as azure:
        azure.server.otherwise = Trouble.STALL
        with pytest.raises(APIConnectionError) as caught:
            await CALLS["refresh"](azure)
    assert caught.value.details["sent"] == Sent.PERHAPS


async def test_a_cancelled_call_is_cancelled_and_leaves_the_provider_usable(azure: Rig) -> None:
    azure.will(Trouble.STALL)
    call = asyncio.ensure_future(CALLS["refresh"](azure))
    await azure.server.stalled.wait()
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    azure.will(azure.tokens())
    await CALLS["refresh"](azure)


async def test_the_keys_are_fetched_before_the_code_is_sent(azure: Rig) -> None:
    azure.will(azure.metadata())
    with pytest.raises(APIConnectionError):
        await CALLS["code"](azure)
    assert not azure.server.forms(), "the code was not spent"


async def test_each_request_is_marked_and_the_mark_is_told(azure: Rig) -> None:
    azure.will(answer(503), refusal("invalid_client", 7000222, status=401))
    with pytest.raises(InvalidClientError) as caught:
        await CALLS["refresh"](azure)
    marks = [request.headers["client-request-id"] for request in azure.server.received]
    assert len(set(marks)) == 2
    assert caught.value.details["client_request_id"] == marks[-1]
    assert SECRET not in f"{caught.value!r} {caught.value.details}"


async def test_what_is_sent_is_what_the_protocol_asks_for(azure: Rig) -> None:
    azure.will(azure.metadata(), keys(), *[azure.tokens()] * 3)
    await CALLS["code"](azure)
    await azure.provider.refresh(APPLICATION, None, REFRESH, '{"access_token":{}}')
    await azure.provider.client_credentials(APPLICATION, SECRET)
    code, refresh, own = azure.server.forms()
    assert code == {
        "grant_type": "authorization_code",
        "client_id": APPLICATION.client_id,
        "client_secret": SECRET,
        "code": CODE,
        "code_verifier": VERIFIER,
        "redirect_uri": REQUEST.redirect_uri,
        "scope": "openid profile Mail.Read offline_access",
    }
    assert refresh == {
        "grant_type": "refresh_token",
        "client_id": APPLICATION.client_id,
        "refresh_token": REFRESH,
        "scope": "Mail.Read offline_access",
        "claims": '{"access_token":{}}',
    }
    assert own == {
        "grant_type": "client_credentials",
        "client_id": APPLICATION.client_id,
        "client_secret": SECRET,
        "scope": f"{azure.server.url}/.default",
    }
    for request in azure.server.received:
        assert request.headers["accept"] == "application/json"
        assert "origin" not in request.headers
        assert "cookie" not in request.headers


async def test_an_application_without_scopes_asks_for_those_it_was_granted(azure: Rig) -> None:
    azure.will(azure.tokens(scope=None))
    grant = await azure.provider.refresh(attrs.evolve(APPLICATION, scopes=()), SECRET, REFRESH)
    assert grant.token.access.scopes == ()
    assert "scope" not in azure.server.forms()[0]


async def test_a_certificate_proves_itself_anew_with_each_attempt(azure: Rig) -> None:
    azure.will(answer(503), azure.tokens())
    await azure.provider.refresh(APPLICATION, key_pem() + certificate_pem(), REFRESH)
    first, second = azure.server.forms()
    audience = f"{azure.server.url}/{APPLICATION.tenant_id}/oauth2/v2.0/token"
    proofs = []
    for form in (first, second):
        assert "client_secret" not in form
        assert form["client_assertion_type"] == "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
        proofs.append(json.loads(jwt.api_jws.decode(form["client_assertion"], key().public_key(), ["PS256"])))
    assert proofs[0]["jti"] != proofs[1]["jti"]
    assert {proof["aud"] for proof in proofs} == {audience}


async def test_a_slow_answer_does_not_lengthen_the_tokens_life(azure: Rig) -> None:
    times = iter([NOW, NOW + timedelta(seconds=9), NOW + timedelta(seconds=9)])
    azure.clock.world = lambda: next(times)
    azure.will(azure.tokens())
    access = (await azure.provider.refresh(APPLICATION, SECRET, REFRESH)).token.access
    assert access.expires_at == NOW + timedelta(hours=1)


async def test_a_sign_in_without_an_id_token_is_none(azure: Rig) -> None:
    azure.will(azure.metadata(), keys(), azure.tokens(id_token=None))
    with pytest.raises(APIConnectionError) as caught:
        await CALLS["code"](azure)
    assert caught.value.error_code == "PROVIDER_ANSWER_INVALID"


async def test_an_id_token_of_nobodys_key_is_not_believed(azure: Rig) -> None:
    azure.will(azure.metadata(), keys(jwk("another")), azure.tokens(), keys(jwk("another")))
    with pytest.raises(AuthenticationError) as caught:
        await CALLS["code"](azure)
    assert caught.value.error_code == "ID_TOKEN_REJECTED"


@pytest.mark.parametrize(
    ("status", "body", "valid"),
    [
        (200, '{"id": "1"}', True),
        (401, '{"error": {"code": "InvalidAuthenticationToken"}}', False),
        (401, "", False),
        (400, '{"error": {"code": "InvalidAuthenticationToken"}}', False),
        (400, '{"error": {"code": "BadRequest"}}', True),
        (403, '{"error": {"code": "Authorization_RequestDenied"}}', True),
        (404, '{"error": {"code": "Request_ResourceNotFound"}}', True),
    ],
)
async def test_graph_looks_at_the_token_before_it_looks_at_the_request(
    azure: Rig, status: int, body: str, *, valid: bool
) -> None:
    azure.will(answer(status, body))
    assert await azure.provider.validate_token("at-canary") is valid
    (request,) = azure.server.received
    assert request.headers["authorization"] == "Bearer at-canary"
    assert request.path == "/v1.0/me?$select=id"


@pytest.mark.parametrize("token", ["", " ", "a b", "a\r\nX: 1", "앤", "=", "a=b"])
async def test_what_can_be_no_token_is_not_even_asked_about(azure: Rig, token: str) -> None:
    assert not await azure.provider.validate_token(token)
    assert not azure.server.received
