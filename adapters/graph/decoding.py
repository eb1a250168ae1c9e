"""From the bytes of an answer to mails: strictly, so that nothing is made up, and no message is lost by another one.

A page is read at once. Where something is wrong with it, its messages are read one by one; where it is no JSON at all,
`salvage` cuts it up. What cannot be read even so stays what it is: bytes.
"""

import re
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import suppress
from typing import Any, Final, TypeVar

import attrs
from msgspec import MsgspecError, Raw
from msgspec.json import Decoder, encode
from msgspec.structs import fields

from adapters.graph.conversion import RECIPIENTS, Conversion
from adapters.graph.records import (
    NOT_TOLD,
    FolderPage,
    FolderRecord,
    Id,
    MessagePage,
    MessageRecord,
    RawPage,
    ReadMessageRecord,
)
from adapters.graph.salvage import MOST_MESSAGES, NoPageError, is_unfinished, split
from adapters.graph.selection import ALWAYS, ATTACHMENTS, BODY
from domain.mail import Mail, UnreadableMail

P = TypeVar("P")

_WRONG: Final = (MsgspecError, ValueError, RecursionError, OverflowError)
"""What values that do not fit, invalid UTF-8, nesting without end, and times before all time raise."""
_INDISPENSABLE: Final = frozenset(
    (
        "id",
        "parentFolderId",
        "receivedDateTime",
        "isRead",
        "isDraft",
        "importance",
        "hasAttachments",
        BODY,
        ATTACHMENTS,
    )
)
"""What a message must tell, the last two if they were asked for; what else it does not tell, there is not."""
_LISTS: Final = frozenset(("toRecipients", "ccRecipients", "bccRecipients", "replyTo", "categories"))
_SAMPLE: Final = 65_536
"""Bytes of a page that show whether its messages have few correspondents."""
_FEW: Final = 6
"""Correspondents of a message, the author and the sender among them, that are read as fast as they are looked up."""
_ID_AT_FIRST: Final = re.compile(rb'\s*\{[^{}\[\]]*?"id"\s*:\s*"([!#-\[\]-~]+)"')

_PAGE: Final = Decoder(MessagePage[MessageRecord])
_READ_PAGE: Final = Decoder(MessagePage[ReadMessageRecord])
_RAW_PAGE: Final = Decoder(RawPage)
_FOLDERS: Final = Decoder(FolderPage)
_FOLDER: Final = Decoder(FolderRecord)
_MESSAGE: Final = Decoder(MessageRecord)
_MEMBERS: Final = Decoder(dict[str, Raw])
_ID: Final = Decoder(Id)
_KINDS: Final[Mapping[str, Decoder[Any]]] = {
    **{each.encode_name: Decoder(each.type) for each in fields(MessageRecord) if each.type is not Raw},
    **dict.fromkeys(("toRecipients", "ccRecipients"), RECIPIENTS),
}
"""How the value of each field is read alone."""


@attrs.frozen
class Removed:
    """A message that is no longer in the folder."""

    message_id: str


@attrs.frozen
class Incomplete:
    """A message that changed, of which not everything was told."""

    message_id: str


Entry = Mail | UnreadableMail | Removed | Incomplete


@attrs.frozen(kw_only=True)
class DecodedPage:
    """What a page tells, in its order, and the links that it ends with."""

    entries: Sequence[Entry]
    next_link: str | None
    delta_link: str | None


def decode_page(page: bytes, asked: AbstractSet[str], *, updates: bool = False) -> DecodedPage:
    """Return what a page of messages tells; `asked` are the fields beside those that always come.

    `updates`: it is a page of changes, which may tell less than everything. Otherwise all entries are mails, or
    unreadable.

    Raises:
        NoPageError: it is no page, not a whole one, or has more messages than any; nothing else, whatever the bytes.
    """
    conversion = Conversion(asked=asked, updates=updates)
    return _at_once(page, conversion) or _one_by_one(page, conversion)


def decode_mail(body: bytes, asked: AbstractSet[str]) -> Mail | UnreadableMail:
    """Return the one message that an answer tells.

    Raises:
        NoPageError: it is cut off, or tells no message.
    """
    found = _entry(body, Conversion(asked=asked))
    if isinstance(found, Mail):
        return found
    if not isinstance(found, UnreadableMail) or is_unfinished(body) or "error" in _members(body):
        raise NoPageError
    return found


def decode_folders(page: bytes) -> FolderPage:
    """Return what a page of folders tells.

    Raises:
        NoPageError: it is no such page; folders are never guessed at.
    """
    try:
        return _FOLDERS.decode(page)
    except _WRONG:
        raise NoPageError from None  # the cause quotes what came


def decode_folder(body: bytes) -> FolderRecord:
    """Return the one folder that an answer tells.

    Raises:
        NoPageError: it tells none.
    """
    try:
        return _FOLDER.decode(body)
    except _WRONG:
        raise NoPageError from None  # the cause quotes what came


