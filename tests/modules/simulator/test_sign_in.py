"""Signing in: by name and password or by a click, with a second proof, with consent, with a session that lasts."""

from datetime import timedelta

import jwt
import pytest

from modules.simulator.directory import CONSUMERS_TENANT
from modules.simulator.faults import aadsts
from tests.modules.simulator.rig import Rig
from tests.simulator.html_forms import Page
from tests.simulator.person import AstrayError, Callback, Person


async def page_of(person: Person, url: str) -> Page:
    found = await person.open(url)
    assert isinstance(found, Page), found
    return found


async def typed(rig: Rig, upn: str, password: str) -> Page:
    """What comes after these were typed into the sign-in page."""
    person = await rig.person()
    page = await page_of(person, rig.authorize_url())
    found = await person.submit(page.form("sign-in"), {"upn": upn, "password": password, "action": "next"})
    assert isinstance(found, Page), found
    return found


async def test_a_click_on_a_name_signs_in(rig: Rig) -> None:
    person = await rig.person(1, pick=True)
    assert (await person.sign_in(rig.authorize_url())).code


async def test_name_and_password_sign_in_in_any_case_and_by_address(rig: Rig) -> None:
    user = rig.user(1)
    assert user.mail != user.upn
    for name in (user.upn.upper(), f" {user.mail} "):
        assert (await typed(rig, name, user.password)).has("consent")


@pytest.mark.parametrize(
    ("upn", "password", "said"),
    [
        ("kim.jiwon@contoso-class.example", "wrong", "password is wrong"),
        ("nobody@contoso-class.example", "wrong", "no such account"),
        ("", "", "no such account"),
    ],
)
async def test_who_is_not_known_or_lacks_the_password_is_told_so(rig: Rig, upn: str, password: str, said: str) -> None:
    page = await typed(rig, upn, password)
    assert page.has("sign-in")
    assert said in page.text


async def test_a_disabled_account_is_told_so(rig: Rig) -> None:
    rig.simulator.disable(rig.user().upn)
    assert "disabled" in (await typed(rig, rig.user().upn, rig.user().password)).text
    rig.simulator.enable(rig.user().upn)
    assert (await typed(rig, rig.user().upn, rig.user().password)).has("consent")


async def test_a_policy_that_blocks_or_an_assignment_that_lacks_ends_on_a_page(rig: Rig) -> None:
    rig.simulator.block(rig.user().upn)
    assert (await typed(rig, rig.user().upn, rig.user().password)).code == "53003"
    rig.simulator.block(rig.user().upn, blocked=False)
    rig.application().assigned_only = True
    assert (await typed(rig, rig.user().upn, rig.user().password)).code == "50105"
    rig.application().assigned.add(rig.user().object_id)
    assert (await typed(rig, rig.user().upn, rig.user().password)).has("consent")


@pytest.mark.parametrize("step", ["sign-in", "mfa", "consent"])
async def test_cancelling_any_page_goes_back_with_access_denied(rig: Rig, step: str) -> None:
    rig.simulator.require_mfa(rig.user().upn, required=step == "mfa")
    person = await rig.person()
    page = await page_of(person, rig.authorize_url())
    if step != "sign-in":
        form = page.form("sign-in")
        answer = {"upn": rig.user().upn, "password": rig.user().password}
        moved = await person.submit(form, answer)
        assert isinstance(moved, Page)
        page = moved
    back = await person.submit(page.form(step), {"action": "cancel"})
    assert isinstance(back, Callback)
    assert (back.fields["error"], back.fields["error_subcode"]) == ("access_denied", "cancel")
    assert back.fields["state"] == "the state"
    # The flow is over: the same page again leads nowhere.
    again = await person.submit(page.form(step), {"action": "next"})
    assert isinstance(again, Page)
    assert again.code == "50089"


async def test_a_second_visit_needs_no_page(rig: Rig) -> None:
    person = await rig.person()
    await person.sign_in(rig.authorize_url())
    assert isinstance(await person.open(rig.authorize_url()), Callback)
    assert isinstance(await person.open(rig.authorize_url(prompt="none")), Callback)


@pytest.mark.parametrize("prompt", ["login", "select_account", "consent"])
async def test_a_prompt_asks_again(rig: Rig, prompt: str) -> None:
    person = await rig.person()
    await person.sign_in(rig.authorize_url())
    page = await page_of(person, rig.authorize_url(prompt=prompt))
    assert page.has("consent" if prompt == "consent" else "sign-in")
    assert (await person.sign_in(rig.authorize_url(prompt=prompt))).code


async def test_a_hint_chooses_among_several_who_are_signed_in(rig: Rig) -> None:
    person = await rig.person()
    await person.sign_in(rig.authorize_url())
    person.user = rig.user(1)
    await person.sign_in(rig.authorize_url(prompt="login"))
    assert (await page_of(person, rig.authorize_url())).has("sign-in")
    hinted = rig.authorize_url(login_hint=rig.user(0).upn, prompt="none", client_info="1")
    assert isinstance(await person.open(hinted), Callback)
    unknown = await person.open(rig.authorize_url(login_hint="nobody@x.example", prompt="none"))
    assert isinstance(unknown, Callback)
    assert unknown.fields["error"] == "login_required"


