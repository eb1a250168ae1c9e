"""What is attached to messages: how it is told, and what may be asked of it."""

from base64 import b64encode
from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any

from modules.simulator.mail.content import Address, Attached, Draft, File, Item, Link
from modules.simulator.mail.mailbox import Message
from modules.simulator.mail.mime import UNKNOWN_TYPE
from modules.simulator.mail.odata_options import parse_select

TYPE = "microsoft.graph.attachment"
ITEM = "microsoft.graph.itemAttachment/item"

_FILE = "microsoft.graph.fileAttachment"
_ALL = ("id", "lastModifiedDateTime", "name", "contentType", "size", "isInline")
CONTENT = "contentBytes"
_OF_FILES = ("contentId", "contentLocation", CONTENT)
_OVERHEAD, _ITEM_OVERHEAD = 154, 1024


def selected(text: str | None) -> tuple[str, ...] | None:
    """What `$select` names, as it is spelt in answers; None: everything.

    What only files have is named with its type: `microsoft.graph.fileAttachment/contentId`.

    Raises: GraphError 400 for a property that attachments do not have.
    """
    if text is None:
        return None
    casts = {f"{_FILE}/{name}": name for name in _OF_FILES}
    return tuple(casts.get(name, name) for name in parse_select(text, (*_ALL, *casts), TYPE))


def attachment_json(message: Message, index: int, select: Collection[str] | None = None) -> dict[str, Any]:
    """The index-th attachment of a message, from 0, with what was selected; its id and type always come along."""
    attached = message.draft.attachments[index]
    kind, media = _kind(attached)
    found: dict[str, Any] = {
        "@odata.type": f"#microsoft.graph.{kind}",
        "id": message.attachment_ids[index],
        "lastModifiedDateTime": _moment(message.created_at),
        "name": attached.name,
        "contentType": media,
        "size": size(attached),
        "isInline": isinstance(attached, File) and attached.is_inline,
    }
    if select is not None:
        found = {name: value for name, value in found.items() if name in {"@odata.type", "id"} or name in select}
    if isinstance(attached, File):
        found |= _of_file(attached, _OF_FILES if select is None else select)
    return found


def _kind(attached: Attached) -> tuple[str, str | None]:
    match attached:
        case File():
            return "fileAttachment", attached.content_type or UNKNOWN_TYPE
        case Item():
            return "itemAttachment", "message/rfc822"
        case Link():
            return "referenceAttachment", None


def _of_file(attached: File, names: Collection[str]) -> dict[str, Any]:
    """Base64 is made only if it is wanted."""
    found: dict[str, Any] = {}
    if "contentId" in names:
        found["contentId"] = attached.content_id
    if "contentLocation" in names:
        found["contentLocation"] = None
    if CONTENT in names:
        found[CONTENT] = b64encode(attached.content).decode()
    return found


def size(attached: Attached) -> int:
    """Bytes of the content, and what a mailbox counts besides."""
    own = _OVERHEAD + 2 * len(attached.name)
    match attached:
        case File():
            return own + len(attached.content)
        case Item():
            draft = attached.draft
            parts = sum(size(each) for each in draft.attachments)
            return own + _ITEM_OVERHEAD + 2 * len(draft.subject) + len(draft.body.encode(errors="replace")) + parts
        case Link():
            return own + len(attached.url)


def item_json(item: Item, item_id: str) -> dict[str, Any]:
    """The message that is attached, as it is told when it is asked for along with its attachment."""
    draft = item.draft
    return {
        "@odata.type": "#microsoft.graph.message",
        "id": item_id,
        "createdDateTime": _moment(draft.received_at),
        "lastModifiedDateTime": _moment(draft.received_at),
        "receivedDateTime": _moment(draft.received_at),
        "sentDateTime": _moment(draft.sent_at),
        "hasAttachments": any(not isinstance(each, File) or not each.is_inline for each in draft.attachments),
        "internetMessageId": draft.internet_message_id,
        "subject": draft.subject,
        "importance": draft.importance,
        "isRead": draft.is_read,
        "isDraft": draft.is_draft,
        "body": {"contentType": draft.body_type, "content": draft.body},
        **_people(draft),
    }


def _people(draft: Draft) -> dict[str, Any]:
    sender, by = draft.sender, draft.sent_by or draft.sender
    lists = {"toRecipients": draft.to, "ccRecipients": draft.cc, "bccRecipients": draft.bcc, "replyTo": draft.reply_to}
    singles = {"from": sender, "sender": by}
    found: dict[str, Any] = {name: _recipients([person])[0] for name, person in singles.items() if person}
    return found | {name: _recipients(people) for name, people in lists.items()}


def _recipients(people: Iterable[Address]) -> list[dict[str, Any]]:
    return [{"emailAddress": {"name": each.name or each.address, "address": each.address}} for each in people]


def _moment(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"
