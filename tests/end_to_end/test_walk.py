"""The README's walk, as a new user would take it: processes, a shell, and a real browser in both languages."""

import asyncio
import json
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import aiohttp
import attrs
from dotenv import dotenv_values
from playwright.async_api import Browser, Page

from tests.chromium import open_browser, open_page
from tests.modules.iacsgraph.shell import PATIENCE, Done, Running, Shell, said, wait_until
from tests.simulator.office import ANNA, KIM, PARK, asked, listening_port

LIFETIME = "8"
"""Seconds that a token lives: long enough to be handed out once, short enough to see it expire."""


@attrs.frozen(kw_only=True)
class Walker:
    """Somebody at a shell with a browser; `opening` is what the simulator printed."""

    shell: Shell
    opening: Any
    browser: Browser

    def person(self, user_id: str) -> Any:  # noqa: ANN401 - JSON
        return next(each for each in self.opening["people"] if each["upn"].startswith(f"{user_id}@"))

    async def call(self, *arguments: str) -> Done:
        """Run a command in this process: most of this walk's time would be the starting of processes."""
        return await asyncio.to_thread(self.shell.call, *arguments)

    async def status(self, user_id: str) -> Any:  # noqa: ANN401 - JSON
        (state,) = (await self.call("auth", "status", user_id, "--json")).document
        return state

    async def control(self, method: str, path: str, **body: object) -> None:
        """Do something at the simulator."""
        url = f"{self.opening['control_url']}/{path}"
        async with aiohttp.ClientSession() as session, session.request(method, url, json=body) as answer:
            assert answer.status == 200, await answer.text()

    @asynccontextmanager
    async def page(self, locale: str) -> AsyncIterator[Page]:
        """Open a fresh browser profile."""
        context = await self.browser.new_context(locale=locale)
        context.set_default_timeout(PATIENCE * 1000)
        async with open_page(context) as page:
            yield page
        await context.close()

    async def at_provider(self, page: Page, user_id: str, *, first: bool = True) -> None:
        """Type name and password, and the first time accept what is asked for."""
        person = self.person(user_id)
        await page.fill("#upn", person["upn"])
        await page.fill("#password", person["password"])
        await page.click("#sign-in button.main")
        if first:
            await page.click("#consent button.main")

    @asynccontextmanager
    async def login(self, *users: str) -> AsyncIterator[tuple[Running, dict[str, tuple[str, str]]]]:
        """Start `auth login`; yields it and what it asks of each user: an address, and a device's code or nothing."""
        with self.shell.start("auth", "login", *users) as running:
            await asyncio.to_thread(wait_until, lambda: len(list(asked(running))) == len(users))
            yield running, {user_id: (url, code) for user_id, url, code in asked(running)}


@contextmanager
def simulator(shell: Shell) -> Iterator[Any]:
    """Start it, as the README says; it writes settings and enrolment files into the shell's directory."""
    arguments = ("simulator", "--port", "0", "--write", ".", "--token-lifetime", LIFETIME, "--json")
    with shell.start(*arguments) as running:
        wait_until(lambda: said(running.out).rstrip().endswith("}") or running.process.poll() is not None)
        yield json.loads(said(running.out))
        assert running.stop(signal.SIGINT).code == 130


async def test_three_mailboxes_from_enrolment_to_a_revoked_grant_and_back(tmp_path: Path) -> None:
    bare = Shell(tmp_path)
    with simulator(bare) as opening:
        assert bare.call("init").code == 0
        with (tmp_path / ".env").open("a") as env:
            env.write((tmp_path / ".env.simulator").read_text())
        async with open_browser() as browser:
            walker = Walker(shell=bare, opening=opening, browser=browser)
            await walker.control("PATCH", "switches", device_interval=1)
            await enrol(walker)
            await sign_in_by_browser(walker, KIM, "ko-KR", "연결되었습니다")
            await sign_in_by_browser(walker, PARK, "en-US", "Your mailbox is connected")
            await sign_in_by_device(walker)
            await see_a_token_renewed(walker)
            await lose_a_grant(walker)
            await come_back_by_a_link(walker)
    secrets = [value for name, value in dotenv_values(tmp_path / ".env").items() if value and "SECRET" in name]
    stored = b"".join(file.read_bytes() for file in (tmp_path / "data").iterdir())
    assert secrets
    assert not [secret for secret in secrets if secret.encode() in stored]


