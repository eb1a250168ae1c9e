"""The address of who signed in, asked of the directory where the id token does not tell it."""

import json

import attrs
import pytest

from domain.account import OAuthApplication
from domain.token import Grant
from tests.adapters.azure_ad.keys import claims, signed
from tests.adapters.azure_ad.rig import APPLICATION, REQUEST, RESPONSE, SECRET, VERIFIER, Rig, keys
from tests.fakes.hostile_server import Trouble, answer


async def _sign_in(azure: Rig, application: OAuthApplication = APPLICATION, **changes: object) -> Grant:
    token = signed(claims(iss=azure.issuer, **changes))
    azure.server.places.update({"openid-configuration": azure.metadata(), "keys": keys()})
    azure.server.places["token"] = azure.tokens(id_token=token)
    return await azure.provider.exchange_code(application, SECRET, RESPONSE, VERIFIER, REQUEST)


def _asked(azure: Rig) -> int:
    return sum(request.path.startswith("/v1.0/me") for request in azure.server.received)


async def test_the_directory_tells_the_address_that_the_id_token_lacks(azure: Rig) -> None:
    azure.server.places["me"] = answer(200, json.dumps({"id": "OID-1", "mail": "ann.lee@mail.example"}))
    assert (await _sign_in(azure, email=None)).email == "ann.lee@mail.example"
    assert _asked(azure) == 1


async def test_nobody_is_asked_where_the_id_token_tells_it_or_many_tenants_could_answer(azure: Rig) -> None:
    assert (await _sign_in(azure)).email == "ann@example.com"
    assert (await _sign_in(azure, attrs.evolve(APPLICATION, tenant_id="common"), email=None)).email is None
    assert _asked(azure) == 0


@pytest.mark.parametrize(
    "reply",
    [
        answer(200, '{"id": "somebody else", "mail": "a@b.example"}'),
        answer(200, '{"id": "oid-1", "mail": null}'),
        answer(200, '{"id": "oid-1", "mail": ["a@b.example"]}'),
        answer(200, '{"id": "oid-1", "mail": "a\\u202e@b.example"}'),
        answer(200, '{"id": 7, "mail": "a@b.example"}'),
        answer(200, "<html>"),
        answer(401),
        answer(403, '{"error": {"code": "Authorization_RequestDenied"}}'),
        answer(429, Retry_After="60"),
        answer(503),
        Trouble.DROP,
    ],
    ids=range(11),
)
async def test_a_directory_that_does_not_tell_it_fails_no_sign_in(azure: Rig, reply: bytes | Trouble) -> None:
    azure.server.places["me"] = reply
    grant = await _sign_in(azure, email=None)
    assert grant.email is None
    assert grant.identity


async def test_a_silent_directory_fails_no_sign_in(azure: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adapters.azure_ad.identity_provider.ADDRESS_WITHIN", 0.02)
    azure.server.places["me"] = Trouble.STALL
    assert (await _sign_in(azure, email=None)).email is None
