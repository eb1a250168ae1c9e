"""$batch: requests within one, each with its own fate, in any order."""

from base64 import b64decode
from typing import Any
from urllib.parse import quote

import aiohttp
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from modules.simulator.faults import dropped, graph, status, truncated
from modules.simulator.mail.mailbox import Message
from tests.modules.simulator.mail.reading import REPORT, Reply, ask, draft, new_token
from tests.modules.simulator.rig import Rig


@pytest.fixture
def messages(rig: Rig) -> list[Message]:
    return [rig.simulator.mail.mailbox(0).deliver(draft(f"Number {number}", REPORT)) for number in range(20)]


def get(step_id: str, url: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    return {"id": step_id, "method": "GET", "url": url, **more}


async def send(rig: Rig, requests: object, token: str | None = None) -> Reply:
    return await ask(
        rig, "$batch", new_token(rig) if token is None else token, method="POST", body={"requests": requests}
    )


async def run(rig: Rig, requests: list[dict[str, Any]], token: str | None = None) -> dict[str, dict[str, Any]]:
    """The answers, by their ids."""
    reply = await send(rig, requests, token)
    assert reply.status == 200, reply.raw
    return {each["id"]: each for each in reply.body["responses"]}


async def test_each_request_has_the_answer_that_it_would_have_alone(rig: Rig, messages: list[Message]) -> None:
    token, key = new_token(rig), quote(messages[0].id, safe="")
    paths = ["me/messages?$top=2&$select=subject", "me/mailFolders/inbox", f"me/messages/{key}?$select=subject"]
    answers = await run(rig, [get(str(index), f"/{path}") for index, path in enumerate(paths)], token)
    for index, path in enumerate(paths):
        alone = await ask(rig, path, token)
        assert (answers[str(index)]["status"], answers[str(index)]["body"]) == (200, alone.body)
        assert answers[str(index)]["headers"]["Content-Type"].startswith("application/json")
    assert [each.endpoint for each in rig.simulator.requests][:4] == ["batch", "messages", "folders", "message"]


async def test_refusals_come_within_the_answer(rig: Rig, messages: list[Message]) -> None:
    requests = [
        get("gone", f"/me/messages/{quote(messages[0].id, safe='')}"),
        get("malformed", "/me/messages/x"),
        get("unknown", "/me/teapots"),
        {"id": "write", "method": "DELETE", "url": "/me/messages"},
    ]
    rig.simulator.mail.mailbox(0).delete(messages[0])
    answers = await run(rig, requests)
    assert (answers["gone"]["status"], answers["malformed"]["status"]) == (404, 400)
    assert answers["gone"]["body"]["error"]["code"] == "ErrorItemNotFound"
    for name in ("unknown", "write"):
        assert 400 <= answers[name]["status"] < 500
        assert "message" in answers[name]["body"]["error"]


async def test_headers_within_are_the_request_s_own(rig: Rig, messages: list[Message]) -> None:
    key = quote(messages[0].id, safe="")
    prefer = {"Prefer": 'IdType="ImmutableId"', "Authorization": "Bearer other"}
    answers = await run(rig, [get("a", f"/me/messages/{key}", headers=prefer), get("b", f"/me/messages/{key}")])
    assert answers["a"]["body"]["id"] == messages[0].immutable_id
    assert answers["b"]["body"]["id"] == messages[0].id
    assert rig.simulator.requests.of("message")[0].headers["prefer"] == 'IdType="ImmutableId"'


async def test_bytes_come_as_base64(rig: Rig, messages: list[Message]) -> None:
    key, attachment = (quote(each, safe="") for each in (messages[0].id, messages[0].attachment_ids[0]))
    answers = await run(
        rig,
        [get("file", f"/me/messages/{key}/attachments/{attachment}/$value"), get("mime", f"/me/messages/{key}/$value")],
    )
    assert b64decode(answers["file"]["body"]) == REPORT.content
    assert answers["file"]["headers"]["Content-Type"] == "application/pdf"
    assert b"Subject: Number 0" in b64decode(answers["mime"]["body"])


async def test_whole_urls_of_the_same_host_are_taken_and_others_are_not(rig: Rig) -> None:
    answers = await run(rig, [get("a", rig.url("v1.0/me/messages?$top=1")), get("b", "me/mailFolders")])
    assert [answers[name]["status"] for name in ("a", "b")] == [200, 200]
    assert (await send(rig, [get("a", "https://evil.example/v1.0/me")])).status == 400


async def test_answers_come_in_an_order_of_their_own_unless_switched(rig: Rig) -> None:
    names = [str(number) for number in range(1, 21)]
    requests = [get(name, f"/users/{rig.user(0).upn}") for name in names]
    orders = [[each["id"] for each in (await send(rig, requests)).body["responses"]] for _ in range(2)]
    assert orders[0] == orders[1] != names
    assert sorted(orders[0]) == sorted(names)
    rig.simulator.switches.batch_shuffle = False
    assert [each["id"] for each in (await send(rig, requests)).body["responses"]] == names


async def test_more_than_four_at_once_are_throttled_one_by_one(rig: Rig, messages: list[Message]) -> None:
    requests = [get(str(index), f"/me/messages/{quote(each.id, safe='')}") for index, each in enumerate(messages)]
    answers = await run(rig, requests)
    found = [answers[str(index)]["status"] for index in range(20)]
    assert found == [200] * 4 + [429] * 16
    assert answers["19"]["headers"]["Retry-After"] == "1"
    assert answers["19"]["body"]["error"]["code"] == "ApplicationThrottled"
    limits = rig.simulator.mail.limits
    assert (limits.peak(0), limits.refused(0), limits.requests(0)) == (5, 16, 20)


async def test_a_sequence_is_not_throttled(rig: Rig, messages: list[Message]) -> None:
    requests = [
        get(str(index), f"/me/messages/{quote(each.id, safe='')}", **({"dependsOn": [str(index - 1)]} if index else {}))
        for index, each in enumerate(messages)
    ]
    answers = await run(rig, requests)
    assert {answer["status"] for answer in answers.values()} == {200}
    assert rig.simulator.mail.limits.peak(0) == 1


async def test_each_request_within_counts_towards_those_in_a_while(rig: Rig) -> None:
    rig.simulator.switches.mailbox_requests = 2
    answers = await run(rig, [get(name, "/me/mailFolders") for name in "abc"])
    assert sorted(answer["status"] for answer in answers.values()) == [200, 200, 429]
    assert [answer["body"]["error"]["code"] for answer in answers.values() if answer["status"] == 429] == [
        "TooManyRequests"
    ]


@pytest.mark.parametrize("key", ["dependsOn", "depends_on"])
async def test_what_depends_on_a_failure_is_not_carried_out(rig: Rig, key: str) -> None:
    requests = [
        get("last", "/me/mailFolders", **{key: ["MIDDLE"]}),
        get("middle", "/me/mailFolders", **{key: ["first"]}),
        get("first", "/me/messages/x"),
        get("free", "/me/mailFolders"),
    ]
    answers = await run(rig, requests)
    found = {name: answer["status"] for name, answer in answers.items()}
    assert found == {"first": 400, "middle": 424, "last": 424, "free": 200}
    assert len(rig.simulator.requests.of("folders")) == 1


@pytest.mark.parametrize(
    "requests",
    [
        None,
        [],
        "text",
        ["text"],
        [get(str(number), "/me") for number in range(21)],
        [get("a", "/me"), get("A", "/me")],
        [{"id": "a", "method": "GET"}],
        [{"method": "GET", "url": "/me"}],
        [{"id": 1, "method": "GET", "url": "/me"}],
        [get("a", "/me", method="G T")],
        [get("a", "/me", headers=["x"])],
        [get("a", "/me", headers={"Prefer": "a\r\nb"})],
        [get("a", "/me", dependsOn="b")],
        [get("a", "/me", dependsOn=["b"])],
        [get("a", "/me", dependsOn=["a"])],
        [get("a", "/me", dependsOn=["b"]), get("b", "/me", dependsOn=["a"])],
        [get("a", "/$batch", method="POST")],
        [get("a", "http://[")],
    ],
)
async def test_a_batch_that_makes_no_sense_is_refused_as_a_whole(rig: Rig, requests: object) -> None:
    reply = await send(rig, requests)
    assert (reply.status, "error" in reply.body) == (400, True)
    assert not rig.simulator.requests.of("graph")


async def test_a_body_must_be_json_and_say_so(rig: Rig) -> None:
    headers = {"Authorization": f"Bearer {new_token(rig)}"}
    for kind, text in (
        ("text/plain", '{"requests": []}'),
        ("application/x-www-form-urlencoded", "a=b"),
        ("application/json", "{"),
        ("application/json", "[" * 100_000),
        ("application/json", b"\xff"),
    ):
        sent = {**headers, "Content-Type": kind}
        async with rig.http.post(rig.url("v1.0/$batch"), data=text, headers=sent) as response:
            assert response.status == 400, kind


async def test_a_batch_needs_a_token(rig: Rig) -> None:
    assert (await send(rig, [get("a", "/me")], "")).status == 401


async def test_a_request_within_meets_the_faults_of_its_own_endpoint(rig: Rig, messages: list[Message]) -> None:
    key = quote(messages[0].id, safe="")
    rig.simulator.faults.add(graph(503, "serviceNotAvailable", endpoint="message", retry_after="2.128", times=1))
    answers = await run(rig, [get("a", f"/me/messages/{key}"), get("b", "/me/mailFolders")])
    assert {name: answer["status"] for name, answer in answers.items()} == {"a": 503, "b": 200}
    assert answers["a"]["headers"]["Retry-After"] == "2.128"
    rig.simulator.faults.add(status(504, endpoint="batch", times=1))
    assert (await send(rig, [get("a", "/me")])).status == 504


async def test_an_answer_within_that_is_cut_comes_as_bytes(rig: Rig) -> None:
    rig.simulator.faults.add(truncated(endpoint="folders", times=1))
    answers = await run(rig, [get("a", "/me/mailFolders")])
    assert b64decode(answers["a"]["body"]).startswith(b"{")


async def test_a_request_within_that_is_dropped_takes_the_batch_along(rig: Rig) -> None:
    rig.simulator.faults.add(dropped(endpoint="folders", times=1))
    with pytest.raises(aiohttp.ClientConnectionError):
        await send(rig, [get("a", "/me/mailFolders"), get("b", "/me/messages")])


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=5,
)
_STEP = st.fixed_dictionaries(
    {},
    optional={
        "id": st.sampled_from(["a", "b", "A"]) | _JSON,
        "method": st.sampled_from(["GET", "POST", "get"]) | _JSON,
        "url": st.sampled_from(["/me", "me/messages?$top=1", "/%"]) | st.text(max_size=12) | _JSON,
        "headers": st.dictionaries(st.text(max_size=6), _JSON, max_size=2) | _JSON,
        "dependsOn": st.lists(st.sampled_from(["a", "b"])) | _JSON,
    },
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(requests=st.lists(_STEP | _JSON, max_size=4))
async def test_nonsense_is_refused_or_answered_but_never_breaks(rig: Rig, requests: list[object]) -> None:
    assert (await send(rig, requests)).status in {200, 400}
