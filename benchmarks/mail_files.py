"""Databases with mail in them, and their rows as plain SQL would write them."""

import sqlite3
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_hex
from typing import Final

import attrs

from adapters.cloudevents.event_codec import CloudEventCodec
from adapters.fernet.cipher import FernetCipher, generate_key
from adapters.graph.decoding import decode_page
from adapters.sqlite.database import Database, open_database
from adapters.sqlite.mail_sync_store import SqliteMailSyncStore
from benchmarks.accounts import account_id, add_accounts
from benchmarks.mail_pages import Letters, pages
from domain.account import AccountId
from domain.mail import Mail
from domain.mail_sync import FolderNews, FolderSync, Stored

ROWS: Final = ("mails", "mail_details", "mail_contents", "mail_queue")
"""The tables that storing mail fills, in an order in which rows refer to earlier ones."""
ACCOUNT: Final = AccountId(account_id(0))
NOW: Final = datetime(2026, 11, 1, 12, tzinfo=UTC)

Row = tuple[object, ...]


@attrs.frozen(kw_only=True)
class Storing:
    """Takes pages of one folder into a store, each by one call."""

    store: SqliteMailSyncStore
    letters: Letters
    folder_id: str

    @classmethod
    def of(cls, database: Database, letters: Letters) -> "Storing":
        """Return what stores pages of these letters; all of them are in one folder."""
        ((first, *_),) = [mails_of(page, letters) for page in pages(letters, 1, 1)]
        store = SqliteMailSyncStore(database, CloudEventCodec())
        return cls(store=store, letters=letters, folder_id=first.folder_id)

    async def store_all(self, bodies: Sequence[bytes]) -> Stored:
        """Store the pages one after the other, as a round of a sync does; it is another round every time."""
        known = await self.store.folders(ACCOUNT)
        sync = known[0].restarted() if known else FolderSync.begun(ACCOUNT, self.folder_id, "Inbox", None)
        stored = Stored()
        for revision, body in enumerate(bodies, sync.revision):
            news = FolderNews(mails=mails_of(body, self.letters))
            stored = stored.plus(await self.store.save(attrs.evolve(sync, revision=revision), news, NOW))
        return stored


def mails_of(page: bytes, letters: Letters) -> list[Mail]:
    """Return the mails of a page of changes that are told whole."""
    return [each for each in decode_page(page, letters.asked, updates=True).entries if isinstance(each, Mail)]


@asynccontextmanager
async def open_mail_database(path: Path) -> AsyncIterator[Database]:
    """Open a database with one account and no mail."""
    async with open_database(path) as database:
        await add_accounts(database, FernetCipher([generate_key()]), 1)
        yield database


@contextmanager
def connected(path: Path) -> Iterator[sqlite3.Connection]:
    """Open the database as a plain program would that wants the same durability and the same constraints."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        yield connection


def rows_of(path: Path, tables: Sequence[str]) -> Mapping[str, list[Row]]:
    """Return all rows of the tables."""
    with connected(path) as connection:
        return {each: connection.execute(f"SELECT * FROM {each}").fetchall() for each in tables}


def insertion(table: str, columns: int) -> str:
    """Return the statement that inserts a row as `rows_of` gave it."""
    return f"INSERT INTO {table} VALUES ({', '.join('?' * columns)})"


def multiply(path: Path, many: int) -> None:
    """Copy the mails that a database has until it has so many, each with ids of its own, but none with a body."""
    found = rows_of(path, [each for each in ROWS if each != "mail_contents"])
    with connected(path) as connection:
        connection.execute("BEGIN")
        (last,) = connection.execute("SELECT max(mail) FROM mails").fetchone()
        for number in range(last, many, last):
            for table, rows in _copies(found, number, many - number).items():
                connection.executemany(insertion(table, len(rows[0])), rows)
        connection.execute("COMMIT")


def _copies(found: Mapping[str, Sequence[Row]], by: int, most: int) -> dict[str, list[Row]]:
    copies: dict[str, list[Row]] = {}
    for table, rows in found.items():
        copies[table] = [(int(str(row[0])) + by, *row[1:]) for row in rows[:most]]
    copies["mails"] = [
        (mail, token_hex(16), folder, f"{str(message_id)[:-9]}{mail:08d}=", *rest)
        for mail, _, folder, message_id, *rest in copies["mails"]
    ]
    return copies
