"""Messages and pages as Graph writes them."""

import json
from typing import Any

FOLDER = "AQMkADAwInbox="
ROOT = "https://graph.example/v1.0"


def recipient(address: str, name: str = "") -> dict[str, Any]:
    """Return a recipient."""
    return {"emailAddress": {"name": name or address, "address": address}}


def message(number: int = 1, /, **fields: Any) -> dict[str, Any]:  # noqa: ANN401 - fields of any kind, wrong ones too
    """Return a message with all that is always asked for; `fields` replace what is there."""
    return {
        "@odata.etag": f'W/"etag-{number}"',
        "id": f"AAMk{number}+/=",
        "receivedDateTime": f"2026-03-01T10:{number % 60:02d}:11Z",
        "sentDateTime": "2026-03-01T10:00:09Z",
        "lastModifiedDateTime": "2026-03-02T08:00:00Z",
        "hasAttachments": False,
        "internetMessageId": f"<{number}@example.org>",
        "subject": f'Hull {{"number": {number}}}, structures] 의견',
        "bodyPreview": "Dear all,\r\n",
        "importance": "normal",
        "parentFolderId": FOLDER,
        "conversationId": "AAQk=",
        "changeKey": f"change-{number}",
        "isRead": True,
        "isDraft": False,
        "webLink": "https://outlook.example/owa/?ItemID=1",
        "categories": ["red"],
        "from": recipient("chair@example.org", "Chair"),
        "sender": recipient("secretary@example.org"),
        "toRecipients": [recipient("a@example.org"), recipient("b@example.org")],
        "ccRecipients": [],
        "bccRecipients": [recipient("c@example.org")],
        "replyTo": [],
    } | fields


def without(told: dict[str, Any], *names: str) -> dict[str, Any]:
    """Return a message that does not tell some of its fields."""
    return {name: value for name, value in told.items() if name not in names}


def written(value: object) -> bytes:
    """Return JSON as Graph writes it."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def page_of(*items: bytes, next_link: str | None = None, delta_link: str | None = None) -> bytes:
    """Return a page of messages that are written already."""
    links = {"@odata.nextLink": next_link, "@odata.deltaLink": delta_link}
    tail = "".join(f',"{name}":{json.dumps(link)}' for name, link in links.items() if link)
    head = f'{{"@odata.context":"{ROOT}/$metadata#users(\'x\')/messages","value":['
    return head.encode() + b",".join(items) + f"]{tail}}}".encode()


def page(*messages: object, next_link: str | None = None, delta_link: str | None = None) -> bytes:
    """Return a page of messages."""
    return page_of(*map(written, messages), next_link=next_link, delta_link=delta_link)
