"""Syncing several mailboxes once, some of them at the same time."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

import attrs

from application.mail_sync import Hearing, MailSync, SyncReport, deaf
from domain.account import AccountStatus, user_key

AT_ONCE = 8
PAGE = 500


@attrs.frozen(kw_only=True)
class SyncsEnded:
    """How each mailbox's sync ended, in the order in which they were named, or of their names.

    `left_out` are accounts that may not be used, with their status.
    """

    reports: Sequence[SyncReport]
    left_out: Mapping[str, AccountStatus]


async def sync_all(
    sync: MailSync,
    users: Sequence[str] | None = None,
    *,
    since: datetime | None = None,
    heard: Hearing = deaf,
    ended: Callable[[SyncReport], None] | None = None,
    at_once: int = AT_ONCE,
) -> SyncsEnded:
    """Sync these users' mailboxes, or those of all accounts that may be used; one failing never stops another.

    Every account is synced once, however often it is named. `heard` is called with every step, `ended` with every
    mailbox's report as soon as there is one.

    Raises:
        DatabaseError: the accounts cannot be read.
    """
    left_out: dict[str, AccountStatus] = {}
    named = list({user_key(each): each for each in users}.values()) if users is not None else None
    chosen = await _usable(sync, left_out) if named is None else named
    gate = asyncio.Semaphore(at_once)

    async def one(user_id: str) -> SyncReport:
        async with gate:
            report = await sync.sync(user_id, since, heard=heard)
        if ended is not None:
            ended(report)
        return report

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(one(user_id)) for user_id in chosen]
    return SyncsEnded(reports=[task.result() for task in tasks], left_out=left_out)


async def _usable(sync: MailSync, left_out: dict[str, AccountStatus]) -> Sequence[str]:
    chosen: list[str] = []
    after: str | None = None
    while True:
        accounts = await sync.accounts.page(after=after, limit=PAGE)
        for account in accounts:
            if account.usable:
                chosen.append(account.user_id)
            else:
                left_out[account.user_id] = account.status
        if len(accounts) < PAGE:
            return chosen
        after = user_key(accounts[-1].user_id)