async def enrol(walker: Walker) -> None:
    """Enrol the three, again with no effect, and see what is checked before anybody signs in."""
    first = await walker.call("account", "enroll", "accounts", "--json")
    assert first.code == 0, first.said
    assert {line["result"] for line in first.document["files"]} == {"enrolled"}
    again = await walker.call("account", "enroll", "accounts", "--json")
    assert {line["result"] for line in again.document["files"]} == {"unchanged"}
    doctor = await walker.call("doctor")
    assert doctor.code == 0, doctor.said
    assert "fail" not in doctor.out
    state = await walker.status(KIM)
    assert (state["status"], state["act"]) == ("REAUTH_REQUIRED", "sign in for the first time")


async def sign_in_by_browser(walker: Walker, user_id: str, locale: str, title: str) -> None:
    """Follow the printed address; the window says when all is done, and so does the shell."""
    async with walker.login(user_id) as (running, asks), walker.page(locale) as page:
        url, code = asks[user_id]
        assert code == ""
        await page.goto(url)
        await walker.at_provider(page, user_id)
        await page.wait_for_url("**/auth/result/*")
        assert title in await page.inner_text("h1")
        done = await asyncio.to_thread(running.end)
    assert done.code == 0, done.said
    assert (await walker.status(user_id))["status"] == "ACTIVE"


async def sign_in_by_device(walker: Walker) -> None:
    """Type the printed code on the provider's page."""
    async with walker.login(ANNA) as (running, asks), walker.page("en-US") as page:
        url, code = asks[ANNA]
        await page.goto(url)
        await page.fill("#otc", code)
        await page.click("#device button.main")
        await walker.at_provider(page, ANNA)
        await page.wait_for_selector("#message")
        done = await asyncio.to_thread(running.end)
    assert done.code == 0, done.said
    assert (await walker.status(ANNA))["status"] == "ACTIVE"


async def see_a_token_renewed(walker: Walker) -> None:
    """After its expiry another one is handed out, without anybody doing anything."""
    first = (await walker.call("auth", "token", KIM)).out
    async with asyncio.timeout(PATIENCE):
        while (await walker.status(KIM))["freshness"] != "expired":
            pass
    second = await walker.call("auth", "token", KIM)
    assert (second.code, second.out == first) == (0, False)
    assert (await walker.status(KIM))["status"] == "ACTIVE"


async def lose_a_grant(walker: Walker) -> None:
    """Revoke it at the provider: whoever wants a token hears who must act, and how."""
    await walker.control("POST", f"users/{walker.person(KIM)['upn']}/revoke")
    done = await walker.call("auth", "refresh", KIM)
    assert done.code == 4
    assert "its owner must sign in again" in done.err
    assert "iacsgraph auth login" in done.err
    state = await walker.status(KIM)
    assert (state["status"], state["reason"], state["who"]) == ("REAUTH_REQUIRED", "grant_revoked", "owner")


async def come_back_by_a_link(walker: Walker) -> None:
    """The owner follows a mailed link to the server; afterwards it is used up, in either language, and so is an
    expired one.
    """
    with walker.shell.having(AUTH_LISTEN="127.0.0.1:0", LOG_FORMAT="json").start("auth", "serve") as server:
        await asyncio.to_thread(server.wait_for, "is listening")
        port = listening_port(server)
        here = walker.shell.having(AUTH_LISTEN=f"127.0.0.1:{port}")
        for file in (walker.shell.directory / "accounts").iterdir():
            file.write_text(file.read_text().replace("localhost:5000", f"localhost:{port}"))
        assert (await walker.call("account", "enroll", "accounts", "--no-preflight")).code == 0
        link = (await asyncio.to_thread(here.call, "auth", "link", KIM)).out.strip()
        async with walker.page("ko-KR") as page:
            await page.goto(link)
            assert walker.person(KIM)["name"] in await page.inner_text("dl")
            await page.click("main button")
            await walker.at_provider(page, KIM, first=False)
            await page.wait_for_url("**/auth/result/*")
            assert "연결되었습니다" in await page.inner_text("h1")
        for locale, text in (("ko-KR", "링크"), ("en-US", "link")):
            async with walker.page(locale) as page:
                response = await page.goto(link)
                assert response is not None
                assert response.status == 410
                assert text in await page.inner_text("main")
        assert (await asyncio.to_thread(server.stop, signal.SIGTERM)).code == 143
    state = await walker.status(KIM)
    assert (state["status"], state["who"]) == ("ACTIVE", None)
    trail = (await walker.call("account", "audit", KIM, "--json")).document
    assert [entry["action"] for entry in trail if entry["action"] != "updated"] == [
        "enrolled",
        "signed_in",
        "grant_lost",
        "signed_in",
    ]
