"""Tokens and refresh states as rows. Runs on the database's thread."""

import json
import sqlite3
from datetime import datetime

from adapters.sqlite.row_decoding import decodes
from adapters.sqlite.secrets import ACCESS_TOKEN, REFRESH_TOKEN, SecretColumn
from adapters.sqlite.timestamps import from_text, to_text
from domain.account import Account, AccountId
from domain.refreshing import RefreshState
from domain.token import Token
from ports.cipher import Cipher, KeyId

_FOUND = (
    "t.fence, t.owner, t.leased_until, t.retry_at, t.failures, t.attempts, t.due_at"
    " FROM accounts a LEFT JOIN tokens t ON t.account_id = a.account_id"
)
STATE = f"SELECT a.account_id, a.version, {_FOUND} WHERE a.account_id = ?"
"""The state of an account's token; null where the account has no row of its own in `tokens`."""
_CLAIMED = f"SELECT a.*, t.refresh_token, (SELECT primary_key FROM encryption) AS recorded, {_FOUND}"  # noqa: S608 - constants
CLAIMED = f"{_CLAIMED} WHERE a.account_id = ?"
"""And what it takes to refresh it, with the key that everybody must encrypt with."""
CLAIMED_BY_NAME = f"{_CLAIMED} WHERE a.user_key = ?"
_STATE = "fence = ?, owner = ?, leased_until = ?, retry_at = ?, failures = ?, attempts = ?, due_at = ?, wake_at = ?"
_WRITE_STATE = f"UPDATE tokens SET {_STATE} WHERE account_id = ?"  # noqa: S608 - constants
_GRANTED = "(access_token, refresh_token, obtained_at, expires_at, refresh_at, scopes) = (?, ?, ?, ?, ?, ?)"
_WRITE_ROW = f"UPDATE tokens SET {_GRANTED}, {_STATE} WHERE account_id = ?"  # noqa: S608 - constants
_RENEW_ROW = (
    f"{_WRITE_ROW} AND fence = ? AND owner = ?"  # noqa: S608 - constants
    " AND EXISTS (SELECT 1 FROM accounts a WHERE a.account_id = tokens.account_id AND a.version = ?)"
    " AND EXISTS (SELECT 1 FROM encryption WHERE primary_key = ?)"
)
_NO_TOKEN = (None,) * 6


@decodes("tokens")
def to_state(row: sqlite3.Row) -> RefreshState:
    """Return the refresh state of a row; columns of an account without a row are null."""
    return RefreshState(
        fence=row["fence"] or 0,
        owner=row["owner"],
        leased_until=time(row["leased_until"]),
        retry_at=time(row["retry_at"]),
        failures=row["failures"] or 0,
        attempts=to_attempts(row["attempts"]),
    )


@decodes("tokens")
def to_refresh(row: sqlite3.Row, account_id: AccountId, cipher: Cipher) -> str | None:
    """Return the refresh token of a row, decrypted.

    Raises:
        EncryptionError: it does not open.
    """
    return opened(row, REFRESH_TOKEN, account_id, cipher)


def make_row(connection: sqlite3.Connection, found: sqlite3.Row) -> None:
    """Make the account's row in `tokens` if none was found."""
    if found["fence"] is None:
        connection.execute("INSERT INTO tokens (account_id) VALUES (?)", (found["account_id"],))


def write_state(
    connection: sqlite3.Connection, account_id: AccountId, state: RefreshState, due_at: datetime | None
) -> None:
    """Write the state, and when somebody should look at the token again."""
    connection.execute(_WRITE_STATE, (*_state_values(state, due_at), account_id))


def write_token(
    connection: sqlite3.Connection,
    account_id: AccountId,
    stored: tuple[Token | None, RefreshState, datetime | None],
    cipher: Cipher,
    under: KeyId | None,
) -> None:
    """Write a token, encrypted under one key or cleared, with its state and due time: a row is long, and written once.

    Raises:
        StaleKeyError: the key is not at hand.
    """
    token, state, due_at = stored
    secrets = _NO_TOKEN if token is None else _token_values(account_id, token, cipher, under)
    connection.execute(_WRITE_ROW, (*secrets, *_state_values(state, due_at), account_id))


def renew_token(
    connection: sqlite3.Connection,
    account: Account,
    stored: tuple[Token, RefreshState, datetime],
    cipher: Cipher,
    under: KeyId,
) -> bool:
    """Write a refreshed token in the one statement that also asks whether its lease, which `stored` holds, is the last.

    False, and nothing is written, if it is not, if the account changed, or another key is to be encrypted with.
    """
    token, leased, due_at = stored
    values = (*_token_values(account.account_id, token, cipher, under), *_state_values(leased.succeeded(), due_at))
    asked = (account.account_id, leased.fence, leased.owner, account.version, under)
    return connection.execute(_RENEW_ROW, (*values, *asked)).rowcount == 1


def _token_values(account_id: AccountId, token: Token, cipher: Cipher, under: KeyId | None) -> tuple[str | None, ...]:
    access = token.access

    def encrypted(value: str, column: SecretColumn) -> str:
        return cipher.encrypt(value, column.binding(account_id), under=under)

    return (
        encrypted(access.value, ACCESS_TOKEN),
        None if token.refresh is None else encrypted(token.refresh, REFRESH_TOKEN),
        to_text(access.obtained_at),
        to_text(access.expires_at),
        text(access.refresh_at),
        json.dumps(access.scopes),
    )


def _state_values(state: RefreshState, due_at: datetime | None) -> tuple[str | int | None, ...]:
    return (
        state.fence,
        state.owner,
        text(state.leased_until),
        text(state.retry_at),
        state.failures,
        " ".join(map(to_text, state.attempts)),
        text(due_at),
        text(state.wake_at(due_at)),
    )


def opened(row: sqlite3.Row, column: SecretColumn, account_id: AccountId, cipher: Cipher) -> str | None:
    """Return one secret of a row.

    Raises:
        EncryptionError: it does not open.
    """
    ciphertext = row[column.column]
    return None if ciphertext is None else cipher.decrypt(ciphertext, column.binding(account_id))


def to_attempts(stored: str | None) -> tuple[datetime, ...]:
    """Return the stored times of attempts, which an account without a row has none of."""
    return tuple(map(from_text, (stored or "").split()))


def time(stored: str | None) -> datetime | None:
    """Return a stored time that may be absent."""
    return None if stored is None else from_text(stored)


def text(moment: datetime | None) -> str | None:
    """Return the stored form of a time that may be absent."""
    return None if moment is None else to_text(moment)
