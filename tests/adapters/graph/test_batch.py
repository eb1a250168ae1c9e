"""Several requests at once: which answer is whose, and what is asked again."""

import asyncio
import json
from base64 import b64encode
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import timedelta
from email.utils import format_datetime

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from yarl import URL

from adapters.graph.batch import read_batch
from adapters.graph.requests import GraphRequest
from adapters.graph.service import PACE, GraphService
from adapters.http_client.session import open_session
from adapters.http_client.transport import Answer
from adapters.memory.clock import START
from domain.errors import (
    APIConnectionError,
    IACSGraphError,
    NotFoundError,
    ReauthenticationRequiredError,
    ThrottledError,
    TokenRefreshError,
)
from tests.adapters.graph.service_rig import (
    CANARY,
    MAIL,
    OTHER,
    OWNER,
    AnsweringServer,
    Asked,
    ScriptedTokens,
    asking,
    open_answering_server,
    refusal,
    service_at,
    until,
)
from tests.fakes.hostile_server import answer
from tests.fakes.hurried_clock import HurriedClock

Inner = dict[str, object]
CHALLENGE = f'Bearer error="insufficient_claims", claims="{b64encode(b"{}").decode()}"'


def inner(status: int, code: str = "", /, **headers: str) -> Inner:
    """Return an answer within a batch; an error is worded as Graph does."""
    body: object = {"error": {"code": code, "message": "words"}} if status >= 400 else {"status": status}
    return {"status": status, "headers": {name.replace("_", "-"): text for name, text in headers.items()}, "body": body}


def good(url: str) -> Inner:
    """Return an answer that says what was asked."""
    return {"status": 200, "headers": {"Content-Type": "application/json"}, "body": {"asked": url}}


@attrs.define
class Batches:
    """Answers batches: each request with the next of `script` for its address, or with success; in reverse order.

    `outer` comes before: whole answers; `mend` changes what a batch is answered with.
    """

    script: dict[str, deque[Inner]] = attrs.field(factory=dict)
    outer: deque[bytes] = attrs.field(factory=deque)
    mend: Callable[[list[Inner]], object] = list
    sizes: list[int] = attrs.field(factory=list)
    asked: list[list[str]] = attrs.field(factory=list)

    async def reply(self, asked: Asked) -> bytes:
        """Answer a batch."""
        requests = json.loads(asked.body)["requests"]
        self.asked.append([request["url"] for request in requests])
        if self.outer:
            return self.outer.popleft()
        told = []
        for request in requests:
            steps = self.script.get(request["url"].rpartition("/")[2])
            told.append({"id": request["id"], **(steps.popleft() if steps else good(request["url"]))})
        return answer(200, json.dumps({"responses": self.mend(told[::-1])}))

    def tell(self, place: str, *steps: Inner) -> None:
        """Let the requests for a place be answered so, one after the other."""
        self.script[place] = deque(steps)

    @property
    def rounds(self) -> list[str]:
        """The last parts of the addresses, batch by batch."""
        return ["".join(url.rpartition("/")[2] for url in urls) for urls in self.asked]


@attrs.frozen
class Rig:
    """The service before such a server."""

    server: AnsweringServer
    batches: Batches
    service: GraphService
    tokens: ScriptedTokens
    clock: HurriedClock

    def requests(self, places: str) -> list[GraphRequest]:
        """Return a request for each letter."""
        return [asking(self.service, f"messages/{place}") for place in places]

    async def ask(self, places: str) -> Sequence[Answer | IACSGraphError]:
        """Ask for several."""
        outcomes = await self.service.batch(OWNER, self.requests(places))
        assert CANARY not in repr(outcomes)
        return outcomes

    async def told(self, places: str) -> list[str]:
        """Return what each came to: a status or an error's code."""
        return [
            str(outcome.status) if isinstance(outcome, Answer) else outcome.error_code
            for outcome in await self.ask(places)
        ]


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    batches = Batches()
    async with open_answering_server(batches.reply) as server, open_session() as session:
        clock, tokens = HurriedClock(lambda: START), ScriptedTokens()
        yield Rig(server, batches, service_at(server.url, session, clock, tokens), tokens, clock)


