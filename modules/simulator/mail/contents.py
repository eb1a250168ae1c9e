"""The endpoints for what is attached to a message, and for its bytes and the message's own."""

from collections.abc import Callable, Mapping
from typing import Any

from aiohttp import web

from modules.simulator.graph_error import GraphError, graph_headers
from modules.simulator.graph_identity import graph_answer
from modules.simulator.mail.access import key_of, reader_of
from modules.simulator.mail.answers import context_of, link_of
from modules.simulator.mail.attachments import ITEM, TYPE, attachment_json, item_json, selected
from modules.simulator.mail.content import File, Item, Link
from modules.simulator.mail.ids import is_plausible
from modules.simulator.mail.listing import message_of
from modules.simulator.mail.mailbox import Message
from modules.simulator.mail.mime import media_type, message_mime, mime
from modules.simulator.mail.odata_options import parse_expand, parse_number, parse_truth, read_options
from modules.simulator.mail.paths import KEY, of_message

_OF_ONE = frozenset({"$select", "$expand"})
_OF_MANY = _OF_ONE | {"$top", "$skip", "$count"}
_MIME_TYPE = "text/plain"

ATTACHMENTS = of_message("/(?i:attachments)")
ATTACHMENT = of_message(f"/(?i:attachments)(?P<attachment>{KEY})")
ATTACHMENT_VALUE = of_message(rf"/(?i:attachments)(?P<attachment>{KEY})/\$value")
MESSAGE_VALUE = of_message(r"/\$value")


async def attachments(request: web.Request) -> web.Response:
    """GET .../messages/{id}/attachments: all of them, unless `$top` asks for fewer."""
    message = _message(request)
    options = read_options(request.query.items(), _OF_MANY)
    told, total = _teller(message, options), len(message.attachment_ids)
    start = parse_number("$skip", options.get("$skip", "0"))
    count = parse_number("$top", options["$top"], 1) if "$top" in options else total
    page: dict[str, Any] = {"@odata.context": _context(request, options)}
    if parse_truth("$count", options.get("$count", "false")):
        page["@odata.count"] = total
    if start + count < total:
        page["@odata.nextLink"] = link_of(request, skip=str(start + count))
    return graph_answer(request, {**page, "value": [told(index) for index in range(total)[start : start + count]]})


async def attachment(request: web.Request) -> web.Response:
    """GET .../attachments/{id}; an attached message comes along if it is asked for."""
    message = _message(request)
    options = read_options(request.query.items(), _OF_ONE)
    told = _teller(message, options)(_index(request, message))
    return graph_answer(request, {"@odata.context": _context(request, options, "/$entity"), **told})


async def attachment_value(request: web.Request) -> web.Response:
    """GET .../attachments/{id}/$value: a file's bytes, or an attached message as MIME; 405 for a link."""
    message = _message(request)
    index = _index(request, message)
    match message.draft.attachments[index]:
        case File() as file:
            return _raw(request, file.content, "/".join(media_type(file.content_type)))
        case Item() as item:
            return _raw(request, mime(item.draft, message.attachment_ids[index]), _MIME_TYPE)
        case Link():
            refusal = "The attachment is a reference: it has no content here."
            raise GraphError(405, "ErrorInvalidRequest", refusal, {"Allow": ""})


async def message_value(request: web.Request) -> web.Response:
    """GET .../messages/{id}/$value: the whole message as MIME."""
    return _raw(request, message_mime(_message(request)), _MIME_TYPE)


def _message(request: web.Request) -> Message:
    """Raises: GraphError as `reader_of` and `message_of`."""
    return message_of(request, reader_of(request, whole=True).mailbox)


def _index(request: web.Request, message: Message) -> int:
    """Raises: GraphError 400 if the id is none, 404 if the message has no such attachment."""
    given = key_of(request, "attachment")
    if given in message.attachment_ids:
        return message.attachment_ids.index(given)
    if not is_plausible(given):
        raise GraphError(400, "ErrorInvalidIdMalformed", "Id is malformed.")
    raise GraphError(404, "ErrorItemNotFound", "The specified object was not found in the store.")


def _teller(message: Message, options: Mapping[str, str]) -> Callable[[int], dict[str, Any]]:
    """How an attachment is told, by its index. Raises: GraphError 400 for options that make no sense."""
    select = selected(options.get("$select"))
    expanded = bool(parse_expand(options["$expand"], (ITEM,), TYPE)) if "$expand" in options else False

    def told(index: int) -> dict[str, Any]:
        attached = message.draft.attachments[index]
        item = {"item": item_json(attached, message.attachment_ids[index])} if isinstance(attached, Item) else {}
        return attachment_json(message, index, select) | (item if expanded else {})

    return told


def _context(request: web.Request, options: Mapping[str, str], entity: str = "") -> str:
    mailbox, chosen = reader_of(request, whole=True).mailbox, options.get("$select", "")
    shown = ",".join(filter(None, (chosen, f"{ITEM}()" if "$expand" in options else "")))
    return context_of(request, mailbox, f"messages('{key_of(request, 'message')}')/attachments{entity}", shown)


def _raw(request: web.Request, body: bytes, media: str) -> web.Response:
    return web.Response(body=body, headers={**graph_headers(request), "Content-Type": media})
