"""Coming back from the provider: once, by the one who was sent there, with nothing left in the address."""

import asyncio
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import ValidationError
from domain.sign_in import SIGN_IN_LASTS, Stage
from modules.auth.callbacks import read_answer
from ports.identity_provider import AuthorizationResponse
from tests.modules.auth.web.rig import CALLBACK, KIM, Answer, Site, open_site

FIELDS = ("state", "code", "error", "error_description", "error_subcode")


async def post_callback(site: Site, data: Any, query: str = "") -> Answer:  # noqa: ANN401 - of aiohttp
    """Post as the provider's page makes the browser post."""
    headers = {"Accept-Language": "en", "Sec-Fetch-Site": "cross-site", "Origin": "https://login.memory.invalid"}
    return await site.ask("POST", CALLBACK + query, headers=headers, data=data)


async def test_a_code_is_redeemed_and_the_browser_sent_to_an_address_without_it(site: Site) -> None:
    departure = await site.depart()
    answer = await site.come_back(departure, code=site.code(departure), session_state="x", client_info="y")
    assert (answer.status, answer.location) == (303, f"/auth/result/{departure.sign_in_id}")
    assert (await site.process.held()).access is not None
    assert (await site.sign_ins.find(departure.sign_in_id)).stage is Stage.DONE


async def test_the_provider_may_post_the_answer(site: Site) -> None:
    departure = await site.depart()
    answer = await post_callback(site, {"state": departure.state, "code": site.code(departure)})
    assert answer.status == 303
    assert (await site.sign_ins.find(departure.sign_in_id)).stage is Stage.DONE


async def test_of_two_callbacks_with_one_state_at_once_one_wins_and_the_other_can_look_how_it_ended(site: Site) -> None:
    departure = await site.depart()
    meeting = asyncio.Event()

    async def meet() -> None:
        await meeting.wait()

    site.process.provider.interventions.append(meet)
    code = site.code(departure)
    async with asyncio.TaskGroup() as group:
        callbacks = [group.create_task(site.come_back(departure, code=code)) for _ in range(2)]
        done, _ = await asyncio.wait(callbacks, return_when=asyncio.FIRST_COMPLETED)
        (loser,) = done
        busy = await site.get(f"/auth/result/{departure.sign_in_id}")
        meeting.set()
    (winner,) = set(callbacks) - done
    assert (winner.result().status, loser.result().status) == (303, 409)
    assert "This sign-in was used before" in loser.result().text
    assert f'href="/auth/result/{departure.sign_in_id}"' in loser.result().text
    assert 'http-equiv="refresh"' in busy.text
    assert site.process.provider.calls["exchange_code"] == 1


@pytest.mark.parametrize(
    ("language", "title"), [("en", "This sign-in was used before"), ("ko", "이미 사용된 로그인입니다")]
)
async def test_a_callback_that_is_repeated_changes_nothing(site: Site, language: str, title: str) -> None:
    departure = await site.depart()
    fields = {"code": site.code(departure)}
    await site.come_back(departure, **fields)
    before = await site.process.held()
    again = await site.come_back(departure, language, **fields)
    assert (again.status, title in again.text) == (409, True)
    assert "<button" not in again.text, "the account is connected, so there is nothing to start again"
    assert f'href="/auth/result/{departure.sign_in_id}"' in again.text
    assert await site.process.held() == before


async def test_an_expired_state_says_so_and_offers_to_start_again(site: Site) -> None:
    departure = await site.depart()
    code = site.code(departure)
    await site.process.clock.advance(SIGN_IN_LASTS)
    answer = await site.come_back(departure, code=code)
    assert answer.status == 410
    assert "This sign-in has expired" in answer.text
    assert f'action="/auth/result/{departure.sign_in_id}"' in answer.text
    again = await site.depart(f"/auth/result/{departure.sign_in_id}")
    assert (await site.come_back(again, code=site.code(again))).status == 303


@pytest.mark.parametrize(("language", "title"), [("en", "This sign-in was replaced"), ("ko", "대체된 로그인입니다")])
async def test_a_state_that_newer_sign_ins_replaced_says_so(site: Site, language: str, title: str) -> None:
    first, *_ = [await site.depart() for _ in range(4)]
    answer = await site.come_back(first, language, code=site.code(first))
    assert (answer.status, title in answer.text) == (410, True)
    assert f'action="/auth/result/{first.sign_in_id}"' in answer.text


@pytest.mark.parametrize(
    ("language", "title"), [("en", "This sign-in is not known"), ("ko", "알 수 없는 로그인입니다")]
)
async def test_a_state_that_nobody_was_given_says_nothing_about_anybody(site: Site, language: str, title: str) -> None:
    departure = await site.depart()
    for state in ("x", "x.y", ".", departure.sign_in_id, f"{departure.sign_in_id}.guess", departure.state + "x"):
        answer = await site.get(CALLBACK, language, params={"state": state, "code": "code"})
        assert (answer.status, title in answer.text) == (404, True), state
        assert KIM not in answer.text
        assert "/auth/result/" not in answer.text
    assert (await site.sign_ins.find(departure.sign_in_id)).stage is Stage.PENDING