async def test_each_answer_goes_to_its_request_in_parts_of_four(rig: Rig) -> None:
    outcomes = await rig.ask("abcdefghij")
    assert rig.batches.rounds == ["abcd", "efgh", "ij"]
    bodies = [json.loads(outcome.body) for outcome in outcomes if isinstance(outcome, Answer)]
    assert [body["asked"] for body in bodies] == [f"/me/messages/{place}" for place in "abcdefghij"]


async def test_each_request_in_a_batch_says_what_a_single_one_would(rig: Rig) -> None:
    request = attrs.evolve(asking(rig.service, "messages/a?$select=x", OTHER), prefer=("odata.maxpagesize=5",))
    await rig.service.batch(OTHER, [request])
    (asked,) = rig.server.asked
    assert asked.path == "/v1.0/$batch"
    assert asked.headers["authorization"] == f"Bearer {CANARY}-1"
    assert asked.headers["prefer"].startswith('IdType="ImmutableId"')
    assert json.loads(asked.body)["requests"] == [
        {
            "id": "1",
            "method": "GET",
            "url": "/users/Bert%20O%27Neil%40example.com/messages/a?$select=x",
            "headers": {"Accept": "application/json", "Prefer": 'IdType="ImmutableId", odata.maxpagesize=5'},
        }
    ]


async def test_nothing_is_sent_for_nothing(rig: Rig) -> None:
    assert await rig.ask("") == []
    assert rig.server.asked == []


async def test_what_lasts_is_the_outcome_of_one_and_the_others_are_untouched(rig: Rig) -> None:
    rig.batches.tell("b", inner(404, "ErrorItemNotFound", request_id="inner-1"))
    rig.batches.tell("c", inner(403, "ErrorAccessDenied"))
    first, second, third = await rig.ask("abc")
    assert isinstance(first, Answer)
    assert isinstance(second, NotFoundError)
    assert (second.error_code, second.details["request_id"]) == (MAIL.error_code, "inner-1")
    assert isinstance(third, IACSGraphError)
    assert third.error_code == "MAILBOX_FORBIDDEN"
    assert rig.batches.rounds == ["abc"]


async def test_only_what_failed_is_asked_again_after_the_longest_wait(rig: Rig) -> None:
    rig.batches.tell("a", inner(429, "", Retry_After="3"))
    rig.batches.tell("c", inner(503, "", retry_after="7"), inner(500), inner(404, "itemNotFound"))
    rig.batches.tell("d", inner(429, "", Retry_After="5"))
    assert await rig.told("abcd") == ["200", "200", "MAIL_UNKNOWN", "200"]
    assert rig.batches.rounds == ["abcd", "acd", "c"]
    assert rig.clock.slept[0] == timedelta(seconds=7)
    assert len(rig.clock.slept) == 2


async def test_a_date_to_wait_for_is_compared_with_the_time_of_its_own_answer(rig: Rig) -> None:
    until_then = format_datetime(START + timedelta(days=1, seconds=30), usegmt=True)
    rig.batches.tell(
        "a", inner(429, "", Retry_After=until_then, Date=format_datetime(START + timedelta(days=1), usegmt=True))
    )
    assert await rig.told("a") == ["200"]
    assert rig.clock.slept == [timedelta(seconds=30)]


async def test_a_wait_within_a_batch_holds_back_the_next_part_of_it(rig: Rig) -> None:
    rig.batches.tell("b", inner(429, "", Retry_After="9"))
    assert await rig.told("abcdef") == ["200"] * 6
    assert rig.batches.rounds == ["abcd", "ef", "b"]
    assert rig.clock.slept[0] == timedelta(seconds=9)


