"""Asking Graph for one thing: tokens, links, and what is asked again."""

import asyncio
from base64 import b64encode
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from email.utils import format_datetime

import attrs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from yarl import URL

from adapters.graph import service as services
from adapters.graph.limits import Limits
from adapters.graph.requests import GraphRequest, unusable, verbatim
from adapters.graph.service import PACE, GraphService
from adapters.http_client.session import open_session
from adapters.http_client.transport import Answer
from adapters.memory.clock import START, MemoryClock
from domain.errors import (
    APIConnectionError,
    IACSGraphError,
    NotFoundError,
    PermissionDeniedError,
    ReauthenticationRequiredError,
    ResyncRequiredError,
    ThrottledError,
    TokenRefreshError,
    ValidationError,
)
from tests.adapters.graph.service_rig import (
    CANARY,
    MAIL,
    OTHER,
    OWNER,
    Asked,
    ScriptedTokens,
    asking,
    open_answering_server,
    refusal,
    service_at,
    until,
)
from tests.fakes.hostile_server import HostileServer, Trouble, answer, cut, open_hostile_server
from tests.fakes.hurried_clock import HurriedClock

GOOD = answer(200, '{"id": "1"}')
CLAIMS = '{"access_token":{"nbf":{"essential":true}}}'
CHALLENGE = f'Bearer realm="", error="insufficient_claims", claims="{b64encode(CLAIMS.encode()).decode()}"'


def page(status: int) -> bytes:
    """Return a page for people."""
    return answer(status, "<html>Sign in</html>").replace(b"application/json", b"text/html; charset=utf-8")


@attrs.frozen
class Rig:
    """The service before a server that does what it is told; its clock's sleepers never wait."""

    server: HostileServer
    service: GraphService
    tokens: ScriptedTokens
    clock: HurriedClock

    def tell(self, *steps: bytes | Trouble) -> None:
        """Let the server answer so, one after the other."""
        self.server.script.extend(steps)

    async def ask(self, path: str = "messages/1") -> bytes:
        """Ask for something, and return its body."""
        return (await self.service.get(asking(self.service, path))).body

    async def fail(self, request: GraphRequest | None = None) -> IACSGraphError:
        """Ask in vain; no error tells a token."""
        with pytest.raises(IACSGraphError) as caught:
            await self.service.get(request or asking(self.service))
        error: BaseException | None = caught.value
        while error is not None:
            assert CANARY not in f"{error!s} {error!r} {vars(error)}"
            error = error.__cause__
        return caught.value

    @property
    def bearers(self) -> list[str]:
        """The tokens that came to the server."""
        return [one.headers["authorization"].removeprefix("Bearer ") for one in self.server.received]


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    async with open_hostile_server() as server, open_session() as session:
        clock, tokens = HurriedClock(lambda: START), ScriptedTokens()
        yield Rig(server, service_at(server.url, session, clock, tokens), tokens, clock)


@pytest.fixture
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services, "ATTEMPT_SECONDS", 0.2)


async def test_every_request_says_which_ids_and_what_form_it_wants(rig: Rig) -> None:
    rig.tell(GOOD)
    request = attrs.evolve(asking(rig.service), prefer=('outlook.body-content-type="text"', "odata.maxpagesize=50"))
    told = await rig.service.get(request)
    assert (told.status, told.body) == (200, b'{"id": "1"}')
    (received,) = rig.server.received
    assert (received.method, received.path) == ("GET", "/v1.0/me/messages/1")
    assert received.headers["prefer"] == (
        'IdType="ImmutableId", outlook.body-content-type="text", odata.maxpagesize=50'
    )
    assert received.headers["accept"] == "application/json"
    assert received.headers["authorization"] == f"Bearer {CANARY}-1"
    assert received.headers["client-request-id"]
    (wish,) = rig.tokens.wishes
    assert (wish.user_id, wish.min_lifetime, wish.rejected) == ("anna", timedelta(seconds=10), None)


