"""The pages on which a sign-in begins: an account's own, and the one behind a reconnect link."""

import re
from datetime import timedelta

import attrs
import pytest

from adapters.memory.database import SignInRow
from domain.sign_in import OPEN_IN_ALL, SignInId, Stage
from ports.cipher import KeyId
from tests.modules.auth.web.rig import KIM, Site, departed, open_site

PAGE = "/auth/sign-in/kim"


async def test_the_page_says_whose_account_it_is_and_where_the_button_leads(site: Site) -> None:
    page = await site.get(PAGE)
    assert page.status == 200
    for text in ("김지원", KIM, "not connected yet", "login.memory.invalid", "never sees it"):
        assert text in page.text
    assert page.text.count("<button") == 1
    assert page.text.count('<form method="post">') == 1


@pytest.mark.parametrize("name", ["kim", "KIM", "Kim", "%6bim"])
async def test_an_account_is_found_however_its_name_is_written(site: Site, name: str) -> None:
    assert (await site.get(f"/auth/sign-in/{name}")).status == 200


async def test_looking_begins_nothing_and_pressing_the_button_goes_to_the_provider(site: Site) -> None:
    await site.get(PAGE)
    await site.ask("HEAD", PAGE)
    assert not site.process.database.sign_ins
    departure = departed(await site.post(PAGE))
    assert departure.query["login_hint"] == KIM
    assert (await site.sign_ins.find(departure.sign_in_id)).stage is Stage.PENDING


@pytest.mark.parametrize(
    ("language", "status", "text"),
    [
        ("en", "first", "This mailbox is not connected yet."),
        ("ko", "first", "이 메일함은 아직 연결되지 않았습니다."),
        ("en", "active", "This mailbox is connected."),
        ("ko", "active", "이 메일함은 연결되어 있습니다."),
        ("en", "signed out", "This mailbox was signed out."),
        ("ko", "signed out", "이 메일함은 로그아웃되었습니다."),
        ("en", "locked", "The operator has locked this mailbox."),
        ("ko", "locked", "운영자가 이 메일함을 잠갔습니다."),
        ("en", "a reason of a newer program", "The connection was lost."),
        ("ko", "a reason of a newer program", "연결이 끊어졌습니다."),
    ],
)
async def test_the_page_says_how_the_account_stands(site: Site, language: str, status: str, text: str) -> None:
    if status == "locked":
        await site.lock()
    elif status != "first":
        await site.process.sign_in()
    if status not in ("first", "active", "locked"):
        await site.process.service.revoke("kim", reason=status.replace(" ", "_"))
    assert text in (await site.get(PAGE, language)).text


async def test_an_unknown_account_is_a_page_like_any_that_does_not_exist(site: Site) -> None:
    nobody = await site.get("/auth/sign-in/nobody")
    nowhere = await site.get("/nowhere")
    assert nobody.status == nowhere.status == 404
    assert nobody.text == nowhere.text
    assert (await site.post("/auth/sign-in/nobody")).status == 404


@pytest.mark.parametrize("name", ["x" * 321, "%00", "%0a", "%ff", "%ed%a0%80", "%f0%9f%92%a9", "a%2fb", "..", "."])
async def test_what_cannot_be_a_user_id_is_not_found(site: Site, name: str) -> None:
    assert (await site.get(f"/auth/sign-in/{name}")).status == 404


async def test_a_link_leads_to_its_owners_page_as_often_as_it_is_looked_at(site: Site) -> None:
    link = await site.sign_ins.issue_link("kim", timedelta(hours=1))
    pages = [await site.get(f"/auth/reconnect/{link}") for _ in range(3)]
    await site.ask("HEAD", f"/auth/reconnect/{link}")
    assert [(page.status, KIM in page.text) for page in pages] == [(200, True)] * 3
    assert not site.process.database.sign_ins
    assert link.partition(".")[2] not in pages[0].text


async def test_a_link_is_used_up_by_a_sign_in_that_succeeds_not_by_one_that_is_given_up(site: Site) -> None:
    link = f"/auth/reconnect/{await site.sign_ins.issue_link('kim', timedelta(hours=1))}"
    refused = await site.depart(link)
    await site.come_back(refused, error="access_denied")
    departure = await site.depart(link)
    await site.come_back(departure, code=site.code(departure))
    for answer in (await site.get(link), await site.post(link)):
        assert answer.status == 410
        assert "This link was used" in answer.text


