"""Asking several mailboxes at once: mails come as they come, and no mailbox's failure touches another."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from datetime import timedelta
from difflib import get_close_matches
from functools import partial

import attrs

from application.applications import Applications
from application.background import running
from application.pages import closed
from application.refusals import unknown
from domain.account import Account, AccountId, AccountStatus, user_key
from domain.errors import IACSGraphError, NotFoundError
from domain.mail import FolderRole, MailboxOwner, MailFolder, MailPage, MailPart, find_folder
from domain.mail_filter import MailFilter
from ports.account_store import AccountStore
from ports.clock import Clock
from ports.mail_query_log import INTERRUPTED, MailQueryLog, MailQueryRecord
from ports.mailbox import Mailbox

AT_ONCE = 8
"""How many mailboxes are asked at the same time."""

PAGE = 500
"""How many accounts are read at once."""


@attrs.frozen(kw_only=True)
class MailQuestion:
    """What every mailbox is asked. `folder` is a folder as a person names it, found in each mailbox anew.

    `newest` is the most mails wanted of each mailbox. With `with_folders` the paths of folders come along.
    """

    mail_filter: MailFilter = attrs.field(factory=MailFilter)
    folder: str | None = None
    parts: frozenset[MailPart] = frozenset()
    newest: int | None = None
    with_folders: bool = False


@attrs.frozen(kw_only=True)
class MailboxLeftOut:
    """An account that was not asked, since it may not be used."""

    user_id: str
    status: AccountStatus


@attrs.frozen(kw_only=True)
class MailboxBegun:
    """A mailbox answers from now on. `folders` are paths by folder id; empty unless they were wanted."""

    user_id: str
    folders: Mapping[str, str] = attrs.field(factory=dict, repr=False)


@attrs.frozen(kw_only=True)
class MailsFound:
    """A page of one mailbox's answer."""

    user_id: str
    page: MailPage


@attrs.frozen(kw_only=True)
class MailboxEnded:
    """The end of one mailbox's answer, and how many came. `error` says why it is not whole.

    `truncated`: the server gave no more, though there may be more. `duration` is the mailbox's own time.
    """

    user_id: str
    mails: int = 0
    unreadable: int = 0
    truncated: bool = False
    duration: timedelta = timedelta(0)
    error: IACSGraphError | None = None


Step = MailboxLeftOut | MailboxBegun | MailsFound | MailboxEnded


@attrs.define(kw_only=True)
class _Tally:
    """What one mailbox has given so far; `away` are the seconds in which nothing was asked of it."""

    mails: int = 0
    unreadable: int = 0
    truncated: bool = False
    begun: float
    away: float = 0.0

    def add(self, page: MailPage) -> None:
        self.mails += len(page.mails)
        self.unreadable += len(page.unreadable)
        self.truncated = self.truncated or page.truncated


@attrs.frozen
class _Steps(AsyncIterator[Step]):
    """What the mailboxes have put into the queue, until the None that ends it."""

    queue: asyncio.Queue[Step | None]

    async def __anext__(self) -> Step:
        step = await self.queue.get()
        if step is None:
            self.queue.put_nowait(None)  # the end stays the end
            raise StopAsyncIteration
        return step


