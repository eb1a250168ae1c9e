"""Mails that could not be read are tried again, ever more rarely."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime, timedelta
from typing import Final

from application.folder_news import SyncScope, Told
from application.folder_run import FolderRun
from application.mail_lookup import SLIM, WHOLE
from application.pages import closed
from domain.mail import Mail, UnreadableMail
from domain.mail_filter import MailFilter
from domain.mail_sync import Departure, FolderNews, KnownMail, SyncPhase, UnreadableRecord

SOONEST: Final = timedelta(minutes=10)
LATEST: Final = timedelta(days=1)
CHUNK: Final = 50


def is_due(record: UnreadableRecord, now: datetime) -> bool:
    """Return whether it is time to try again: as long after the last time as that was after the first."""
    return now - record.last_at >= min(max(record.last_at - record.first_at, SOONEST), LATEST)


def left_behind(scope: SyncScope, folder_id: str) -> FolderNews:
    """Return the news of a folder that is followed no more: what could not be read in it is not waited for any longer.

    What is in another folder by now is told there.
    """
    ids = [message_id for message_id, place in scope.recorded.items() if place == folder_id]
    return FolderNews(recovered=ids, nameless_recovered=True)


async def mend(run: FolderRun, records: Sequence[UnreadableRecord]) -> None:
    """Try those again that could not be read in the run's folder and whose time has come.

    Raises: as `FolderRun.run`.
    """
    now = run.tools.clock.now()
    here = [each for each in records if each.folder_id == run.sync.folder_id]
    if here and run.sync.phase is SyncPhase.ENDED:
        await run.save(run.sync, left_behind(run.scope, run.sync.folder_id))
        return
    due = [each for each in here if is_due(each, now)]
    ids = [each.message_id for each in due if each.message_id is not None and each.message_id in run.scope.recorded]
    for first in range(0, len(ids), CHUNK):
        if not run.in_time():
            return
        await _try_again(run, ids[first : first + CHUNK])
    if any(each.message_id is None for each in due) and run.in_time():
        await _compare(run)


async def _try_again(run: FolderRun, ids: Sequence[str]) -> None:
    known, seen = await run.tools.store.known(run.scope.account_id, ids), await run.tools.desk.steps(run.scope)
    found = await run.tools.desk.lookup.look(run.scope.owner, ids, WHOLE)
    mails = [each for each in found.values() if isinstance(each, Mail) and _is_wanted(run, each, known)]
    unreadable = [each for each in found.values() if isinstance(each, UnreadableMail)]
    news = FolderNews(
        mails=mails,
        departures=[
            Departure(message_id=each, folder_id=None) for each, mail in found.items() if mail is None and each in known
        ],
        unreadable=unreadable,
        recovered=[each for each, mail in found.items() if not isinstance(mail, UnreadableMail)],
        paths=run.scope.paths_of(mails),
        seen=seen if any(mail.folder_id != run.sync.folder_id for mail in mails) else None,
    )
    await run.save(run.sync, news, len(ids))


def _is_wanted(run: FolderRun, mail: Mail, known: Mapping[str, KnownMail]) -> bool:
    return mail.message_id in known or (mail.folder_id in run.scope.synced and run.sync.wants(mail))


async def _compare(run: FolderRun) -> None:
    """Find what came, or went, without an id by comparing the folder's ids with those that are stored."""
    left, there = list[UnreadableMail](), set[str]()
    pages = run.tools.mailbox.query(run.scope.owner, MailFilter(folder_id=run.sync.folder_id), parts=SLIM)
    async with closed(pages):
        async for page in pages:
            left += [each for each in page.unreadable if each.message_id is None][:1]
            named = [each for each in page.unreadable if each.message_id is not None]
            told = Told(mails=page.mails, unreadable=named, whole=False)
            there.update(each.message_id for each in page.mails)
            there.update(each.message_id for each in named if each.message_id is not None)
            news = await run.tools.desk.sort_out(run.scope, run.sync, told)
            if news.mails or news.unreadable or news.recovered:
                await run.save(run.sync, news, len(page.mails))
            if not run.in_time():
                return
    if await _look_for_others(run, there):
        await run.save(run.sync, FolderNews(unreadable=left[:1], nameless_recovered=not left))


async def _look_for_others(run: FolderRun, there: AbstractSet[str]) -> bool:
    """Find out what became of the folder's other mails; False if there is no time left."""
    after: str | None = None
    while ids := await run.tools.store.message_ids(run.scope.account_id, run.sync.folder_id, after=after):
        others = [each for each in ids if each not in there]
        for first in range(0, len(others), CHUNK):
            if not run.in_time():
                return False
            chunk = others[first : first + CHUNK]
            await run.save(run.sync, await run.tools.desk.find(run.scope, run.sync, chunk), len(chunk))
        after = ids[-1]
    return True
