"""Refresh tokens: rotated without killing the old one, bound to person and client, and dead when they should be."""

from datetime import timedelta

import pytest

from tests.modules.simulator.rig import Rig, running_rig

CONSENTS = "openid offline_access User.Read Mail.Read https://outlook.office.com/Mail.Read"


async def refresh_token(rig: Rig, name: str = "web", **changes: str) -> str:
    return str((await rig.signed_in(name=name, **changes)).body["refresh_token"])


async def test_a_refresh_gives_a_new_refresh_token_and_the_old_one_lives_on(rig: Rig) -> None:
    first = await refresh_token(rig)
    second = (await rig.refresh(first)).body["refresh_token"]
    assert second != first
    assert (await rig.refresh(second)).status == 200
    assert (await rig.refresh(first)).status == 200


async def test_rotation_can_be_switched_off(rig: Rig) -> None:
    first = await refresh_token(rig)
    rig.simulator.switches.rotate = False
    assert "refresh_token" not in (await rig.refresh(first)).body


async def test_a_refresh_without_a_scope_gives_what_the_first_one_gave(rig: Rig) -> None:
    answer = await rig.refresh(await refresh_token(rig))
    assert answer.body["scope"] == "openid profile User.Read Mail.Read"
    assert "id_token" in answer.body


async def test_a_refresh_may_ask_for_any_resource_that_was_consented_to(rig: Rig) -> None:
    first = await refresh_token(rig, scope=CONSENTS)
    outlook = "https://outlook.office.com/Mail.Read"
    assert (await rig.refresh(first, scope=outlook)).body["scope"] == outlook
    both = await rig.refresh(first, scope=f"Mail.Read {outlook}")
    assert both.body["scope"] == "Mail.Read"
    assert (await rig.refresh(both.body["refresh_token"])).body["scope"] == "openid User.Read Mail.Read"


async def test_the_default_scope_is_everything_that_was_consented_to(rig: Rig) -> None:
    first = await refresh_token(rig)
    scope = (await rig.refresh(first, scope="https://graph.microsoft.com/.default")).body["scope"]
    assert set(scope.split()) == {
        *(f"https://graph.microsoft.com/{name}" for name in ("User.Read", "Mail.Read", ".default")),
    }


async def test_a_refresh_for_more_than_was_consented_to_says_so(rig: Rig) -> None:
    answer = await rig.refresh(await refresh_token(rig), scope="Calendars.Read")
    assert (answer.error, answer.code) == ((400, "invalid_grant", "consent_required"), 65001)


async def test_withdrawn_consent_ends_refreshing(rig: Rig) -> None:
    token = await refresh_token(rig)
    rig.simulator.directory.withdraw_consent(rig.application(), rig.user().object_id)
    assert (await rig.refresh(token)).code == 65001


async def test_a_refresh_token_is_for_one_client(rig: Rig) -> None:
    answer = await rig.refresh(await refresh_token(rig, "public"), "web")
    assert (answer.error, answer.code) == ((400, "invalid_grant", "client_mismatch"), 70000)


async def test_a_confidential_client_must_prove_itself(rig: Rig) -> None:
    answer = await rig.refresh(await refresh_token(rig), client_secret="")
    assert answer.code == 7000218


@pytest.mark.parametrize(("text", "code"), [("garbage", 9002313), ("1.A" + "x" * 697, 70000), ("", 900144)])
async def test_what_was_never_issued_is_not_accepted(rig: Rig, text: str, code: int) -> None:
    assert (await rig.refresh(text)).code == code


async def test_a_refresh_token_dies_after_ninety_days_without_use(rig: Rig) -> None:
    token = await refresh_token(rig, name="public")
    for _ in range(3):
        rig.simulator.clock.advance(timedelta(days=89))
        assert (await rig.refresh(token, "public")).status == 200
    rig.simulator.clock.advance(timedelta(days=90))
    answer = await rig.refresh(token, "public")
    assert (answer.error, answer.code) == ((400, "invalid_grant", "token_expired"), 700082)


async def test_a_page_s_refresh_tokens_end_after_a_day_whatever_it_does(rig: Rig) -> None:
    token = await refresh_token(rig, "spa")
    rig.simulator.clock.advance(timedelta(hours=23))
    second = (await rig.refresh(token, "spa")).body["refresh_token"]
    rig.simulator.clock.advance(timedelta(hours=1))
    assert (await rig.refresh(second, "spa")).code == 700084