@pytest.mark.parametrize("root", ["http://h:1/v1.0", "http://h:1/v1.0/"])
async def test_a_mailbox_is_the_persons_own_or_named_by_its_address(rig: Rig, root: str) -> None:
    service = attrs.evolve(rig.service, root=URL(root))
    assert str(service.url(OWNER, "messages/AA%2B%3D?$select=id")) == "http://h:1/v1.0/me/messages/AA%2B%3D?$select=id"
    assert str(service.url(OTHER, "messages")) == "http://h:1/v1.0/users/Bert%20O%27Neil%40example.com/messages"


@pytest.mark.parametrize(
    "link", ["?$skiptoken=a%2Fb%27%3D+c%20d&x=%e4", "('inbox')/messages/delta()?$top=5", "/%2B%3D?a=b;c"]
)
async def test_a_link_is_followed_as_it_came(rig: Rig, link: str) -> None:
    rig.tell(GOOD)
    await rig.service.get(attrs.evolve(asking(rig.service), target=verbatim(f"{rig.server.url}/v1.0/me/x{link}")))
    assert rig.server.received[0].path == f"/v1.0/me/x{link}"


async def test_what_no_address_may_contain_is_escaped_and_nothing_else(rig: Rig) -> None:
    rig.tell(GOOD)
    link = f"{rig.server.url}/v1.0/me/x?a=b c%20\r\nX-Evil: 1\tä"
    await rig.service.get(attrs.evolve(asking(rig.service), target=verbatim(link)))
    (received,) = rig.server.received
    assert received.path == "/v1.0/me/x?a=b%20c%20%0D%0AX-Evil:%201%09%C3%A4"
    assert "x-evil" not in received.headers


async def test_a_link_to_another_server_never_sees_a_token(rig: Rig) -> None:
    async with open_hostile_server() as other:
        rig.server.otherwise = other.otherwise = GOOD
        port = rig.server.url.rpartition(":")[2]
        for link in (
            f"{other.url}/v1.0/me",
            f"http://localhost:{port}/v1.0/me",
            f"https://127.0.0.1:{port}/v1.0/me",
            f"http://user:word@127.0.0.1:{port}/v1.0/me",
            f"http://user@127.0.0.1:{port}/v1.0/me",
        ):
            error = await rig.fail(attrs.evolve(asking(rig.service), target=verbatim(link)))
            assert (type(error), error.error_code) == (APIConnectionError, "GRAPH_LINK_FOREIGN")
            assert not error.transient
        for raw in (f"{rig.server.url}/v1.0/me?a=\x01 b", "http://127.0.0.1:x/v1.0/me", "/v1.0/me", "me"):
            error = await rig.fail(attrs.evolve(asking(rig.service), target=URL(raw, encoded=True)))
            assert error.error_code == "GRAPH_LINK_FOREIGN"
    assert (rig.server.received, other.received) == ([], [])


async def test_a_refused_token_is_replaced_once_with_the_claims_asked_for(rig: Rig) -> None:
    rig.tell(refusal(401, "InvalidAuthenticationToken", WWW_Authenticate=CHALLENGE), GOOD)
    await rig.ask()
    assert rig.bearers == [f"{CANARY}-1", f"{CANARY}-2"]
    first, second = rig.tokens.wishes
    assert (first.rejected, first.claims) == (None, None)
    assert (second.rejected, second.claims) == (f"{CANARY}-1", CLAIMS)
    assert rig.clock.slept == []


@pytest.mark.parametrize("challenge", ["", "Bearer", 'Bearer claims="garbage"', 'Bearer error="invalid_token"', '"'])
async def test_a_challenge_without_claims_that_can_be_read_asks_for_another_token_all_the_same(
    rig: Rig, challenge: str
) -> None:
    rig.tell(answer(401, "", WWW_Authenticate=challenge), GOOD)
    await rig.ask()
    assert [(wish.rejected, wish.claims) for wish in rig.tokens.wishes] == [(None, None), (f"{CANARY}-1", None)]


@pytest.mark.parametrize(
    ("second", "reason", "claims"),
    [
        (refusal(401, "InvalidAuthenticationToken"), "grant_rejected", None),
        (refusal(401, "", WWW_Authenticate=CHALLENGE), "interaction_required", CLAIMS),
        (refusal(403, "accessDenied", WWW_Authenticate=CHALLENGE), "interaction_required", CLAIMS),
    ],
)
async def test_a_second_refusal_needs_the_owner(rig: Rig, second: bytes, reason: str, claims: str | None) -> None:
    rig.tell(refusal(401, "InvalidAuthenticationToken"), second)
    error = await rig.fail()
    assert isinstance(error, ReauthenticationRequiredError)
    assert (error.reason, error.claims) == (reason, claims)
    assert len(rig.server.received) == 2


