"""One process with an account whose mailbox is copied, and ways to spoil what is stored of it."""

from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import attrs

from adapters.cloudevents.event_codec import CloudEventCodec
from adapters.memory.cipher import MemoryCipher
from adapters.memory.clock import MemoryClock
from adapters.sqlite.account_store import SqliteAccountStore
from adapters.sqlite.analyses import SqliteAnalyses
from adapters.sqlite.database import Database, open_database
from adapters.sqlite.mail_archive import SqliteMailArchive
from adapters.sqlite.mail_queue import SqliteMailQueue
from adapters.sqlite.mail_sync_store import SqliteMailSyncStore
from domain.account import AccountId
from domain.correspondence.analysis import AnalysisKey
from domain.events import Event
from domain.mail import Mail
from domain.mail_sync import Departure, FolderNews, FolderSync, MailId, Stored, mail_id_of
from ports.event_codec import EncodedEvent
from ports.mail_queue import LONGEST_RETRY
from tests.contracts.mail_samples import info
from tests.contracts.rigs import SHARED_MEMORY
from tests.contracts.samples import MINUTE, NOW, enrolment

KEY = AnalysisKey("k")


class FailingCodec(CloudEventCodec):
    """Breaks the promise of `encode` for mails whose subject is "fail"."""

    def encode(self, event: Event) -> EncodedEvent:
        """Fail, or encode."""
        if getattr(event, "event_info", info()).subject == "fail":
            msg = "broken"
            raise RuntimeError(msg)
        return super().encode(event)


@attrs.define
class Office:
    """One process and one account with a mailbox."""

    database: Database
    account_id: AccountId
    store: SqliteMailSyncStore
    queue: SqliteMailQueue
    archive: SqliteMailArchive
    analyses: SqliteAnalyses
    revision: int = 0

    async def tell(self, *mails: Mail, departures: Iterable[Departure] = (), **fields: object) -> Stored:
        """Save mails."""
        news = attrs.evolve(FolderNews(mails=mails, departures=[*departures]), **fields)  # type: ignore[arg-type] # any field
        sync = attrs.evolve(FolderSync.begun(self.account_id, "inbox", "Inbox", None), revision=self.revision)
        stored = await self.store.save(sync, news, NOW)
        self.revision += 1
        return stored

    async def claimed(self, *, limit: int = 10, only: list[MailId] | None = None, late: bool = False) -> list[str]:
        """Return the message ids of what can be claimed."""
        now = NOW + LONGEST_RETRY if late else NOW
        return [each.mail.message_id for each in await self.queue.claim("me", now, MINUTE, limit, only=only)]

    async def damage(self, table: str, change: str, message_id: str) -> None:
        """Change a mail's row in a table, as a vandal would."""
        place = "(SELECT mail FROM mails WHERE message_id = ?)"
        assert await self.database.execute(f"UPDATE {table} SET {change} WHERE mail = {place}", (message_id,)) == 1

    async def count(self, table: str) -> int:
        """Count the rows of a table."""
        return len(await self.database.fetch_all(f"SELECT 1 FROM {table}"))

    def mail_id(self, message_id: str) -> MailId:
        return mail_id_of(self.account_id, message_id)


@contextmanager
def quick_path() -> Iterator[Path]:
    """A file in memory where the machine can: no test here is about durability."""
    with TemporaryDirectory(prefix="iacsgraph-", dir=SHARED_MEMORY if SHARED_MEMORY.is_dir() else None) as directory:
        yield Path(directory) / "x.db"


@asynccontextmanager
async def open_office(path: Path) -> AsyncIterator[Office]:
    """Open the database as a process without patience, with one account."""
    codec = FailingCodec()
    async with open_database(path, readers=1, busy_timeout=timedelta(milliseconds=1)) as database:
        change = enrolment()
        await SqliteAccountStore(database, MemoryCipher(), codec).save(change)
        yield Office(
            database,
            change.after.account_id,
            SqliteMailSyncStore(database, codec),
            SqliteMailQueue(database, codec, MemoryClock()),
            SqliteMailArchive(database),
            SqliteAnalyses(database),
        )
