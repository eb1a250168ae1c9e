"""The properties of a message that `$filter` and `$orderby` know: their types, and what a message has there."""

from collections.abc import Callable
from datetime import datetime
from enum import Enum
from typing import Final

import attrs

from modules.simulator.graph_error import GraphError
from modules.simulator.mail.content import Address, Draft
from modules.simulator.mail.mailbox import Message

Value = str | bool | datetime | int | None
"""What a property is compared by: text in lower case, the rank of an importance."""

RANKS: Final = {"low": 0, "normal": 1, "high": 2}
FLAGS: Final = {"notflagged": 0, "complete": 1, "flagged": 2}


class Kind(Enum):
    """A property's type, by the name that Graph's texts have for it."""

    TEXT = "Edm.String"
    MOMENT = "Edm.DateTimeOffset"
    BOOLEAN = "Edm.Boolean"
    IMPORTANCE = "microsoft.graph.importance"
    FLAG = "microsoft.graph.followupFlagStatus"
    TEXTS = "Collection(Edm.String)"


@attrs.frozen
class Property:
    """A property by its path. `read` is not for TEXTS, which only `categories` is; ids are `exact` in their case."""

    path: str
    kind: Kind
    read: Callable[[Message], Value]
    filterable: bool = True
    sortable: bool = True
    exact: bool = False


def _address(which: Callable[[Draft], Address | None], part: Callable[[Address], str]) -> Callable[[Message], Value]:
    def read(message: Message) -> Value:
        found = which(message.draft)
        return None if found is None else part(found).casefold()

    return read


def _from(draft: Draft) -> Address | None:
    return draft.sender


def _sender(draft: Draft) -> Address | None:
    return draft.sent_by or draft.sender


def _at(address: Address) -> str:
    return address.address


def _name(address: Address) -> str:
    return address.name


def _nothing(_message: Message) -> Value:
    return None


_KNOWN: Final = (
    Property("subject", Kind.TEXT, lambda message: message.subject.casefold()),
    Property("from/emailAddress/address", Kind.TEXT, _address(_from, _at)),
    Property("from/emailAddress/name", Kind.TEXT, _address(_from, _name)),
    Property("sender/emailAddress/address", Kind.TEXT, _address(_sender, _at)),
    Property("sender/emailAddress/name", Kind.TEXT, _address(_sender, _name)),
    Property("receivedDateTime", Kind.MOMENT, lambda message: message.draft.received_at),
    Property("sentDateTime", Kind.MOMENT, lambda message: message.draft.sent_at),
    Property("lastModifiedDateTime", Kind.MOMENT, lambda message: message.modified_at),
    Property("createdDateTime", Kind.MOMENT, lambda message: message.created_at, filterable=False),
    Property("isRead", Kind.BOOLEAN, lambda message: message.is_read),
    Property("isDraft", Kind.BOOLEAN, lambda message: message.draft.is_draft),
    Property("hasAttachments", Kind.BOOLEAN, lambda message: message.has_attachments),
    Property("importance", Kind.IMPORTANCE, lambda message: RANKS[message.importance]),
    Property("flag/flagStatus", Kind.FLAG, lambda _message: FLAGS["notflagged"], sortable=False),
    Property("internetMessageId", Kind.TEXT, lambda message: message.draft.internet_message_id.casefold()),
    Property("conversationId", Kind.TEXT, lambda message: message.conversation_id, exact=True),
    Property("parentFolderId", Kind.TEXT, lambda message: message.folder.folder_id, sortable=False, exact=True),
    Property("categories", Kind.TEXTS, _nothing, sortable=False),
)
_BY_PATH: Final = {each.path.lower(): each for each in _KNOWN}
_NOT_FILTERABLE: Final = (
    "id changekey body uniquebody bodypreview weblink conversationindex isreadreceiptrequested "
    "isdeliveryreceiptrequested inferenceclassification internetmessageheaders"
)
_COLLECTIONS: Final = (
    "torecipients ccrecipients bccrecipients replyto attachments extensions singlevalueextendedproperties "
    "multivalueextendedproperties"
)
_WITH_PARTS: Final = ("from", "sender", "flag")


def to_filter(path: str) -> Property:
    """Return the property of a path in any case. Raises: GraphError 400 unless messages are filtered by it."""
    found = _BY_PATH.get(path.lower())
    if found is not None and found.filterable:
        return found
    first = path.partition("/")[0].lower()
    if found is not None or first in _NOT_FILTERABLE.split():
        raise GraphError(400, "ErrorInvalidProperty", f"The property '{path}' does not support filtering.")
    if first in _COLLECTIONS.split() or path.lower() in _WITH_PARTS:
        raise GraphError(400, "ErrorInvalidUrlQueryFilter", "The query filter contains one or more invalid nodes.")
    raise unknown(path)


def to_sort(path: str) -> Property:
    """Return the property of a path in any case. Raises: GraphError 400 unless messages are sorted by it."""
    found = _BY_PATH.get(path.lower())
    if found is not None and found.sortable:
        return found
    refused = {*_NOT_FILTERABLE.split(), *_COLLECTIONS.split()}
    if found is not None or path.partition("/")[0].lower() in refused or path.lower() in _WITH_PARTS:
        raise GraphError(400, "ErrorInvalidProperty", f"The property '{path}' does not support sorting.")
    raise unknown(path)


def unknown(path: str) -> GraphError:
    name = path.rpartition("/")[2]
    return GraphError(400, "BadRequest", f"Could not find a property named '{name}' on type 'microsoft.graph.message'.")