async def test_a_wait_that_does_not_fit_is_the_outcome_of_what_asked_for_it_and_of_the_rest(rig: Rig) -> None:
    rig.batches.tell("b", inner(429, "", Retry_After="900"))
    outcomes = await rig.ask("abcdef")
    assert [isinstance(outcome, Answer) for outcome in outcomes] == [True, False, True, True, False, False]
    for outcome in (outcomes[1], outcomes[4]):
        assert isinstance(outcome, ThrottledError)
        assert outcome.retry_after == timedelta(seconds=900)
    assert rig.batches.rounds == ["abcd"]


async def test_what_goes_on_failing_is_told_in_the_end(rig: Rig) -> None:
    rig.batches.tell("b", *(inner(500, "ErrorInternalServerError") for _ in range(99)))
    assert await rig.told("ab") == ["200", "GRAPH_FAILED"]
    assert rig.batches.rounds == ["ab"] + ["b"] * (PACE.attempts - 1)


async def test_a_whole_batch_that_fails_is_sent_again(rig: Rig) -> None:
    rig.batches.outer.extend(
        [refusal(503, "", Retry_After="2"), refusal(502), answer(200, "{}"), answer(200, '{"resp')]
    )
    assert await rig.told("ab") == ["200", "200"]
    assert rig.batches.rounds == ["ab"] * 5


async def test_a_batch_that_never_succeeds_is_an_error_of_all(rig: Rig) -> None:
    rig.batches.outer.extend([refusal(500)] * 99)
    with pytest.raises(APIConnectionError) as caught:
        await rig.ask("ab")
    assert caught.value.error_code == "GRAPH_FAILED"
    rig.batches.outer.clear()
    rig.batches.outer.append(refusal(400, "BadRequest"))
    with pytest.raises(IACSGraphError) as refused:
        await rig.ask("ab")
    assert refused.value.error_code == "REQUEST_REFUSED"


@pytest.mark.parametrize(
    "mend",
    [
        lambda told: told[1:],
        lambda told: [*told, told[0]],
        lambda told: [{**told[0], "id": "99"}, *told[1:]],
        lambda told: [{**told[0], "status": "fine"}, *told[1:]],
        lambda told: ["nonsense", *told[1:]],
    ],
)
async def test_an_answer_that_is_missing_doubled_or_strange_is_asked_for_again(
    rig: Rig, mend: Callable[[list[Inner]], object]
) -> None:
    """The one that came last in the batch, of the last request."""

    def once(told: list[Inner]) -> object:
        rig.batches.mend = list
        return mend(told)

    rig.batches.mend = once
    assert await rig.told("abc") == ["200"] * 3
    assert rig.batches.rounds == ["abc", "c"]


async def test_an_answer_that_never_comes_is_told(rig: Rig) -> None:
    rig.batches.mend = lambda told: told[:-1]
    assert await rig.told("ab") == ["GRAPH_ANSWER_INVALID", "200"]


async def test_answers_to_what_was_not_asked_are_passed_over_and_ids_may_be_numbers(rig: Rig) -> None:
    def mend(told: list[Inner]) -> object:
        return [{"id": "zzz", "status": 500}, *({**one, "id": int(str(one["id"]))} for one in told)]

    rig.batches.mend = mend
    assert await rig.told("ab") == ["200", "200"]


async def test_a_token_refused_within_a_batch_is_replaced_once(rig: Rig) -> None:
    rig.batches.tell("a", inner(401, "InvalidAuthenticationToken", WWW_Authenticate=CHALLENGE))
    rig.batches.tell("b", inner(401), inner(401, "", WWW_Authenticate=CHALLENGE))
    first, second, third = await rig.ask("abc")
    assert isinstance(first, Answer)
    assert isinstance(third, Answer)
    assert isinstance(second, ReauthenticationRequiredError)
    assert (second.reason, second.claims) == ("interaction_required", "{}")
    assert rig.batches.rounds == ["abc", "ab"]
    assert [(wish.rejected, wish.claims) for wish in rig.tokens.wishes] == [(None, None), (f"{CANARY}-1", "{}")]
    assert rig.clock.slept == []


