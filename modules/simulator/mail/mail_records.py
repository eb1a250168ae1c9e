"""JSON of the control API about mail. Correspondents are written as in mail: `Name <address>`, or the address alone."""

from base64 import b64decode
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parseaddr
from typing import Any, get_args

from modules.simulator.control_records import Types, checked, one_of
from modules.simulator.mail.conditions import Conditions
from modules.simulator.mail.content import Address, BodyType, Draft, File, Importance
from modules.simulator.mail.mailbox import Changes, Folder
from modules.simulator.people import User

_TEXT, _LIST, _YES_NO = (str,), (list,), (bool,)

MAILBOX: Types = {"condition": _TEXT, "challenge": (str, type(None))}
CHANGES: Types = {"is_read": _YES_NO, "subject": _TEXT, "importance": _TEXT, "categories": _LIST}
NEEDED: Types = {"subject": _TEXT, "from": _TEXT}
DRAFT: Types = {
    **CHANGES,
    "to": _LIST,
    "cc": _LIST,
    "bcc": _LIST,
    "reply_to": _LIST,
    "body": _TEXT,
    "body_type": _TEXT,
    "received": _TEXT,
    "sent": _TEXT,
    "conversation": _TEXT,
    "is_draft": _YES_NO,
    "attachments": _LIST,
    "internet_message_id": _TEXT,
    "folder": _TEXT,
}
_FILE_NEEDED: Types = {"name": _TEXT, "content": _TEXT}
_FILE: Types = {"content_type": _TEXT, "is_inline": _YES_NO, "content_id": _TEXT}
_CHALLENGES = ("until_claims", "once")


def draft_from(fields: Mapping[str, Any], *, now: datetime) -> Draft:
    """The message that checked fields describe; it is received now, unless they say when. Raises: ValueError."""
    received = _moment(fields["received"]) if "received" in fields else now.replace(microsecond=0)
    people: dict[str, Any] = {
        name: tuple(map(_address, fields.get(name, ()))) for name in ("to", "cc", "bcc", "reply_to")
    }
    plain = ("subject", "body", "conversation", "is_read", "is_draft", "internet_message_id")
    return Draft(
        sender=_address(fields["from"]),
        received_at=received,
        sent_at=_moment(fields["sent"]) if "sent" in fields else received,
        body_type=one_of("body_type", fields.get("body_type", "html"), get_args(BodyType)),
        importance=one_of("importance", fields.get("importance", "normal"), get_args(Importance)),
        categories=tuple(map(str, fields.get("categories", ()))),
        attachments=tuple(map(_file, fields.get("attachments", ()))),
        **people,
        **{name: fields[name] for name in plain if name in fields},
    )


def changes_from(fields: Mapping[str, Any]) -> Changes:
    """Raises: ValueError for an importance that does not exist."""
    changes = Changes()
    if "is_read" in fields:
        changes["is_read"] = fields["is_read"]
    if "subject" in fields:
        changes["subject"] = fields["subject"]
    if "importance" in fields:
        changes["importance"] = one_of("importance", fields["importance"], get_args(Importance))
    if "categories" in fields:
        changes["categories"] = tuple(map(str, fields["categories"]))
    return changes


def challenge(conditions: Conditions, owner: User, how: str | None) -> None:
    """Challenge as it says, or no more. Raises: ValueError."""
    if how is None:
        conditions.withdraw(owner)
    else:
        conditions.challenge(owner, once=one_of("challenge", how, _CHALLENGES) == "once")


def shown_folder(folder: Folder) -> dict[str, Any]:
    names = ("folder_id", "name", "well_known", "hidden", "total", "unread")
    return {name: getattr(folder, name) for name in names}


def _address(text: object) -> Address:
    name, address = parseaddr(str(text))
    return Address(address or str(text), name)


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"it has no time zone: {text}")
    return moment.astimezone(UTC).replace(microsecond=0)


def _file(found: object) -> File:
    """A file, whose content is in base64."""
    fields = checked(found, needed=_FILE_NEEDED, allowed=_FILE)
    kept = {name: value for name, value in fields.items() if name != "content"}
    return File(
        **{"content_type": "application/octet-stream", **kept}, content=b64decode(fields["content"], validate=True)
    )
