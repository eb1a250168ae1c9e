"""The device flow: a code is shown, typed elsewhere, and polled for."""

from datetime import timedelta

import pytest

from tests.modules.simulator.rig import Rig
from tests.simulator.html_forms import Page
from tests.simulator.person import Callback


async def test_a_device_gets_its_tokens_after_the_person_typed_the_code(rig: Rig) -> None:
    device = await rig.begin_device()
    assert (device["expires_in"], device["interval"]) == (900, 5)
    assert "verification_uri_complete" not in device
    assert device["verification_uri"] in device["message"]
    assert device["user_code"] in device["message"]
    pending = await rig.poll(device["device_code"])
    assert (pending.error, pending.code) == ((400, "authorization_pending", None), 70016)
    page = await (await rig.person()).enter_code(device["verification_uri"], device["user_code"])
    assert "You are signed in" in page.text
    answer = await rig.poll(device["device_code"])
    assert {"access_token", "refresh_token", "id_token"} <= set(answer.body)
    assert (await rig.refresh(answer.body["refresh_token"], "public")).status == 200
    assert (await rig.poll(device["device_code"])).code == 54005


async def test_the_code_may_be_typed_in_small_letters_and_with_gaps(rig: Rig) -> None:
    device = await rig.begin_device()
    code = device["user_code"].lower()
    await (await rig.person()).enter_code(device["verification_uri"], f" {code[:4]}-{code[4:]} ")
    assert (await rig.poll(device["device_code"])).status == 200


async def test_the_old_name_of_the_field_is_enough(rig: Rig) -> None:
    device = await rig.begin_device()
    form = {"grant_type": "device_code", "code": device["device_code"], **rig.credentials("public")}
    assert (await rig.token(form)).code == 70016


async def test_a_wrong_code_is_told_on_the_page(rig: Rig) -> None:
    device = await rig.begin_device()
    page = await (await rig.person()).enter_code(device["verification_uri"], "WRONGCODE")
    assert "not right" in page.text
    assert page.form("device").fields["otc"] == "WRONGCODE"


async def test_a_person_may_decline_at_the_sign_in(rig: Rig) -> None:
    device = await rig.begin_device()
    person = await rig.person()
    page = await person.open(device["verification_uri"])
    assert isinstance(page, Page)
    sign_in = await person.submit(page.form("device"), {"otc": device["user_code"]})
    assert isinstance(sign_in, Page)
    declined = await person.submit(sign_in.form("sign-in"), {"action": "cancel"})
    assert isinstance(declined, Page)
    assert "You declined" in declined.text
    assert (await rig.poll(device["device_code"])).error == (400, "authorization_declined", None)


async def test_a_person_may_decline_at_the_consent(rig: Rig) -> None:
    device = await rig.begin_device()
    page = await (await rig.person(consents=False)).enter_code(device["verification_uri"], device["user_code"])
    assert "You declined" in page.text
    assert (await rig.poll(device["device_code"])).error == (400, "authorization_declined", None)


async def test_a_person_who_is_signed_in_is_still_asked(rig: Rig) -> None:
    person = await rig.person()
    await person.sign_in(rig.authorize_url("public"))
    device = await rig.begin_device()
    before = len(person.pages)
    await person.enter_code(device["verification_uri"], device["user_code"])
    assert [page.forms[0].form_id for page in person.pages[before:] if page.forms] == ["device", "consent"]


async def test_a_device_code_expires(rig: Rig) -> None:
    device = await rig.begin_device()
    rig.simulator.clock.advance(timedelta(minutes=15))
    answer = await rig.poll(device["device_code"])
    assert (answer.error, answer.code) == ((400, "expired_token", None), 70020)
    assert "expired" in (await (await rig.person()).enter_code(device["verification_uri"], device["user_code"])).text


async def test_an_unknown_device_code_is_bad(rig: Rig) -> None:
    answer = await rig.poll("garbage")
    assert (answer.error, answer.code) == ((400, "bad_verification_code", None), 70018)


async def test_a_device_code_is_for_its_client_and_its_tenant(rig: Rig) -> None:
    device = await rig.begin_device()
    assert (await rig.poll(device["device_code"], "web")).code == 70018
    assert (await rig.poll(device["device_code"], tenant="organizations")).code == 70018


async def test_a_client_without_public_flows_must_prove_itself(rig: Rig) -> None:
    device = await rig.begin_device("web")
    form = {"grant_type": "device_code", "device_code": device["device_code"]}
    assert (await rig.token({**form, "client_id": rig.application().client_id})).code == 7000218
    assert (await rig.poll(device["device_code"], "web")).code == 70016


@pytest.mark.parametrize("switched_on", [True, False])
async def test_a_device_that_polls_too_soon_is_slowed_down_if_that_is_switched_on(
    rig: Rig, *, switched_on: bool
) -> None:
    rig.simulator.switches.slow_down = switched_on
    device = await rig.begin_device()
    await rig.poll(device["device_code"])
    soon = await rig.poll(device["device_code"])
    assert soon.body["error"] == ("slow_down" if switched_on else "authorization_pending")
    rig.simulator.clock.advance(timedelta(seconds=5))
    assert (await rig.poll(device["device_code"])).body["error"] == "authorization_pending"


@pytest.mark.parametrize(
    ("change", "code"),
    [({"client_id": "x"}, 700016), ({"client_id": ""}, 900144), ({"scope": ""}, 900144), ({"scope": "X.Y"}, 70011)],
)
async def test_a_wrong_request_for_a_code_says_what_is_wrong(rig: Rig, change: dict[str, str], code: int) -> None:
    form = {"client_id": rig.application("public").client_id, "scope": "openid", **change}
    assert (await rig.post("common/oauth2/v2.0/devicecode", form)).code == code


async def test_the_message_is_in_the_reader_s_language(rig: Rig) -> None:
    form = {"client_id": rig.application("public").client_id, "scope": "openid"}
    answer = await rig.post("common/oauth2/v2.0/devicecode?mkt=ko-KR", form)
    assert "로그인하려면" in answer.body["message"]


async def test_a_link_may_carry_the_code(rig: Rig) -> None:
    page = await (await rig.person()).open(rig.url("devicelogin", otc="ABC"))
    assert not isinstance(page, Callback)
    assert page.form("device").fields["otc"] == "ABC"
