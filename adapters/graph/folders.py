"""A mailbox's folders, all of them: Graph lists each level for itself."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Final

import attrs

from adapters.graph.addresses import FOLDER_UNKNOWN, MAILBOX_UNKNOWN, path
from adapters.graph.decoding import decode_folder, decode_folders
from adapters.graph.paging import Trail
from adapters.graph.records import FolderPage, FolderRecord
from adapters.graph.requests import GraphRequest, unusable, verbatim
from adapters.graph.salvage import NoPageError
from adapters.graph.service import GraphService
from adapters.http_client.transport import Answer
from domain.errors import IACSGraphError, NotFoundError
from domain.mail import FolderRole, MailboxOwner, MailFolder, folder_path

_OPTIONS: Final[Mapping[str, str]] = {
    "includeHiddenFolders": "true",
    "$top": "100",
    "$select": "id,displayName,parentFolderId,childFolderCount,totalItemCount,unreadItemCount,isHidden",
}


async def list_folders(service: GraphService, owner: MailboxOwner) -> Sequence[MailFolder]:
    """Return the folders, each behind its parent.

    Raises: as `Mailbox` says.
    """
    listing = _Listing(service=service, owner=owner, roles=await _roles(service, owner))
    await listing.add(None)
    return tuple(listing.found.values())


async def _roles(service: GraphService, owner: MailboxOwner) -> Mapping[str, FolderRole]:
    """Return what folders are for, by id: only Graph's well-known names say it, whatever the owner calls a folder."""
    asked = [
        GraphRequest(
            owner=owner,
            target=service.url(owner, path("mailFolders", role.value, options={"$select": _OPTIONS["$select"]})),
            absent=FOLDER_UNKNOWN,
        )
        for role in FolderRole
    ]
    outcomes = await service.batch(owner, asked)
    return {
        folder.id: role for role, outcome in zip(FolderRole, outcomes, strict=True) for folder in _existing(outcome)
    }


def _existing(outcome: Answer | IACSGraphError) -> Sequence[FolderRecord]:
    if isinstance(outcome, NotFoundError) and outcome.error_code == FOLDER_UNKNOWN.error_code:
        return ()
    if isinstance(outcome, IACSGraphError):
        raise outcome
    try:
        return (decode_folder(outcome.body),)
    except NoPageError as error:
        raise unusable(outcome, "no folder") from error


def _read(answer: Answer) -> FolderPage:
    try:
        return decode_folders(answer.body)
    except NoPageError as error:
        raise unusable(answer, "no page of folders") from error


@attrs.frozen(kw_only=True)
class _Listing:
    service: GraphService
    owner: MailboxOwner
    roles: Mapping[str, FolderRole]
    found: dict[str, MailFolder] = attrs.field(factory=dict, init=False)

    async def add(self, parent: MailFolder | None) -> None:
        """Add what is directly in a folder, each with what is in it; None is the top."""
        async for record in self._children(parent):
            if record.id not in self.found:
                folder = self.found[record.id] = self._folder(record, parent)
                if record.child_folder_count:
                    await self.add(folder)

    async def _children(self, parent: MailFolder | None) -> AsyncIterator[FolderRecord]:
        """Yield what is directly in a folder; nothing if it has gone since it was listed."""
        above = ("mailFolders",) if parent is None else ("mailFolders", parent.folder_id, "childFolders")
        absent = MAILBOX_UNKNOWN if parent is None else FOLDER_UNKNOWN
        target, trail = self.service.url(self.owner, path(*above, options=_OPTIONS)), Trail()
        while True:
            page = await self._page(GraphRequest(owner=self.owner, target=target, absent=absent))
            for record in page.value:
                yield record
            if page.next_link is None:
                return
            target = verbatim(trail.checked(page.next_link))

    async def _page(self, request: GraphRequest) -> FolderPage:
        try:
            return await self.service.read(request, _read)
        except NotFoundError as error:
            if error.error_code != FOLDER_UNKNOWN.error_code:
                raise
            return FolderPage(value=[])

    def _folder(self, record: FolderRecord, parent: MailFolder | None) -> MailFolder:
        return MailFolder(
            folder_id=record.id,
            parent_id=None if parent is None else parent.folder_id,
            name=record.display_name,
            path=folder_path(None if parent is None else parent.path, record.display_name),
            role=self.roles.get(record.id),
            total=record.total_item_count,
            unread=record.unread_item_count,
            is_hidden=record.is_hidden,
        )
