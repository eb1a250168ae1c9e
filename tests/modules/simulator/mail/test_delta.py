"""Changes of a folder: rounds of pages, links, and what is refused."""

from datetime import timedelta
from typing import Any

import pytest

from tests.modules.simulator.mail.graph_client import IMMUTABLE, Client, in_path
from tests.modules.simulator.mail.reading import MOMENT, REPORT, draft

INBOX = "mailFolders/inbox/messages/delta"


async def a_round(
    client: Client, start: str = INBOX, *, prefer: str = "", **query: str
) -> tuple[list[dict[str, Any]], str]:
    """What a round tells, and the link to the next one."""
    pages = await client.pages(start, prefer=prefer, **query)
    assert ["@odata.deltaLink" in page for page in pages] == [False] * (len(pages) - 1) + [True]
    return [value for page in pages for value in page["value"]], pages[-1]["@odata.deltaLink"]


def removed(message_id: str) -> dict[str, Any]:
    return {"@odata.type": "#microsoft.graph.message", "id": message_id, "@removed": {"reason": "deleted"}}


def told(values: list[dict[str, Any]]) -> list[str]:
    return [value.get("subject", "removed") for value in values]


@pytest.mark.parametrize("form", ["delta", "delta()", "microsoft.graph.delta", "microsoft.graph.delta()", "Delta"])
async def test_a_first_round_tells_of_everything_in_the_folder(client: Client, form: str) -> None:
    client.deliver(12)
    client.deliver(3, "archive", start=12)
    pages = await client.pages(f"mailFolders('inbox')/messages/{form}")
    assert [len(page["value"]) for page in pages] == [10, 2]
    assert told([value for page in pages for value in page["value"]]) == [str(each) for each in range(11, -1, -1)]
    assert pages[0]["@odata.context"].endswith("/v1.0/$metadata#Collection(message)")
    assert "body" in pages[0]["value"][0]


async def test_an_empty_folder_has_an_empty_first_round(client: Client) -> None:
    values, link = await a_round(client)
    assert values == []
    client.deliver(1)
    assert told((await a_round(client, link))[0]) == ["0"]


async def test_links_hold_a_token_and_nothing_else(client: Client) -> None:
    client.deliver(3)
    first = (await client.get(INBOX, select="subject", top="2")).body
    path, _, query = first["@odata.nextLink"].partition("?")
    assert path == f"{client.rig.simulator.http_url}/v1.0/me/{INBOX}"
    assert query.startswith("$skiptoken=")
    assert "&" not in query
    last = (await client.get(first["@odata.nextLink"])).body
    assert last["@odata.deltaLink"].partition("?")[2].startswith("$deltatoken=")
    assert set(last["value"][0]) == {"@odata.etag", "id", "subject"}


async def test_older_mail_that_comes_during_a_first_round_is_told_in_the_next(client: Client) -> None:
    """A filtered first round would tell of more than its five thousand otherwise."""
    client.deliver(4, start=10)
    first = (await client.get(INBOX, top="2")).body
    client.deliver(1, start=5)
    client.mailbox.move(client.mailbox.deliver(draft("moved"), "archive"), "inbox")
    values, link = await a_round(client, first["@odata.nextLink"])
    assert told(values) == ["11", "10"]
    assert told((await a_round(client, link))[0]) == ["5", "moved"]


async def test_later_rounds_tell_of_what_came_changed_and_went(client: Client) -> None:
    first, second, third = client.deliver(3)
    _, link = await a_round(client, select="subject,isRead")
    assert (await a_round(client, link))[0] == []
    client.mailbox.change(second, is_read=True)
    gone = first.id
    client.mailbox.delete(first)
    client.deliver(1, start=3)
    moved = third.id
    client.mailbox.move(third, "archive")
    values, link = await a_round(client, link)
    assert [each.get("subject") for each in values] == ["1", None, "3", None]
    assert values[0]["isRead"] is True
    assert (values[1], values[3]) == (removed(gone), removed(moved))
    assert (await a_round(client, link))[0] == []


async def test_a_link_can_be_used_again(client: Client) -> None:
    client.deliver(1)
    _, link = await a_round(client)
    client.deliver(1, start=1)
    assert told((await a_round(client, link))[0]) == told((await a_round(client, link))[0]) == ["1"]


async def test_a_moved_message_is_new_where_it_came_to(client: Client) -> None:
    [message] = client.deliver(1)
    old = message.id
    _, inbox = await a_round(client)
    _, archive = await a_round(client, "mailFolders/archive/messages/delta")
    client.mailbox.move(message, "archive")
    assert (await a_round(client, inbox))[0] == [removed(old)]
    [value] = (await a_round(client, archive))[0]
    assert (value["id"], value["subject"]) == (message.id, "0")
    assert message.id != old


