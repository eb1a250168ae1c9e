"""Databases with mail, as a sync would have stored it."""

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path

from adapters.cloudevents.event_codec import CloudEventCodec
from adapters.fernet.cipher import FernetCipher
from adapters.sqlite.account_store import SqliteAccountStore
from adapters.sqlite.database import Database, open_database
from adapters.sqlite.mail_sync_store import SqliteMailSyncStore
from adapters.system.clock import SystemClock
from domain.account import Account
from domain.mail import Mail
from domain.mail_sync import FolderNews, FolderSync, MailId, mail_id_of
from tests.application.mail_rig import FOLDER, KIM, NOBODY, a_mail
from tests.contracts.samples import enrolment
from tests.modules.auth.seeds import OLD

GOOD = a_mail("The panel will meet.", KIM)
UNWANTED = a_mail("Our products", NOBODY)


def fill(path: Path, mails: Mapping[str, Sequence[Mail]]) -> Mapping[str, list[MailId]]:
    """Store each user's mails, enrolling who is new; the database is created. Return their ids."""

    async def work() -> Mapping[str, list[MailId]]:
        async with open_database(path) as database:
            return {user: await store(database, user, several) for user, several in mails.items()}

    return asyncio.run(work())


async def store(database: Database, user: str, mails: Sequence[Mail]) -> list[MailId]:
    """Store more mails of a user; return their ids."""
    codec, now = CloudEventCodec(), SystemClock().now()
    account, mailboxes = await _account(database, user), SqliteMailSyncStore(database, codec)
    known = await mailboxes.folders(account.account_id)
    sync = known[0] if known else FolderSync.begun(account.account_id, FOLDER, "Inbox", None)
    await mailboxes.save(sync, FolderNews(mails=mails, paths={FOLDER: "Inbox"}), now)
    return [mail_id_of(account.account_id, mail.message_id) for mail in mails]


async def _account(database: Database, user: str) -> Account:
    accounts = SqliteAccountStore(database, FernetCipher([OLD]), CloudEventCodec())
    if await accounts.find(user) is None:
        await accounts.save(enrolment(user, at=SystemClock().now()))
    found = await accounts.find(user)
    assert found is not None
    return found
