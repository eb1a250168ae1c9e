"""Sign-ins in SQLite: transitions run inside write transactions, so that one of many processes wins."""

import sqlite3
from collections.abc import Sequence
from datetime import datetime, timedelta

import attrs

from adapters.sqlite.account_rows import load
from adapters.sqlite.database import Database
from adapters.sqlite.sign_in_rows import insert_sign_in, to_link, to_sign_in, update_sign_in
from adapters.sqlite.timestamps import from_text, to_text
from domain.account import AccountId
from domain.errors import NotFoundError
from domain.sign_in import (
    OPEN_IN_ALL,
    REPLACED,
    LinkId,
    ReconnectLink,
    SignIn,
    SignInId,
    SignInTransition,
    Stage,
    cancelled,
    to_replace,
    too_many,
    unknown_sign_in,
)
from ports.cipher import Cipher
from ports.sign_in_store import SignInStore

SIGN_INS_KEPT = timedelta(days=1)
LINKS_KEPT = timedelta(days=30)

# As the partial indexes say it, or they are not used.
_OPEN = "stage IN ('PENDING', 'COMPLETING') AND expires_at > :now"
_IN_ORDER = "ORDER BY begun_at, sign_in_id"


@attrs.frozen
class SqliteSignInStore(SignInStore):
    """Owns the tables `sign_ins` and `reconnect_links`."""

    database: Database
    cipher: Cipher

    async def begin(self, sign_in: SignIn) -> None:
        """Forget, count, replace and insert in one transaction."""

        def work(connection: sqlite3.Connection) -> None:
            now = sign_in.begun_at
            _require_account(connection, sign_in.account_id)
            _forget(connection, now)
            _refuse_too_many(connection, now)
            for surplus in to_replace(_open_of(connection, sign_in.account_id, now)):
                update_sign_in(connection, cancelled(surplus, REPLACED), now)
            insert_sign_in(connection, sign_in, self.cipher)

        await self.database.write(work, operation="begin", table="sign_ins")

    async def apply(self, sign_in_id: SignInId, transition: SignInTransition, now: datetime) -> SignIn:
        """Decide inside the transaction; what is decided to stay as it is costs no write."""

        def work(connection: sqlite3.Connection) -> SignIn:
            row = _row(connection, sign_in_id)
            if row is None:
                raise unknown_sign_in()
            before = to_sign_in(row, self.cipher)
            after = transition(before)
            if after != before:
                update_sign_in(connection, after, now)
            if after.stage is Stage.DONE and before.stage is not Stage.DONE:
                _use(connection, after.link_id, now)
            return after

        return await self.database.write(work, operation="apply", table="sign_ins")

    async def find(self, sign_in_id: SignInId) -> SignIn | None:
        """Read by primary key."""

        def work(connection: sqlite3.Connection) -> SignIn | None:
            row = _row(connection, sign_in_id)
            return None if row is None else to_sign_in(row, None)

        return await self.database.read(work, operation="find", table="sign_ins")

    async def open(self, now: datetime) -> Sequence[SignIn]:
        """Read along the index of open ones."""

        def work(connection: sqlite3.Connection) -> list[SignIn]:
            rows = connection.execute(f"SELECT * FROM sign_ins WHERE {_OPEN} {_IN_ORDER}", {"now": to_text(now)})  # noqa: S608 - constants
            return [to_sign_in(row, None) for row in rows]

        return await self.database.read(work, operation="open", table="sign_ins")

    async def add_link(self, link: ReconnectLink) -> None:
        """Insert a row."""

        def work(connection: sqlite3.Connection) -> None:
            _require_account(connection, link.account_id)
            connection.execute(
                "INSERT INTO reconnect_links (link_id, account_id, digest, expires_at) VALUES (?, ?, ?, ?)",
                (link.link_id, link.account_id, link.digest, to_text(link.expires_at)),
            )

        await self.database.write(work, operation="add_link", table="reconnect_links")

    async def find_link(self, link_id: LinkId) -> ReconnectLink | None:
        """Read by primary key."""

        def work(connection: sqlite3.Connection) -> ReconnectLink | None:
            row = connection.execute("SELECT * FROM reconnect_links WHERE link_id = ?", (link_id,)).fetchone()
            return None if row is None else to_link(row)

        return await self.database.read(work, operation="find_link", table="reconnect_links")


def _row(connection: sqlite3.Connection, sign_in_id: SignInId) -> sqlite3.Row | None:
    found: sqlite3.Row | None = connection.execute(
        "SELECT * FROM sign_ins WHERE sign_in_id = ?", (sign_in_id,)
    ).fetchone()
    return found


def _open_of(connection: sqlite3.Connection, account_id: AccountId, now: datetime) -> list[SignIn]:
    sql = f"SELECT * FROM sign_ins WHERE account_id = :account_id AND {_OPEN} {_IN_ORDER}"  # noqa: S608 - constants
    rows = connection.execute(sql, {"account_id": account_id, "now": to_text(now)})
    return [to_sign_in(row, None) for row in rows]


def _require_account(connection: sqlite3.Connection, account_id: AccountId) -> None:
    if load(connection, account_id, None) is None:
        msg = f"Account {account_id} does not exist."
        raise NotFoundError(msg, details={"account_id": account_id})


def _forget(connection: sqlite3.Connection, now: datetime) -> None:
    connection.execute("DELETE FROM sign_ins WHERE coalesce(ended_at, expires_at) < ?", (to_text(now - SIGN_INS_KEPT),))
    connection.execute("DELETE FROM reconnect_links WHERE expires_at < ?", (to_text(now - LINKS_KEPT),))


def _refuse_too_many(connection: sqlite3.Connection, now: datetime) -> None:
    sql = f"SELECT count(*) AS number, min(expires_at) AS first_end FROM sign_ins WHERE {_OPEN}"  # noqa: S608 - constants
    row = connection.execute(sql, {"now": to_text(now)}).fetchone()
    if row["number"] >= OPEN_IN_ALL:
        raise too_many(from_text(row["first_end"]), now)


def _use(connection: sqlite3.Connection, link_id: LinkId | None, now: datetime) -> None:
    connection.execute(
        "UPDATE reconnect_links SET used_at = ? WHERE link_id = ? AND used_at IS NULL", (to_text(now), link_id)
    )
