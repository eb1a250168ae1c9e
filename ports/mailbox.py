"""People's mailboxes (Microsoft 365)."""

from abc import abstractmethod
from collections.abc import AsyncIterator, Sequence
from collections.abc import Set as AbstractSet
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from domain.mail import Mail, MailboxOwner, MailChanges, MailFolder, MailPage, MailPart
from domain.mail_filter import MailFilter


class Mailbox(Protocol):
    """Reads mailboxes; nothing is ever changed in them.

    Every call may be made at any time and repeated. It is bounded in time, except that a query or a list of folders
    goes on for as long as there are pages and a content for as long as bytes come. Waits that the server asks for are
    kept as far as the bound allows. All calls may raise, besides what each one says:

    - whatever `AccessTokens.get` raises: there is no token for the owner.
    - ThrottledError: the server asks to wait; `retry_after` says how long (transient).
    - APIConnectionError: the server cannot be reached or fails on its side (transient). MAILBOX_MOVING: the mailbox is
      being moved, which takes hours.
    - ReauthenticationRequiredError: the server refuses even a token that is new.
    - PermissionDeniedError: the token does not open this mailbox, or not so far.
    - NotFoundError: there is no such mailbox (MAILBOX_UNKNOWN), or none that can be read now (MAILBOX_NOT_ENABLED).
    - ValidationError: the server refuses the request as it is (REQUEST_REFUSED): repeating it is useless.
    - ConfigurationError: the server's certificate is not trusted.
    """

    @abstractmethod
    async def folders(self, owner: MailboxOwner) -> Sequence[MailFolder]:
        """Return all folders, those inside others and hidden ones included, each behind its parent.

        Raises: as the class says.
        """

    @abstractmethod
    def query(
        self, owner: MailboxOwner, mail_filter: MailFilter, *, parts: AbstractSet[MailPart], newest: int | None = None
    ) -> AsyncIterator[MailPage]:
        """Return the mails that meet the filter, page by page; with `newest`, at most so many, the newest received.

        Each mail comes once, unless the mailbox changes meanwhile. Pages come newest first, and are fetched as they are
        asked for; they may be empty. The server may not sort what `sender` as a part of a text, or `subject`, asks
        for: without `newest` such mails come in any order. What is searched for (`recipient`, `phrases`) may come by
        the time it was sent, and of it the server may give only the newest thousand; the last page is then `truncated`.
        What a word is, the server decides, and whether the beginning of one (`*`) is found behind other words.
        Mails that cannot be read are in the answer although the filter could not be tried on them.

        Raises: from the iterator, besides what the class says:
            NotFoundError: there is no such folder (FOLDER_UNKNOWN).
        """

    @abstractmethod
    async def changes(
        self, owner: MailboxOwner, folder_id: str, cursor: str | None, *, parts: AbstractSet[MailPart]
    ) -> MailChanges:
        """Return what changed in a folder since the cursor, or all of the folder for None: some of it, and a cursor.

        Whoever goes on from each cursor until the changes are complete has heard of everything that happened before
        the last call. Changed mails are whole, whatever the server tells of them. The same cursor may be used again.
        A mail that moves away during the call may be among the changed ones, with the folder where it is then; from a
        later cursor it is told as removed.

        Raises:
            ResyncRequiredError: the server no longer knows the cursor: begin again with None.
            NotFoundError: there is no such folder (FOLDER_UNKNOWN).
        """

    @abstractmethod
    async def read(self, owner: MailboxOwner, message_id: str, *, parts: AbstractSet[MailPart]) -> Mail:
        """Return one mail.

        Raises:
            NotFoundError: there is no such mail (MAIL_UNKNOWN).
            BusinessLogicError: the server tells it in a form that does not fit (MAIL_UNREADABLE).
        """

    @abstractmethod
    def content(
        self, owner: MailboxOwner, message_id: str, attachment_id: str | None = None
    ) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        """Open the bytes of an attachment, or of the whole mail as MIME (RFC 5322); they come in parts of any length.

        An attached item comes as MIME, or as vCard or iCalendar. What is not read is not transferred. An error from
        the parts means that the content is incomplete.

        Raises:
            NotFoundError: there is no such mail (MAIL_UNKNOWN) or attachment (ATTACHMENT_UNKNOWN).
            BusinessLogicError: the attachment is a link, which has no content (ATTACHMENT_IS_LINK).
        """
