"""One message, as a client reads it."""

import pytest

from modules.simulator.mail.content import Address
from modules.simulator.mail.mailbox import Message
from tests.modules.simulator.mail.graph_client import IMMUTABLE, Client, in_path
from tests.modules.simulator.mail.reading import ITEM, LINK, PICTURE, REPORT, Reply, draft

KIM, LEE, BERG = Address("kim@a.example", "Kim"), Address("lee@a.example"), Address("berg@a.example", "Anna Berg")
USUAL = [
    *("@odata.context", "@odata.etag", "id", "createdDateTime", "lastModifiedDateTime", "changeKey", "categories"),
    *(
        "receivedDateTime",
        "sentDateTime",
        "hasAttachments",
        "internetMessageId",
        "subject",
        "bodyPreview",
        "importance",
    ),
    *("parentFolderId", "conversationId", "conversationIndex", "isDeliveryReceiptRequested", "isReadReceiptRequested"),
    *("isRead", "isDraft", "webLink", "inferenceClassification", "body", "sender", "from", "toRecipients"),
    *("ccRecipients", "bccRecipients", "replyTo", "flag"),
]


async def read(client: Client, message: Message, *, prefer: str = "", **query: str) -> Reply:
    return await client.get(f"messages/{in_path(message.id)}", prefer=prefer, **query)


async def test_a_message_has_every_property_in_graph_s_order(client: Client) -> None:
    message = client.mailbox.deliver(draft())
    reply = await read(client, message)
    assert list(reply.body) == USUAL
    assert reply.body["@odata.context"].endswith("/messages/$entity")
    headers = {name.lower(): value for name, value in reply.headers.items()}
    assert headers["etag"] == reply.body["@odata.etag"] == f'W/"{reply.body["changeKey"]}"'
    assert reply.headers["Content-Type"].startswith("application/json;odata.metadata=minimal")


async def test_properties_say_what_the_draft_and_the_mailbox_say(client: Client) -> None:
    made = draft(
        "제목",
        sender=KIM,
        sent_by=BERG,
        to=(LEE,),
        cc=(KIM, BERG),
        reply_to=(BERG,),
        importance="high",
        categories=("x",),
    )
    message = client.mailbox.deliver(made, "archive")
    client.mailbox.change(message, is_read=True)
    found = (await read(client, message)).body
    assert (found["subject"], found["importance"], found["categories"], found["isRead"]) == (
        "제목",
        "high",
        ["x"],
        True,
    )
    assert found["from"] == {"emailAddress": {"name": "Kim", "address": "kim@a.example"}}
    assert found["sender"]["emailAddress"]["address"] == "berg@a.example"
    assert found["toRecipients"] == [{"emailAddress": {"name": "lee@a.example", "address": "lee@a.example"}}]
    assert [each["emailAddress"]["name"] for each in found["ccRecipients"]] == ["Kim", "Anna Berg"]
    assert (found["bccRecipients"], len(found["replyTo"])) == ([], 1)
    assert found["receivedDateTime"] == "2030-01-02T03:04:05Z"
    assert found["parentFolderId"] == client.mailbox.folder("archive").folder_id
    assert found["internetMessageId"] == made.internet_message_id
    assert found["body"] == {"contentType": "html", "content": made.body}


async def test_a_draft_may_lack_its_sender(client: Client) -> None:
    found = (await read(client, client.mailbox.deliver(draft(sender=None, is_draft=True), "drafts"))).body
    assert not {"from", "sender"} & set(found)
    assert found["isDraft"] is True


async def test_headers_and_the_unique_body_come_only_if_selected(client: Client) -> None:
    message = client.mailbox.deliver(draft(headers=(("List-Unsubscribe", "<https://a.example>"),)))
    found = (await read(client, message, select="internetMessageHeaders,uniqueBody")).body
    assert list(found) == ["@odata.context", "@odata.etag", "id", "uniqueBody", "internetMessageHeaders"]
    headers = {each["name"]: each["value"] for each in found["internetMessageHeaders"]}
    assert headers["List-Unsubscribe"] == "<https://a.example>"
    assert headers["From"] == "Kim Jiwon <kim.jiwon@panel.example>"
    assert found["uniqueBody"]["contentType"] == "html"