async def test_a_403_that_wants_claims_is_a_challenge_and_any_other_is_not(rig: Rig) -> None:
    rig.tell(refusal(403, "accessDenied", WWW_Authenticate=CHALLENGE), GOOD)
    await rig.ask()
    assert rig.tokens.wishes[1].claims == CLAIMS
    rig.tell(refusal(403, "ErrorAccessDenied", WWW_Authenticate="Bearer"))
    assert isinstance(await rig.fail(), PermissionDeniedError)
    assert len(rig.server.received) == 3


async def test_a_token_that_was_replaced_is_not_rejected_again_by_later_attempts(rig: Rig) -> None:
    rig.tell(refusal(401), refusal(500), refusal(502), GOOD)
    await rig.ask()
    assert [wish.rejected for wish in rig.tokens.wishes] == [None, f"{CANARY}-1", None, None]
    assert rig.bearers == [f"{CANARY}-1"] + 3 * [f"{CANARY}-2"]


async def test_tokens_that_stay_the_same_do_not_make_a_loop(rig: Rig) -> None:
    """Whatever the token service does."""

    class Stubborn(ScriptedTokens):
        value = f"{CANARY}-0"  # breaks the promise not to hand a rejected one out

    stubborn = attrs.evolve(rig, service=attrs.evolve(rig.service, tokens=Stubborn()))
    rig.server.otherwise = refusal(401)
    assert isinstance(await stubborn.fail(), ReauthenticationRequiredError)
    assert len(rig.server.received) == 2


async def test_what_the_token_service_says_goes_through_and_nothing_is_sent(rig: Rig) -> None:
    failure = TokenRefreshError("later", transient=True, retry_after=timedelta(seconds=3))
    rig.tokens.failures.append(failure)
    assert await rig.fail() is failure
    assert rig.server.received == []


@pytest.mark.parametrize(
    "trouble",
    [
        *(refusal(status) for status in (429, 500, 502, 503, 504)),
        refusal(500).replace(b" 500 Internal Server Error", b" 509 Bandwidth Limit Exceeded"),
        Trouble.DROP,
        cut(GOOD, 4),
        *(page(status) for status in (200, 404, 410, 502)),
        answer(302, "", Location="http://elsewhere/"),
        b"SSH-2.0-OpenSSH_9.2\r\n",
    ],
)
async def test_what_passes_is_asked_again(rig: Rig, trouble: bytes | Trouble) -> None:
    rig.tell(trouble, trouble, GOOD)
    assert await rig.ask() == b'{"id": "1"}'
    assert len(rig.server.received) == 3
    assert 1 <= len(rig.clock.slept) <= 2  # aiohttp itself asks once more after a connection was dropped
    assert all(timedelta(0) <= pause < limit for pause, limit in zip(rig.clock.slept, _bounds(), strict=False))


def _bounds() -> Iterator[timedelta]:
    bound = PACE.first_pause
    while True:
        yield min(bound, PACE.longest_pause)
        bound *= 2


@pytest.mark.usefixtures("_impatient")
async def test_silence_is_asked_again(rig: Rig) -> None:
    rig.tell(Trouble.STALL)
    rig.server.otherwise = GOOD
    assert await rig.ask() == b'{"id": "1"}'


async def test_silence_is_given_up_long_before_the_attempt(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services, "SILENCE_SECONDS", 0.2)
    service = attrs.evolve(rig.service)
    rig.tell(Trouble.STALL)
    rig.server.otherwise = GOOD
    async with asyncio.timeout(20):
        assert (await service.get(asking(service))).status == 200


async def test_what_goes_on_ends_with_the_budget(rig: Rig) -> None:
    rig.server.otherwise = refusal(500, "ErrorInternalServerError")
    error = await rig.fail()
    assert (type(error), error.error_code) == (APIConnectionError, "GRAPH_FAILED")
    assert error.details["user_id"] == "anna"
    assert len(rig.server.received) == PACE.attempts
    assert sum(rig.clock.slept, timedelta(0)) <= PACE.budget


