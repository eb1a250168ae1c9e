"""GET of mail folders: lists of one level, and single ones."""

from collections.abc import Mapping
from typing import Any, Final

import attrs
from aiohttp import web

from modules.simulator.mail.access import reader_of
from modules.simulator.mail.answers import Page, context_of, entity_answer, link_of, page_answer
from modules.simulator.mail.listing import folder_of
from modules.simulator.mail.mailbox import Folder, Mailbox
from modules.simulator.mail.odata_options import parse_expand, parse_number, parse_select, parse_truth, read_options
from modules.simulator.mail.preferences import page_size, preferences_of
from modules.simulator.mail.rendering import encoded

_TYPE: Final = "microsoft.graph.mailFolder"
_RELATIONSHIPS: Final = ("childFolders", "messages", "messageRules")
_NAMES: Final = (
    "id",
    "displayName",
    "parentFolderId",
    "childFolderCount",
    "unreadItemCount",
    "totalItemCount",
    "isHidden",
)
_OF_LISTS: Final = frozenset({"$select", "$expand", "$top", "$skip", "$count", "$format"})
_OF_ONE: Final = frozenset({"$select", "$expand", "$format"})


async def folders(request: web.Request) -> web.Response:
    """GET .../mailFolders: those at the top."""
    mailbox = reader_of(request).mailbox
    return _list(request, mailbox, mailbox.root, "mailFolders")


async def child_folders(request: web.Request) -> web.Response:
    """GET .../mailFolders/{id}/childFolders."""
    mailbox = reader_of(request).mailbox
    above = folder_of(request, mailbox)
    return _list(request, mailbox, above, f"mailFolders('{above.folder_id}')/childFolders")


async def folder(request: web.Request) -> web.Response:
    """GET .../mailFolders/{id}, hidden or not."""
    mailbox = reader_of(request).mailbox
    found = folder_of(request, mailbox)
    options = read_options(request.query.items(), _OF_ONE)
    context = context_of(request, mailbox, "mailFolders/$entity", options.get("$select"))
    return entity_answer(request, context, encoded(_shown(found, _wish(request, options))), {})


def _list(request: web.Request, mailbox: Mailbox, above: Folder, collection: str) -> web.Response:
    options, preferences = read_options(request.query.items(), _OF_LISTS), preferences_of(request)
    size, wish = page_size(options, preferences), _wish(request, options)
    found = _children(above, wish)
    start = parse_number("$skip", options.get("$skip", "0"))
    links = {"@odata.nextLink": link_of(request, skip=str(start + size))} if start + size < len(found) else {}
    page = Page(
        context=context_of(request, mailbox, collection, options.get("$select")),
        values=[encoded(_shown(each, wish)) for each in found[start : start + size]],
        count=len(found) if parse_truth("$count", options.get("$count", "false")) else None,
        links=links,
    )
    return page_answer(request, page, preferences.applied)


@attrs.frozen(kw_only=True)
class _Wish:
    """What is to be told of a folder. `hidden`: hidden folders too; `children`: along with those below it."""

    names: tuple[str, ...]
    hidden: bool
    children: bool


def _wish(request: web.Request, options: Mapping[str, str]) -> _Wish:
    """Raises: GraphError 400 for what folders do not have."""
    expanded = parse_expand(options["$expand"], _RELATIONSHIPS, _TYPE) if "$expand" in options else ()
    flags = {name.lower(): value.lower() for name, value in request.query.items()}
    return _Wish(
        names=parse_select(options["$select"], _NAMES, _TYPE) if "$select" in options else _NAMES,
        hidden=flags.get("includehiddenfolders") == "true",
        children=any(each.name == "childFolders" for each in expanded),
    )


def _children(above: Folder, wish: _Wish) -> list[Folder]:
    return [each for each in above.children if wish.hidden or not each.hidden]


def _shown(found: Folder, wish: _Wish) -> dict[str, Any]:
    every = {
        "displayName": found.name,
        "parentFolderId": found.parent.folder_id if found.parent else None,
        "childFolderCount": found.child_count,
        "unreadItemCount": found.unread,
        "totalItemCount": found.total,
        "isHidden": found.hidden,
    }
    shown: dict[str, Any] = {
        "id": found.folder_id,
        **{name: value for name, value in every.items() if name in wish.names},
    }
    if wish.children:
        below = attrs.evolve(wish, children=False)
        shown["childFolders"] = [_shown(each, below) for each in _children(found, wish)]
    return shown