async def test_selected_properties_come_in_graph_s_spelling_and_order(client: Client) -> None:
    found = (await read(client, client.mailbox.deliver(draft()), select="SUBJECT, isread,attachments")).body
    assert list(found) == ["@odata.context", "@odata.etag", "id", "subject", "isRead"]
    assert "/messages(SUBJECT, isread,attachments)/$entity" in found["@odata.context"]


async def test_a_preview_is_the_beginning_of_the_text(client: Client) -> None:
    message = client.mailbox.deliver(
        draft(body=f"<style>p{{}}</style><p>한글 &amp; <b>more</b></p>{'<p>text</p>' * 500}")
    )
    preview = (await read(client, message)).body["bodyPreview"]
    assert preview.startswith("한글 & more\r\n\r\ntext")
    assert len(preview) == 255
    plain = client.mailbox.deliver(draft(body="<as it is> " * 50, body_type="text"))
    assert (await read(client, plain)).body["bodyPreview"] == ("<as it is> " * 50)[:255]


async def test_a_body_comes_in_the_form_that_is_preferred(client: Client) -> None:
    html = client.mailbox.deliver(draft(body="<p>a &lt; b</p><p>c</p>"))
    text = client.mailbox.deliver(draft(body="a < b", body_type="text"))
    prefer_text, prefer_html = (f'outlook.body-content-type="{form}"' for form in ("text", "html"))
    reply = await read(client, html, prefer=prefer_text)
    assert reply.body["body"] == {"contentType": "text", "content": "a < b\r\n\r\nc"}
    assert reply.headers["Preference-Applied"] == prefer_text
    assert (await read(client, text, prefer=prefer_text)).body["body"]["content"] == "a < b"
    found = (await read(client, text, prefer=prefer_html)).body["body"]
    assert (found["contentType"], "a &lt; b" in found["content"]) == ("html", True)
    unpreferred = await read(client, text)
    assert unpreferred.body["body"] == {"contentType": "text", "content": "a < b"}
    assert "Preference-Applied" not in unpreferred.headers


async def test_preferences_can_be_joined(client: Client) -> None:
    message = client.mailbox.deliver(draft())
    reply = await read(client, message, prefer=f'outlook.body-content-type=TEXT , {IMMUTABLE}, nonsense="x"')
    assert (reply.body["id"], reply.body["body"]["contentType"]) == (message.immutable_id, "text")
    assert reply.headers["Preference-Applied"] == f'outlook.body-content-type="text", {IMMUTABLE}'


async def test_either_id_is_understood_whichever_is_preferred(client: Client) -> None:
    message = client.mailbox.deliver(draft())
    for message_id in (message.id, message.immutable_id):
        assert (await client.get(f"messages/{in_path(message_id)}")).body["id"] == message.id
        reply = await client.get(f"messages/{in_path(message_id)}", prefer=IMMUTABLE)
        assert reply.body["id"] == message.immutable_id


async def test_a_message_is_found_in_its_folder_only(client: Client) -> None:
    message = client.mailbox.deliver(draft())
    assert (await client.get(f"mailFolders/inbox/messages/{in_path(message.id)}")).status == 200
    reply = await client.get(f"mailFolders/archive/messages/{in_path(message.id)}")
    assert (reply.status, reply.error) == (404, "ErrorItemNotFound")


async def test_after_a_move_the_old_id_is_not_found(client: Client) -> None:
    message = client.mailbox.deliver(draft())
    old = message.id
    client.mailbox.move(message, "archive")
    assert (await client.get(f"messages/{in_path(old)}")).error == "ErrorItemNotFound"
    assert (await client.get(f"messages/{in_path(message.immutable_id)}")).body["id"] == message.id


