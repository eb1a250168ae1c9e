"""The Graph SDK reads mail: folders, lists, pages, changes, single messages and attachments."""

from collections.abc import AsyncIterator
from datetime import timedelta
from email import message_from_bytes, policy

import pytest
from msgraph.generated.models.body_type import BodyType
from msgraph.generated.models.file_attachment import FileAttachment
from msgraph.generated.models.importance import Importance
from msgraph.generated.models.item_attachment import ItemAttachment
from msgraph.generated.models.reference_attachment import ReferenceAttachment
from msgraph_core.tasks.page_iterator import PageIterator

from modules.simulator.mail.content import Item, Link
from tests.modules.simulator.mail.one_message import BERG, KIM, LOGO, RECEIVED, REPORT, draft
from tests.modules.simulator.proof.clients import Untyped
from tests.modules.simulator.proof.graph import DEPRECATED, Graph, asking, open_graph, value_of
from tests.modules.simulator.rig import Rig

pytestmark = DEPRECATED


@pytest.fixture
async def graph(rig: Rig) -> AsyncIterator[Graph]:
    async with open_graph(rig) as opened:
        yield opened


def deliver(graph: Graph, count: int, folder: str = "inbox") -> None:
    """Deliver mails with the numbers from 0, an hour apart."""
    for number in range(count):
        graph.mailbox.deliver(
            draft(
                subject=f"Mail {number}",
                received_at=RECEIVED + timedelta(hours=number),
                sender=BERG if number % 2 else KIM,
                importance="high" if number % 3 == 0 else "normal",
            ),
            folder,
        )


async def test_folders_are_listed_with_their_counts(graph: Graph) -> None:
    deliver(graph, 3)
    parent = graph.mailbox.add_folder("Panels")
    graph.mailbox.add_folder("PL", parent)
    folders = graph.client.me.mail_folders
    found = {each.display_name: each for each in (await folders.get(asking(folders, top=50))).value}
    assert {"Inbox", "Sent Items", "Drafts", "Deleted Items", "Archive", "Panels"} <= set(found)
    inbox, panels = found["Inbox"], found["Panels"]
    assert (inbox.total_item_count, inbox.unread_item_count, panels.child_folder_count) == (3, 3, 1)
    children = await folders.by_mail_folder_id(panels.id).child_folders.get()
    assert [(each.display_name, each.parent_folder_id) for each in children.value] == [("PL", panels.id)]
    assert (await folders.by_mail_folder_id("inbox").get()).id == inbox.id


async def test_messages_are_filtered_sorted_selected_and_counted(graph: Graph) -> None:
    deliver(graph, 8)
    since = (RECEIVED + timedelta(hours=2)).strftime("%Y-%m-%dT%H:%M:%SZ")
    messages = graph.client.me.mail_folders.by_mail_folder_id("inbox").messages
    query = asking(
        messages,
        filter=f"receivedDateTime ge {since} and from/emailAddress/address eq '{BERG.address}'",
        orderby=["receivedDateTime asc"],
        select=["subject", "importance", "receivedDateTime", "from"],
        top=2,
        count=True,
    )
    found = await messages.get(query)
    assert [(each.subject, each.importance) for each in found.value] == [
        ("Mail 3", Importance.High),
        ("Mail 5", Importance.Normal),
    ]
    first = found.value[0]
    assert (first.received_date_time, first.from_.email_address.name) == (RECEIVED + timedelta(hours=3), "Anna Berg")
    assert (first.body, first.to_recipients, first.is_read) == (None, None, None), "not selected"
    assert (found.odata_count, found.odata_next_link is not None) == (3, True)


async def test_a_search_finds_words(graph: Graph) -> None:
    deliver(graph, 3)
    graph.mailbox.deliver(draft(subject="Rudder", body="<p>A <i>horn</i> of steel</p>"))
    messages = graph.client.me.messages
    query = asking(messages, search='"\\"horn of steel\\" from:kim"', select=["subject"])
    assert [each.subject for each in (await messages.get(query)).value] == ["Rudder"]


async def test_the_page_iterator_finds_every_message_once(graph: Graph) -> None:
    deliver(graph, 25)
    messages = graph.client.me.messages
    first = await messages.get(asking(messages, top=7, select=["subject"], filter="isRead eq false"))
    subjects: list[str] = []

    def note(message: Untyped) -> bool:
        """True: go on."""
        subjects.append(message.subject)
        return True

    iterator = PageIterator(first, graph.adapter)
    iterator.headers.add("Prefer", 'IdType="ImmutableId"')
    await iterator.iterate(note)
    assert subjects == [f"Mail {number}" for number in reversed(range(25))]
    asked = graph.rig.simulator.requests.of("messages")
    assert [each.headers.get("prefer") for each in asked] == [None, *['IdType="ImmutableId"'] * 3]


