"""What the directory says beyond its contract: clocks, other servers, and applications that use no device flow."""

from datetime import timedelta

import attrs
import pytest

from domain.account import AuthFlow
from domain.errors import (
    APIConnectionError,
    AuthenticationError,
    ConfigurationError,
    InvalidClientError,
    PermissionDeniedError,
)
from tests.adapters.azure_ad.keys import NOW, OTHER_TENANT, TENANT
from tests.adapters.azure_ad.rig import APPLICATION, SECRET, Rig, refusal
from tests.fakes.hostile_server import answer

CONSUMERS = "9188040d-6c67-4c5b-b112-36a304b66dad"
MANY = attrs.evolve(APPLICATION, tenant_id="common")


@pytest.mark.parametrize(
    ("issuer", "tenant_id"),
    [
        (f"https://login.microsoftonline.com/{TENANT}/v2.0", TENANT),
        (f"https://sts.example/prefix/{OTHER_TENANT}/", OTHER_TENANT),
        ("https://login.microsoftonline.com/{tenantid}/v2.0", None),
        ("https://login.other.example/contoso/v2.0", None),
        ("not an address", None),
    ],
)
async def test_the_issuer_names_the_tenant(azure: Rig, issuer: str, tenant_id: str | None) -> None:
    azure.will(azure.metadata(issuer=issuer))
    assert (await azure.directory.reach("contoso.com")).tenant_id == tenant_id


async def test_a_server_that_tells_no_time_leaves_the_clock_unknown(azure: Rig) -> None:
    azure.will(azure.metadata())
    assert (await azure.directory.reach(TENANT)).clock_offset is None


@pytest.mark.parametrize("minutes", [-90, -1, 0, 7])
async def test_the_clock_is_compared_with_the_middle_of_the_exchange(azure: Rig, minutes: int) -> None:
    times = iter([NOW, NOW + timedelta(seconds=2)])
    azure.clock.world = lambda: next(times)
    theirs = NOW + timedelta(minutes=minutes, seconds=1)
    body = azure.metadata().partition(b"\r\n\r\n")[2]
    azure.will(answer(200, body, Date=theirs.strftime("%a, %d %b %Y %H:%M:%S GMT")))
    offset = (await azure.directory.reach(TENANT)).clock_offset
    assert offset == timedelta(minutes=minutes, milliseconds=500)


@pytest.mark.parametrize("error", ["invalid_tenant", "invalid_request"])
@pytest.mark.parametrize("code", [90002, 900021, 900023])
async def test_an_unknown_tenant_is_told_in_several_words(azure: Rig, error: str, code: int) -> None:
    azure.will(refusal(error, code))
    with pytest.raises(ConfigurationError) as caught:
        await azure.directory.reach("nobody.example")
    assert caught.value.error_code == "TENANT_UNKNOWN"


async def test_a_credential_is_tried_where_it_can_be(azure: Rig) -> None:
    azure.will(azure.tokens())
    assert await azure.directory.try_application(APPLICATION, SECRET)
    azure.will(refusal("invalid_client", 7000222, status=401))
    with pytest.raises(InvalidClientError) as caught:
        await azure.directory.try_application(APPLICATION, SECRET)
    assert SECRET not in f"{caught.value} {caught.value.details}"
    assert {form["grant_type"] for form in azure.server.forms()} == {"client_credentials"}


@pytest.mark.parametrize("error", ["unauthorized_client", "invalid_client", "invalid_request"])
async def test_an_application_that_uses_no_device_flow_need_not_be_allowed_one(azure: Rig, error: str) -> None:
    azure.will(refusal(error, 7000218))
    assert not await azure.directory.try_application(MANY, SECRET)
    azure.will(refusal(error))
    with pytest.raises(ConfigurationError):
        await azure.directory.try_application(attrs.evolve(MANY, flow=AuthFlow.DEVICE_CODE), None)


@pytest.mark.parametrize("code", [700016, 7000112, 90002, 50194])
async def test_an_application_that_does_not_exist_there_is_told_all_the_same(azure: Rig, code: int) -> None:
    azure.will(refusal("unauthorized_client", code))
    with pytest.raises(ConfigurationError):
        await azure.directory.try_application(MANY, SECRET)


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (401, "", AuthenticationError),
        (400, '{"error": {"code": "BadRequest"}}', AuthenticationError),
        (403, '{"error": {"code": "Authorization_RequestDenied"}}', PermissionDeniedError),
        (403, "<html>", APIConnectionError),
        (200, '{"value": false}', APIConnectionError),
    ],
)
async def test_sessions_end_only_if_graph_says_so(azure: Rig, status: int, body: str, kind: type[Exception]) -> None:
    azure.server.otherwise = answer(status, body)
    with pytest.raises(kind) as caught:
        await azure.directory.revoke_sessions("at-canary")
    assert type(caught.value) is kind
    assert "canary" not in f"{caught.value!r}"


@pytest.mark.parametrize("done", [answer(200, '{"value": true}'), answer(204)])
async def test_sessions_that_ended_are_not_ended_again(azure: Rig, done: bytes) -> None:
    azure.will(answer(503), done)
    await azure.directory.revoke_sessions("at-canary")
    assert [request.path for request in azure.server.received] == ["/v1.0/me/revokeSignInSessions"] * 2
