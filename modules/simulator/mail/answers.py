"""Answers with messages: pages and single ones, put together from what is rendered already."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote

import attrs
from aiohttp import web

from modules.simulator.exchange import base_of
from modules.simulator.graph_error import graph_headers
from modules.simulator.mail.attachments import attachment_json, item_json
from modules.simulator.mail.content import Item
from modules.simulator.mail.mailbox import Mailbox, Message
from modules.simulator.mail.preferences import Expansion, Wanted
from modules.simulator.mail.rendering import Renderings, encoded, rendered

RENDERINGS: web.AppKey[Renderings] = web.AppKey("renderings", Renderings)

_CONTENT_TYPE: Final = (
    "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8"
)
_SKIPPING: Final = frozenset({"$skip", "$skiptoken", "$deltatoken"})


@attrs.frozen(kw_only=True)
class Page:
    """One page of a collection. `values`: JSON of its things; `links`: next and delta links by their annotations."""

    context: str
    values: Sequence[bytes] = attrs.field(repr=False)
    count: int | None = None
    links: Mapping[str, str] = attrs.field(factory=dict)


def page_answer(request: web.Request, page: Page, headers: Mapping[str, str]) -> web.Response:
    head: dict[str, Any] = {"@odata.context": page.context}
    if page.count is not None:
        head["@odata.count"] = page.count
    parts = [encoded(head)[:-1], b',"value":[', b",".join(page.values), b"]"]
    parts += [b"," + encoded(page.links)[1:-1]] if page.links else []
    return bytes_answer(request, b"".join([*parts, b"}"]), headers)


def bytes_answer(request: web.Request, body: bytes, headers: Mapping[str, str]) -> web.Response:
    return web.Response(body=body, headers={**graph_headers(request), "Content-Type": _CONTENT_TYPE, **headers})


def context_of(request: web.Request, mailbox: Mailbox, entity: str, select: str | None) -> str:
    """The address of the metadata of `entity`, which is a path in the mailbox, such as `messages`."""
    collection, slash, rest = entity.partition("/$")
    chosen = f"({select})" if select else ""
    owner = quote(mailbox.user.object_id, safe="")
    return f"{base_of(request)}/v1.0/$metadata#users('{owner}')/{collection}{chosen}{slash and '/$'}{rest}"


def link_of(request: web.Request, **option: str) -> str:
    """The request's own address with this option (its name without `$`) in place of where it was in the collection."""
    kept = [(name, value) for name, value in request.query.items() if name.strip().lower() not in _SKIPPING]
    return f"{path_of(request)}?{query_of([*kept, *((f'${name}', value) for name, value in option.items())])}"


def path_of(request: web.Request) -> str:
    """The request's own absolute address, without its query."""
    return f"{base_of(request)}{request.rel_url.raw_path}"


def query_of(pairs: Iterable[tuple[str, str]]) -> str:
    return "&".join(f"{_quoted(name, '$')}={_quoted(value, '(),:')}" for name, value in pairs)


def _quoted(text: str, safe: str) -> str:
    return quote(text, safe=safe, errors="surrogatepass")


def written(request: web.Request, messages: Iterable[Message], how: Wanted) -> list[bytes]:
    """Each message as JSON. With the contents of attachments, which are large, it is not kept."""
    if how.expansion is not None and how.expansion.has_contents:
        return [encoded(_whole(message, how)) for message in messages]
    return request.app[RENDERINGS].of(messages, (how.shape, how.expansion), lambda message: _whole(message, how))


def _whole(message: Message, how: Wanted) -> dict[str, Any]:
    found, expansion = rendered(message, how.shape), how.expansion
    if expansion is None:
        return found
    attached = [_attachment(message, index, expansion) for index in range(len(message.draft.attachments))]
    return {**found, "attachments": attached}


def _attachment(message: Message, index: int, expansion: Expansion) -> dict[str, Any]:
    found = attachment_json(message, index, expansion.select)
    attached = message.draft.attachments[index]
    if expansion.items and isinstance(attached, Item):
        found["item"] = item_json(attached, found["id"])
    return found


def entity_answer(request: web.Request, context: str, entity: bytes, headers: Mapping[str, str]) -> web.Response:
    """A single thing, with its context before everything else."""
    return bytes_answer(request, encoded({"@odata.context": context})[:-1] + b"," + entity[1:], headers)