async def test_who_cannot_be_reached_is_told(rig: Rig) -> None:
    rig.server.stop()
    error = await rig.fail()
    assert (error.error_code, error.details["user_id"]) == ("GRAPH_UNREACHABLE", "anna")
    assert "AZURE_GRAPH_URL" in str(error)


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (400, "InefficientFilter", ValidationError),
        (403, "ErrorAccessDenied", PermissionDeniedError),
        (404, "ErrorItemNotFound", NotFoundError),
        (410, "SyncStateNotFound", ResyncRequiredError),
    ],
)
async def test_what_lasts_is_told_at_once(rig: Rig, status: int, code: str, kind: type[IACSGraphError]) -> None:
    rig.tell(refusal(status, code, request_id="0a1b-22"))
    error = await rig.fail()
    assert type(error) is kind
    assert (error.details["graph_code"], error.details["request_id"]) == (code, "0a1b-22")
    assert error.details["client_request_id"] == rig.server.received[0].headers["client-request-id"]
    assert len(rig.server.received) == 1


async def test_a_mailbox_that_moves_is_tried_a_few_times_only(rig: Rig) -> None:
    rig.server.otherwise = refusal(503, "ErrorMailboxMoveInProgress", Retry_After="1")
    error = await rig.fail()
    assert (type(error), error.error_code, error.transient) == (APIConnectionError, "MAILBOX_MOVING", True)
    assert len(rig.server.received) == 3


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({"Retry_After": "7"}, 7),
        ({"Retry_After": "2.128"}, 2.128),
        (
            {
                "Retry_After": format_datetime(START + timedelta(days=1, seconds=30), usegmt=True),
                "Date": format_datetime(START + timedelta(days=1), usegmt=True),
            },
            30,
        ),
        ({"Retry_After": format_datetime(START + timedelta(seconds=30), usegmt=True)}, 30),
    ],
)
@pytest.mark.parametrize("status", [429, 503])
async def test_the_wait_that_is_asked_for_is_kept(rig: Rig, status: int, headers: dict[str, str], wait: float) -> None:
    rig.tell(refusal(status, "TooManyRequests", **headers), GOOD)
    await rig.ask()
    assert rig.clock.slept == [timedelta(seconds=wait)]


@pytest.mark.parametrize("header", ["soon", "", "0", "-3"])
async def test_a_wait_that_says_nothing_is_drawn(rig: Rig, header: str) -> None:
    rig.tell(refusal(429, "", Retry_After=header), GOOD)
    await rig.ask()
    (pause,) = rig.clock.slept
    assert timedelta(0) < pause < PACE.first_pause


async def test_a_wait_that_does_not_fit_is_left_to_the_caller_and_to_the_next_callers(rig: Rig) -> None:
    rig.tell(refusal(429, "ApplicationThrottled", Retry_After="300"))
    error = await rig.fail()
    assert isinstance(error, ThrottledError)
    assert (error.retry_after, error.transient) == (timedelta(seconds=300), True)
    rig.clock.run(timedelta(seconds=100))
    again = await rig.fail()
    assert isinstance(again, ThrottledError)
    assert again.retry_after == timedelta(seconds=200)
    assert rig.clock.slept == []
    assert len(rig.server.received) == 1
    rig.clock.run(timedelta(seconds=200))
    rig.tell(GOOD)
    await rig.ask()


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_a_wait_holds_back_all_requests_to_the_mailbox_and_none_to_others(status: int) -> None:
    clock = MemoryClock()
    async with open_hostile_server() as server, open_session() as session, asyncio.TaskGroup() as group:
        service = service_at(server.url, session, clock, ScriptedTokens())
        server.script.append(refusal(status, "", Retry_After="10"))
        server.otherwise = GOOD
        first = group.create_task(service.get(asking(service)))
        await until(lambda: clock.sleepers)
        second = group.create_task(service.get(asking(service)))
        await service.get(asking(service, owner=OTHER))
        await clock.advance(timedelta(seconds=9.9))
        assert [one.path for one in server.received[1:]] == ["/v1.0/users/Bert%20O%27Neil%40example.com/messages/1"]
        await clock.advance(timedelta(seconds=0.1))
        await asyncio.gather(first, second)
    assert len(server.received) == 4


