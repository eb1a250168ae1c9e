"""A browser without a screen gets through the sign-in pages, and says where it ended if it does not."""

import asyncio
from urllib.parse import parse_qs, urlencode

import pytest
from aiohttp import web

from modules.simulator.browser import Browser, LostError
from modules.simulator.simulator import Simulator
from tests.simulator.running import running_simulator


def authorize_url(simulator: Simulator, redirect_uri: str) -> str:
    query = {
        "client_id": simulator.directory.application("web").client_id,
        "response_type": "code",
        "redirect_uri": redirect_uri,
        "scope": "openid offline_access Mail.Read",
        "state": "some state",
    }
    return f"{simulator.http_url}/{simulator.directory.tenant.tenant_id}/oauth2/v2.0/authorize?{urlencode(query)}"


async def answers(simulator: Simulator, password: str | None = None) -> list[dict[str, list[str]]]:
    """Sign the first person in; return what came back to the program."""
    came: list[dict[str, list[str]]] = []

    async def callback(request: web.Request) -> web.Response:
        came.append(parse_qs(request.query_string))
        return web.Response()

    app = web.Application()
    app.router.add_get("/auth/callback", callback)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        user = simulator.directory.users[0]
        async with Browser(user.upn, password or user.password) as browser:
            port = runner.addresses[0][1]
            await browser.sign_in(authorize_url(simulator, f"http://localhost:{port}/auth/callback"))
    finally:
        await runner.cleanup()
    return came


@pytest.mark.parametrize("mfa", [False, True])
async def test_it_signs_in_consents_and_brings_the_code(*, mfa: bool) -> None:
    async with running_simulator() as simulator:
        simulator.require_mfa(0, required=mfa)
        (came,) = await answers(simulator)
    assert came["state"] == ["some state"]
    assert came["code"][0]


async def test_it_goes_no_further_with_a_wrong_password() -> None:
    async with running_simulator() as simulator:
        with pytest.raises(LostError, match=r"the sign-in ended at http://127\.0\.0\.1:\d+/\S+/login$"):
            await asyncio.wait_for(answers(simulator, "wrong"), 60)


async def test_it_says_where_it_ended_if_nobody_asks_for_a_code() -> None:
    async with running_simulator() as simulator, Browser("kim@x", "secret") as browser:
        with pytest.raises(LostError, match=r"ended at http://127\.0\.0\.1:\d+/$"):
            await browser.enter_code(f"{simulator.http_url}/?private=1", "CODE")
