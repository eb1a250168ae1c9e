"""Databases that an earlier version has written are brought up to date with all that they hold."""

import shutil
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from adapters.cloudevents.event_codec import CloudEventCodec
from adapters.memory.cipher import MemoryCipher
from adapters.memory.clock import MemoryClock
from adapters.sqlite.account_store import SqliteAccountStore
from adapters.sqlite.database import MIGRATIONS, inspect_database, open_database
from adapters.sqlite.inbox import SqliteInbox
from adapters.sqlite.mail_archive import SqliteMailArchive
from adapters.sqlite.mail_queue import SqliteMailQueue
from adapters.sqlite.mail_sync_store import SqliteMailSyncStore
from adapters.sqlite.outbox import SqliteOutbox
from adapters.sqlite.parked_events import SqliteParkedEvents
from adapters.sqlite.secret_store import SqliteSecretStore
from adapters.sqlite.secrets import ACCESS_TOKEN, CLIENT_SECRET
from adapters.sqlite.sign_in_store import SqliteSignInStore
from adapters.sqlite.token_store import SqliteTokenStore
from domain import lifecycle
from domain.account import AccountId, AccountStatus, Identity
from domain.events import EventId
from domain.mail_sync import FolderNews, FolderSync
from domain.messages import Handled
from tests.adapters.sqlite.schema import opening
from tests.contracts.mail_samples import announced, mail
from tests.contracts.samples import NOW, act
from tests.contracts.sign_in_samples import browser

OLD = {
    "account_id": "1",
    "user_id": "Kim",
    "user_key": "kim",
    "name": "Kim",
    "email": "kim@office.example",
    "client_id": "app",
    "tenant_id": "t",
    "flow": "authorization_code",
    "scopes": '["Mail.Read"]',
    "redirect_uri": None,
    "status": "REAUTH_REQUIRED",
    "status_reason": "grant_revoked",
    "status_since": "2026-02-01T00:00:00.000000Z",
    "reauth_reason": "grant_revoked",
    "identity_tenant": "t",
    "identity_object": "o",
    "version": 7,
    "created_at": "2026-01-01T00:00:00.000000Z",
}
"""An account as the first version wrote it, but for its secret."""
EVENTS = [
    {
        "event_id": f"e{number}",
        "topic": "account.events",
        "key": "Kim",
        "value": b"{}",
        "headers": '{"ce_id": "e"}',
        "published_at": published,
    }
    for number, published in enumerate((None, "2026-02-01T00:00:00.000000Z", None))
]
"""Events of its outbox; nothing published them then, but a column for it was there."""


async def old_database(directory: Path, *migrations: str) -> Path:
    """Make a database with these migrations only."""
    folder, path = directory / "old", directory / "data" / "x.db"
    folder.mkdir()
    for name in migrations:
        shutil.copy(MIGRATIONS / name, folder)
    await opening(path, folder)
    return path


def write(path: Path, rows: Iterable[tuple[str, dict[str, Any]]]) -> None:
    """Insert rows, each into its table."""
    with closing(sqlite3.connect(path)) as connection, connection:
        for table, row in rows:
            marks = ", ".join("?" * len(row))
            connection.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks})", tuple(row.values()))


@pytest.fixture
async def first_version(tmp_path: Path) -> Path:
    """Make a database with the first migration only, and write into it as its program did."""
    path, cipher = await old_database(tmp_path, "0001_initial.sql"), MemoryCipher()
    account = OLD | {"client_secret": cipher.encrypt('["s"]', CLIENT_SECRET.binding("1"))}
    token = {
        "account_id": "1",
        "access_token": cipher.encrypt("at", ACCESS_TOKEN.binding("1")),
        "obtained_at": "2026-03-01T11:00:00.000000Z",
        "expires_at": "2026-03-01T13:00:00.000000Z",
        "scopes": '["Mail.Read"]',
    }
    rows: list[tuple[str, dict[str, Any]]] = [
        ("accounts", account),
        ("tokens", token),
        ("encryption", {"primary_key": "00000001"}),
    ]
    write(path, rows + [("outbox", event) for event in EVENTS])
    return path


@pytest.fixture
async def third_version(tmp_path: Path) -> Path:
    """Make a database as it was before there was mail in it."""
    path = await old_database(tmp_path, "0001_initial.sql", "0002_sign_ins.sql", "0003_events.sql")
    handled = {"group_id": "g", "event_id": "e0", "handled_at": "2026-02-01T00:00:00.000000Z"}
    parked = EVENTS[2] | {"parked_at": "2026-02-01T00:00:00.000000Z", "parked_reason": "too large"}
    write(path, [("accounts", OLD), ("outbox", EVENTS[0]), ("outbox", parked), ("handled_events", handled)])
    return path