def _envelope(page: P) -> P:
    """Refuse what calls itself an error (seen in answers of 200)."""
    if isinstance(page, MessagePage | RawPage) and bytes(page.error) not in {b"", b"null"}:
        raise NoPageError
    return page


def _at_once(page: bytes, conversion: Conversion) -> DecodedPage | None:
    """Return what a page tells whose messages all have the form of whole ones; None: something is wrong with one.

    Those that tell less all the same, as drafts do that have no sender yet, are read again by themselves: a few of them
    do not make the page slow.
    """
    found = _page(page)
    if found is None:
        return None
    mails = [_whole(record, conversion) for record in found.value]
    raw = () if all(mails) else _RAW_PAGE.decode(page).value
    entries = [mail or _judged(bytes(raw[number]), conversion) for number, mail in enumerate(mails)]
    return DecodedPage(entries=entries, next_link=found.next_link, delta_link=found.delta_link)


def _page(page: bytes) -> MessagePage[MessageRecord] | MessagePage[ReadMessageRecord] | None:
    """Return the records of a page. A list that does not fit is found in those whose lists are still to be read."""
    sample = page[:_SAMPLE]
    if sample.count(b'"emailAddress"') <= _FEW * sample.count(b'"toRecipients"'):
        with suppress(*_WRONG):
            return _envelope(_READ_PAGE.decode(page))
    with suppress(*_WRONG):
        return _envelope(_PAGE.decode(page))
    return None


def _whole(record: MessageRecord | ReadMessageRecord, conversion: Conversion) -> Mail | None:
    """Return the mail of a record; None: it tells of something else, or does not tell everything."""
    try:
        if record.removed is NOT_TOLD or not conversion.updates:
            return conversion.mail(record)
    except _WRONG:
        pass
    return None


def _one_by_one(page: bytes, conversion: Conversion) -> DecodedPage:
    found = _raw_page(page)
    if found is None:
        pieces = split(page)
        found, items = _raw_page(pieces.envelope), pieces.items
        if found is None:
            raise NoPageError
    else:
        items = tuple(map(bytes, found.value[: MOST_MESSAGES + 1]))
    if len(items) > MOST_MESSAGES:
        raise NoPageError
    entries = [_entry(item, conversion) for item in items]
    return DecodedPage(entries=entries, next_link=found.next_link, delta_link=found.delta_link)


def _raw_page(page: bytes) -> RawPage | None:
    try:
        return _envelope(_RAW_PAGE.decode(page))
    except _WRONG:
        return None


def _entry(raw: bytes, conversion: Conversion) -> Entry:
    try:
        record = _MESSAGE.decode(raw)
    except _WRONG:
        return _judged(raw, conversion)
    return _whole(record, conversion) or _judged(raw, conversion)


def _judged(raw: bytes, conversion: Conversion) -> Entry:
    """Return what can be said of a message that is not whole, or does not fit."""
    told = _members(raw)
    message_id = _id(told, raw)
    if message_id is not None and conversion.updates and bytes(told.get("@removed", b"null")) != b"null":
        return Removed(message_id)
    problem = _misfit(told)
    missing = [name for name in (*ALWAYS, *sorted(conversion.asked)) if name not in told]
    if problem is None and missing and conversion.updates and message_id is not None:
        return Incomplete(message_id)
    if problem is None:
        problem = next((f"{name} is missing" for name in missing if name in _INDISPENSABLE), None)
    if problem is None:
        try:
            return attrs.evolve(conversion, updates=False).mail(_MESSAGE.decode(_filled(told)))
        except _WRONG:
            problem = "a time does not fit"
    return UnreadableMail(message_id=message_id, raw=raw, problem=problem)


def _members(raw: bytes) -> Mapping[str, Raw]:
    """Return the values of a message by name, still to be read; nothing where it is no JSON object."""
    try:
        return _MEMBERS.decode(raw)
    except _WRONG:
        return {}


def _id(told: Mapping[str, Raw], raw: bytes) -> str | None:
    """Return a message's id; where it is no JSON, what stands for one before anything is nested."""
    try:
        return _ID.decode(told["id"])
    except KeyError:
        found = None if told else _ID_AT_FIRST.match(raw)
        return None if found is None else found[1].decode()
    except _WRONG:
        return None


def _misfit(told: Mapping[str, Raw]) -> str | None:
    """Return what is wrong with the first value that does not fit, without quoting it; None: they all fit."""
    if not told:
        return "it is no JSON object, or tells nothing"
    if "error" in told and "id" not in told:
        return "the server tells an error in its place"
    for name, kind in _KINDS.items():
        try:
            if name in told:
                kind.decode(told[name])
        except _WRONG:
            return f"{name} does not fit"
    return None


def _filled(told: Mapping[str, Raw]) -> bytes:
    """Return a message that says of everything it does not tell that there is none."""
    absent: dict[str, object] = {name: [] if name in _LISTS else None for name in ALWAYS if name not in told}
    return encode({**told, **absent})