async def test_with_immutable_ids_a_moved_message_keeps_its_name(client: Client) -> None:
    [message] = client.deliver(1)
    _, inbox = await a_round(client, prefer=IMMUTABLE)
    _, archive = await a_round(client, "mailFolders/archive/messages/delta", prefer=IMMUTABLE)
    client.mailbox.move(message, "archive")
    assert (await a_round(client, inbox, prefer=IMMUTABLE))[0] == [removed(message.immutable_id)]
    [value] = (await a_round(client, archive, prefer=IMMUTABLE))[0]
    assert value["id"] == message.immutable_id


async def test_a_message_that_left_and_came_back_is_told_by_its_names(client: Client) -> None:
    [message] = client.deliver(1)
    old = message.id
    _, link = await a_round(client)
    client.mailbox.move(message, "archive")
    client.mailbox.move(message, "inbox")
    values, _ = await a_round(client, link)
    assert (values[0], values[1]["id"], len(values)) == (removed(old), message.id, 2)
    immutable, _ = await a_round(client, link, prefer=IMMUTABLE)
    assert [each["id"] for each in immutable] == [message.immutable_id]
    assert "@removed" not in immutable[0]


async def test_preferences_are_not_in_the_links(client: Client) -> None:
    messages = client.deliver(3)
    first = (await client.get(INBOX, prefer=f"{IMMUTABLE}, odata.maxpagesize=1")).body
    assert [each["id"] for each in first["value"]] == [messages[2].immutable_id]
    second = (await client.get(first["@odata.nextLink"])).body
    assert [each["id"] for each in second["value"]] == [messages[1].id, messages[0].id]


async def test_a_change_during_a_round_is_told_in_it_or_in_the_next(client: Client) -> None:
    messages = client.deliver(4)
    first = (await client.get(INBOX, top="2")).body
    client.mailbox.change(messages[3], subject="told before")
    client.mailbox.change(messages[0], subject="not told yet")
    client.deliver(1, start=9)
    client.mailbox.delete(messages[1])
    values, link = await a_round(client, first["@odata.nextLink"])
    assert told(values) == ["not told yet"] if len(values) == 1 else ["2", "not told yet"]
    later, _ = await a_round(client, link)
    assert set(told(later)) >= {"told before", "9", "removed"}


async def test_what_arrived_and_changed_while_a_round_went_on_is_told_whole(client: Client) -> None:
    """Otherwise a client that is told of changed properties only would never see the rest."""
    client.rig.simulator.switches.delta_partial_updates = True
    client.deliver(1)
    _, link = await a_round(client, top="1")
    [message, _] = client.deliver(2, start=1)
    page = (await client.get(link)).body
    assert told(page["value"]) == ["1"]
    client.mailbox.change(message, is_read=True)
    values, link = await a_round(client, page["@odata.nextLink"])
    assert told(values) == ["2"]
    [value] = (await a_round(client, link))[0]
    assert (value["id"], value["isRead"]) == (message.id, True)
    assert "subject" not in value


async def test_later_rounds_may_name_changed_properties_only(client: Client) -> None:
    client.rig.simulator.switches.delta_partial_updates = True
    message, _ = client.deliver(2)
    _, link = await a_round(client)
    client.mailbox.change(message, is_read=True, categories=("red",))
    [value] = (await a_round(client, link))[0]
    always = {"@odata.etag", "id", "lastModifiedDateTime", "changeKey"}
    assert set(value) == {*always, "isRead", "categories"}
    _, selected = await a_round(client, select="subject,isRead")
    client.mailbox.change(message, is_read=False, importance="high")
    [value] = (await a_round(client, selected))[0]
    assert set(value) == {"@odata.etag", "id", "isRead"}


async def test_pages_may_repeat_some_of_the_page_before(client: Client) -> None:
    client.rig.simulator.switches.delta_replays = True
    client.deliver(12)
    pages = [told(page["value"]) for page in await client.pages(INBOX, top="4")]
    assert pages[0] == ["11", "10", "9", "8"]
    assert pages[1] == ["7", "6", "5", "11"]
    assert {each for page in pages for each in page} == {str(each) for each in range(12)}


async def test_a_round_may_have_empty_pages(client: Client) -> None:
    client.rig.simulator.switches.delta_empty_pages = True
    client.deliver(5)
    pages = await client.pages(INBOX, top="2")
    assert [len(page["value"]) for page in pages] == [2, 0, 2, 0, 1]
    _, link = await a_round(client)
    client.deliver(1, start=5)
    assert [told(page["value"]) for page in await client.pages(link)] == [[], ["5"]]


@pytest.mark.parametrize(("sign", "expected"), [("ge", ["3", "2"]), ("gt", ["3"])])
async def test_a_filter_keeps_older_messages_out_of_all_rounds(client: Client, sign: str, expected: list[str]) -> None:
    messages = client.deliver(4)
    bound = f"{MOMENT + timedelta(minutes=2):%Y-%m-%dT%H:%M:%SZ}"
    values, link = await a_round(client, filter=f"receivedDateTime {sign} {bound}", orderby="receivedDateTime desc")
    assert told(values) == expected
    for message in messages:
        client.mailbox.change(message, is_read=True)
    assert sorted(told((await a_round(client, link))[0]), reverse=True) == expected
    client.deliver(1, start=9)
    client.mailbox.delete(messages[0])
    assert "removed" not in told((await a_round(client, link))[0])


