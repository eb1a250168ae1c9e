"""Accounts in SQLite."""

import sqlite3
from collections.abc import Sequence

import attrs

from adapters.sqlite.account_rows import load, to_account, to_audit_entry, write_change, write_client_secrets
from adapters.sqlite.database import Database
from adapters.sqlite.handled_rows import first_time
from domain.account import Account, AccountId, user_key
from domain.change import AccountChange, AuditEntry
from domain.errors import NotFoundError
from domain.lifecycle import Transition
from domain.messages import Handled
from ports.account_store import AccountStore
from ports.cipher import Cipher
from ports.event_codec import EventCodec

_BY_KEY = "SELECT * FROM accounts WHERE user_key = ?"


@attrs.frozen
class SqliteAccountStore(AccountStore):
    """Owns the tables `accounts` and `audit`."""

    database: Database
    cipher: Cipher
    codec: EventCodec

    async def save(self, change: AccountChange, *, handled: Handled | None = None) -> bool:
        """Write in one transaction."""

        def work(connection: sqlite3.Connection) -> bool:
            if handled is not None and not first_time(connection, handled, change.audit.at):
                return False
            write_change(connection, change, self.codec)
            if change.client_secrets_changed:
                write_client_secrets(connection, change.after, self.cipher)
            return True

        return await self.database.write(work, operation="save", table="accounts")

    async def apply(self, user_id: str, transition: Transition) -> AccountChange | None:
        """Decide inside the transaction."""

        def work(connection: sqlite3.Connection) -> AccountChange | None:
            row = connection.execute(_BY_KEY, (user_key(user_id),)).fetchone()
            if row is None:
                msg = f"There is no account {user_id!r}."
                raise NotFoundError(msg, error_code="ACCOUNT_UNKNOWN", details={"user_id": user_id})
            change = transition(to_account(row, None))
            if change is not None:
                write_change(connection, change, self.codec)
            return change

        return await self.database.write(work, operation="apply", table="accounts")

    async def get(self, account_id: AccountId) -> Account | None:
        """Read by primary key."""
        return await self.database.read(
            lambda connection: load(connection, account_id, self.cipher), operation="get", table="accounts"
        )

    async def find(self, user_id: str) -> Account | None:
        """Read by user key."""

        def work(connection: sqlite3.Connection) -> Account | None:
            row = connection.execute(_BY_KEY, (user_key(user_id),)).fetchone()
            return None if row is None else to_account(row, None)

        return await self.database.read(work, operation="find", table="accounts")

    async def page(self, *, after: str | None = None, limit: int = 500) -> Sequence[Account]:
        """Read along the index of user keys."""

        def work(connection: sqlite3.Connection) -> list[Account]:
            rows = connection.execute(
                "SELECT * FROM accounts WHERE user_key > ? ORDER BY user_key LIMIT ?", (after or "", limit)
            )
            return [to_account(row, None) for row in rows]

        return await self.database.read(work, operation="page", table="accounts")

    async def audit_trail(self, account_id: AccountId, *, limit: int = 1000) -> Sequence[AuditEntry]:
        """Read the newest, turn them round."""

        def work(connection: sqlite3.Connection) -> list[AuditEntry]:
            rows = connection.execute(
                "SELECT * FROM audit WHERE account_id = ? ORDER BY entry DESC LIMIT ?", (account_id, limit)
            )
            return [to_audit_entry(row) for row in rows][::-1]

        return await self.database.read(work, operation="audit_trail", table="audit")
