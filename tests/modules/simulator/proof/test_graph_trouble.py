"""The Graph SDK in trouble: refusals, throttling, and tokens that have been revoked."""

import json
from collections.abc import AsyncIterator
from time import monotonic

import pytest
from kiota_abstractions.api_error import APIError
from kiota_abstractions.request_option import RequestOption
from msgraph.generated.models.o_data_errors.o_data_error import ODataError

from modules.simulator.faults import graph as graph_fault
from modules.simulator.faults import html, status
from tests.modules.simulator.mail.one_message import draft
from tests.modules.simulator.proof.clients import Untyped
from tests.modules.simulator.proof.graph import DEPRECATED, Graph, asking, open_graph
from tests.modules.simulator.rig import Rig

pytestmark = DEPRECATED


class Waiting(RequestOption):
    """For the SDK's middleware: how many seconds it adds to each wait of its own, otherwise three."""

    max_retry = 3
    should_retry = True

    def __init__(self, seconds: float) -> None:
        self.max_delay = seconds

    @staticmethod
    def get_key() -> str:
        return "RetryHandlerOption"


@pytest.fixture
async def graph(rig: Rig) -> AsyncIterator[Graph]:
    async with open_graph(rig) as opened:
        yield opened


def attempts(graph: Graph) -> list[str | None]:
    """Which attempt the SDK says that each request for messages is."""
    return [each.headers.get("retry-attempt") for each in graph.rig.simulator.requests.of("messages")]


async def test_what_is_gone_is_an_odata_error_404(graph: Graph) -> None:
    message = graph.mailbox.deliver(draft())
    graph.mailbox.delete(message)
    with pytest.raises(ODataError) as caught:
        await graph.client.me.messages.by_message_id(message.id).get()
    error = caught.value
    assert (error.response_status_code, error.error.code) == (404, "ErrorItemNotFound")
    assert error.error.message == "The specified object was not found in the store."
    assert error.error.inner_error.request_id == error.response_headers["request-id"]


async def test_a_malformed_id_is_an_odata_error_400(graph: Graph) -> None:
    with pytest.raises(ODataError) as caught:
        await graph.client.me.messages.by_message_id("<ABC@shipyard.example>").get()
    assert (caught.value.response_status_code, caught.value.error.code) == (400, "ErrorInvalidIdMalformed")


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"filter": "subject eq 'x'", "orderby": ["receivedDateTime desc"]}, "InefficientFilter"),
        ({"search": '"hull"', "orderby": ["receivedDateTime desc"]}, "SearchWithOrderBy"),
        ({"search": '"hull"', "filter": "isRead eq true"}, "SearchWithFilter"),
        ({"search": "from:kim"}, "BadRequest"),
        ({"filter": "isRead eq 'yes'"}, "BadRequest"),
        ({"filter": "createdDateTime ge 2024-01-01T00:00:00Z"}, "ErrorInvalidProperty"),
        ({"select": ["shoeSize"]}, "BadRequest"),
    ],
)
async def test_a_query_that_graph_does_not_take_is_an_odata_error_400(
    graph: Graph, query: dict[str, Untyped], code: str
) -> None:
    messages = graph.client.me.messages
    with pytest.raises(ODataError) as caught:
        await messages.get(asking(messages, **query))
    assert (caught.value.response_status_code, caught.value.error.code) == (400, code)


async def test_the_mailbox_of_another_is_denied(graph: Graph) -> None:
    with pytest.raises(ODataError) as caught:
        await graph.client.users.by_user_id(graph.rig.user(1).upn).messages.get()
    assert (caught.value.response_status_code, caught.value.error.code) == (403, "ErrorAccessDenied")


async def test_a_page_instead_of_json_is_an_error_without_a_code(graph: Graph) -> None:
    graph.rig.simulator.faults.add(html(502, endpoint="messages", times=1))
    with pytest.raises(APIError) as caught:
        await graph.client.me.messages.get()
    assert caught.value.response_status_code == 502


async def test_throttling_is_waited_out_as_long_as_it_says(graph: Graph) -> None:
    graph.rig.simulator.faults.add(
        graph_fault(429, "ApplicationThrottled", retry_after=1, endpoint="messages", times=1)
    )
    messages, began = graph.client.me.messages, monotonic()
    asked = asking(messages)
    asked.options = [Waiting(60.0)]
    assert (await messages.get(asked)).value == []
    assert 1 <= monotonic() - began < 60, "its own wait would be longer"
    assert attempts(graph) == [None, "1"]


async def test_throttling_that_does_not_say_is_waited_out_too(graph: Graph) -> None:
    """With the wait that the SDK has of its own, which a request may shorten."""
    graph.rig.simulator.faults.add(status(429, endpoint="messages", times=1))
    messages = graph.client.me.messages
    asked = asking(messages)
    asked.options = [Waiting(0.0)]
    assert (await messages.get(asked)).value == []
    assert attempts(graph) == [None, "1"]


async def test_a_revoked_session_is_renewed_with_the_claims_of_the_challenge(graph: Graph) -> None:
    """Continuous access evaluation: the SDK asks its credential once, with the claims in clear, and tries again."""
    graph.mailbox.deliver(draft())
    assert len((await graph.client.me.messages.get()).value) == 1
    revoked = graph.tokens.token
    graph.rig.simulator.revoke_sessions(graph.rig.user().upn)
    assert len((await graph.client.me.messages.get()).value) == 1
    assert len(attempts(graph)) == 3
    (claims,) = graph.tokens.claims
    assert json.loads(claims)["access_token"]["nbf"]["essential"] is True
    assert graph.tokens.token != revoked
