"""The page that says how a sign-in ended: in both languages, with a way to try again, and nothing of the provider's."""

import re
from datetime import timedelta

import pytest

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
from domain.sign_in import SIGN_IN_LASTS, SignInId
from ports.cipher import KeyId
from tests.modules.auth.web.rig import KIM, LEE, Site


async def refused(site: Site, error: IACSGraphError) -> str:
    """Sign in while the provider refuses the code; return where the browser ends."""
    departure = await site.depart()
    site.process.provider.interventions.append(error)
    return (await site.come_back(departure, code=site.code(departure))).location


@pytest.mark.parametrize(
    ("language", "title", "text"),
    [
        ("en", "Your mailbox is connected", "You may close this window."),
        ("ko", "메일함이 연결되었습니다", "이 창을 닫아도 됩니다."),
    ],
)
async def test_who_is_connected_may_close_the_window(site: Site, language: str, title: str, text: str) -> None:
    path = await site.finished()
    page = await site.get(path, language)
    assert page.status == 200
    for expected in (title, text, "김지원", KIM):
        assert expected in page.text
    assert "<button" not in page.text
    assert (await site.get(path, language)).text == page.text, "a reload is harmless"


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", f"Sign in as {KIM}."),
        ("ko", f"{KIM} 계정으로 로그인해 주세요."),
    ],
)
async def test_another_person_than_the_owner_is_told_who_came_and_who_was_expected(
    site: Site, language: str, text: str
) -> None:
    page = await site.get(await site.finished(LEE), language)
    assert text in page.text
    assert f"but {LEE} signed in" in page.text
    assert not (await site.process.held()).access


@pytest.mark.parametrize(
    ("error", "english", "korean"),
    [
        (ReauthenticationRequiredError("m", reason="mfa_required"), "second factor", "2단계 인증"),
        (ReauthenticationRequiredError("m", reason="consent_required"), "accept them", "권한을 수락"),
        (ReauthenticationRequiredError("m", reason="password_expired"), "password has expired", "비밀번호가 만료"),
        (ReauthenticationRequiredError("m", reason="other_account_required"), f"Sign in as {KIM}", f"{KIM} 계정으로"),
        (PolicyBlockedError("m"), "administrator must allow it", "관리자가 허용"),
        (
            PolicyBlockedError("m", reason="admin_consent_required"),
            "administrator must consent",
            "관리자가 이 프로그램의",
        ),
        (PolicyBlockedError("m", reason="user_not_assigned"), "must assign you", "사용자를 지정"),
        (APIConnectionError("m"), "try again in a few minutes", "몇 분 뒤에 다시"),
        (ThrottledError("m", retry_after=timedelta(seconds=9)), "try again in a few minutes", "몇 분 뒤에 다시"),
        (InvalidClientError("m"), "tell its operator", "운영자에게 알려"),
        (ConfigurationError("m", error_code="APPLICATION_UNKNOWN"), "tell its operator", "운영자에게 알려"),
        (AuthenticationError("m", error_code="CODE_REJECTED"), "sign in again", "다시 로그인해"),
    ],
    ids=lambda value: value.error_code if isinstance(value, IACSGraphError) else "",
)
async def test_each_reason_is_told_in_both_languages(
    site: Site, error: IACSGraphError, english: str, korean: str
) -> None:
    path = await refused(site, error)
    for language, text in (("en", english), ("ko", korean)):
        page = await site.get(path, language)
        assert page.status == 200
        assert text in page.text
        assert 'lang="en">m<' not in page.text, "the stored explanation is for reasons without a text of their own"
        assert page.text.count("<button") == 1


async def test_a_reason_without_a_text_is_told_in_the_words_that_were_stored(site: Site) -> None:
    path = await refused(site, AuthenticationError("The moon was <full>.", error_code="MOON_FULL"))
    for language, text in (("en", "could not be completed"), ("ko", "로그인을 완료하지 못했습니다")):
        page = await site.get(path, language)
        assert text in page.text
        assert '<p class="quoted" lang="en">The moon was &lt;full&gt;.</p>' in page.text