async def test_changes_are_told_until_the_link_of_the_next_round(graph: Graph) -> None:
    deliver(graph, 5)
    stays, goes, changes = graph.mailbox.messages("inbox")[:3]
    changes_of = graph.client.me.mail_folders.by_mail_folder_id("inbox").messages.delta
    page = await changes_of.get(asking(changes_of, "odata.maxpagesize=2", select=["subject", "isRead"]))
    seen = [each.subject for each in page.value]
    while page.odata_next_link:
        page = await changes_of.with_url(page.odata_next_link).get(asking(changes_of, "odata.maxpagesize=2"))
        seen += [each.subject for each in page.value]
    assert sorted(seen) == [f"Mail {number}" for number in range(5)]
    gone = goes.id
    graph.mailbox.move(goes, "archive")
    graph.mailbox.change(changes, is_read=True)
    comes = graph.mailbox.deliver(draft(subject="New"))
    page = await changes_of.with_url(page.odata_delta_link).get()
    told = {each.id: each for each in page.value}
    assert set(told) == {gone, changes.id, comes.id}
    assert told[gone].additional_data["@removed"] == {"reason": "deleted"}
    assert told[changes.id].is_read is True
    assert stays.id not in told
    page = await changes_of.with_url(page.odata_delta_link).get()
    assert (page.value, page.odata_next_link) == ([], None)


async def test_a_message_comes_whole(graph: Graph) -> None:
    sent = graph.mailbox.deliver(draft(cc=(BERG,), categories=("Class",), attachments=(REPORT,)))
    found = await graph.client.me.messages.by_message_id(sent.id).get()
    assert (found.id, found.subject, found.internet_message_id) == (sent.id, sent.subject, "<ABC@shipyard.example>")
    assert (found.has_attachments, found.is_read, found.categories) == (True, False, ["Class"])
    assert (found.body.content_type, found.body.content) == (BodyType.Html, sent.draft.body)
    assert [each.email_address.address for each in found.cc_recipients] == [BERG.address]
    assert (found.parent_folder_id, found.conversation_id) == (sent.folder.folder_id, sent.conversation_id)
    assert found.received_date_time == RECEIVED


async def test_preferences_choose_text_and_ids_that_stay(graph: Graph) -> None:
    sent = graph.mailbox.deliver(draft())
    prefer = 'outlook.body-content-type="text", IdType="ImmutableId"'
    by_id = graph.client.me.messages.by_message_id
    found = await by_id(sent.id).get(asking(by_id(sent.id), prefer))
    assert (found.body.content_type, found.id) == (BodyType.Text, sent.immutable_id)
    assert found.body.content.strip() == "Please see the welding report & drawings."
    graph.mailbox.move(sent, "archive")
    again = await by_id(found.id).get(asking(by_id(found.id), prefer))
    assert again.parent_folder_id == graph.mailbox.folder("archive").folder_id


async def test_headers_come_only_if_selected(graph: Graph) -> None:
    sent = graph.mailbox.deliver(draft(headers=(("X-Panel", "12"),)))
    one = graph.client.me.messages.by_message_id(sent.id)
    assert (await one.get()).internet_message_headers is None
    found = await one.get(asking(one, select=["internetMessageHeaders"]))
    assert ("X-Panel", "12") in [(each.name, each.value) for each in found.internet_message_headers]


async def test_attachments_of_all_three_kinds(graph: Graph) -> None:
    attached = (
        REPORT,
        LOGO,
        Item(name="Old mail", draft=draft(subject="Old")),
        Link(name="Plan", url="https://files.example/p"),
    )
    sent = graph.mailbox.deliver(draft(attachments=attached))
    one = graph.client.me.messages.by_message_id(sent.id)
    report, logo, item, link = (await one.attachments.get()).value
    assert [type(each) for each in (report, logo, item, link)] == [
        FileAttachment,
        FileAttachment,
        ItemAttachment,
        ReferenceAttachment,
    ]
    assert (report.name, report.content_type, report.content_bytes) == (REPORT.name, "application/pdf", REPORT.content)
    assert (logo.is_inline, logo.content_id, report.is_inline) == (True, "logo", False)
    assert (item.name, link.name) == ("Old mail", "Plan")
    light = (await one.attachments.get(asking(one.attachments, select=["id", "name", "size"]))).value
    assert [(each.id, each.content_bytes) for each in light[:1]] == [(report.id, None)]
    assert light[0].size >= len(REPORT.content)
    expanded = await one.get(asking(one, expand=["attachments"]))
    assert [each.id for each in expanded.attachments] == list(sent.attachment_ids)


async def test_contents_come_as_bytes(graph: Graph) -> None:
    sent = graph.mailbox.deliver(draft(attachments=(REPORT, Item(name="Old", draft=draft(subject="Old")))))
    one = graph.client.me.messages.by_message_id(sent.id)
    report, item = sent.attachment_ids
    by_id = one.attachments.by_attachment_id
    assert await value_of(graph, by_id(report)) == REPORT.content
    old = message_from_bytes(await value_of(graph, by_id(item)), policy=policy.default)
    assert old["Subject"] == "Old"
    whole = message_from_bytes(await one.content.get(), policy=policy.default)
    assert (whole["Subject"], whole["Message-ID"]) == ("Hull Survey Panel 12", "<ABC@shipyard.example>")
    assert next(whole.iter_attachments()).get_filename() == REPORT.name
