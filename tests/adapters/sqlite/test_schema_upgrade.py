"""Databases that an earlier version has written are brought up to date with all that they hold."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from adapters.cloudevents.event_codec import CloudEventCodec
from adapters.memory.cipher import MemoryCipher
from adapters.memory.clock import MemoryClock
from adapters.sqlite.account_store import SqliteAccountStore
from adapters.sqlite.database import MIGRATIONS, inspect_database, open_database
from adapters.sqlite.outbox import SqliteOutbox
from adapters.sqlite.parked_events import SqliteParkedEvents
from adapters.sqlite.secret_store import SqliteSecretStore
from adapters.sqlite.secrets import ACCESS_TOKEN, CLIENT_SECRET
from adapters.sqlite.sign_in_store import SqliteSignInStore
from adapters.sqlite.token_store import SqliteTokenStore
from domain import lifecycle
from domain.account import AccountId, AccountStatus
from domain.events import EventId
from tests.adapters.sqlite.schema import opening
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


@pytest.fixture
async def first_version(tmp_path: Path) -> Path:
    """Make a database with the first migration only, and write into it as its program did."""
    folder, path, cipher = tmp_path / "first", tmp_path / "data" / "x.db", MemoryCipher()
    folder.mkdir()
    shutil.copy(MIGRATIONS / "0001_initial.sql", folder)
    await opening(path, folder)
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
    with closing(sqlite3.connect(path)) as connection, connection:
        for table, row in rows + [("outbox", event) for event in EVENTS]:
            marks = ", ".join("?" * len(row))
            connection.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks})", tuple(row.values()))
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
