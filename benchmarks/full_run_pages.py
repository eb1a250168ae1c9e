"""Pages of a mailbox as Microsoft Graph told them: fetched once, kept as files, and read again from their bytes."""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final, TypeVar

import aiohttp
import attrs
import msgspec

from adapters.graph.addresses import FOLDER_UNKNOWN, path
from adapters.graph.mailbox import GraphMailbox
from adapters.graph.paging import max_page_size
from adapters.graph.requests import GraphRequest, verbatim
from adapters.graph.selection import select
from adapters.graph.service import GraphService
from adapters.http_client.transport import Answer
from application.mail_lookup import WHOLE
from domain.mail import MailboxOwner, MailFolder

T = TypeVar("T")

INDEX: Final = "index.json"
"""Of a directory of pages: the file of each page by its address."""


class _Links(msgspec.Struct, rename={"next": "@odata.nextLink"}):
    value: list[msgspec.Raw]
    next: str | None = None


@attrs.frozen(kw_only=True)
class Fetched:
    """So many mails in so many seconds, which were spent on requests alone."""

    mails: int
    seconds: float


async def fetch(
    mailbox: GraphMailbox, owner: MailboxOwner, folders: Sequence[MailFolder], token: str, keep: Path | None = None
) -> Fetched:
    """Ask for all pages of the folders' changes as the adapter does, one after the other, with a bare client.

    With a directory, the pages are kept there.
    """
    files: dict[str, str] = {}
    mails, seconds = 0, 0.0
    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {token}"}) as session:
        for folder in folders:
            request: GraphRequest | None = _first(mailbox, owner, folder)
            while request is not None:
                began = time.perf_counter()
                async with session.get(request.target, headers=request.headers(), raise_for_status=True) as answer:
                    body = await answer.read()
                seconds += time.perf_counter() - began
                if keep is not None:
                    name = files[str(request.target)] = f"{len(files)}.json"
                    (keep / name).write_bytes(body)
                page = msgspec.json.decode(body, type=_Links)
                mails += len(page.value)
                request = None if page.next is None else attrs.evolve(request, target=verbatim(page.next))
    if keep is not None:
        (keep / INDEX).write_text(json.dumps(files), encoding="utf-8")
    return Fetched(mails=mails, seconds=seconds)


def _first(mailbox: GraphMailbox, owner: MailboxOwner, folder: MailFolder) -> GraphRequest:
    selection = select(WHOLE)
    target = path("mailFolders", folder.folder_id, "messages", "delta", options=selection.options)
    return GraphRequest(
        owner=owner,
        target=mailbox.service.url(owner, target),
        prefer=(*selection.prefer, max_page_size(mailbox.page_size_with_bodies)),
        absent=FOLDER_UNKNOWN,
    )


@attrs.frozen(kw_only=True, eq=False)
class KeptPages(GraphService):
    """Answers with the pages of a directory. What is not there, such as the pages behind the last, it asks for."""

    directory: Path
    files: Mapping[str, str] = attrs.field(init=False, repr=False)

    @files.default
    def _own_files(self) -> Mapping[str, str]:
        return msgspec.json.decode((self.directory / INDEX).read_bytes(), type=dict[str, str])

    async def read(self, request: GraphRequest, parse: Callable[[Answer], T]) -> T:
        """Return what `parse` makes of a page's bytes."""
        name = self.files.get(str(request.target))
        if name is None:
            return await super().read(request, parse)
        now = self.clock.now()
        body = (self.directory / name).read_bytes()
        answer = Answer(
            status=200, body=body, asked_at=now, answered_at=now, retry_after=None, date=None, request_id=name
        )
        return parse(answer)


def from_kept_pages(mailbox: GraphMailbox, directory: Path) -> GraphMailbox:
    """Return the mailbox with the pages of the directory."""
    own = {each.name: getattr(mailbox.service, each.name) for each in attrs.fields(GraphService) if each.init}
    return attrs.evolve(mailbox, service=KeptPages(**own, directory=directory))