async def test_a_page_s_refresh_token_needs_its_origin(rig: Rig) -> None:
    form = {"grant_type": "refresh_token", "refresh_token": await refresh_token(rig, "spa"), **rig.credentials("spa")}
    assert (await rig.token(form)).code == 9002327


async def test_revoked_sessions_end_refreshing_until_a_new_sign_in(rig: Rig) -> None:
    token = await refresh_token(rig)
    rig.simulator.revoke_sessions(rig.user().upn)
    answer = await rig.refresh(token)
    assert (answer.error, answer.code) == ((400, "invalid_grant", "bad_token"), 50173)
    assert (await rig.refresh(await refresh_token(rig))).status == 200


async def test_a_disabled_account_cannot_refresh_and_an_enabled_one_can_again(rig: Rig) -> None:
    token = await refresh_token(rig)
    rig.simulator.disable(rig.user().upn)
    assert (await rig.refresh(token)).code == 50057
    rig.simulator.enable(rig.user().upn)
    assert (await rig.refresh(token)).status == 200


async def test_a_required_second_proof_ends_refreshing_with_a_challenge(rig: Rig) -> None:
    token = await refresh_token(rig)
    rig.simulator.require_mfa(rig.user().upn)
    answer = await rig.refresh(token)
    assert (answer.error, answer.code) == ((400, "invalid_grant", "basic_action"), 50076)
    assert isinstance(answer.body["claims"], str)
    assert (await rig.refresh(await refresh_token(rig))).status == 200


async def test_a_policy_that_blocks_says_that_nothing_can_be_done(rig: Rig) -> None:
    token = await refresh_token(rig)
    rig.simulator.block(rig.user().upn)
    answer = await rig.refresh(token)
    assert (answer.error, answer.code) == ((400, "invalid_grant", "message_only"), 53003)
    assert answer.body["claims"]


async def test_a_changed_password_ends_the_grants_of_public_clients_only(rig: Rig) -> None:
    public, web = await refresh_token(rig, "public"), await refresh_token(rig)
    rig.simulator.change_password(rig.user().upn, "another")
    assert (await rig.refresh(public, "public")).code == 50173
    assert (await rig.refresh(web)).status == 200
    rig.simulator.reset_password(rig.user().upn, "a third")
    assert (await rig.refresh(web)).code == 50173


async def test_a_person_of_one_tenant_does_not_refresh_at_another(rig: Rig) -> None:
    form = {"grant_type": "refresh_token", "refresh_token": await refresh_token(rig), **rig.credentials()}
    tenants = rig.simulator.directory.tenants
    assert (await rig.token(form, tenant=tenants[1].tenant_id)).code == 50020
    assert (await rig.token(form, tenant=tenants[0].domain)).status == 200


async def test_an_application_switched_off_cannot_refresh(rig: Rig) -> None:
    token = await refresh_token(rig)
    rig.application().enabled = False
    answer = await rig.refresh(token)
    assert (answer.error, answer.code) == ((400, "unauthorized_client", None), 7000112)


async def test_strict_ends_the_whole_family_when_a_token_is_used_twice() -> None:
    async with running_rig(strict=True) as rig:
        first, other = await refresh_token(rig), await refresh_token(rig)
        second = (await rig.refresh(first)).body["refresh_token"]
        third = (await rig.refresh(second)).body["refresh_token"]
        again = await rig.refresh(first)
        assert (again.error, again.code) == ((400, "invalid_grant", "bad_token"), 70000)
        assert (await rig.refresh(third)).code == 70000
        assert (await rig.refresh(other)).status == 200


async def test_strict_ends_the_tokens_of_a_code_that_is_used_twice() -> None:
    async with running_rig(strict=True) as rig:
        form = rig.redemption(await rig.callback())
        token = (await rig.token(form)).body["refresh_token"]
        assert (await rig.token(form)).code == 54005
        assert (await rig.refresh(token)).code == 70000


async def test_a_client_in_a_loop_is_stopped_if_that_is_switched_on(rig: Rig) -> None:
    rig.simulator.switches.loop_detection = True
    token = await refresh_token(rig)
    for _ in range(14):
        assert (await rig.refresh(token)).status == 200
    assert (await rig.refresh(token)).code == 50196
    rig.simulator.clock.advance(timedelta(minutes=5))
    assert (await rig.refresh(token)).status == 200
