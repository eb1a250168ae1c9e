"""Sign-ins in a real browser, in front of a simulated Entra ID.

Whether a strict Content Security Policy lets the button lead to the provider and back, only a browser can tell.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page

from modules.auth import texts
from modules.simulator.people import User
from tests.chromium import open_browser, open_page
from tests.modules.auth.web.office import Office, open_office, user_id

pytestmark = pytest.mark.asyncio(loop_scope="session")

LOCALES = {"en": "en-US", "ko": "ko-KR"}
PHONE = {"width": 320, "height": 640}
PEOPLE = 7


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    async with open_browser() as opened:
        yield opened


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def office() -> AsyncIterator[Office]:
    async with open_office(PEOPLE) as opened:
        yield opened


@asynccontextmanager
async def visiting(browser: Browser, language: str = "en", **options: Any) -> AsyncIterator[Page]:  # noqa: ANN401
    """Open a fresh browser profile of a language, and a page in it."""
    context = await browser.new_context(locale=LOCALES[language], **options)
    context.set_default_timeout(60_000)
    async with open_page(context) as page:
        yield page
    await context.close()


def sign_in_path(office: Office, user: User) -> str:
    return f"{office.url}/auth/sign-in/{user_id(user)}"


async def at_provider(office: Office, page: Page, user: User) -> None:
    """Type name and password on the provider's page, and accept what it asks for."""
    await page.wait_for_url(f"{office.simulator.http_url}/**")
    await page.fill("#upn", user.upn)
    await page.fill("#password", user.password)
    await page.click("#sign-in button.main")
    await page.click("#consent button.main")


@pytest.mark.parametrize(("language", "number"), [("en", 0), ("ko", 1)])
async def test_an_owner_signs_in_without_any_script_and_the_next_time_comes_straight_back(
    office: Office, browser: Browser, language: str, number: int
) -> None:
    """Who is signed in at the provider is redirected from our form to it and back: the policy must let them."""
    user = await office.enrol(number)
    async with visiting(browser, language, java_script_enabled=False) as page:
        for first, title in ((True, texts.SIGN_IN_TITLE), (False, texts.SIGN_IN_AGAIN_TITLE)):
            await page.goto(sign_in_path(office, user))
            assert await page.inner_text("h1") == title.to(language)
            assert await page.get_attribute("html", "lang") == language
            assert user.name in await page.inner_text("dl")
            await page.click("main button")
            if first:
                await at_provider(office, page, user)
            await page.wait_for_url("**/auth/result/*")
            assert "?" not in page.url
            assert texts.DONE_TITLE.to(language) in await page.inner_text("h1")
            assert user.mail in await page.inner_text("dl")
        await page.reload()
        assert texts.DONE_TITLE.to(language) in await page.inner_text("h1")
    assert (await office.operator.find(user_id(user))).reauth_reason is None


async def test_the_keyboard_is_enough_in_either_language(office: Office, browser: Browser) -> None:
    user = await office.enrol(2)
    async with visiting(browser) as page:
        await page.goto(sign_in_path(office, user))
        await page.keyboard.press("Tab")
        assert await page.inner_text(":focus") == "한국어"
        await page.keyboard.press("Enter")
        await page.wait_for_url("**?lang=ko")
        await page.keyboard.press("Tab")
        await page.keyboard.press("Tab")
        assert await page.inner_text(":focus") == "Microsoft로 로그인"
        assert await page.eval_on_selector(":focus", "each => getComputedStyle(each).outlineStyle") == "solid"
        await page.keyboard.press("Enter")
        await page.wait_for_url(f"{office.simulator.http_url}/**")
        await page.focus("#password")
        await page.keyboard.type(user.password)
        await page.keyboard.press("Enter")
        await page.focus("#consent button.main")
        await page.keyboard.press("Enter")
        await page.wait_for_url("**/auth/result/*")
        assert "connected" in await page.inner_text("h1")


async def test_who_declined_may_try_again_but_not_as_somebody_else(office: Office, browser: Browser) -> None:
    owner, other = await office.enrol(3), office.simulator.directory.users[4]
    async with visiting(browser, "ko") as page:
        await page.goto(sign_in_path(office, owner))
        await page.click("main button")
        await page.click("#sign-in button[value=cancel]")
        await page.wait_for_url("**/auth/result/*")
        assert await page.inner_text("h1") == "로그인하지 못했습니다"
        await page.click("main button")
        await at_provider(office, page, other)
        await page.wait_for_url("**/auth/result/*")
        text = await page.inner_text("main")
    assert f"{owner.mail} 계정으로 로그인해 주세요." in text
    assert other.upn in text
    assert (await office.operator.find(user_id(owner))).identity is None


@pytest.mark.parametrize(("language", "scheme"), [("en", "light"), ("ko", "dark")])
async def test_every_page_fits_a_small_phone(office: Office, browser: Browser, language: str, scheme: Any) -> None:  # noqa: ANN401
    user = await office.enrol(5 if language == "en" else 6)
    expired = await office.sign_ins.issue_link(user_id(user), timedelta(0))
    good = await office.sign_ins.issue_link(user_id(user), timedelta(hours=1))
    begun = (await office.sign_ins.begin(user_id(user))).sign_in.sign_in_id
    over = (await office.sign_ins.begin(user_id(user))).sign_in.sign_in_id
    await office.sign_ins.cancel(over)
    paths = {
        "": 200,
        f"auth/sign-in/{user_id(user)}": 200,
        f"auth/reconnect/{good}": 200,
        f"auth/reconnect/{expired}": 410,
        f"auth/reconnect/{good[:-5]}": 404,
        f"auth/result/{begun}": 200,
        f"auth/result/{over}": 200,
        "auth/callback?state=x&code=y": 404,
        "auth/callback": 400,
        "nowhere/" + "x" * 200: 404,
    }
    async with visiting(browser, language, viewport=PHONE, color_scheme=scheme) as page:
        for path, status in paths.items():
            response = await page.goto(f"{office.url}/{path}")
            assert response is not None
            assert (path, response.status) == (path, status)
            assert await page.get_attribute("html", "lang") == language
            assert await page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
            sheet = "getComputedStyle(document.body).backgroundColor"
            assert await page.evaluate(sheet) == ("rgb(18, 22, 28)" if scheme == "dark" else "rgb(243, 245, 248)")


async def test_a_page_runs_nothing_that_does_not_belong_to_it_and_complains(office: Office, browser: Browser) -> None:
    """No complaint in the other tests means something only if there is one here."""
    inject = "document.body.append(Object.assign(document.createElement('script'), {text: 'document.title = 1'}))"
    async with await browser.new_context() as context:
        page, complaints = await context.new_page(), list[str]()
        page.on("console", lambda message: complaints.append(message.text))
        await page.goto(office.url)
        await page.evaluate(inject)
        assert await page.title() != "1"
    assert "Content Security Policy" in complaints[0]
