"""GET of the changes of a folder: .../mailFolders/{id}/messages/delta."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import attrs
from aiohttp import web

from modules.simulator.exchange import base_of, world_of
from modules.simulator.graph_error import GraphError
from modules.simulator.mail.access import reader_of
from modules.simulator.mail.answers import Page, page_answer, path_of, query_of, written
from modules.simulator.mail.delta_cursor import Cursor, cursor_of, token_of
from modules.simulator.mail.delta_walk import Change, Scope, begun, scope_of, walk
from modules.simulator.mail.listing import folder_of
from modules.simulator.mail.mailbox import Folder, Mailbox
from modules.simulator.mail.odata_options import read_options
from modules.simulator.mail.preferences import Wanted, page_size, preferences_of, wanted
from modules.simulator.mail.rendering import encoded, in_order, rendered

_OPTIONS: Final = frozenset({"$select", "$top", "$expand", "$filter", "$orderby", "$skiptoken", "$deltatoken"})
_TOKENS: Final = ("$skiptoken", "$deltatoken")
_PROPERTIES: Final = {
    "is_read": "isRead",
    "subject": "subject",
    "importance": "importance",
    "categories": "categories",
}
_CHANGED_ALWAYS: Final = ("lastModifiedDateTime", "changeKey")
_SHARE_OF_REPLAYS: Final = 4


async def delta(request: web.Request) -> web.Response:
    """One page of a round: a first one without a token, or as the link says."""
    reader = reader_of(request)
    mailbox, folder = reader.mailbox, folder_of(request, reader.mailbox)
    cursor, preferences = _cursor(request, mailbox, folder), preferences_of(request)
    how, size = wanted(cursor.options, preferences, reader), page_size(cursor.options, preferences)
    scope = scope_of(cursor.options, immutable=preferences.immutable)
    is_first = cursor.since is None and cursor.target is None
    if cursor.target is None:
        cursor = begun(folder, cursor, scope, mailbox.revision)
    if world_of(request).switches.delta_empty_pages and not is_first and not cursor.paused:
        values, cursor = list[bytes](), attrs.evolve(cursor, paused=True)
    else:
        values, cursor = _page(request, folder, cursor, scope, how, size)
    context = f"{base_of(request)}/v1.0/$metadata#Collection(message)"
    page = Page(context=context, values=values, links=_links(request, mailbox, cursor))
    return page_answer(request, page, preferences.applied)


def _cursor(request: web.Request, mailbox: Mailbox, folder: Folder) -> Cursor:
    """Where the request goes on. Raises: GraphError 400 for options beside a token; 410 for an unknown one."""
    options = _options(request)
    token = next(((name, options[name]) for name in _TOKENS if options.get(name)), None)
    own = {name: value for name, value in options.items() if name not in _TOKENS}
    if token is None:
        return Cursor(folder_id=folder.folder_id, generation=mailbox.generation, options=own)
    if own or len(options) > 1:
        message = "Options belong to the first request for changes only: links carry them on."
        raise GraphError(400, "BadRequest", message)
    name, text = token
    cursor = cursor_of(text, mailbox.key)
    is_known = cursor is not None and cursor.folder_id == folder.folder_id and cursor.generation == mailbox.generation
    if cursor is None or not is_known or (cursor.target is None) != (name == "$deltatoken"):
        raise _gone(request, mailbox, cursor)
    return cursor


def _options(request: web.Request) -> dict[str, str]:
    """Raises: GraphError 400 for what is not asked of changes, or asked twice."""
    types = [value for name, value in request.query.items() if name.lower() == "changetype"]
    if len(types) > 1:
        raise GraphError(400, "BadRequest", "The query parameter 'changeType' was specified more than once.")
    return {**read_options(request.query.items(), _OPTIONS), **({"changetype": types[0]} if types else {})}


def _gone(request: web.Request, mailbox: Mailbox, cursor: Cursor | None) -> GraphError:
    """The two ways in which Graph says that a client must begin again."""
    if world_of(request).switches.delta_resync_location:
        again = query_of([*(cursor.options if cursor else {}).items(), ("$deltatoken", "")])
        message = "Resync is required. Replace all local state with the new one."
        return GraphError(410, "resyncRequired", message, {"Location": f"{path_of(request)}?{again}"})
    theirs, ours = cursor.generation if cursor else 0, mailbox.generation
    message = f"The sync state generation is not found; generation={theirs};[highest={ours}][{ours}]."
    return GraphError(410, "SyncStateNotFound", message)


def _page(
    request: web.Request, folder: Folder, cursor: Cursor, scope: Scope, how: Wanted, size: int
) -> tuple[list[bytes], Cursor]:
    """What comes now, and where the next page begins; a round that is done begins again at its end."""
    again = _replayed(request, folder, cursor, scope, size)
    step = walk(folder, cursor, scope, cursor.place, size - len(again))
    values = [_written(request, each, cursor, how) for each in (*step.changes, *again)]
    if step.done:
        ended = attrs.evolve(cursor, since=cursor.target, target=None, place=None, before=None, paused=False)
        return values, ended
    return values, attrs.evolve(cursor, place=step.place, before=cursor.place, paused=False)


def _replayed(request: web.Request, folder: Folder, cursor: Cursor, scope: Scope, size: int) -> Sequence[Change]:
    """Some of the page before, last ones first, if that is switched on and there was one in this round."""
    is_on = world_of(request).switches.delta_replays
    if not is_on or cursor.place is None or cursor.place == cursor.since:
        return ()
    return walk(folder, cursor, scope, cursor.before, size).changes[: size // _SHARE_OF_REPLAYS][::-1]


def _written(request: web.Request, change: Change, cursor: Cursor, how: Wanted) -> bytes:
    if change.removed is not None:
        gone = change.message.immutable_id if how.shape.immutable else change.removed
        removed = {"@odata.type": "#microsoft.graph.message", "id": gone, "@removed": {"reason": "deleted"}}
        return encoded(removed)
    if change.whole or not world_of(request).switches.delta_partial_updates:
        return written(request, [change.message], how)[0]
    return encoded(_changed_only(change, cursor.since or 0, how))


def _changed_only(change: Change, since: int, how: Wanted) -> dict[str, Any]:
    changed = change.message.changed or {}
    names = {*(_PROPERTIES[name] for name, revision in changed.items() if revision > since), *_CHANGED_ALWAYS}
    return rendered(change.message, attrs.evolve(how.shape, names=in_order(names.intersection(how.shape.names))))


def _links(request: web.Request, mailbox: Mailbox, cursor: Cursor) -> Mapping[str, str]:
    token = token_of(cursor, mailbox.key)
    if cursor.target is None:
        return {"@odata.deltaLink": f"{path_of(request)}?{query_of([('$deltatoken', token)])}"}
    return {"@odata.nextLink": f"{path_of(request)}?{query_of([('$skiptoken', token)])}"}