async def test_a_token_refused_for_a_whole_batch_is_replaced_once(rig: Rig) -> None:
    rig.batches.outer.append(refusal(401))
    assert await rig.told("ab") == ["200", "200"]
    rig.batches.outer.extend([refusal(401), refusal(401)])
    with pytest.raises(ReauthenticationRequiredError):
        await rig.ask("ab")


async def test_what_the_token_service_says_goes_through(rig: Rig) -> None:
    failure = TokenRefreshError("later")
    rig.tokens.failures.append(failure)
    with pytest.raises(TokenRefreshError) as caught:
        await rig.ask("ab")
    assert caught.value is failure


async def test_what_the_token_service_says_after_some_were_answered_is_the_outcome_of_the_rest(rig: Rig) -> None:
    failure = TokenRefreshError("later")

    def once(told: list[Inner]) -> object:
        rig.tokens.failures.append(failure)
        return told

    rig.batches.mend = once
    outcomes = await rig.ask("abcdef")
    assert [isinstance(outcome, Answer) for outcome in outcomes] == [True] * 4 + [False] * 2
    assert outcomes[4:] == [failure, failure]
    assert rig.batches.rounds == ["abcd"]


async def test_a_link_to_somewhere_else_is_in_no_batch(rig: Rig) -> None:
    for elsewhere in ("http://h/v1.0/me", f"{rig.server.url}/beta/me", f"{rig.server.url}/v1.0evil/me"):
        request = attrs.evolve(asking(rig.service), target=URL(elsewhere))
        with pytest.raises(APIConnectionError) as caught:
            await rig.service.batch(OWNER, [*rig.requests("a"), request])
        assert caught.value.error_code == "GRAPH_LINK_FOREIGN"
    assert rig.server.asked == []


async def test_each_request_of_a_batch_counts_as_in_flight(rig: Rig) -> None:
    """Beside one that is in flight there is no room for four."""
    release = asyncio.Event()

    async def reply(asked: Asked) -> bytes:
        if asked.path.endswith("$batch"):
            return await rig.batches.reply(asked)
        await release.wait()
        return answer(200, "{}")

    async with open_answering_server(reply) as server, asyncio.TaskGroup() as group:
        service = service_at(server.url, rig.service.session, rig.clock, rig.tokens)
        single = group.create_task(service.get(asking(service)))
        await until(lambda: server.asked)
        whole = group.create_task(service.batch(OWNER, [asking(service, f"messages/{place}") for place in "abcd"]))
        await until(lambda: service.limits.waiting)
        assert len(server.asked) == 1
        release.set()
        await asyncio.gather(single, whole)


def _whole(body: bytes) -> Answer:
    return Answer(
        status=200, body=body, asked_at=START, answered_at=START, retry_after=None, date=None, request_id="mine"
    )


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (b'{"a": [1, 2.50]}', b'{"a": [1, 2.50]}'),
        (b"null", b""),
        (b'"aGVsbG8="', b"hello"),
        (b'"not base64"', b'"not base64"'),
        (b"[ ]", b"[ ]"),
    ],
)
def test_a_body_of_json_stays_as_it_came_and_other_bodies_are_decoded(written: bytes, expected: bytes) -> None:
    (told,) = read_batch(_whole(b'{"responses": [{"id": "1", "status": 200, "body": %s}]}' % written), 1)
    assert told is not None
    assert told.body == expected


def test_an_answer_without_a_body_has_an_empty_one() -> None:
    (told,) = read_batch(_whole(b'{"responses": [{"id": "1", "status": 204}]}'), 1)
    assert told is not None
    assert (told.status, told.body) == (204, b"")


@given(
    st.one_of(st.binary(max_size=60), st.text(st.sampled_from('{}[]",:responsidtau123 '), max_size=60).map(str.encode))
)
def test_whatever_answers_a_batch_is_read_or_told(body: bytes) -> None:
    try:
        assert len(read_batch(_whole(body), 3)) == 3
    except APIConnectionError as error:
        assert error.error_code == "GRAPH_ANSWER_INVALID"  # noqa: PT017 - both ends are right
