"""The mails that meet a filter, page by page, as far as they are asked for."""

import heapq
from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import datetime
from typing import Final

import attrs
from yarl import URL

from adapters.graph.addresses import FOLDER_UNKNOWN, MAILBOX_UNKNOWN, path
from adapters.graph.decoding import DecodedPage, decode_page
from adapters.graph.paging import LESS, Trail, max_page_size, shrinking
from adapters.graph.query_plan import QueryPlan
from adapters.graph.requests import GraphRequest, unusable, verbatim
from adapters.graph.salvage import NoPageError
from adapters.graph.selection import Selection
from adapters.graph.service import GraphService
from adapters.http_client.transport import Answer
from domain.mail import Mail, MailboxOwner, MailPage, UnreadableMail

SEARCHED: Final = 1000
"""More than this a search does not give. Source: search-query-parameter.md."""


@attrs.frozen(kw_only=True)
class QueryRun:
    """One query of one mailbox; `page_size` is the most that a page has."""

    service: GraphService
    owner: MailboxOwner
    plan: QueryPlan
    selection: Selection
    page_size: int

    async def pages(self, size: int | None = None) -> AsyncGenerator[MailPage]:
        """Yield all, as it comes, at most `size` in a page; pages may be empty and still have one behind them."""
        size = self.page_size if size is None else size
        request, trail, told = self._begin(size), Trail(), 0
        while True:
            page = await self.service.read(request, self._read)
            told += len(page.entries)
            last = page.next_link is None
            yield self._page(page, truncated=last and self.plan.searched and told >= SEARCHED)
            if page.next_link is None:
                return
            request = self._following(trail.checked(page.next_link), size)

    async def newest(self, number: int) -> AsyncGenerator[MailPage]:
        """Yield so many at most, the newest."""
        if number < 1:
            return
        async with aclosing(self._first(number) if self.plan.ordered else self._best(number)) as pages:
            async for page in pages:
                yield page

    async def _first(self, number: int) -> AsyncGenerator[MailPage]:
        """Yield what comes until it is enough: it comes newest first."""
        size = min(number, self.page_size) if self.plan.residual is None else self.page_size
        async with aclosing(self.pages(size)) as pages:
            async for page in pages:
                yield attrs.evolve(page, mails=page.mails[:number])
                number -= len(page.mails)
                if number <= 0:
                    return

    async def _best(self, number: int) -> AsyncGenerator[MailPage]:
        """Look through all, and yield the newest at the end; what cannot be read is yielded as it comes."""
        best: list[tuple[datetime, int, Mail]] = []
        seen, truncated = 0, False
        async with aclosing(self.pages()) as pages:
            async for page in pages:
                for mail in page.mails:
                    seen += 1
                    keep = heapq.heappush if len(best) < number else heapq.heappushpop
                    keep(best, (mail.received_at, -seen, mail))
                if page.unreadable:
                    yield MailPage(unreadable=page.unreadable)
                truncated = page.truncated
        yield MailPage(mails=tuple(mail for _, _, mail in sorted(best, reverse=True)), truncated=truncated)

    def _begin(self, size: int) -> GraphRequest:
        folder = self.plan.folder_id
        place = ("messages",) if folder is None else ("mailFolders", folder, "messages")

        def target(top: int) -> URL:
            options = {**self.selection.options, **self.plan.options, "$top": str(top)}
            return self.service.url(self.owner, path(*place, options=options))

        least = self._request(target(size // LESS), (), None) if size >= LESS else None
        return self._preferring(target(size), size, least)

    def _following(self, link: str, size: int) -> GraphRequest:
        return self._preferring(verbatim(link), size, None)

    def _preferring(self, target: URL, size: int, least: GraphRequest | None) -> GraphRequest:
        """Return the request for a page, and for ever smaller ones should it take too long; then for `least`.

        A smaller page is preferred, not asked for: links remember what was asked for, and every page after this one
        would be as small. `least` is for a server that follows no preference.
        """

        def build(preferred: int, smaller: GraphRequest | None) -> GraphRequest:
            return self._request(target, () if preferred == size else (max_page_size(preferred),), smaller or least)

        return shrinking(size, build)

    def _request(self, target: URL, prefer: tuple[str, ...], smaller: GraphRequest | None) -> GraphRequest:
        absent = MAILBOX_UNKNOWN if self.plan.folder_id is None else FOLDER_UNKNOWN
        prefer = (*self.selection.prefer, *prefer)
        return GraphRequest(owner=self.owner, target=target, prefer=prefer, absent=absent, smaller=smaller)

    def _read(self, answer: Answer) -> DecodedPage:
        try:
            return decode_page(answer.body, self.selection.fields)
        except NoPageError as error:
            raise unusable(answer, "no page of messages") from error

    def _page(self, page: DecodedPage, *, truncated: bool) -> MailPage:
        residual = self.plan.residual
        mails = tuple(entry for entry in page.entries if isinstance(entry, Mail) and (not residual or residual(entry)))
        unreadable = tuple(entry for entry in page.entries if isinstance(entry, UnreadableMail))
        return MailPage(mails=mails, unreadable=unreadable, truncated=truncated)
