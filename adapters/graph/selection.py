"""What Graph is asked to tell of each message, so that pages hold nothing that nobody wants."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from typing import Final

import attrs

from domain.mail import MailPart

ALWAYS: Final = (
    "id",
    "parentFolderId",
    "internetMessageId",
    "conversationId",
    "subject",
    "from",
    "sender",
    "toRecipients",
    "ccRecipients",
    "bccRecipients",
    "replyTo",
    "receivedDateTime",
    "sentDateTime",
    "lastModifiedDateTime",
    "isRead",
    "isDraft",
    "importance",
    "hasAttachments",
    "categories",
    "webLink",
    "bodyPreview",
    "changeKey",
)

BODY: Final = "body"
HEADERS: Final = "internetMessageHeaders"
ATTACHMENTS: Final = "attachments"
_ATTACHMENTS: Final = (
    f"{ATTACHMENTS}($select=id,name,contentType,size,isInline,microsoft.graph.fileAttachment/contentId)"
)
_AS_TEXT: Final = 'outlook.body-content-type="text"'


@attrs.frozen(kw_only=True)
class Selection:
    """How to ask for parts of messages: query options as plain text, and preferences, which no link remembers.

    `fields` are those that the answer has beside `ALWAYS`.
    """

    options: Mapping[str, str]
    prefer: tuple[str, ...]
    fields: frozenset[str]

    @property
    def has_bodies(self) -> bool:
        """Whether messages come with what makes them large."""
        return BODY in self.fields


def select(parts: AbstractSet[MailPart]) -> Selection:
    """Return how to ask for these parts. Of both forms of a body only the text comes: a message has one body.

    Without a preference bodies come as they are stored.
    """
    text = MailPart.TEXT_BODY in parts
    named = [
        field
        for field, wanted in ((BODY, text or MailPart.BODY in parts), (HEADERS, MailPart.HEADERS in parts))
        if wanted
    ]
    expand = {"$expand": _ATTACHMENTS} if MailPart.ATTACHMENTS in parts else {}
    return Selection(
        options={"$select": ",".join((*ALWAYS, *named)), **expand},
        prefer=(_AS_TEXT,) if text else (),
        fields=frozenset((*named, *([ATTACHMENTS] if expand else []))),
    )
