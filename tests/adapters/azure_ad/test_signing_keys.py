"""The keys of a tenant: which are taken, how long they are kept, and when they are fetched again."""

import asyncio
import json
from datetime import timedelta
from urllib.parse import urlsplit

import pytest

from adapters.azure_ad.signing_keys import parse_keys
from domain.errors import APIConnectionError, AuthenticationError, ConfigurationError
from domain.token import Grant
from tests.adapters.azure_ad.keys import claims, jwk, key, signed
from tests.adapters.azure_ad.rig import APPLICATION, REQUEST, RESPONSE, SECRET, VERIFIER, Rig, keys, refusal
from tests.fakes.hostile_server import Trouble, answer

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


async def _sign_in(azure: Rig) -> Grant:
    return await azure.provider.exchange_code(APPLICATION, SECRET, RESPONSE, VERIFIER, REQUEST)


def _signed_with(azure: Rig, number: int, kid: str) -> bytes:
    return azure.tokens(id_token=signed(claims(iss=azure.issuer), number, kid=kid))


async def _refused(azure: Rig) -> None:
    with pytest.raises(AuthenticationError) as caught:
        await _sign_in(azure)
    assert caught.value.error_code == "ID_TOKEN_REJECTED"


def _fetched(azure: Rig) -> list[str]:
    """Return what was fetched since the last look, by kind."""
    kinds = [urlsplit(request.path).path.rpartition("/")[2] for request in azure.server.received]
    azure.server.received.clear()
    return [kind for kind in kinds if kind != "token"]


async def test_discovery_and_keys_are_fetched_once_an_hour(azure: Rig) -> None:
    azure.will(azure.metadata(), keys(), azure.tokens(), azure.tokens())
    await _sign_in(azure)
    azure.clock.run(59 * MINUTE)
    await _sign_in(azure)
    assert _fetched(azure) == ["openid-configuration", "keys"]
    azure.clock.run(2 * MINUTE)
    azure.will(azure.metadata(), keys(), azure.tokens())
    await _sign_in(azure)
    assert _fetched(azure) == ["openid-configuration", "keys"]


async def test_a_key_that_is_new_is_fetched_at_once_but_only_every_five_minutes(azure: Rig) -> None:
    azure.will(azure.metadata(), keys(), azure.tokens())
    await _sign_in(azure)
    azure.clock.run(MINUTE)
    azure.will(_signed_with(azure, 1, "key-2"), keys(jwk("key-1"), jwk("key-2", 1)))
    await _sign_in(azure)
    _fetched(azure)
    azure.will(_signed_with(azure, 2, "key-3"))
    await _refused(azure)
    assert _fetched(azure) == [], "too soon to look again"
    azure.clock.run(5 * MINUTE)
    azure.will(_signed_with(azure, 2, "key-3"), keys(jwk("key-3", 2)))
    await _sign_in(azure)
    assert _fetched(azure) == ["keys"]
    azure.will(azure.tokens())
    await _refused(azure)
    assert _fetched(azure) == [], "the old key is gone, and it is too soon to look again"


async def test_many_who_meet_a_new_key_wait_for_one_fetch(azure: Rig) -> None:
    azure.will(azure.metadata(), keys(), azure.tokens())
    await _sign_in(azure)
    _fetched(azure)
    azure.server.places = {"token": _signed_with(azure, 1, "key-2"), "keys": keys(jwk("key-2", 1))}
    await asyncio.gather(*[_sign_in(azure) for _ in range(10)])
    assert _fetched(azure) == ["keys"]


async def test_many_who_sign_in_first_wait_for_one_fetch(azure: Rig) -> None:
    azure.will(azure.metadata(), keys(), *[azure.tokens()] * 10)
    await asyncio.gather(*[_sign_in(azure) for _ in range(10)])
    assert _fetched(azure) == ["openid-configuration", "keys"]


async def test_many_who_find_the_provider_down_hear_it_once(azure: Rig) -> None:
    azure.server.otherwise = answer(503)
    found = await asyncio.gather(*[_sign_in(azure) for _ in range(10)], return_exceptions=True)
    assert all(isinstance(error, APIConnectionError) for error in found)
    assert _fetched(azure) == ["openid-configuration"] * 4


async def test_who_gives_up_waiting_leaves_the_fetch_to_the_next(azure: Rig) -> None:
    azure.will(Trouble.STALL)
    first = asyncio.ensure_future(_sign_in(azure))
    await azure.server.stalled.wait()
    azure.will(azure.metadata(), keys(), azure.tokens())
    second = asyncio.ensure_future(_sign_in(azure))
    first.cancel()
    assert (await second).identity