@pytest.mark.parametrize("path", ["messages('{id}')", "MESSAGES/{id}", "mailfolders('INBOX')/messages('{id}')"])
async def test_keys_may_stand_in_parentheses(client: Client, path: str) -> None:
    message = client.mailbox.deliver(draft())
    assert (await client.get(path.format(id=in_path(message.id)))).body["id"] == message.id


async def test_an_id_that_is_not_encoded_leads_elsewhere(client: Client) -> None:
    message = next(each for each in client.deliver(50) if "/" in each.id)
    assert (await client.get(f"messages/{message.id}")).status == 400


@pytest.mark.parametrize("message_id", ["x", "%3Cabc%40panel.example%3E", "Inbox", "AAMkAD==", "%20", "%00"])
async def test_what_is_no_id_is_malformed(client: Client, message_id: str) -> None:
    reply = await client.get(f"messages/{message_id}")
    assert (reply.status, reply.error) == (400, "ErrorInvalidIdMalformed")


async def test_a_deleted_message_and_an_id_in_another_case_are_not_found(client: Client) -> None:
    gone, there = client.deliver(2)
    client.mailbox.delete(gone)
    for message_id in (gone.id, gone.immutable_id, there.id[:50] + there.id[50:].swapcase()):
        reply = await client.get(f"messages/{in_path(message_id)}")
        assert (reply.status, reply.error) == (404, "ErrorItemNotFound")


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"select": "nonsense"}, "BadRequest"),
        ({"select": ""}, "BadRequest"),
        ({"expand": "nonsense"}, "BadRequest"),
        ({"expand": "attachments,extensions"}, "ExpandNotSupported"),
        ({"expand": "attachments($top=1)"}, "RequestBroker--ParseUri"),
        ({"top": "1"}, "RequestBroker--ParseUri"),
    ],
)
async def test_nonsense_is_refused(client: Client, query: dict[str, str], code: str) -> None:
    reply = await read(client, client.mailbox.deliver(draft()), **query)
    assert (reply.status, reply.error) == (400, code)


async def test_changes_of_all_folders_at_once_are_not_to_be_had(client: Client) -> None:
    reply = await client.get("messages/delta")
    assert (reply.status, "Change tracking" in reply.body["error"]["message"]) == (400, True)


async def test_attachments_can_come_along(client: Client) -> None:
    message = client.mailbox.deliver(draft("x", PICTURE, REPORT, ITEM, LINK))
    found = (await read(client, message, expand="attachments")).body["attachments"]
    assert [each["id"] for each in found] == list(message.attachment_ids)
    assert [each["@odata.type"].rpartition(".")[2] for each in found] == [
        *("fileAttachment", "fileAttachment", "itemAttachment", "referenceAttachment")
    ]
    assert "contentBytes" in found[0]


async def test_of_attachments_only_what_is_selected_comes_along(client: Client) -> None:
    message = client.mailbox.deliver(draft("x", REPORT, ITEM))
    body = (await read(client, message, select="subject", expand="attachments($select=id,name)")).body
    assert [set(each) for each in body["attachments"]] == [{"@odata.type", "id", "name"}] * 2
    assert "body" not in body


async def test_attached_messages_can_come_along(client: Client) -> None:
    message = client.mailbox.deliver(draft("x", ITEM))
    expand = "attachments($expand=microsoft.graph.itemAttachment/item)"
    [found] = (await read(client, message, expand=expand)).body["attachments"]
    assert found["item"]["subject"] == "An attached message"


async def test_other_relationships_are_empty(client: Client) -> None:
    message = client.mailbox.deliver(draft())
    expand = "singleValueExtendedProperties($filter=id eq 'String 0x1000')"
    assert list((await read(client, message, expand=expand)).body) == USUAL