async def test_at_most_four_requests_of_a_mailbox_are_in_flight() -> None:
    flying, peak = 0, 0

    async def reply(asked: Asked) -> bytes:
        nonlocal flying, peak
        flying += 1
        peak = max(peak, flying)
        for _ in range(20):
            await asyncio.sleep(0)
        flying -= 1
        return refusal(404, "ErrorItemNotFound") if asked.connection % 2 else GOOD

    async with open_answering_server(reply) as server, open_session() as session:
        service = service_at(server.url, session, HurriedClock(), ScriptedTokens())
        await asyncio.gather(*(service.get(asking(service)) for _ in range(40)), return_exceptions=True)
    assert (len(server.asked), peak) == (40, 4)


async def test_names_of_a_mailbox_that_differ_in_case_are_one_mailbox() -> None:
    async with open_hostile_server() as server, open_session() as session:
        clock = HurriedClock()
        service = service_at(server.url, session, clock, ScriptedTokens())
        server.otherwise = refusal(429, "", Retry_After="1000")
        for owner in (OTHER, attrs.evolve(OTHER, address=str(OTHER.address).upper())):
            with pytest.raises(ThrottledError):
                await service.get(asking(service, owner=owner))
    assert len(server.received) == 1


async def test_an_answer_that_its_reader_cannot_use_is_asked_for_again(rig: Rig) -> None:
    def read(told: Answer) -> int:
        if not told.body.endswith(b"}"):
            raise unusable(told, "cut off")
        return len(told.body)

    rig.tell(answer(200, '{"id"'), GOOD)
    assert await rig.service.read(asking(rig.service), read) == 11
    rig.server.otherwise = answer(200, '{"mail-canary')
    with pytest.raises(APIConnectionError) as caught:
        await rig.service.read(asking(rig.service), read)
    assert caught.value.error_code == "GRAPH_ANSWER_INVALID"
    assert caught.value.transient
    assert "cut off" in str(caught.value)
    assert "mail-canary" not in f"{caught.value} {caught.value.details}"


async def test_what_a_reader_raises_besides_goes_through(rig: Rig) -> None:
    def read(_: Answer) -> int:
        raise NotFoundError("nothing")

    rig.tell(GOOD)
    with pytest.raises(NotFoundError, match="nothing"):
        await rig.service.read(asking(rig.service), read)
    assert len(rig.server.received) == 1


async def test_a_call_that_is_cancelled_takes_no_room(rig: Rig) -> None:
    limits = Limits(clock=rig.clock, per_mailbox=1)
    service = attrs.evolve(rig.service, limits=limits)
    rig.tell(Trouble.STALL)
    task = asyncio.create_task(service.get(asking(service)))
    await rig.server.stalled.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    rig.tell(GOOD)
    assert (await service.get(asking(service))).status == 200


STEPS = st.lists(
    st.sampled_from(
        [
            *(refusal(status) for status in (401, 403, 404, 410, 429, 500, 503, 504)),
            refusal(429, "", Retry_After="50"),
            refusal(401, "", WWW_Authenticate=CHALLENGE),
            Trouble.DROP,
            page(502),
            page(404),
            cut(GOOD, 3),
            GOOD,
        ]
    ),
    max_size=8,
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
async def test_however_a_server_mixes_its_troubles_a_call_ends_with_an_answer_or_an_error_of_ours(
    steps: list[bytes | Trouble],
) -> None:
    async with open_hostile_server() as server, open_session() as session:
        clock, tokens = HurriedClock(), ScriptedTokens()
        service = service_at(server.url, session, clock, tokens)
        server.script.extend(steps)
        server.otherwise = GOOD
        try:
            assert (await service.get(attrs.evolve(asking(service), absent=MAIL))).body == b'{"id": "1"}'
        except IACSGraphError as error:
            assert CANARY not in f"{error} {error.details}"  # noqa: PT017 - both ends are right
        assert len(server.received) <= PACE.attempts + 1
        assert sum(clock.slept, timedelta(0)) <= PACE.budget
        assert sum(wish.rejected is not None for wish in tokens.wishes) <= 1
