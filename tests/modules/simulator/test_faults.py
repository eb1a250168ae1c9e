"""Faults on demand: each kind, for whom, how often, before or after the work is done."""

import asyncio
from base64 import b64encode
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import aiohttp
import pytest

from modules.simulator.aadsts import TABLE, Changes
from modules.simulator.faults import (
    ENDPOINTS,
    HTML_PAGE,
    Fault,
    RetryAfter,
    aadsts,
    dropped,
    graph,
    html,
    moved,
    slow,
    status,
    truncated,
)
from modules.simulator.routes import ROUTES
from tests.modules.simulator.rig import Rig


@pytest.fixture
async def refresh_token(rig: Rig) -> str:
    return str((await rig.signed_in()).body["refresh_token"])


async def test_every_code_of_the_table_comes_as_its_line_says(rig: Rig) -> None:
    for code, line in TABLE.items():
        rig.simulator.faults.add(aadsts(code, times=1))
        answer = await rig.refresh("")
        assert (answer.error, answer.code) == ((line.status, line.error, line.suberror), code)
        assert ("claims" in answer.body) is line.claims, code
        assert answer.body["error_description"].startswith(f"AADSTS{code}: {line.text}")


async def test_a_line_can_be_changed_for_one_fault_or_for_all(rig: Rig) -> None:
    rig.simulator.faults.add(aadsts(50076, error="interaction_required", suberror=None, times=1))
    assert (await rig.refresh("")).error == (400, "interaction_required", None)
    rig.simulator.switches.overrides[900144] = Changes(error="invalid_grant", status=418)
    assert (await rig.refresh("")).error == (418, "invalid_grant", None)


def test_a_code_or_column_that_is_not_in_the_table_is_refused() -> None:
    with pytest.raises(ValueError, match="AADSTS1 "):
        aadsts(1)
    with pytest.raises(ValueError, match="colour"):
        aadsts(50076, colour="red")  # type: ignore[call-arg]


async def test_a_fault_strikes_so_often_and_then_no_more(rig: Rig, refresh_token: str) -> None:
    fault = rig.simulator.faults.add(aadsts(90033, times=2))
    found = [(await rig.refresh(refresh_token)).status for _ in range(3)]
    assert found == [400, 400, 200]
    assert rig.simulator.faults.hits(fault) == 2
    assert rig.simulator.faults.all == {}


async def test_a_lasting_fault_strikes_until_it_is_removed(rig: Rig, refresh_token: str) -> None:
    fault = rig.simulator.faults.add(aadsts(90033))
    assert (await rig.refresh(refresh_token)).status == 400
    rig.simulator.faults.remove(fault)
    assert (await rig.refresh(refresh_token)).status == 200
    with pytest.raises(KeyError):
        rig.simulator.faults.remove(fault)
    rig.simulator.faults.add(aadsts(90033))
    rig.simulator.faults.clear()
    assert (await rig.refresh(refresh_token)).status == 200


async def test_a_fault_strikes_one_person_by_any_name(rig: Rig) -> None:
    tokens = [str((await rig.signed_in(number)).body["refresh_token"]) for number in (0, 1)]
    user = rig.user(1)
    for name in (user.upn.upper(), user.mail, user.object_id):
        rig.simulator.faults.add(aadsts(50173, user=name, times=1))
        assert (await rig.refresh(tokens[0])).status == 200
        assert (await rig.refresh(tokens[1])).code == 50173


async def test_a_fault_strikes_the_person_of_a_code_a_device_a_token_and_a_page(rig: Rig) -> None:
    user = rig.user()
    rig.simulator.faults.add(aadsts(53003, user=user.upn))
    assert (await rig.token(rig.redemption(await rig.callback()))).code == 53003
    device = await rig.begin_device()
    await (await rig.person()).enter_code(device["verification_uri"], device["user_code"])
    assert (await rig.poll(device["device_code"])).code == 53003
    rig.simulator.faults.clear()
    token = (await rig.signed_in()).body["access_token"]
    rig.simulator.faults.add(graph(403, "ErrorAccessDenied", user=user.upn))
    assert (await rig.graph("v1.0/me", token)).body["error"]["code"] == "ErrorAccessDenied"
    rig.simulator.faults.add(aadsts(50053, user=user.upn, endpoint="sign_in"))
    assert (await (await rig.person()).see(rig.authorize_url())).code == "50053"
    assert (await rig.callback(1)).code


