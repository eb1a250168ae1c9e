"""What is attached: lists, single ones, bytes, and the message as MIME."""

from base64 import b64decode
from email import message_from_bytes
from urllib.parse import quote

import pytest

from modules.simulator.mail.attachments import attachment_json, item_json, selected
from modules.simulator.mail.content import Address, File, Item
from modules.simulator.mail.mailbox import Message
from tests.modules.simulator.mail.reading import ITEM, LINK, PICTURE, REPORT, ask, draft, new_token
from tests.modules.simulator.rig import Rig

BASE = {"@odata.type", "id", "lastModifiedDateTime", "name", "contentType", "size", "isInline"}


@pytest.fixture
def message(rig: Rig) -> Message:
    """A message with an inline picture, a file, a message and a link."""
    return rig.simulator.mail.mailbox(0).deliver(draft("Hull survey", PICTURE, REPORT, ITEM, LINK))


def path_of(message: Message, index: int | None = None, *more: str) -> str:
    parts = ["me/messages", quote(message.id, safe=""), "attachments"]
    parts += [] if index is None else [quote(message.attachment_ids[index], safe="")]
    return "/".join([*parts, *more])


async def test_a_list_tells_each_kind_with_its_own_properties(rig: Rig, message: Message) -> None:
    body = (await ask(rig, path_of(message), new_token(rig))).body
    picture, report, item, link = body["value"]
    files = {"contentId", "contentLocation", "contentBytes"}
    assert [set(each) for each in body["value"]] == [BASE | files, BASE | files, BASE, BASE]
    kinds = [each["@odata.type"].removeprefix("#microsoft.graph.") for each in body["value"]]
    assert kinds == ["fileAttachment", "fileAttachment", "itemAttachment", "referenceAttachment"]
    assert b64decode(report["contentBytes"]) == REPORT.content
    assert (picture["isInline"], picture["contentId"], report["isInline"]) == (True, "logo", False)
    assert (report["name"], report["contentType"], report["contentLocation"]) == (
        "보고서.pdf",
        "application/pdf",
        None,
    )
    assert (item["name"], link["name"]) == ("Forwarded", "minutes")
    assert report["size"] > len(REPORT.content)
    assert item["size"] > report["size"]
    assert [each["id"] for each in body["value"]] == list(message.attachment_ids)


async def test_a_list_can_leave_the_contents_out_and_be_cut_into_pages(rig: Rig, message: Message) -> None:
    token, found, target = new_token(rig), list[str](), f"{path_of(message)}?$select=name,size&$top=3&$count=true"
    while target:
        body = (await ask(rig, target, token)).body
        assert body["@odata.count"] == 4
        assert all(set(each) == {"@odata.type", "id", "name", "size"} for each in body["value"])
        found += [each["name"] for each in body["value"]]
        target = body.get("@odata.nextLink", "")
    assert found == ["logo.png", "보고서.pdf", "Forwarded", "minutes"]
    assert len(rig.simulator.requests.of("attachments")) == 2


async def test_what_only_files_have_is_selected_by_its_type(rig: Rig, message: Message) -> None:
    select = "name,microsoft.graph.fileAttachment/contentId"
    body = (await ask(rig, f"{path_of(message)}?$select={select}", new_token(rig))).body
    assert [each.get("contentId") for each in body["value"]] == ["logo", None, None, None]
    assert ["contentId" in each for each in body["value"]] == [True, True, False, False]
    for wrong in ("contentId", "contentBytes", "colour"):
        assert (await ask(rig, f"{path_of(message)}?$select={wrong}", new_token(rig))).status == 400


async def test_an_attached_message_comes_along_if_it_is_asked_for(rig: Rig, message: Message) -> None:
    token = new_token(rig)
    expand = "?$expand=microsoft.graph.itemattachment/item"
    body = (await ask(rig, path_of(message, 2) + expand, token)).body
    assert (body["name"], body["item"]["subject"], body["item"]["body"]) == (
        "Forwarded",
        "An attached message",
        {"contentType": "text", "content": "plain words"},
    )
    assert body["item"]["from"]["emailAddress"]["address"] == "kim.jiwon@panel.example"
    assert "item" not in (await ask(rig, path_of(message, 2), token)).body
    assert "item" not in (await ask(rig, path_of(message, 1) + expand, token)).body
    assert (await ask(rig, path_of(message, 2) + "?$expand=children", token)).status == 400