async def test_a_link_that_failed_may_be_tried_again_from_the_result_and_is_used_up_then(site: Site) -> None:
    link = f"/auth/reconnect/{await site.sign_ins.issue_link('kim', timedelta(hours=1))}"
    result = (await site.come_back(await site.depart(link), error="access_denied")).location
    again = await site.depart(result)
    await site.come_back(again, code=site.code(again))
    assert (await site.get(link)).status == 410


@pytest.mark.parametrize(("language", "title"), [("en", "This link has expired"), ("ko", "만료된 링크입니다")])
async def test_an_expired_link_says_so(site: Site, language: str, title: str) -> None:
    link = await site.sign_ins.issue_link("kim", timedelta(hours=1))
    await site.process.clock.advance(timedelta(hours=1))
    page = await site.get(f"/auth/reconnect/{link}", language)
    assert (page.status, title in page.text, KIM in page.text) == (410, True, False)
    assert (await site.post(f"/auth/reconnect/{link}")).status == 410


@pytest.mark.parametrize(("language", "title"), [("en", "This link does not work"), ("ko", "작동하지 않는 링크입니다")])
async def test_a_link_that_was_cut_short_or_made_up_says_nothing_about_anybody(
    site: Site, language: str, title: str
) -> None:
    link = await site.sign_ins.issue_link("kim", timedelta(hours=1))
    known_id = link.partition(".")[0]
    for wrong in (link[:-1], known_id, f"{known_id}.", f"{link}x", "x", "x" * 2000, "%00.%ff", "김.치"):
        page = await site.get(f"/auth/reconnect/{wrong}", language)
        assert (page.status, title in page.text) == (404, True), wrong
        assert KIM not in page.text
        assert (await site.post(f"/auth/reconnect/{wrong}")).status == 404


async def test_when_too_many_are_signing_in_the_page_says_when_to_come_back(site: Site) -> None:
    departure = await site.depart()
    rows = site.process.database.sign_ins
    for number in range(OPEN_IN_ALL - 1):
        another = attrs.evolve(rows[departure.sign_in_id].sign_in, sign_in_id=SignInId(str(number)))
        rows[another.sign_in_id] = SignInRow(sign_in=another)
    answer = await site.post(PAGE)
    assert (answer.status, answer.headers["Retry-After"]) == (503, "600")
    assert "Too many people are signing in" in answer.text


async def test_a_fault_of_the_settings_is_for_the_operators_eyes(caplog: pytest.LogCaptureFixture) -> None:
    async with open_site(default=None) as site:
        answer = await site.post(PAGE)
    assert answer.status == 500
    assert "AZURE_CLIENT_ID" not in answer.text
    assert "AZURE_CLIENT_ID" in caplog.text
    reference = answer.headers["X-Request-Id"]
    assert f"<code>{reference}</code>" in answer.text
    assert reference in str([vars(record) for record in caplog.records])


async def test_a_failing_store_is_a_page_too(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    site.process.database.primary_key = KeyId("another-key")
    answer = await site.post(PAGE)
    assert (answer.status, "another-key" in answer.text) == (500, False)
    assert "another-key" in caplog.text


async def test_a_form_that_is_none_or_too_big_begins_nothing(site: Site) -> None:
    json_ = await site.post(PAGE, json={"a": 1})
    big = await site.post(PAGE, data={"a": "x" * 100_000})
    assert (json_.status, big.status) == (415, 413)
    assert not site.process.database.sign_ins


@pytest.mark.parametrize(
    ("accepted", "query", "language"),
    [
        ("ko-KR,ko;q=0.9,en;q=0.8", "", "ko"),
        ("en-US,en;q=0.9,ko;q=0.1", "", "en"),
        ("fr", "", "en"),
        ("ko", "?lang=en", "en"),
        ("en", "?lang=ko", "ko"),
        ("ko", "?lang=fr", "ko"),
        ("ko", "?lang=%3Cscript%3E", "ko"),
    ],
)
@pytest.mark.parametrize("path", ["/", PAGE, "/nowhere"])
async def test_a_page_speaks_the_readers_language(
    site: Site, path: str, accepted: str, query: str, language: str
) -> None:
    page = await site.get(path + query, accepted)
    assert f'<html lang="{language}">' in page.text
    assert page.headers["Content-Language"] == language
    assert page.headers["Vary"] == "Accept-Language"


async def test_the_home_page_names_nobody(site: Site) -> None:
    page = await site.get("/")
    assert page.status == 200
    assert not re.search("kim|lee|office.example", page.text, re.IGNORECASE)


async def test_there_is_no_icon_and_nobody_logs_that(site: Site) -> None:
    assert (await site.get("/favicon.ico")).status == 204