@pytest.mark.parametrize("name", ["web", "client_id"])
async def test_a_fault_strikes_one_application(rig: Rig, refresh_token: str, name: str) -> None:
    application = rig.application()
    rig.simulator.faults.add(status(503, application=name if name == "web" else application.client_id))
    assert (await rig.refresh(refresh_token)).status == 503
    assert (await rig.begin_device("public"))["user_code"]


def test_every_endpoint_of_the_route_table_can_be_named() -> None:
    assert {route.endpoint for route in ROUTES if route.kind != "control"} == ENDPOINTS


async def test_a_fault_strikes_a_client_that_uses_basic_authentication(rig: Rig, refresh_token: str) -> None:
    application = rig.application()
    rig.simulator.faults.add(aadsts(90033, application="web"))
    text = b64encode(f"{application.client_id}:{application.secrets[0].value}".encode()).decode()
    form = {"grant_type": "refresh_token", "refresh_token": refresh_token}
    assert (await rig.token(form, headers={"Authorization": f"Basic {text}"})).code == 90033


async def test_a_fault_strikes_one_endpoint_or_all(rig: Rig, refresh_token: str) -> None:
    rig.simulator.faults.add(status(500, endpoint="discovery", times=1))
    assert (await rig.refresh(refresh_token)).status == 200
    assert (await rig.get("common/v2.0/.well-known/openid-configuration")).status == 500
    rig.simulator.faults.add(status(502))
    for path in ("common/v2.0/.well-known/openid-configuration", "common/discovery/v2.0/keys", "v1.0/me"):
        assert (await rig.get(path)).status == 502


async def test_a_capital_letter_in_the_name_of_an_application_is_the_same(rig: Rig, refresh_token: str) -> None:
    rig.simulator.faults.add(status(503, application="WEB"))
    assert (await rig.refresh(refresh_token)).status == 503


@pytest.mark.parametrize(
    ("retry_after", "header"), [(7, "7"), (2.128, "2.128"), ("2.128", "2.128"), ("soon", "soon"), (None, None)]
)
async def test_being_throttled_comes_with_any_kind_of_retry_after(
    rig: Rig, retry_after: RetryAfter, header: str | None
) -> None:
    rig.simulator.faults.add(status(429, retry_after=retry_after))
    answer = await rig.refresh("")
    assert (answer.error, answer.headers.get("Retry-After")) == ((429, "temporarily_unavailable", None), header)


async def test_retry_after_may_be_a_moment(rig: Rig) -> None:
    moment = datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)
    rig.simulator.faults.add(status(503, retry_after=moment))
    assert parsedate_to_datetime((await rig.refresh("")).headers["Retry-After"]) == moment
    with pytest.raises(ValueError, match="time zone"):
        status(503, retry_after=moment.replace(tzinfo=None))


async def test_a_refusal_may_carry_retry_after_as_well(rig: Rig) -> None:
    rig.simulator.faults.add(aadsts(90055, retry_after=3))
    answer = await rig.refresh("")
    assert (answer.code, answer.headers["Retry-After"]) == (90055, "3")


@pytest.mark.parametrize("code", [200, 502])
async def test_a_page_may_come_where_json_is_expected(rig: Rig, code: int) -> None:
    rig.simulator.faults.add(html(code))
    answer = await rig.refresh("")
    assert (answer.status, answer.text) == (code, HTML_PAGE)
    assert answer.headers["Content-Type"].startswith("text/html")


async def test_any_body_may_come(rig: Rig) -> None:
    rig.simulator.faults.add(status(500, body=""))
    answer = await rig.refresh("")
    assert (answer.status, answer.text) == (500, "")