async def test_a_hint_fills_in_the_name_and_comes_first(rig: Rig) -> None:
    page = await page_of(await rig.person(), rig.authorize_url(login_hint=rig.user(2).upn))
    assert page.form("sign-in").fields["upn"] == rig.user(2).upn
    assert page.form("pick").buttons[0] == ("pick", rig.user(2).object_id)


async def test_an_old_session_does_not_do_for_a_young_max_age(rig: Rig) -> None:
    person = await rig.person()
    await person.sign_in(rig.authorize_url())
    rig.simulator.clock.advance(timedelta(minutes=10))
    assert isinstance(await person.open(rig.authorize_url(max_age="3600")), Callback)
    assert isinstance(await person.open(rig.authorize_url(max_age="60")), Page)


async def test_a_revoked_session_must_sign_in_again(rig: Rig) -> None:
    person = await rig.person()
    await person.sign_in(rig.authorize_url())
    rig.simulator.revoke_sessions(rig.user().upn)
    assert isinstance(await person.open(rig.authorize_url()), Page)


async def test_a_second_proof_is_asked_for_once(rig: Rig) -> None:
    rig.simulator.require_mfa(rig.user().upn)
    person = await rig.person()
    await person.sign_in(rig.authorize_url())
    assert any(page.has("mfa") for page in person.pages)
    assert isinstance(await person.open(rig.authorize_url()), Callback)


async def test_prompt_none_says_what_is_missing(rig: Rig) -> None:
    person = await rig.person()
    await person.sign_in(rig.authorize_url(scope="openid"))

    async def error(**changes: str) -> str:
        found = await person.open(rig.authorize_url(prompt="none", **changes))
        assert isinstance(found, Callback)
        return found.fields["error"]

    assert await error(scope="openid Mail.Read") == "consent_required"
    rig.simulator.require_mfa(rig.user().upn)
    assert await error(scope="openid") == "interaction_required"
    rig.application().assigned_only = True
    assert await error(scope="openid") == "interaction_required"


async def test_consent_is_asked_once_and_only_for_what_is_new(rig: Rig) -> None:
    person = await rig.person()
    await person.sign_in(rig.authorize_url(scope="openid User.Read"))
    page = await page_of(person, rig.authorize_url(scope="openid User.Read Mail.Read"))
    assert "https://graph.microsoft.com/Mail.Read" in page.text
    assert "User.Read" not in page.text.replace("Mail.Read", "")
    await person.sign_in(rig.authorize_url(scope="openid Mail.Read"))
    assert isinstance(await person.open(rig.authorize_url(scope="openid User.Read Mail.Read")), Callback)


async def test_a_person_who_does_not_consent_goes_back_without_a_code(rig: Rig) -> None:
    person = await rig.person(consents=False)
    assert (await person.sign_in(rig.authorize_url())).fields["error"] == "access_denied"


async def test_only_an_administrator_consents_to_some_permissions(rig: Rig) -> None:
    url = rig.authorize_url(scope="openid User.Read.All")
    assert (await (await rig.person()).see(url)).code == "90094"
    assert (await (await rig.person(rig.simulator.directory.tenant.administrator)).sign_in(url)).code


async def test_the_token_says_when_somebody_signed_in_if_that_was_asked(rig: Rig) -> None:
    for query, has_it in (({"max_age": "60"}, True), ({}, False)):
        answer = await rig.signed_in(**query)
        claims = jwt.decode(answer.body["id_token"], options={"verify_signature": False})
        assert ("auth_time" in claims) is has_it


async def test_a_personal_account_signs_in_at_consumers_if_the_application_is_for_all(rig: Rig) -> None:
    directory = rig.simulator.directory
    personal = directory.add_user(
        "me@live.example", tenant=directory.add_tenant("live.example", tenant_id=CONSUMERS_TENANT)
    )
    rig.application().audience = "all"
    assert (await (await rig.person(personal)).sign_in(rig.authorize_url(tenant="consumers"))).code
    with pytest.raises(AstrayError, match="no such account"):
        await (await rig.person(personal)).sign_in(rig.authorize_url(tenant="organizations"))


@pytest.mark.parametrize(
    ("code", "where"), [(90033, "callback"), (50076, "callback"), (53003, "page"), (50020, "page")]
)
@pytest.mark.parametrize("endpoint", ["authorize", "sign_in"])
async def test_a_fault_at_a_page_is_sent_back_or_told_as_its_kind_is(
    rig: Rig, code: int, where: str, endpoint: str
) -> None:
    rig.simulator.faults.add(aadsts(code, endpoint=endpoint, times=1))
    person = await rig.person()
    found = await person.open(rig.authorize_url())
    if endpoint == "sign_in":
        assert isinstance(found, Page)
        found = await person.submit(found.form("pick"), {"pick": rig.user().object_id})
    if where == "page":
        assert isinstance(found, Page)
        assert found.code == str(code)
    else:
        assert isinstance(found, Callback)
        assert found.fields["error_description"].startswith(f"AADSTS{code}:")
    assert (await person.sign_in(rig.authorize_url())).code


async def test_an_hour_old_page_leads_nowhere(rig: Rig) -> None:
    person = await rig.person()
    page = await page_of(person, rig.authorize_url())
    rig.simulator.clock.advance(timedelta(hours=1))
    found = await person.submit(page.form("sign-in"), {"upn": rig.user().upn, "password": rig.user().password})
    assert isinstance(found, Page)
    assert found.code == "50089"
