"""Lists of messages: which ones, in what order, page by page."""

from datetime import timedelta
from urllib.parse import parse_qsl, urlsplit

import pytest
from yarl import URL

from tests.modules.simulator.mail.graph_client import IMMUTABLE, Client, client_of
from tests.modules.simulator.mail.reading import MOMENT, REPORT, draft

BY_TIME = "receivedDateTime desc"
SINCE_EVER = "receivedDateTime ge 1900-01-01T00:00:00Z"


def numbers(*found: int) -> list[str]:
    return [str(each) for each in found]


async def test_messages_of_all_folders_come_newest_first(client: Client) -> None:
    client.deliver(2)
    client.deliver(2, "deleteditems", start=2)
    client.deliver(1, "archive", start=4)
    assert await client.subjects("messages") == numbers(4, 3, 2, 1, 0)
    assert await client.subjects("mailFolders/inbox/messages") == numbers(1, 0)


async def test_ten_messages_come_at_once_and_links_lead_to_all(client: Client) -> None:
    client.deliver(25)
    pages = await client.pages("messages", select="subject", count="true")
    assert [len(page["value"]) for page in pages] == [10, 10, 5]
    assert {page["@odata.count"] for page in pages} == {25}
    assert all(set(value) == {"@odata.etag", "id", "subject"} for page in pages for value in page["value"])
    assert [value["subject"] for page in pages for value in page["value"]] == numbers(*range(24, -1, -1))


@pytest.mark.parametrize(("total", "pages"), [(0, 1), (1, 1), (4, 1), (5, 2), (8, 2)])
async def test_the_last_page_has_no_link(client: Client, total: int, pages: int) -> None:
    client.deliver(total)
    assert len(await client.pages("messages", top="4")) == pages


async def test_links_are_absolute_and_carry_all_options(client: Client) -> None:
    client.deliver(3)
    query = {
        "filter": f"{SINCE_EVER} and subject ne 'l''ete & 100% + 한'",
        "orderby": BY_TIME,
        "top": "1",
        "count": "true",
    }
    reply = await client.get("mailFolders('inbox')/messages", **query)
    link = reply.body["@odata.nextLink"]
    assert link.startswith(f"{client.rig.simulator.http_url}/v1.0/me/mailFolders('inbox')/messages?")
    assert " " not in link
    options = dict(parse_qsl(urlsplit(link).query))
    assert options == {**{f"${name}": value for name, value in query.items()}, "$skip": "1"}
    assert str(URL(link, encoded=True)) == link
    assert len(await client.values(link)) == 2


async def test_a_client_that_quotes_links_anew_gets_the_same(client: Client) -> None:
    client.deliver(3)
    link = (await client.get("messages", filter=f"{SINCE_EVER} and from/emailAddress/name ne 'a+b/c='", top="1")).body[
        "@odata.nextLink"
    ]
    assert (await client.get(str(URL(link)))).body["value"] == (await client.get(link)).body["value"]


async def test_the_page_size_may_be_preferred(client: Client) -> None:
    client.deliver(6)
    reply = await client.get("messages", prefer="odata.maxpagesize=4")
    assert (len(reply.body["value"]), reply.headers["Preference-Applied"]) == (4, "odata.maxpagesize=4")
    assert len((await client.get("messages", prefer="odata.maxpagesize=4", top="5")).body["value"]) == 4
    assert len((await client.get("messages", prefer="odata.maxpagesize=4", top="2")).body["value"]) == 2


async def test_preferences_are_not_in_the_links(client: Client) -> None:
    messages = client.deliver(3)
    first = (await client.get("messages", prefer=f"{IMMUTABLE}, odata.maxpagesize=1", select="id")).body
    assert first["value"][0]["id"] == messages[2].immutable_id
    second = (await client.get(first["@odata.nextLink"])).body
    assert [each["id"] for each in second["value"]] == [messages[1].id, messages[0].id]


async def test_messages_can_be_skipped(client: Client) -> None:
    client.deliver(5)
    assert await client.subjects("messages", skip="2", top="2") == numbers(2, 1, 0)
    assert await client.subjects("messages", skip="7") == []


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        (BY_TIME, [2, 1, 0]),
        ("receivedDateTime", [0, 1, 2]),
        ("receivedDateTime asc", [0, 1, 2]),
        ("isRead desc", [1, 2, 0]),
        ("isRead, receivedDateTime", [0, 2, 1]),
    ],
)
async def test_messages_come_in_the_wanted_order_across_pages(client: Client, order: str, expected: list[int]) -> None:
    _, second, _ = client.deliver(3)
    client.mailbox.change(second, is_read=True)
    assert await client.subjects("messages", orderby=order, top="1") == numbers(*expected)


async def test_only_what_is_filtered_comes_and_is_counted(client: Client) -> None:
    messages = client.deliver(6)
    client.mailbox.change(messages[3], is_read=True)
    pages = await client.pages("messages", filter="isRead eq false", top="2", count="true")
    assert [[value["subject"] for value in page["value"]] for page in pages] == [["5", "4"], ["2", "1"], ["0"]]
    assert {page["@odata.count"] for page in pages} == {5}


