"""The Graph SDK asks for many things at once."""

import importlib
import json
import sys
import types
from collections.abc import AsyncIterator, Callable

import pytest
from kiota_abstractions.method import Method
from kiota_abstractions.request_information import RequestInformation
from msgraph.generated.models.o_data_errors.o_data_error import ODataError

from tests.modules.simulator.mail.one_message import draft
from tests.modules.simulator.proof.clients import Untyped
from tests.modules.simulator.proof.graph import DEPRECATED, Graph, asking, open_graph
from tests.modules.simulator.rig import Rig

pytestmark = DEPRECATED
MOST = 20
REFUSALS = {"XXX": ODataError}


@pytest.fixture
async def graph(rig: Rig) -> AsyncIterator[Graph]:
    """A mailbox that takes a whole batch at once; usually all but four requests would be told to come again."""
    rig.simulator.switches.mailbox_concurrency = MOST
    async with open_graph(rig) as opened:
        yield opened


@pytest.fixture
def batching(monkeypatch: pytest.MonkeyPatch) -> Untyped:
    """The SDK's module of batches. It needs `deprecated`, a package that it does not declare, to mark one class."""

    def deprecated(_reason: str) -> Callable[[type], type]:
        return lambda marked: marked

    stand_in = types.ModuleType("deprecated")
    monkeypatch.setitem(vars(stand_in), "deprecated", deprecated)
    monkeypatch.setitem(sys.modules, "deprecated", stand_in)
    return importlib.import_module("msgraph_core.requests.batch_request_content")


def subject_of(graph: Graph, message_id: str) -> Untyped:
    one = graph.client.me.messages.by_message_id(message_id)
    asked = one.to_get_request_information(asking(one, select=["subject"]))
    asked.path_parameters["baseurl"] = graph.adapter.base_url
    return asked


def content(batching: Untyped, graph: Graph, ids: dict[str, str]) -> Untyped:
    """Requests for messages, by ids of their own."""
    return batching.BatchRequestContent(
        {key: batching.BatchRequestItem(subject_of(graph, message_id), key) for key, message_id in ids.items()}
    )


async def bodies(graph: Graph, asked: Untyped) -> dict[str, Untyped]:
    """What the answers say, by ids: in these versions the SDK's own reading of them leaves bodies of JSON out."""
    posted = await graph.client.batch.to_post_request_information(asked)
    raw = await graph.adapter.send_primitive_async(posted, "bytes", REFUSALS)
    return {each["id"]: each["body"] for each in json.loads(raw)["responses"]}


async def test_twenty_requests_are_answered_in_one(graph: Graph, batching: Untyped) -> None:
    """In any order: the SDK finds the answers by the ids of the requests, which it sends with absolute URLs."""
    ids = {f"n{number}": graph.mailbox.deliver(draft(subject=f"Mail {number}")).id for number in range(MOST)}
    asked = content(batching, graph, ids)
    answer = await graph.client.batch.post(asked, REFUSALS)
    assert answer.get_response_status_codes() == dict.fromkeys(ids, 200)
    assert all("json" in each.content_type for each in answer.responses.values())
    found = {key: each["subject"] for key, each in (await bodies(graph, asked)).items()}
    assert found == {f"n{number}": f"Mail {number}" for number in range(MOST)}


async def test_each_of_them_may_fail_for_itself(graph: Graph, batching: Untyped) -> None:
    here, gone = graph.mailbox.deliver(draft()), graph.mailbox.deliver(draft())
    asked = content(batching, graph, {"here": here.id, "gone": gone.id})
    graph.mailbox.delete(gone)
    answer = await graph.client.batch.post(asked, REFUSALS)
    assert answer.get_response_status_codes() == {"here": 200, "gone": 404}
    assert (await bodies(graph, asked))["gone"]["error"]["code"] == "ErrorItemNotFound"


async def test_more_than_twenty_are_refused(graph: Graph, batching: Untyped) -> None:
    """By the SDK; and by the simulator, if they come nevertheless."""
    message_id = graph.mailbox.deliver(draft()).id
    asked = [subject_of(graph, message_id) for _ in range(MOST + 1)]
    with pytest.raises(RuntimeError, match="Maximum number of requests is 20"):
        batching.BatchRequestContent({f"n{number}": each for number, each in enumerate(asked)})
    assert await post(graph, MOST)
    with pytest.raises(ODataError) as caught:
        await post(graph, MOST + 1)
    assert caught.value.response_status_code == 400


async def post(graph: Graph, count: int) -> Untyped:
    """Send so many requests in one, without the SDK's own limit."""
    requests = [{"id": str(number), "method": "GET", "url": "/me/messages"} for number in range(count)]
    posted = RequestInformation(Method.POST, "{+baseurl}/$batch")
    posted.set_stream_content(json.dumps({"requests": requests}).encode(), "application/json")
    return await graph.adapter.send_primitive_async(posted, "bytes", REFUSALS)