async def test_the_value_of_a_file_is_its_bytes(rig: Rig, message: Message) -> None:
    reply = await ask(rig, path_of(message, 1, "$value"), new_token(rig))
    assert (reply.raw, reply.headers["Content-Type"]) == (REPORT.content, "application/pdf")


async def test_the_value_of_a_message_is_mime(rig: Rig, message: Message) -> None:
    reply = await ask(rig, path_of(message, 2, "$value"), new_token(rig))
    assert reply.headers["Content-Type"].startswith("text/plain")
    assert message_from_bytes(reply.raw)["Subject"] == "An attached message"


async def test_a_link_has_no_value(rig: Rig, message: Message) -> None:
    reply = await ask(rig, path_of(message, 3, "$value"), new_token(rig))
    assert (reply.status, "error" in reply.body) == (405, True)


async def test_a_message_has_a_value_which_says_what_it_is_now(rig: Rig, message: Message) -> None:
    rig.simulator.mail.mailbox(0).change(message, subject="Renamed", importance="high")
    target = f"me/messages/{quote(message.id, safe='')}/$value"
    reply = await ask(rig, target, new_token(rig))
    assert reply.headers["Content-Type"].startswith("text/plain")
    read = message_from_bytes(reply.raw)
    assert (read["Subject"], read["Importance"]) == ("Renamed", "high")
    assert (await ask(rig, target, new_token(rig))).raw == reply.raw


async def test_paths_may_be_written_in_any_way(rig: Rig, message: Message) -> None:
    token, key = new_token(rig), message.id.replace("/", "%2F").replace("+", "%2B")
    owner = f"users/{rig.user().upn}"
    for path in (
        f"{owner}/messages/{key}/attachments",
        f"{owner}/mailFolders/inbox/messages/{key}/Attachments",
        f"users('{rig.user().object_id}')/mailfolders('Inbox')/messages('{key}')/attachments",
        f"me/messages/{quote(message.immutable_id, safe='')}/attachments",
    ):
        assert len((await ask(rig, path, token)).body["value"]) == 4, path


@pytest.mark.parametrize("last", ["attachments", "attachments/{}", "attachments/{}/$value", "$value"])
async def test_basic_permission_opens_none_of_it(rig: Rig, message: Message, last: str) -> None:
    target = f"me/messages/{quote(message.id, safe='')}/{last.format(quote(message.attachment_ids[1], safe=''))}"
    reply = await ask(rig, target, new_token(rig, 0, "Mail.ReadBasic"))
    assert (reply.status, reply.error) == (403, "ErrorAccessDenied")
    assert (await ask(rig, target, new_token(rig, 0, "Mail.ReadWrite"))).status == 200


async def test_ids_that_are_none_or_unknown_are_told_apart(rig: Rig, message: Message) -> None:
    token = new_token(rig)
    reply = await ask(rig, f"{path_of(message)}/nonsense", token)
    assert (reply.status, reply.error) == (400, "ErrorInvalidIdMalformed")
    other = rig.simulator.mail.mailbox(0).deliver(draft("Another", REPORT))
    reply = await ask(rig, f"{path_of(message)}/{quote(other.attachment_ids[0], safe='')}", token)
    assert (reply.status, reply.error) == (404, "ErrorItemNotFound")
    rig.simulator.mail.mailbox(0).delete(message)
    assert (await ask(rig, path_of(message), token)).error == "ErrorItemNotFound"


async def test_somebody_else_s_attachments_are_denied(rig: Rig, message: Message) -> None:
    target = path_of(message).replace("me/", f"users/{rig.user(0).upn}/", 1)
    assert (await ask(rig, target, new_token(rig, 1))).status == 403
    assert (await ask(rig, target, new_token(rig, None))).status == 200


def test_a_type_that_is_none_is_told_as_it_is_and_nothing_becomes_any_bytes(rig: Rig) -> None:
    odd = [File(name="a", content_type=each, content=b"") for each in ("", "a/b; c=d")]
    message = rig.simulator.mail.mailbox(0).deliver(draft("Odd", *odd))
    found = [attachment_json(message, index, selected("contentType"))["contentType"] for index in (0, 1)]
    assert found == ["application/octet-stream", "a/b; c=d"]


def test_an_attached_message_without_a_sender_has_none() -> None:
    lonely = Item(name="Draft", draft=draft("Draft", sender=None, to=(), cc=(Address("li.wei@panel.example"),)))
    found = item_json(lonely, "id")
    assert "from" not in found
    address = {"name": "li.wei@panel.example", "address": "li.wei@panel.example"}
    assert (found["ccRecipients"], found["toRecipients"]) == ([{"emailAddress": address}], [])
