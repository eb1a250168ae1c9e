"""Our facts as flat JSON objects that also readers who know nothing of CloudEvents understand.

`event_type` (underscores), `event_id`, `account_id`, `user_id`, `timestamp` (the fact's time), `occurred_at` (the same)
and the fact's own members; of a mail also `mail_id`. Members stand in a fixed order.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from operator import attrgetter

import attrs
import msgspec

from adapters.cloudevents.attributes import underscored
from adapters.cloudevents.times import time_text
from domain.events import (
    AccountEnrolled,
    AccountEvent,
    AccountRecovered,
    AccountSignedIn,
    AccountStatusChanged,
    AccountUpdated,
    EmailReceived,
    MailDeleted,
    MailEvent,
    MailMoved,
    ReauthRequired,
)
from domain.mail_results import EmailInfo

TYPES: Mapping[type[AccountEvent], str] = {
    AccountEnrolled: "account.enrolled",
    AccountUpdated: "account.updated",
    AccountStatusChanged: "account.status_changed",
    AccountSignedIn: "account.signed_in",
    ReauthRequired: "account.reauth_required",
    AccountRecovered: "account.recovered",
    EmailReceived: "email.received",
    MailMoved: "mail.moved",
    MailDeleted: "mail.deleted",
}
TIMESTAMP, OCCURRED_AT, EVENT_TYPE, EVENT_INFO = "timestamp", "occurred_at", "event_type", "event_info"
_OF_MAIL = ("event_id", "account_id", "mail_id", "user_id", OCCURRED_AT)
_TIMES = (datetime, datetime | None)

Write = Callable[[AccountEvent, str], bytes]
"""From a fact and its time as text to the value."""


def members_of(cls: type[AccountEvent]) -> tuple[str, ...]:
    """Return the names of the members of an event's value, in order."""
    own = [field.name for field in attrs.fields(cls)]
    if not issubclass(cls, MailEvent):
        return (EVENT_TYPE, *(TIMESTAMP if name == OCCURRED_AT else name for name in own), OCCURRED_AT)
    head = tuple(TIMESTAMP if name == OCCURRED_AT else name for name in _OF_MAIL)
    return (EVENT_TYPE, *head, OCCURRED_AT, *(name for name in own if name not in _OF_MAIL))


def make_writer() -> Write:
    """Return what writes the value of any fact. A hundred thousand mails pass here: nothing is turned over twice.

    What it returns raises: UnicodeEncodeError, if a text is no Unicode.
    """
    encode = msgspec.json.Encoder().encode
    readers = {cls: _reader_of(cls) for cls in TYPES}

    def write(event: AccountEvent, moment: str) -> bytes:
        return encode(readers[type(event)](event, moment))

    return write


def _reader_of(cls: type[AccountEvent]) -> Callable[[AccountEvent, str], dict[str, object]]:
    names, event_type = members_of(cls)[1:], underscored(TYPES[cls])
    fields = attrgetter(*(OCCURRED_AT if name == TIMESTAMP else name for name in names))
    info = _info_reader() if EVENT_INFO in names else None

    def read(event: AccountEvent, moment: str) -> dict[str, object]:
        members = {EVENT_TYPE: event_type, **dict(zip(names, fields(event), strict=True))}
        members[TIMESTAMP] = members[OCCURRED_AT] = moment
        if info is not None:
            members[EVENT_INFO] = info(members[EVENT_INFO])
        return members

    return read


def _info_reader() -> Callable[[EmailInfo], dict[str, object]]:
    """Dates, enumerations and tuples are written as they are; not times, whose digits would vary."""
    names = [field.name for field in attrs.fields(EmailInfo)]
    times = [field.name for field in attrs.fields(EmailInfo) if field.type in _TIMES]
    fields = attrgetter(*names)

    def read(info: EmailInfo) -> dict[str, object]:
        members = dict(zip(names, fields(info), strict=True))
        for name in times:
            if members[name] is not None:
                members[name] = time_text(members[name])
        return members

    return read
