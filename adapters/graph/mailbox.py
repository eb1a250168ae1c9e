"""Mailboxes of Microsoft 365, read through Microsoft Graph."""

from collections.abc import AsyncIterator, Sequence
from collections.abc import Set as AbstractSet
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from http import HTTPStatus

import attrs

from adapters.graph.addresses import ATTACHMENT_UNKNOWN, MAIL_UNKNOWN, path
from adapters.graph.changes import ChangesReader, mail_request
from adapters.graph.decoding import decode_mail
from adapters.graph.folders import list_folders
from adapters.graph.query import QueryRun
from adapters.graph.query_plan import plan
from adapters.graph.requests import GraphRequest, unusable
from adapters.graph.salvage import NoPageError
from adapters.graph.selection import Selection, select
from adapters.graph.service import GraphService
from adapters.http_client.transport import Answer
from domain.errors import BusinessLogicError, NotFoundError, ValidationError
from domain.mail import Mail, MailboxOwner, MailChanges, MailFolder, MailPage, MailPart, UnreadableMail
from domain.mail_filter import MailFilter
from ports.mailbox import Mailbox


@attrs.frozen(kw_only=True, eq=False)
class GraphMailbox(Mailbox):
    """Reads mailboxes. Pages have at most `page_size` mails, and `page_size_with_bodies` where bodies come along.

    Graph takes up to a thousand, but answers such pages of large mails too late (504).
    """

    service: GraphService
    page_size: int = 250
    page_size_with_bodies: int = 100

    async def folders(self, owner: MailboxOwner) -> Sequence[MailFolder]:
        """Return all folders: a batch asks for the roles, and each folder that has others in it takes a request."""
        return await list_folders(self.service, owner)

    async def query(
        self, owner: MailboxOwner, mail_filter: MailFilter, *, parts: AbstractSet[MailPart], newest: int | None = None
    ) -> AsyncIterator[MailPage]:
        """Return the mails that meet the filter, page by page."""
        selection = select(parts)
        run = QueryRun(
            service=self.service,
            owner=owner,
            plan=plan(mail_filter),
            selection=selection,
            page_size=self._size(selection),
        )
        async with aclosing(run.pages() if newest is None else run.newest(newest)) as pages:
            async for page in pages:
                yield page

    async def changes(
        self, owner: MailboxOwner, folder_id: str, cursor: str | None, *, parts: AbstractSet[MailPart]
    ) -> MailChanges:
        """Return one page of a round; the cursor is the link to the next one, or to the next round."""
        selection = select(parts)
        reader = ChangesReader(service=self.service, selection=selection, page_size=self._size(selection))
        return await reader.read(owner, folder_id, cursor)

    async def read(self, owner: MailboxOwner, message_id: str, *, parts: AbstractSet[MailPart]) -> Mail:
        """Return one mail."""
        selection = select(parts)

        def judge(answer: Answer) -> Mail | UnreadableMail:
            try:
                return decode_mail(answer.body, selection.fields)
            except NoPageError as error:
                raise unusable(answer, "no message") from error

        found = await self.service.read(mail_request(self.service, owner, message_id, selection), judge)
        if isinstance(found, Mail):
            return found
        msg = f"The mail cannot be read as Microsoft Graph tells it: {found.problem}."
        raise BusinessLogicError(msg, error_code="MAIL_UNREADABLE", details={"message_id": message_id})

    @asynccontextmanager
    async def content(
        self, owner: MailboxOwner, message_id: str, attachment_id: str | None = None
    ) -> AsyncIterator[AsyncIterator[bytes]]:
        """Open the bytes of an attachment or of the whole mail."""
        place = ("messages", message_id) if attachment_id is None else _attachment(message_id, attachment_id)
        absent = MAIL_UNKNOWN if attachment_id is None else ATTACHMENT_UNKNOWN
        target = self.service.url(owner, path(*place, "$value"))
        async with AsyncExitStack() as stack:
            try:
                request = GraphRequest(owner=owner, target=target, absent=absent, not_html=attachment_id is None)
                parts = await stack.enter_async_context(self.service.stream(request))
            except NotFoundError as error:
                if error.error_code == ATTACHMENT_UNKNOWN.error_code:
                    await self._must_exist(owner, message_id)
                raise
            except ValidationError as error:
                if attachment_id is not None and error.details.get("status") == HTTPStatus.METHOD_NOT_ALLOWED:
                    raise _is_link(message_id, attachment_id) from error
                raise
            yield parts

    async def _must_exist(self, owner: MailboxOwner, message_id: str) -> None:
        """Refuse if it is the mail that does not exist, and not an attachment of it: Graph does not say which."""
        target = self.service.url(owner, path("messages", message_id, options={"$select": "id"}))
        await self.service.get(GraphRequest(owner=owner, target=target, absent=MAIL_UNKNOWN))

    def _size(self, selection: Selection) -> int:
        return self.page_size_with_bodies if selection.has_bodies else self.page_size


def _attachment(message_id: str, attachment_id: str) -> tuple[str, ...]:
    return ("messages", message_id, "attachments", attachment_id)


def _is_link(message_id: str, attachment_id: str) -> BusinessLogicError:
    msg = "The attachment is a link to a file elsewhere: it has no content in the mailbox."
    details = {"message_id": message_id, "attachment_id": attachment_id}
    return BusinessLogicError(msg, error_code="ATTACHMENT_IS_LINK", details=details)
