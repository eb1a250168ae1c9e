"""A message as Graph writes it. What is asked for again and again is rendered once."""

import json
from collections.abc import Callable, Hashable, Iterable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

import attrs
from msgspec.json import encode

from modules.simulator.mail.content import Address, BodyType
from modules.simulator.mail.html_text import html_of_text, text_of_html
from modules.simulator.mail.mailbox import Message

PREVIEW_LENGTH: Final = 255
_KNOWN_PREVIEWS: Final = 4096
_MOST_BYTES: Final = 1024**3


@attrs.frozen(kw_only=True, cache_hash=True)
class Shape:
    """How messages are wanted: which properties, which form of id, and which of the body (None: as it was sent)."""

    names: tuple[str, ...]
    immutable: bool = False
    body: BodyType | None = None


def _moment(moment: datetime) -> str:
    return f"{moment.isoformat()[:19]}Z"


def _recipient(address: Address) -> dict[str, Any]:
    return {"emailAddress": {"name": address.name or address.address, "address": address.address}}


def _recipients(addresses: Iterable[Address]) -> list[dict[str, Any]]:
    return [_recipient(each) for each in addresses]


def preview(message: Message) -> str:
    """The first characters of the body's text."""
    return _preview(message.draft.body, message.draft.body_type)


@lru_cache(_KNOWN_PREVIEWS)
def _preview(body: str, body_type: BodyType) -> str:
    """A body is asked for again and again: it is in many mailboxes, and in every form of its message."""
    return text_of_html(body, PREVIEW_LENGTH) if body_type == "html" else body[:PREVIEW_LENGTH]


def _body(message: Message, shape: Shape) -> dict[str, str]:
    have, body = message.draft.body_type, message.draft.body
    if shape.body not in {None, have}:
        body = text_of_html(body) if have == "html" else html_of_text(body)
    return {"contentType": shape.body or have, "content": body}


def _headers(message: Message) -> list[dict[str, str]] | None:
    """None for a draft, which nobody has sent."""
    draft = message.draft
    if draft.is_draft:
        return None
    given = {
        "From": _mailboxes((draft.sender,) if draft.sender else ()),
        "To": _mailboxes(draft.to),
        "Cc": _mailboxes(draft.cc),
        "Subject": draft.subject,
        "Date": f"{draft.sent_at:%a, %d %b %Y %H:%M:%S} +0000",
        "Message-ID": draft.internet_message_id,
        "MIME-Version": "1.0",
    }
    pairs = [*((name, value) for name, value in given.items() if value), *draft.headers]
    return [{"name": name, "value": value} for name, value in pairs]


def _mailboxes(addresses: Iterable[Address]) -> str:
    return ", ".join(f"{each.name} <{each.address}>" if each.name else each.address for each in addresses)


def web_link(item: str) -> str:
    """Return the address at which a browser opens the item of this id."""
    quoted = item.replace("+", "%2B").replace("/", "%2F").replace("=", "%3D")
    return f"https://outlook.office365.com/owa/?ItemID={quoted}&exvsurl=1&viewmodel=ReadMessageItem"


