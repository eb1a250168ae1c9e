"""The control API for mailboxes: mail comes, moves and goes, and a mailbox is not what it should be."""

from typing import Any

from aiohttp import web

from modules.simulator.control import body_of, guarded
from modules.simulator.control_records import checked, one_of
from modules.simulator.exchange import world_of
from modules.simulator.mail import mail_records as records
from modules.simulator.mail.access import MAIL
from modules.simulator.mail.conditions import CONDITIONS
from modules.simulator.mail.mailbox import Mailbox, Message


@guarded
async def _shown(request: web.Request) -> dict[str, Any]:
    return _state(request)


def _state(request: web.Request) -> dict[str, Any]:
    mailbox, mail = _mailbox(request), request.app[MAIL]
    upn = mailbox.user.upn
    return {
        "condition": mail.conditions.of(upn),
        "challenged": mail.conditions.is_challenged(upn),
        "requests": mail.limits.requests(upn),
        "refused": mail.limits.refused(upn),
        "peak": mail.limits.peak(upn),
        "folders": [records.shown_folder(each) for each in mailbox.folders],
    }


@guarded
async def _change(request: web.Request) -> dict[str, Any]:
    mailbox, conditions = _mailbox(request), request.app[MAIL].conditions
    fields = checked(await body_of(request), allowed=records.MAILBOX)
    if "challenge" in fields:
        records.challenge(conditions, mailbox.user, fields["challenge"])
    if "condition" in fields:
        conditions.put(mailbox.user, one_of("condition", fields["condition"], CONDITIONS))
    return _state(request)


@guarded
async def _deliver(request: web.Request) -> dict[str, Any]:
    world, mailbox = world_of(request), _mailbox(request)
    fields = checked(await body_of(request), needed=records.NEEDED, allowed=records.DRAFT)
    folder = fields.pop("folder", "inbox")
    message_id = f"<{world.chance.guid('delivered')}@simulator.example>"
    draft = records.draft_from({"internet_message_id": message_id, **fields}, now=world.clock.now())
    return _ids(mailbox.deliver(draft, folder))


@guarded
async def _change_message(request: web.Request) -> dict[str, Any]:
    mailbox, message = _mailbox(request), _message(request)
    fields = checked(await body_of(request), allowed={**records.CHANGES, "folder": (str,)})
    target = mailbox.folder(fields.pop("folder")) if "folder" in fields else None
    if fields:
        mailbox.change(message, **records.changes_from(fields))
    if target:
        mailbox.move(message, target)
    return _ids(message)


@guarded
async def _delete(request: web.Request) -> dict[str, Any]:
    _mailbox(request).delete(_message(request))
    return {}


@guarded
async def _expire_deltas(request: web.Request) -> dict[str, Any]:
    _mailbox(request).expire_deltas()
    return {}


def _mailbox(request: web.Request) -> Mailbox:
    return request.app[MAIL].mailbox(request.match_info["user"])


def _message(request: web.Request) -> Message:
    """Raises: KeyError."""
    message = _mailbox(request).find(request.match_info["message"])
    if message is None:
        raise KeyError(request.match_info["message"])
    return message


def _ids(message: Message) -> dict[str, Any]:
    return {"id": message.id, "immutable_id": message.immutable_id}


_MAILBOX = "/_control/mailboxes/{user}"
_MESSAGE = f"{_MAILBOX}/messages/{{message}}"

ROUTES = (
    ("GET", _MAILBOX, _shown),
    ("PATCH", _MAILBOX, _change),
    ("POST", f"{_MAILBOX}/messages", _deliver),
    ("PATCH", _MESSAGE, _change_message),
    ("DELETE", _MESSAGE, _delete),
    ("POST", f"{_MAILBOX}/expire_deltas", _expire_deltas),
)