async def test_accounts_and_tokens_of_the_first_version_are_all_there(first_version: Path) -> None:
    cipher, codec = MemoryCipher(), CloudEventCodec()
    async with open_database(first_version) as database:
        accounts, tokens = SqliteAccountStore(database, cipher, codec), SqliteTokenStore(database, cipher, codec)
        account = await accounts.get(AccountId("1"))
        assert account is not None
        assert (account.user_id, account.status, account.version) == ("Kim", AccountStatus.REAUTH_REQUIRED, 7)
        assert account.application is not None
        assert account.application.client_secrets == ("s",)
        assert account.reauth_claims is None
        held = await tokens.read("kim", NOW)
        assert held is not None
        assert held.access is not None
        assert held.access.value == "at"
        assert list(await SqliteSecretStore(database, cipher).faults()) == []
        assert await database.check() == []
    report = await inspect_database(first_version)
    assert (report.found, report.problems) == (report.known, ())


async def test_events_of_the_first_version_are_pending_in_their_order(first_version: Path) -> None:
    async with open_database(first_version) as database:
        outbox = SqliteOutbox(database, MemoryClock(NOW))
        events = await outbox.pending(10)
        assert [event.event_id for event in events] == ["e0", "e2"]
        assert (events[0].value, events[0].headers) == (b"{}", {"ce_id": "e"})
        await outbox.settle(NOW, [EventId("e0")], {EventId("e2"): "too large"})
        summary = await SqliteParkedEvents(database).summary()
        assert (summary.pending, summary.parked, summary.published) == (0, 1, 2)


async def test_what_is_new_works_on_what_is_old(first_version: Path) -> None:
    cipher, codec = MemoryCipher(), CloudEventCodec()
    async with open_database(first_version) as database:
        accounts, sign_ins = SqliteAccountStore(database, cipher, codec), SqliteSignInStore(database, cipher)
        await sign_ins.begin(browser(AccountId("1")))
        assert len(await sign_ins.open(NOW)) == 1
        recovered = await accounts.apply("kim", lambda account: lifecycle.recover(account, act()))
        assert recovered is not None
        await accounts.apply("kim", lambda account: lifecycle.lose_grant(account, act(), "mfa_required", "{}"))
        found = await accounts.find("kim")
        assert found is not None
        assert (found.reauth_reason, found.reauth_claims, found.version) == ("mfa_required", "{}", 9)


async def test_what_the_third_version_stored_is_all_there(third_version: Path) -> None:
    async with open_database(third_version) as database:
        accounts = SqliteAccountStore(database, MemoryCipher(), CloudEventCodec())
        account = await accounts.get(AccountId("1"))
        assert account is not None
        assert (account.user_id, account.version, account.identity) == (
            "Kim",
            7,
            Identity(tenant_id="t", object_id="o"),
        )
        summary = await SqliteParkedEvents(database).summary()
        assert (summary.pending, summary.parked, summary.oldest_at) == (1, 1, None)
        assert await SqliteInbox(database).is_handled(Handled(group_id="g", event_id=EventId("e0")))
        assert list(await SqliteMailArchive(database).counts()) == []
        assert await database.check() == []


async def test_mail_of_an_account_of_the_third_version_is_stored_and_announced(third_version: Path) -> None:
    codec = CloudEventCodec()
    async with open_database(third_version) as database:
        store, queue = SqliteMailSyncStore(database, codec), SqliteMailQueue(database, codec, MemoryClock(NOW))
        sync = FolderSync.begun(AccountId("1"), "inbox", "Inbox", None)
        assert (await store.save(sync, FolderNews(mails=[mail("m1")]), NOW)).new == 1
        (claimed,) = await queue.claim("me", NOW, timedelta(minutes=1), 10)
        await queue.finish("me", NOW, [announced(claimed)])
        events = await SqliteOutbox(database, MemoryClock(NOW)).pending(10)
        assert [(event.event_id, event.key) for event in events] == [
            ("e0", "Kim"),
            (f"{claimed.mail_id}.received", "Kim"),
        ]
        assert await database.check() == []


async def test_events_of_the_fourth_version_are_still_pending_published_or_parked(tmp_path: Path) -> None:
    names = sorted(file.name for file in MIGRATIONS.glob("000[1-4]_*.sql"))
    path = await old_database(tmp_path, *names)
    parked = EVENTS[2] | {"parked_at": "2026-02-01T00:00:00.000000Z", "parked_reason": "too large"}
    later = EVENTS[0] | {"event_id": "e3"}
    write(path, [("outbox", event) for event in (*EVENTS[:2], parked, later)])
    async with open_database(path) as database:
        outbox, operator = SqliteOutbox(database, MemoryClock(NOW)), SqliteParkedEvents(database)
        summary = await operator.summary()
        assert (summary.pending, summary.parked, summary.published) == (2, 1, 1)
        assert [event.event_id for event in await outbox.pending(10)] == ["e0", "e3"]
        assert await operator.unpark([]) == 1
        assert [event.event_id for event in await outbox.pending(10)] == ["e0", "e2", "e3"]
        assert [await outbox.trim(NOW, 10), await outbox.trim(NOW, 10)] == [1, 0]
        left = await database.fetch_all("SELECT event_id FROM outbox ORDER BY position")
        assert [row["event_id"] for row in left] == ["e0", "e2", "e3"]
        assert (await operator.summary()).published == 0
        assert await database.check() == []