@pytest.mark.parametrize("name", FIELDS)
async def test_a_parameter_that_is_there_twice_is_not_chosen_from(site: Site, name: str) -> None:
    departure = await site.depart()
    fields = [("state", departure.state), ("code", site.code(departure)), (name, "a"), (name, "b")]
    for answer in (
        await site.get(f"{CALLBACK}?{urlencode(fields)}"),
        await post_callback(site, urlencode(fields).encode()),
        await post_callback(site, urlencode(fields[:3]).encode(), f"?{urlencode(fields[3:])}"),
    ):
        assert answer.status in (400, 415)
    assert (await site.sign_ins.find(departure.sign_in_id)).stage is Stage.PENDING


@pytest.mark.parametrize(
    "query",
    [
        "",
        "?state=x",
        "?code=x",
        "?error=access_denied",
        "?state=&code=x",
        "?state=x&code=",
        "?state=" + "x" * 501 + "&code=x",
        "?state=%00&code=x",
        "?state=%ed%95%9c&code=x",
        "?state=%ff&code=%fe",
        "?state=x&error=" + "x" * 201,
        "?state=x&code=%0d%0aSet-Cookie:x",
    ],
)
async def test_what_is_no_answer_is_a_page_that_says_so(site: Site, query: str) -> None:
    for answer in (await site.get(CALLBACK + query), await post_callback(site, query.removeprefix("?") or None)):
        assert answer.status in (400, 404, 415)
        assert "Start again" in answer.text or "not understood" in answer.text
        assert "Set-Cookie" not in answer.headers


async def test_an_answer_too_big_for_anybody_is_refused(site: Site) -> None:
    assert (await post_callback(site, {"state": "x", "code": "x" * 8001})).status == 400
    assert (await post_callback(site, {"state": "x", "code": "x" * 100_000})).status == 413


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "PUT", "DELETE"])
async def test_nothing_but_get_and_post_completes_a_sign_in(site: Site, method: str) -> None:
    departure = await site.depart()
    path = f"{CALLBACK}?{urlencode({'state': departure.state, 'code': site.code(departure)})}"
    answer = await site.ask(method, path)
    assert (answer.status, answer.headers["Allow"]) == (405, "GET,POST")
    assert (await site.sign_ins.find(departure.sign_in_id)).stage is Stage.PENDING


async def test_a_client_that_hangs_up_does_not_lose_its_code(site: Site) -> None:
    departure = await site.depart()
    reached, go_on = asyncio.Event(), asyncio.Event()

    async def meet() -> None:
        reached.set()
        await go_on.wait()

    site.process.provider.interventions.append(meet)
    callback = asyncio.create_task(site.come_back(departure, code=site.code(departure)))
    await reached.wait()
    callback.cancel()
    await asyncio.wait([callback])
    go_on.set()
    async with asyncio.timeout(60):
        while (await site.sign_ins.find(departure.sign_in_id)).stage is not Stage.DONE:  # noqa: ASYNC110 - the use case tells nobody
            await asyncio.sleep(0.005)


@pytest.mark.parametrize("path", ["/", "", "/signin-oidc", "/a%20b/%ED%95%9C"])
async def test_the_redirect_uri_may_have_any_path(path: str) -> None:
    async with open_site(callback_paths=(path,)) as site:
        departure = await site.depart()
        query = urlencode({"state": departure.state, "code": site.code(departure)})
        assert (await site.get(f"{path}?{query}")).status == 303
        assert (await site.get("/")).status == 200


async def test_behind_a_proxy_with_a_path_pages_are_found_with_and_without_it() -> None:
    async with open_site("https://mail.example.com/sign/", callback_paths=("/sign/auth/callback",)) as site:
        assert [(await site.get(f"{base}/auth/sign-in/kim")).status for base in ("", "/sign")] == [200, 200]
        departure = await site.depart("/sign/auth/sign-in/kim")
        query = urlencode({"state": departure.state, "code": site.code(departure)})
        result = (await site.get(f"/sign/auth/callback?{query}")).location
        assert result == f"/sign/auth/result/{departure.sign_in_id}"
        assert (await site.get(result)).status == 200
        assert (
            (await site.get("/sign")).status == (await site.get("/sign/")).status == (await site.get("/")).status == 200
        )


async def test_a_sign_in_lasts_ten_minutes_however_often_its_page_is_looked_at(site: Site) -> None:
    departure = await site.depart()
    code = site.code(departure)
    await site.process.clock.advance(SIGN_IN_LASTS - timedelta(seconds=1))
    await site.get(f"/auth/result/{departure.sign_in_id}")
    assert (await site.come_back(departure, code=code)).status == 303


def test_a_code_beside_an_error_is_not_redeemed() -> None:
    state, response = read_answer([("state", "s"), ("code", "c"), ("error", "access_denied"), ("other", "x")])
    assert (state, response) == ("s", AuthorizationResponse(error="access_denied"))


def test_a_description_is_cut_and_made_ascii() -> None:
    _, response = read_answer([("state", "s"), ("error", "e"), ("error_description", "취소됨" + "x" * 9000)])
    assert response.error_description is not None
    assert response.error_description.isascii()
    assert len(response.error_description) == 4000


@given(st.lists(st.tuples(st.sampled_from((*FIELDS, "other")), st.text(max_size=20)), max_size=8))
def test_whatever_comes_is_either_refused_or_safe_to_pass_on(fields: list[tuple[str, str]]) -> None:
    try:
        state, response = read_answer(fields)
    except ValidationError as error:
        assert error.error_code == "CALLBACK_MALFORMED"  # noqa: PT017 - the other outcome is checked below
        return
    assert state.isascii()
    assert (response.code is None) != (response.error is None)
    assert all(text is None or text.isascii() for text in (response.code, response.error, response.error_description))
