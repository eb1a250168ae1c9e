"""GET of messages: lists, and single ones."""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from typing import Final

from aiohttp import web

from modules.simulator.graph_error import GraphError
from modules.simulator.mail.access import Reader, denied, key_of, reader_of
from modules.simulator.mail.answers import Page, context_of, entity_answer, link_of, page_answer, written
from modules.simulator.mail.ids import is_plausible
from modules.simulator.mail.kql import parse_kql
from modules.simulator.mail.mailbox import Folder, Mailbox, Message
from modules.simulator.mail.odata_filter import parse_filter
from modules.simulator.mail.odata_options import parse_number, parse_order_by, parse_truth, read_options
from modules.simulator.mail.preferences import page_size, preferences_of, wanted
from modules.simulator.mail.rendering import etag_of
from modules.simulator.mail.restrictions import check
from modules.simulator.mail.views import Asked, Views

VIEWS: web.AppKey[Views] = web.AppKey("views", Views)

_OF_ONE: Final = frozenset({"$select", "$expand", "$format"})
_SKIP_TOKEN: Final = re.compile(rb"from:([0-9]{1,9})")
_DELTA: Final = re.compile(r"(?:microsoft\.graph\.)?delta(?:\(\))?", re.IGNORECASE)
# Names by which Graph knows folders that the mailboxes here do not have.
_NOT_THERE: Final = frozenset(
    {
        *("clutter", "conflicts", "conversationhistory", "localfailures", "recoverableitemsdeletions", "scheduled"),
        *("searchfolders", "serverfailures", "syncissues"),
    }
)


async def messages(request: web.Request) -> web.Response:
    """GET .../messages, of all folders or of one."""
    reader = reader_of(request)
    folder = folder_of(request, reader.mailbox) if "folder" in request.match_info else None
    options = read_options(request.query.items())
    asked = _asked(options, folder, reader)
    preferences = preferences_of(request)
    how, size = wanted(options, preferences, reader), page_size(options, preferences)
    skip = _skipped(options)
    found = request.app[VIEWS].find(reader.mailbox, asked, skip, size)
    further = skip + len(found.messages)
    links = _links(request, further, is_search=asked.search is not None) if further < found.total else {}
    page = Page(
        context=context_of(request, reader.mailbox, _collection(folder), how.select),
        values=written(request, found.messages, how),
        count=found.total if parse_truth("$count", options.get("$count", "false")) else None,
        links=links,
    )
    return page_answer(request, page, preferences.applied)


def _collection(folder: Folder | None) -> str:
    return "messages" if folder is None else f"mailFolders('{folder.folder_id}')/messages"


def _asked(options: Mapping[str, str], folder: Folder | None, reader: Reader) -> Asked:
    """Raises: GraphError 400 for what cannot be read, or not be asked together; 403 if a basic reader searches."""
    where = parse_filter(options["$filter"]) if "$filter" in options else None
    order_by = parse_order_by(options["$orderby"]) if "$orderby" in options else ()
    search = parse_kql(options["$search"]) if "$search" in options else None
    check(where, order_by, search, skip="$skip" in options)
    if search is not None and reader.basic:
        raise denied()
    return Asked(folder=folder, where=where, order_by=order_by, search=search)


def _skipped(options: Mapping[str, str]) -> int:
    if "$skiptoken" not in options:
        return parse_number("$skip", options["$skip"]) if "$skip" in options else 0
    try:
        match = _SKIP_TOKEN.fullmatch(urlsafe_b64decode(options["$skiptoken"].encode()))
    except ValueError:
        match = None
    if match is None:
        raise GraphError(400, "BadRequest", "Skip token is invalid.")
    return int(match[1])


def _links(request: web.Request, further: int, *, is_search: bool) -> dict[str, str]:
    """Lists go on by `$skip`, searches, which do not know that, by `$skiptoken`."""
    token = urlsafe_b64encode(f"from:{further}".encode()).decode()
    link = link_of(request, skiptoken=token) if is_search else link_of(request, skip=str(further))
    return {"@odata.nextLink": link}


async def message(request: web.Request) -> web.Response:
    """GET .../messages/{id}."""
    reader = reader_of(request)
    if _DELTA.fullmatch(key_of(request, "message")):
        raise GraphError(400, "BadRequest", "Change tracking is not supported against 'microsoft.graph.message'.")
    found = message_of(request, reader.mailbox)
    preferences = preferences_of(request)
    how = wanted(read_options(request.query.items(), _OF_ONE), preferences, reader)
    folder = found.folder if "folder" in request.match_info else None
    context = context_of(request, reader.mailbox, f"{_collection(folder)}/$entity", how.select)
    headers = {**preferences.applied, "ETag": etag_of(found)}
    return entity_answer(request, context, written(request, [found], how)[0], headers)


def message_of(request: web.Request, mailbox: Mailbox) -> Message:
    """The message of the path, if it is in the folder of the path or that names none.

    Raises: GraphError 400 ErrorInvalidIdMalformed, 404 ErrorItemNotFound.
    """
    message_id = key_of(request, "message")
    found = mailbox.find(message_id)
    folder = folder_of(request, mailbox) if "folder" in request.match_info else None
    if found is None or folder not in {None, found.folder}:
        raise _not_found(message_id)
    return found


def folder_of(request: web.Request, mailbox: Mailbox) -> Folder:
    """The folder of the path. Raises: as `message_of`."""
    name = key_of(request, "folder")
    found = mailbox.find_folder(name)
    if found is None:
        raise _not_found(name, plausible=name.lower() in _NOT_THERE)
    return found


def _not_found(name: str, *, plausible: bool = False) -> GraphError:
    if plausible or is_plausible(name):
        return GraphError(404, "ErrorItemNotFound", "The specified object was not found in the store.")
    return GraphError(400, "ErrorInvalidIdMalformed", "Id is malformed.")