async def test_a_filter_and_an_order_together_are_answered(client: Client) -> None:
    client.deliver(4)
    bound = f"{MOMENT + timedelta(minutes=1):%Y-%m-%dT%H:%M:%SZ}"
    found = await client.subjects("messages", filter=f"receivedDateTime ge {bound}", orderby="receivedDateTime")
    assert found == numbers(1, 2, 3)


async def test_a_query_sees_what_changed_since_it_was_asked_last(client: Client) -> None:
    [message] = client.deliver(1)
    query = {"filter": "isRead eq false"}
    assert await client.subjects("messages", **query) == ["0"]
    client.mailbox.change(message, is_read=True)
    assert await client.subjects("messages", **query) == []
    client.deliver(1, start=1)
    assert await client.subjects("messages", **query) == ["1"]


async def test_the_same_query_in_two_folders_and_mailboxes_is_not_confused(client: Client) -> None:
    other = client_of(client.rig, user=1)
    client.deliver(1)
    client.deliver(1, "archive", start=1)
    other.deliver(2, start=5)
    assert client.mailbox.revision == other.mailbox.revision
    assert await client.subjects("messages", filter=SINCE_EVER) == numbers(1, 0)
    assert await client.subjects("mailFolders/archive/messages", filter=SINCE_EVER) == ["1"]
    assert await other.subjects("messages", filter=SINCE_EVER) == numbers(6, 5)


async def test_a_search_finds_the_newest_matches_page_by_page(client: Client) -> None:
    for number in range(5):
        received = MOMENT + timedelta(minutes=number)
        client.mailbox.deliver(draft(f"hull {number}" if number != 2 else "other", received_at=received))
    pages = await client.pages("messages", search='"hull"', top="3")
    assert [[value["subject"] for value in page["value"]] for page in pages] == [
        ["hull 4", "hull 3", "hull 1"],
        ["hull 0"],
    ]
    assert "$skiptoken=" in pages[0]["@odata.nextLink"]
    assert "$skip=" not in pages[0]["@odata.nextLink"]


async def test_a_search_finds_a_thousand_messages_and_no_more(client: Client) -> None:
    client.deliver(1_005)
    pages = await client.pages("messages", search='"annex"', top="600", select="subject")
    assert [len(page["value"]) for page in pages] == [600, 400]
    assert pages[-1]["value"][-1]["subject"] == "5"


async def test_up_to_a_thousand_messages_come_at_once(client: Client) -> None:
    client.deliver(1_001)
    pages = await client.pages("messages", top="1000", select="id")
    assert [len(page["value"]) for page in pages] == [1000, 1]


async def test_attachments_come_along_with_every_message(client: Client) -> None:
    client.mailbox.deliver(draft("with", REPORT))
    client.mailbox.deliver(draft("without"))
    found = await client.values("messages", select="subject", expand="attachments($select=name)")
    assert {each["subject"]: [one["name"] for one in each["attachments"]] for each in found} == {
        "with": [REPORT.name],
        "without": [],
    }


async def test_every_list_names_its_own_metadata(client: Client) -> None:
    owner = client.mailbox.user.object_id
    context = (await client.get("messages", select="subject,from")).body["@odata.context"]
    assert context == f"{client.rig.simulator.http_url}/v1.0/$metadata#users('{owner}')/messages(subject,from)"


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("$top=0", "ErrorInvalidUrlQuery"),
        ("$top=1001", "ErrorInvalidUrlQuery"),
        ("$top=-1", "BadRequest"),
        ("$top=x", "BadRequest"),
        ("$skip=x", "BadRequest"),
        ("$count=maybe", "BadRequest"),
        ("$select=nonsense", "BadRequest"),
        ("$orderby=nonsense", "BadRequest"),
        ("$filter=nonsense", "BadRequest"),
        ("$expand=nonsense", "BadRequest"),
        ("$nonsense=1", "RequestBroker--ParseUri"),
        ("$deltatoken=x", "RequestBroker--ParseUri"),
        ("$skiptoken=x", "BadRequest"),
        ("$skiptoken=eHg%3D", "BadRequest"),
        ("$top=1&$top=2", "BadRequest"),
        ("$filter=isRead eq true&$orderby=receivedDateTime", "InefficientFilter"),
        ('$search="x"&$orderby=receivedDateTime', "SearchWithOrderBy"),
        ('$search="x"&$skip=1', "SearchWithSkip"),
    ],
)
async def test_nonsense_is_refused(client: Client, query: str, code: str) -> None:
    reply = await client.get(f"messages?{query}".replace(" ", "%20"))
    assert (reply.status, reply.error) == (400, code)


async def test_options_of_others_are_left_alone(client: Client) -> None:
    client.deliver(2)
    reply = await client.get("messages?own=1&$top=1")
    assert reply.status == 200
    assert "own=1" in reply.body["@odata.nextLink"]


@pytest.mark.parametrize(
    "prefer", ["odata.maxpagesize=0", "odata.maxpagesize=x", "IdType=Nonsense", '"', "=,;", "x" * 5000]
)
async def test_preferences_that_make_no_sense_are_not_followed(client: Client, prefer: str) -> None:
    [message] = client.deliver(1)
    reply = await client.get("messages", prefer=prefer)
    assert [each["id"] for each in reply.body["value"]] == [message.id]
    assert "Preference-Applied" not in reply.headers