@pytest.mark.parametrize(
    ("fields", "english", "korean"),
    [
        ({"error": "access_denied"}, "was cancelled, or the permissions were not accepted", "취소되었거나"),
        ({"error": "temporarily_unavailable"}, "try again in a few minutes", "몇 분 뒤에"),
        ({"error": "interaction_required"}, "follow its pages", "화면의 안내"),
        ({"error": "invalid_request"}, "tell its operator", "운영자에게 알려"),
    ],
)
async def test_a_refusal_that_the_browser_brings_is_told_without_the_providers_words(
    site: Site, fields: dict[str, str], english: str, korean: str
) -> None:
    description = "AADSTS99999: Call 555-0100 and tell your password"
    path = await site.finished(**fields, error_description=description, error_subcode="cancel")
    for language, text in (("en", english), ("ko", korean)):
        page = await site.get(path, language)
        assert text in page.text
        assert "555-0100" not in page.text


async def test_trying_again_needs_the_button_and_leads_to_the_provider(site: Site) -> None:
    path = await site.finished(error="access_denied")
    before = len(site.process.database.sign_ins)
    await site.get(path)
    assert len(site.process.database.sign_ins) == before
    again = await site.depart(path)
    assert again.query["redirect_uri"] == "http://localhost:5000/auth/callback"
    answer = await site.come_back(again, code=site.code(again))
    assert "Your mailbox is connected" in (await site.get(answer.location)).text


async def test_a_sign_in_that_is_not_finished_says_so_until_its_time_is_over(site: Site) -> None:
    departure = await site.depart()
    path = f"/auth/result/{departure.sign_in_id}"
    assert "Not finished yet" in (await site.get(path)).text
    assert "아직 끝나지 않았습니다" in (await site.get(path, "ko")).text
    await site.process.clock.advance(SIGN_IN_LASTS)
    assert "not finished in time" in (await site.get(path)).text
    assert "제한 시간 안에 끝나지 않았습니다" in (await site.get(path, "ko")).text


async def test_a_sign_in_that_was_given_up_or_replaced_says_so(site: Site) -> None:
    first, *_, last = [await site.depart() for _ in range(4)]
    await site.sign_ins.cancel(last.sign_in_id)
    assert "A newer sign-in" in (await site.get(f"/auth/result/{first.sign_in_id}")).text
    assert "더 새로운 로그인이" in (await site.get(f"/auth/result/{first.sign_in_id}", "ko")).text
    assert "given up" in (await site.get(f"/auth/result/{last.sign_in_id}")).text
    assert "중단되었습니다" in (await site.get(f"/auth/result/{last.sign_in_id}", "ko")).text


@pytest.mark.parametrize("name", ["x", "%00", "%ff", "%ed%95%9c", "x" * 600, "a%2fb"])
async def test_an_unknown_result_says_nothing_about_anybody(site: Site, name: str) -> None:
    await site.depart()
    for answer in (await site.get(f"/auth/result/{name}"), await site.post(f"/auth/result/{name}")):
        assert answer.status == 404
        assert not re.search("kim|김지원", answer.text)


async def test_a_result_is_shown_though_the_accounts_secrets_do_not_open(site: Site) -> None:
    path = await site.finished()
    site.process.database.accounts.clear()
    page = await site.get(path)
    assert (page.status, "Your mailbox is connected" in page.text, KIM in page.text) == (200, True, False)


async def test_a_grant_that_could_not_be_stored_is_told_to_the_owner(site: Site) -> None:
    departure = await site.depart()
    code = site.code(departure)

    async def another_key() -> None:
        site.process.database.primary_key = KeyId("another")

    site.process.provider.after_answer = another_key
    page = await site.get((await site.come_back(departure, code=code)).location)
    assert "could not be stored" in page.text
    assert "another" not in page.text


async def test_results_are_found_by_the_id_alone(site: Site) -> None:
    departure = await site.depart()
    assert SignInId(departure.state) != departure.sign_in_id
    assert (await site.get(f"/auth/result/{departure.state}")).status == 404