@attrs.frozen(kw_only=True)
class MailQueries:
    """Queries mailboxes. Whoever takes the answer sets the pace: of each mailbox one page at most is waiting."""

    accounts: AccountStore
    applications: Applications
    mailbox: Mailbox
    log: MailQueryLog
    clock: Clock
    at_once: int = AT_ONCE

    @asynccontextmanager
    async def asking(
        self, question: MailQuestion, users: Sequence[str] | None = None
    ) -> AsyncIterator[AsyncIterator[Step]]:
        """Ask the mailboxes of these users, or of all accounts that may be used; at the block's end nothing is asked.

        Of each mailbox come its beginning, its pages and its end, mixed with those of others; of one that fails at
        once, and of a user who is unknown, the end alone. Every account comes once, however often it is named.

        Raises:
            DatabaseError: the accounts cannot be read. What one mailbox's query raises is in its end.
        """
        queue: asyncio.Queue[Step | None] = asyncio.Queue(maxsize=1)
        async with running(partial(self._ask_each, question, users, queue), self.clock, bound=timedelta(0)):
            yield _Steps(queue)

    async def owner(self, user_id: str) -> MailboxOwner:
        """Return whose mailbox it is.

        Raises:
            NotFoundError: the account is unknown.
            ConfigurationError: no application acts for it.
            DatabaseError: the store failed.
        """
        account = await self.accounts.find(user_id)
        if account is None:
            raise unknown(user_id)
        return self._owner(account)

    def _owner(self, account: Account) -> MailboxOwner:
        return MailboxOwner.of(account, self.applications.of(account).flow)

    async def _ask_each(
        self,
        question: MailQuestion,
        users: Sequence[str] | None,
        queue: asyncio.Queue[Step | None],
        _stopping: asyncio.Event,
    ) -> None:
        """Ask one after the other, some at a time: for ten thousand accounts there are no ten thousand tasks."""
        free = asyncio.Semaphore(self.at_once)
        accounts = self._everybody() if users is None else self._named(users)
        async with asyncio.TaskGroup() as group, aclosing(accounts):
            async for user_id, account in accounts:
                if users is None and account is not None and not account.usable:
                    await queue.put(MailboxLeftOut(user_id=user_id, status=account.status))
                    continue
                await free.acquire()
                task = group.create_task(self._ask(user_id, account, question, queue))
                task.add_done_callback(lambda _: free.release())
        await queue.put(None)

    async def _everybody(self) -> AsyncGenerator[tuple[str, Account | None], None]:
        after: str | None = None
        while True:
            accounts = await self.accounts.page(after=after, limit=PAGE)
            for account in accounts:
                yield account.user_id, account
            if len(accounts) < PAGE:
                return
            after = user_key(accounts[-1].user_id)

    async def _named(self, users: Sequence[str]) -> AsyncGenerator[tuple[str, Account | None], None]:
        seen: set[AccountId] = set()
        for user_id in dict.fromkeys(users):
            account = await self.accounts.find(user_id)
            if account is None:
                yield user_id, None
            elif account.account_id not in seen:
                seen.add(account.account_id)
                yield account.user_id, account

    async def _ask(
        self, user_id: str, account: Account | None, question: MailQuestion, queue: asyncio.Queue[Step | None]
    ) -> None:
        tally = _Tally(begun=self.clock.monotonic())
        failure: IACSGraphError | None = None
        ended = False
        try:
            if account is None:
                raise unknown(user_id)
            await self._pages(account, question, tally, queue)
            ended = True
        except IACSGraphError as error:
            failure, ended = error, True
        finally:
            duration = timedelta(seconds=self.clock.monotonic() - tally.begun - tally.away)
            told = None if failure is None else failure.error_code
            code = told if ended else INTERRUPTED
            self.log.queried(_record(user_id, question, tally, duration, code))
        end = MailboxEnded(
            user_id=user_id,
            mails=tally.mails,
            unreadable=tally.unreadable,
            truncated=tally.truncated,
            duration=duration,
            error=failure,
        )
        await queue.put(end)

    async def _pages(
        self, account: Account, question: MailQuestion, tally: _Tally, queue: asyncio.Queue[Step | None]
    ) -> None:
        owner, mail_filter = self._owner(account), question.mail_filter
        folders: Sequence[MailFolder] = ()
        if question.folder is not None or question.with_folders:
            folders = await self.mailbox.folders(owner)
        if question.folder is not None:
            folder = _found(folders, question.folder, account.user_id)
            mail_filter = attrs.evolve(mail_filter, folder_id=folder.folder_id)
        paths = {folder.folder_id: folder.path for folder in folders} if question.with_folders else {}
        await self._put(queue, MailboxBegun(user_id=account.user_id, folders=paths), tally)
        pages = self.mailbox.query(owner, mail_filter, parts=question.parts, newest=question.newest)
        async with closed(pages):
            async for page in pages:
                tally.add(page)
                await self._put(queue, MailsFound(user_id=account.user_id, page=page), tally)

    async def _put(self, queue: asyncio.Queue[Step | None], step: Step, tally: _Tally) -> None:
        before = self.clock.monotonic()
        await queue.put(step)
        tally.away += self.clock.monotonic() - before


def _record(
    user_id: str, question: MailQuestion, tally: _Tally, duration: timedelta, error_code: str | None
) -> MailQueryRecord:
    return MailQueryRecord(
        user_id=user_id,
        mail_filter=question.mail_filter,
        folder=question.folder,
        newest=question.newest,
        mails=tally.mails,
        unreadable=tally.unreadable,
        truncated=tally.truncated,
        duration=duration,
        error_code=error_code,
    )


def _found(folders: Sequence[MailFolder], wanted: str, user_id: str) -> MailFolder:
    """Return the folder that is meant.

    Raises:
        NotFoundError: there is none (FOLDER_UNKNOWN); the message lists those with the nearest names.
        ValidationError: several are (FOLDER_AMBIGUOUS).
    """
    found = find_folder(folders, wanted)
    if found is not None:
        return found
    paths = {folder.path.casefold(): folder.path for folder in folders}
    names = {folder.name.casefold(): folder.path for folder in folders}
    near = get_close_matches(wanted.strip().casefold(), {**names, **paths}, n=3, cutoff=0.5)
    meant = dict.fromkeys({**names, **paths}[name] for name in near)
    hint = f"did you mean {', '.join(map(repr, meant))}?" if meant else f"{', '.join(FolderRole)} are always found."
    msg = f"The mailbox of {user_id!r} has no folder {wanted!r}; {hint}"
    raise NotFoundError(msg, error_code="FOLDER_UNKNOWN", details={"user_id": user_id, "folder": wanted})