@pytest.mark.parametrize("down", [answer(503), answer(200, "<html>"), keys(jwk("key-1", use="enc")), Trouble.DROP])
async def test_the_last_good_keys_serve_while_no_newer_ones_are_to_be_had(azure: Rig, down: bytes | Trouble) -> None:
    azure.will(azure.metadata(), keys(), azure.tokens())
    await _sign_in(azure)
    azure.clock.run(23 * HOUR)
    azure.server.places = {"openid-configuration": down, "keys": down, "token": azure.tokens()}
    for _ in range(3):
        await _sign_in(azure)
        azure.clock.run(6 * MINUTE)
    azure.clock.run(HOUR)
    with pytest.raises(APIConnectionError):
        await _sign_in(azure)


async def test_a_silent_provider_of_keys_does_not_use_up_the_time_of_a_sign_in(
    azure: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("adapters.azure_ad.remembered.PATIENCE", timedelta(milliseconds=20))
    azure.will(azure.metadata(), keys(), azure.tokens())
    await _sign_in(azure)
    azure.clock.run(2 * HOUR)
    azure.server.places = {
        "openid-configuration": Trouble.STALL,
        "keys": Trouble.STALL,
        "token": azure.tokens(),
    }
    assert (await _sign_in(azure)).identity


async def test_after_a_failure_nobody_waits_for_a_newer_key_set_for_five_minutes(azure: Rig) -> None:
    azure.will(azure.metadata(), keys(), azure.tokens())
    await _sign_in(azure)
    azure.clock.run(2 * HOUR)
    azure.server.otherwise = answer(503)
    azure.server.places = {"token": azure.tokens()}
    await _sign_in(azure)
    assert set(_fetched(azure)) == {"openid-configuration", "keys"}
    await _sign_in(azure)
    assert _fetched(azure) == []


async def test_an_issuer_for_many_tenants_is_filled_in_with_the_tokens_own(azure: Rig) -> None:
    azure.will(azure.metadata(issuer=f"{azure.server.url}/{{tenantid}}/v2.0"), keys(), azure.tokens())
    assert (await _sign_in(azure)).identity


async def test_a_key_of_another_issuer_does_not_sign_for_this_one(azure: Rig) -> None:
    azure.will(azure.metadata(), keys(jwk("key-1", issuer=f"{azure.server.url}/other/v2.0")), azure.tokens())
    await _refused(azure)


@pytest.mark.parametrize(
    "changes",
    [
        {"issuer": None},
        {"issuer": 7},
        {"jwks_uri": None},
        {"jwks_uri": "ftp://x"},
        {"jwks_uri": "https://["},
        {"jwks_uri": "/keys"},
    ],
    ids=str,
)
async def test_a_discovery_document_that_leads_nowhere_is_none(azure: Rig, changes: dict[str, object]) -> None:
    azure.server.otherwise = azure.metadata(**changes)
    with pytest.raises(APIConnectionError):
        await _sign_in(azure)
    assert not azure.server.forms()


async def test_a_tenant_that_does_not_exist_costs_no_code(azure: Rig) -> None:
    azure.will(refusal("invalid_tenant", 90002))
    with pytest.raises(ConfigurationError) as caught:
        await _sign_in(azure)
    assert caught.value.error_code == "TENANT_UNKNOWN"
    assert not azure.server.forms()


@pytest.mark.parametrize(
    "changes",
    [
        {"kty": "EC"},
        {"kty": "oct", "k": "AAAA"},
        {"use": "enc"},
        {"alg": "PS256"},
        {"kid": None},
        {"kid": 7},
        {"n": "AQAB"},
        {"n": None},
        {"n": "?"},
        {"e": None},
        {"e": "AA"},
        {"d": "AQAB"},
    ],
    ids=str,
)
def test_a_key_that_must_not_sign_is_left_out(changes: dict[str, object]) -> None:
    found = parse_keys({"keys": [{**jwk("key-1"), **changes}, jwk("key-2", 1), 7, None]})
    assert list(found) == ["key-2"]


@pytest.mark.parametrize("document", [{}, {"keys": None}, {"keys": {}}, {"keys": "abc"}, {"keys": []}], ids=str)
def test_what_is_no_key_set_has_no_keys(document: dict[str, object]) -> None:
    assert not parse_keys(document)


def test_a_key_is_known_by_its_id_and_issuer() -> None:
    found = parse_keys(json.loads(json.dumps({"keys": [jwk("key-1", issuer="https://i", x5c=["AAAA"])]})))
    assert found["key-1"].issuer == "https://i"
    assert found["key-1"].key.public_numbers() == key().public_key().public_numbers()
