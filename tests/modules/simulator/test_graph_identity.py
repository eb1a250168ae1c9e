"""Graph's part about people, and what it says to tokens that will not do."""

import json
from base64 import b64decode
from datetime import timedelta

import pytest

from tests.modules.simulator.rig import Rig

ADMIN_SCOPES = "openid User.Read User.Read.All User.RevokeSessions.All"


async def access_token(rig: Rig, **changes: str) -> str:
    return str((await rig.signed_in(**changes)).body["access_token"])


async def test_me_is_the_person_of_the_token(rig: Rig) -> None:
    user = rig.user(1)
    answer = await rig.graph("v1.0/me", (await rig.signed_in(user)).body["access_token"])
    assert (answer.body["id"], answer.body["userPrincipalName"]) == (user.object_id, user.upn)
    assert (answer.body["mail"], answer.body["displayName"]) == (user.mail, user.name)
    assert answer.body["@odata.context"] == f"{rig.simulator.http_url}/v1.0/$metadata#users/$entity"
    assert answer.headers["Content-Type"].startswith("application/json;odata.metadata=minimal")
    assert {"request-id", "client-request-id", "x-ms-ags-diagnostic", "OData-Version"} <= set(answer.headers)


async def test_only_what_is_selected_comes(rig: Rig) -> None:
    token = await access_token(rig)
    body = (await rig.graph("v1.0/me?$select=mail,userprincipalname", token)).body
    assert set(body) == {"@odata.context", "mail", "userPrincipalName"}
    assert "#users(mail,userprincipalname)/$entity" in body["@odata.context"]


async def test_what_a_user_does_not_have_cannot_be_selected(rig: Rig) -> None:
    answer = await rig.graph("v1.0/me?$select=shoeSize", await access_token(rig))
    assert (answer.status, answer.body["error"]["code"]) == (400, "BadRequest")


async def test_a_person_may_be_asked_for_by_id_name_or_address(rig: Rig) -> None:
    token, user = (await rig.signed_in(1)).body["access_token"], rig.user(1)
    for who in (user.object_id, user.upn, user.mail):
        assert (await rig.graph(f"v1.0/users/{who}", token)).body["id"] == user.object_id


async def test_others_are_seen_with_the_permission_only(rig: Rig) -> None:
    path = f"v1.0/users/{rig.user(1).upn}"
    answer = await rig.graph(path, await access_token(rig))
    assert (answer.status, answer.body["error"]["code"]) == (403, "Authorization_RequestDenied")
    assert (await rig.graph(path, await access_token(rig, scope="User.ReadBasic.All"))).status == 200


async def test_people_of_other_tenants_are_not_found(rig: Rig) -> None:
    stranger = rig.simulator.directory.tenants[1].users[0]
    answer = await rig.graph(f"v1.0/users/{stranger.upn}", await access_token(rig))
    assert (answer.status, answer.body["error"]["code"]) == (404, "Request_ResourceNotFound")


async def test_me_needs_user_read_unless_permissions_are_not_checked(rig: Rig) -> None:
    token = await access_token(rig, scope="Mail.Read")
    assert (await rig.graph("v1.0/me", token)).status == 403
    rig.simulator.switches.graph_permissions = False
    assert (await rig.graph("v1.0/me", token)).status == 200


async def test_an_application_is_nobody(rig: Rig) -> None:
    scope = "https://graph.microsoft.com/.default"
    form = {"grant_type": "client_credentials", "scope": scope, **rig.credentials("daemon")}
    token = (await rig.token(form, tenant=rig.simulator.directory.tenant.tenant_id)).body["access_token"]
    answer = await rig.graph("v1.0/me", token)
    assert (answer.status, answer.body["error"]["code"]) == (400, "BadRequest")


@pytest.mark.parametrize(
    ("header", "said"), [({}, "empty"), ({"Authorization": "Bearer x"}, "IDX14100"), ({"Authorization": "x"}, "empty")]
)
async def test_what_is_no_token_is_refused(rig: Rig, header: dict[str, str], said: str) -> None:
    answer = await rig.get("v1.0/me", header)
    assert (answer.status, answer.body["error"]["code"]) == (401, "InvalidAuthenticationToken")
    assert said in answer.body["error"]["message"]
    inner = answer.body["error"]["innerError"]
    assert set(inner) == {"date", "request-id", "client-request-id"}
    assert not inner["date"].endswith("Z")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer realm=")


async def test_an_expired_token_is_refused(rig: Rig) -> None:
    token = await access_token(rig)
    rig.simulator.clock.advance(timedelta(hours=2))
    assert "expired" in (await rig.graph("v1.0/me", token)).body["error"]["message"]


async def test_a_token_for_another_resource_is_refused(rig: Rig) -> None:
    token = await access_token(rig, scope="https://outlook.office.com/Mail.Read")
    assert "audience" in (await rig.graph("v1.0/me", token)).body["error"]["message"]


async def test_a_usual_token_outlives_a_revocation(rig: Rig) -> None:
    token = await access_token(rig)
    rig.simulator.revoke_sessions(rig.user().upn)
    assert (await rig.graph("v1.0/me", token)).status == 200


async def test_a_capable_client_s_token_ends_with_the_revocation_by_a_claims_challenge(rig: Rig) -> None:
    claims = '{"access_token": {"xms_cc": {"values": ["cp1"]}}}'
    token = (await rig.token(rig.redemption(await rig.callback(), claims=claims))).body["access_token"]
    assert (await rig.graph("v1.0/me", token)).status == 200
    rig.simulator.revoke_sessions(rig.user().upn)
    answer = await rig.graph("v1.0/me", token)
    assert (answer.status, answer.body["error"]["code"]) == (401, "InvalidAuthenticationToken")
    challenge = answer.headers["WWW-Authenticate"]
    assert 'error="insufficient_claims"' in challenge
    wanted = json.loads(b64decode(challenge.partition('claims="')[2].partition('"')[0]))
    assert wanted["access_token"]["nbf"]["essential"] is True


@pytest.mark.parametrize("path", ["v1.0/me", "v1.0/users/kim.jiwon@contoso-class.example"])
async def test_sessions_can_be_revoked_through_graph(rig: Rig, path: str) -> None:
    rig.simulator.directory.consent(
        rig.application(), rig.user().object_id, {"https://graph.microsoft.com/User.RevokeSessions.All"}
    )
    body = (await rig.signed_in(scope=f"{ADMIN_SCOPES} offline_access".replace("User.Read.All ", ""))).body
    answer = await rig.graph(f"{path}/revokeSignInSessions", body["access_token"], "POST")
    assert answer.status == 200
    assert answer.body == {
        "@odata.context": f"{rig.simulator.http_url}/v1.0/$metadata#Edm.Boolean",
        "value": True,
    }
    assert (await rig.refresh(body["refresh_token"])).code == 50173


async def test_revoking_needs_its_permission(rig: Rig) -> None:
    answer = await rig.graph("v1.0/me/revokeSignInSessions", await access_token(rig), "POST")
    assert answer.status == 403


async def test_user_info_is_for_tokens_of_openid(rig: Rig) -> None:
    answer = await rig.graph("oidc/userinfo", await access_token(rig))
    assert answer.body["name"] == rig.user().name
    assert (await rig.graph("oidc/userinfo", await access_token(rig, scope="Mail.Read"))).status == 403
