"""What changed in a folder (delta query): rounds of pages, each of which may tell less than everything.

Source: concepts/delta-query-messages.md.
"""

from collections.abc import Iterable, Mapping, Sequence

import attrs

from adapters.graph.addresses import FOLDER_UNKNOWN, MAIL_UNKNOWN, path
from adapters.graph.decoding import DecodedPage, Entry, Incomplete, Removed, decode_mail, decode_page
from adapters.graph.paging import max_page_size, repeated, shrinking
from adapters.graph.requests import GraphRequest, unusable, verbatim
from adapters.graph.salvage import NoPageError
from adapters.graph.selection import Selection
from adapters.graph.service import GraphService
from adapters.http_client.transport import Answer
from domain.errors import IACSGraphError, NotFoundError
from domain.mail import Mail, MailboxOwner, MailChanges, UnreadableMail


@attrs.frozen(kw_only=True)
class ChangesReader:
    """Reads the changes of folders, with pages of at most `page_size` mails."""

    service: GraphService
    selection: Selection
    page_size: int

    async def read(self, owner: MailboxOwner, folder_id: str, cursor: str | None) -> MailChanges:
        """Return one page of changes; the cursor is Graph's own link.

        Of a message that a page tells several times the last is taken, and so it is either changed or removed. What
        lacks something is asked for; if that fails, so does the whole page, and the cursor stays where it was.

        Raises: as `Mailbox.changes` says.
        """
        page = await self.service.read(self._request(owner, folder_id, cursor), self._page)
        link = page.next_link or page.delta_link or ""
        if page.next_link is not None and page.next_link == cursor:
            raise repeated()
        entries = await self._completed(owner, _latest(page.entries))
        return MailChanges(
            changed=tuple(entry for entry in entries if isinstance(entry, Mail)),
            removed=tuple(entry.message_id for entry in entries if isinstance(entry, Removed)),
            unreadable=tuple(entry for entry in entries if isinstance(entry, UnreadableMail)),
            cursor=link,
            complete=page.next_link is None,
        )

    def _request(self, owner: MailboxOwner, folder_id: str, cursor: str | None) -> GraphRequest:
        first = path("mailFolders", folder_id, "messages", "delta", options=self.selection.options)
        target = self.service.url(owner, first) if cursor is None else verbatim(cursor)

        def build(size: int, smaller: GraphRequest | None) -> GraphRequest:
            prefer = (*self.selection.prefer, max_page_size(size))
            return GraphRequest(owner=owner, target=target, prefer=prefer, absent=FOLDER_UNKNOWN, smaller=smaller)

        return shrinking(self.page_size, build)

    async def _completed(self, owner: MailboxOwner, entries: Mapping[object, Entry]) -> Sequence[Entry]:
        """Return the entries, with whole mails in place of what was incomplete; what is gone by now was removed."""
        ids = [entry.message_id for entry in entries.values() if isinstance(entry, Incomplete)]
        if not ids:
            return tuple(entries.values())
        requests = [mail_request(self.service, owner, message_id, self.selection) for message_id in ids]
        outcomes = await self.service.batch(owner, requests)
        whole = {
            message_id: _judged(message_id, outcome, self.selection)
            for message_id, outcome in zip(ids, outcomes, strict=True)
        }
        return tuple(whole[entry.message_id] if isinstance(entry, Incomplete) else entry for entry in entries.values())

    def _page(self, answer: Answer) -> DecodedPage:
        try:
            page = decode_page(answer.body, self.selection.fields, updates=True)
        except NoPageError as error:
            raise unusable(answer, "no page of messages") from error
        if page.next_link is None and page.delta_link is None:
            raise unusable(answer, "without a link to go on from")
        return page


def mail_request(service: GraphService, owner: MailboxOwner, message_id: str, selection: Selection) -> GraphRequest:
    """Return how one mail is asked for."""
    target = service.url(owner, path("messages", message_id, options=selection.options))
    return GraphRequest(owner=owner, target=target, prefer=selection.prefer, absent=MAIL_UNKNOWN)


def _latest(entries: Iterable[Entry]) -> Mapping[object, Entry]:
    """Return the last that is told of each message; what has no id is a message of its own."""
    return {number if entry.message_id is None else entry.message_id: entry for number, entry in enumerate(entries)}


def _judged(message_id: str, outcome: Answer | IACSGraphError, selection: Selection) -> Entry:
    if isinstance(outcome, NotFoundError) and outcome.error_code == MAIL_UNKNOWN.error_code:
        return Removed(message_id)
    if isinstance(outcome, IACSGraphError):
        raise outcome
    try:
        return decode_mail(outcome.body, selection.fields)
    except NoPageError as error:
        raise unusable(outcome, "no message") from error