async def test_an_answer_may_be_cut_though_the_work_was_done(rig: Rig, refresh_token: str) -> None:
    rig.simulator.faults.add(truncated(endpoint="token", times=1))
    before = len(rig.simulator.world.grants.refresh_tokens)
    answer = await rig.refresh(refresh_token)
    assert (answer.status, answer.body) == (200, {})
    assert answer.text.startswith('{"token_type"')
    assert len(rig.simulator.world.grants.refresh_tokens) == before + 1


@pytest.mark.parametrize("before", [True, False])
async def test_a_connection_may_drop_before_or_after_the_work_is_done(
    rig: Rig, refresh_token: str, *, before: bool
) -> None:
    rig.simulator.faults.add(dropped(before=before, endpoint="token", times=1))
    issued = len(rig.simulator.world.grants.refresh_tokens)
    with pytest.raises(aiohttp.ClientConnectionError):
        await rig.refresh(refresh_token)
    assert len(rig.simulator.world.grants.refresh_tokens) == issued + (0 if before else 1)
    assert (await rig.refresh(refresh_token)).status == 200


@pytest.mark.parametrize("before", [True, False])
async def test_a_slow_request_waits_until_it_is_released(rig: Rig, refresh_token: str, *, before: bool) -> None:
    faults = rig.simulator.faults
    fault = faults.add(slow(before=before, endpoint="token"))
    issued = len(rig.simulator.world.grants.refresh_tokens)
    async with asyncio.TaskGroup() as group:
        waiting = [group.create_task(rig.refresh(refresh_token)) for _ in range(2)]
        await faults.reached(fault, 2)
        assert not any(task.done() for task in waiting)
        if before:
            assert len(rig.simulator.world.grants.refresh_tokens) == issued
        faults.release(fault)
    assert [task.result().status for task in waiting] == [200, 200]


async def test_a_slow_request_waits_no_longer_than_said(rig: Rig, refresh_token: str) -> None:
    rig.simulator.faults.add(slow(0.01))
    assert (await rig.refresh(refresh_token)).status == 200


async def test_removing_a_slow_fault_lets_its_requests_go(rig: Rig, refresh_token: str) -> None:
    fault = rig.simulator.faults.add(slow(endpoint="token"))
    async with asyncio.TaskGroup() as group:
        waiting = group.create_task(rig.refresh(refresh_token))
        await rig.simulator.faults.reached(fault)
        rig.simulator.faults.remove(fault)
    assert waiting.result().status == 200


async def test_a_slow_request_may_fail_in_the_end(rig: Rig, refresh_token: str) -> None:
    rig.simulator.faults.add(slow(0, endpoint="token"))
    rig.simulator.faults.add(aadsts(90033))
    assert (await rig.refresh(refresh_token)).code == 90033


async def test_the_clock_may_jump_when_a_request_comes(rig: Rig) -> None:
    callback = await rig.callback()
    rig.simulator.faults.add(moved(timedelta(minutes=11), endpoint="token", times=1))
    assert (await rig.token(rig.redemption(callback))).code == 70008


async def test_of_several_answers_the_one_added_first_comes(rig: Rig) -> None:
    rig.simulator.faults.add(aadsts(50173, times=1))
    rig.simulator.faults.add(aadsts(53003, times=1))
    assert [(await rig.refresh("")).code for _ in range(3)] == [50173, 53003, 900144]


async def test_graph_s_faults_look_like_graph_s(rig: Rig) -> None:
    rig.simulator.faults.add(status(429, endpoint="graph", retry_after="2.128", times=1))
    throttled = await rig.get("v1.0/me")
    assert (throttled.status, throttled.body["error"]["code"]) == (429, "TooManyRequests")
    rig.simulator.faults.add(graph(503, "serviceNotAvailable", "Later.", retry_after=1))
    answer = await rig.get("v1.0/me")
    assert (answer.body["error"]["message"], answer.headers["Retry-After"]) == ("Later.", "1")


@pytest.mark.parametrize(
    "make",
    [
        lambda: status(99),
        lambda: status(1000),
        lambda: slow(-1),
        lambda: slow(31),
        lambda: html(times=0),
        lambda: html(endpoint="tokne"),
    ],
)
def test_a_fault_that_makes_no_sense_is_refused(make: Callable[[], Fault]) -> None:
    with pytest.raises(ValueError, match=r"must be"):
        make()