_PROPERTIES: Final[Mapping[str, Callable[[Message, Shape], Any]]] = {
    "createdDateTime": lambda message, _: _moment(message.created_at),
    "lastModifiedDateTime": lambda message, _: _moment(message.modified_at),
    "changeKey": lambda message, _: message.change_key,
    "categories": lambda message, _: list(message.categories),
    "receivedDateTime": lambda message, _: _moment(message.draft.received_at),
    "sentDateTime": lambda message, _: _moment(message.draft.sent_at),
    "hasAttachments": lambda message, _: message.has_attachments,
    "internetMessageId": lambda message, _: message.draft.internet_message_id,
    "subject": lambda message, _: message.subject,
    "bodyPreview": lambda message, _: preview(message),
    "importance": lambda message, _: message.importance,
    "parentFolderId": lambda message, _: message.folder.folder_id,
    "conversationId": lambda message, _: message.conversation_id,
    "conversationIndex": lambda message, _: message.conversation_index,
    "isDeliveryReceiptRequested": lambda message, _: None if message.draft.is_draft else False,
    "isReadReceiptRequested": lambda _, __: False,
    "isRead": lambda message, _: message.is_read,
    "isDraft": lambda message, _: message.draft.is_draft,
    "webLink": lambda message, shape: web_link(message_id(message, shape)),
    "inferenceClassification": lambda _, __: "focused",
    "body": _body,
    "uniqueBody": _body,  # quoted mails below it are not taken away
    "sender": lambda message, _: (
        _recipient(sender) if (sender := message.draft.sent_by or message.draft.sender) else None
    ),
    "from": lambda message, _: _recipient(message.draft.sender) if message.draft.sender else None,
    "toRecipients": lambda message, _: _recipients(message.draft.to),
    "ccRecipients": lambda message, _: _recipients(message.draft.cc),
    "bccRecipients": lambda message, _: _recipients(message.draft.bcc),
    "replyTo": lambda message, _: _recipients(message.draft.reply_to),
    "flag": lambda _, __: {"flagStatus": "notFlagged"},
    "internetMessageHeaders": lambda message, _: _headers(message),
}
_LEFT_OUT_IF_EMPTY: Final = frozenset({"sender", "from", "internetMessageHeaders"})
RELATIONSHIPS: Final = (
    "attachments",
    "extensions",
    "singleValueExtendedProperties",
    "multiValueExtendedProperties",
)
NAMES: Final = ("id", *_PROPERTIES, *RELATIONSHIPS)
"""Everything that a message can be asked for."""
BY_SELECTION_ONLY: Final = frozenset({"uniqueBody", "internetMessageHeaders", *RELATIONSHIPS})
USUAL: Final = tuple(name for name in _PROPERTIES if name not in BY_SELECTION_ONLY)


def message_id(message: Message, shape: Shape) -> str:
    return message.immutable_id if shape.immutable else message.id


def etag_of(message: Message) -> str:
    return f'W/"{message.change_key}"'


def rendered(message: Message, shape: Shape) -> dict[str, Any]:
    """The message: entity tag, id, and the properties of the shape that it has, in Graph's order."""
    found: dict[str, Any] = {"@odata.etag": etag_of(message), "id": message_id(message, shape)}
    for name in shape.names:
        value = _PROPERTIES[name](message, shape)
        if value is not None or name not in _LEFT_OUT_IF_EMPTY:
            found[name] = value
    return found


def in_order(names: Iterable[str]) -> tuple[str, ...]:
    """Those of the names that are properties, in the order in which Graph writes them."""
    wanted = frozenset(names)
    return tuple(name for name in _PROPERTIES if name in wanted)


def encoded(value: object) -> bytes:
    """Compact JSON in UTF-8; half a surrogate pair, which UTF-8 does not have, is escaped."""
    try:
        return encode(value)
    except UnicodeEncodeError:
        return json.dumps(value, separators=(",", ":")).encode()


class Renderings:
    """Messages as bytes, by the way they are wanted, until they change. If they grow too many, the oldest way is
    forgotten.
    """

    def __init__(self, most_bytes: int = _MOST_BYTES) -> None:
        self._most, self._bytes = most_bytes, 0
        self._by_way: dict[Hashable, dict[Message, tuple[int, bytes]]] = {}

    def of(self, messages: Iterable[Message], way: Hashable, write: Callable[[Message], object]) -> list[bytes]:
        """The messages as bytes, in this order; `write` makes of one, in this way, what becomes JSON."""
        known = self._by_way.setdefault(way, {})
        found = []
        for message in messages:
            version, made = known.get(message, (0, b""))
            if version != message.version:
                self._bytes -= len(made)
                made = encoded(write(message))
                self._bytes += len(made)
                known[message] = (message.version, made)
            found.append(made)
        self._forget()
        return found

    def _forget(self) -> None:
        while self._bytes > self._most:
            oldest = self._by_way.pop(next(iter(self._by_way)))
            self._bytes -= sum(len(made) for _, made in oldest.values())