async def test_a_filtered_first_round_tells_of_the_newest_five_thousand(client: Client) -> None:
    client.deliver(5_003)
    values, _ = await a_round(client, filter="receivedDateTime ge 1900-01-01T00:00:00Z", top="1000", select="subject")
    assert (len(values), values[0]["subject"], values[-1]["subject"]) == (5_000, "5002", "3")
    everything, _ = await a_round(client, top="1000", select="subject")
    assert len(everything) == 5_003


@pytest.mark.parametrize(
    ("types", "first", "later"),
    [
        ("created", 1, ["new"]),
        ("updated", 0, ["0"]),
        ("deleted", 0, ["removed"]),
        ("Created,deleted", 2, ["new", "removed"]),
    ],
)
async def test_rounds_can_be_about_one_type_of_change(client: Client, types: str, first: int, later: list[str]) -> None:
    changed, *others = client.deliver(first or 1)
    gone = client.mailbox.deliver(draft("gone")) if "deleted" in types else changed
    values, link = await a_round(client, f"{INBOX}?changeType={types}")
    assert bool(values) == ("reated" in types)
    client.mailbox.change(changed, is_read=True)
    client.mailbox.deliver(draft("new"))
    if "deleted" in types:
        client.mailbox.delete(gone)
    assert told((await a_round(client, link))[0]) == later
    assert len(others) == max(0, first - 1)


async def test_attachments_can_come_along(client: Client) -> None:
    client.mailbox.deliver(draft("x", REPORT))
    [value] = (await a_round(client, select="subject", expand="attachments($select=name)"))[0]
    assert [each["name"] for each in value["attachments"]] == [REPORT.name]


async def test_forgotten_cursors_are_gone(client: Client) -> None:
    client.deliver(3)
    page = (await client.get(INBOX, top="1")).body
    _, link = await a_round(client)
    client.mailbox.expire_deltas()
    for each in (link, page["@odata.nextLink"]):
        reply = await client.get(each)
        assert (reply.status, reply.error) == (410, "SyncStateNotFound")
        assert "The sync state generation is not found; generation=1;[highest=2]" in reply.body["error"]["message"]
    assert len((await a_round(client))[0]) == 3


async def test_the_other_answer_says_where_to_begin_again(client: Client) -> None:
    client.rig.simulator.switches.delta_resync_location = True
    client.deliver(2)
    _, link = await a_round(client, select="subject")
    client.mailbox.expire_deltas()
    reply = await client.get(link)
    assert (reply.status, reply.error) == (410, "resyncRequired")
    assert reply.headers["Location"].endswith("$deltatoken=")
    values, _ = await a_round(client, reply.headers["Location"])
    assert [set(each) for each in values] == [{"@odata.etag", "id", "subject"}] * 2


async def test_tokens_that_were_never_given_out_are_gone(client: Client) -> None:
    client.deliver(1)
    _, link = await a_round(client)
    token = link.partition("=")[2]
    other = "mailFolders/archive/messages/delta"
    for path in (
        f"{INBOX}?$deltatoken=nonsense",
        f"{INBOX}?$deltatoken=latest",
        f"{INBOX}?$skiptoken=%00%FF",
        f"{INBOX}?$deltatoken={token[:-8]}",
        f"{INBOX}?$skiptoken={token}",
        f"{other}?$deltatoken={token}",
        f"{INBOX}?$deltatoken={'A' if token[0] != 'A' else 'B'}{token[1:]}",
    ):
        reply = await client.get(path)
        assert (reply.status, reply.error) == (410, "SyncStateNotFound"), path


@pytest.mark.parametrize(
    "query",
    [
        "$search=%22x%22",
        "$count=true",
        "$skip=1",
        "$filter=isRead%20eq%20true",
        "$filter=receivedDateTime%20le%202020-01-01T00:00:00Z",
        "$filter=receivedDateTime%20ge%202020-01-01T00:00:00Z%20and%20isRead%20eq%20true",
        "$filter=receivedDateTime%20ge%20x",
        "$orderby=subject",
        "$orderby=receivedDateTime",
        "$select=nonsense",
        "$top=0",
        "changeType=nonsense",
        "changeType=created&changetype=updated",
    ],
)
async def test_what_is_not_asked_of_changes_is_refused(client: Client, query: str) -> None:
    assert (await client.get(f"{INBOX}?{query}")).status == 400


async def test_options_are_for_the_first_call_only(client: Client) -> None:
    _, link = await a_round(client)
    for more in ("$select=subject", "changeType=created", "$skiptoken=x"):
        assert (await client.get(f"{link}&{more}")).status == 400


async def test_a_folder_that_is_not_there_has_no_changes(client: Client) -> None:
    folder_id = client.rig.simulator.mail.mailbox(1).folder("inbox").folder_id
    reply = await client.get(f"mailFolders/{in_path(folder_id)}/messages/delta")
    assert (reply.status, reply.error) == (404, "ErrorItemNotFound")
