"""Where ciphertexts stand in the tables, and the key that they must be written with."""

import sqlite3

import attrs

from domain.errors import StaleKeyError
from ports.cipher import Binding, Cipher, KeyId

KEY_ID_DIGITS = 8
"""Every ciphertext begins with the key's id of this length and a colon."""


@attrs.frozen
class SecretColumn:
    """One column of ciphertexts; they are bound to the row's key and to the field's name."""

    table: str
    column: str
    key: str = "account_id"

    def binding(self, owner: str) -> Binding:
        """Return what the ciphertext in this column of the row with this key is bound to."""
        return Binding(owner, self.column)


CLIENT_SECRET = SecretColumn("accounts", "client_secret")
ACCESS_TOKEN = SecretColumn("tokens", "access_token")
REFRESH_TOKEN = SecretColumn("tokens", "refresh_token")
SIGN_IN_SECRETS = SecretColumn("sign_ins", "secrets", key="sign_in_id")
SECRET_COLUMNS = (CLIENT_SECRET, ACCESS_TOKEN, REFRESH_TOKEN, SIGN_IN_SECRETS)
"""All of them: rotation and diagnosis go through this list."""


def recorded_key(connection: sqlite3.Connection) -> KeyId | None:
    """Return the id of the key that everybody must encrypt with; None before the first secret."""
    row = connection.execute("SELECT primary_key FROM encryption").fetchone()
    return None if row is None else KeyId(row["primary_key"])


def record_key(connection: sqlite3.Connection, key: KeyId) -> None:
    """Make this the key that everybody must encrypt with."""
    connection.execute(
        "INSERT INTO encryption (only_row, primary_key) VALUES (1, ?)"
        " ON CONFLICT (only_row) DO UPDATE SET primary_key = excluded.primary_key",
        (key,),
    )


def replace_key(connection: sqlite3.Connection, key: KeyId, *, back: bool) -> None:
    """Make this the key that everybody must encrypt with from now on, and remember the one before it as replaced.

    Raises:
        StaleKeyError: the key itself was replaced before, and `back` does not say that this is meant.
    """
    before = recorded_key(connection)
    replaced = connection.execute("SELECT 1 FROM replaced_keys WHERE key_id = ?", (key,)).fetchone()
    if replaced is not None and not back:
        msg = f"Key {key} was replaced by {before} before: put that one first, or go back on purpose with --back."
        raise StaleKeyError(msg, details={"first": key, "recorded": before})
    if before is not None and before != key:
        connection.execute("INSERT OR IGNORE INTO replaced_keys (key_id) VALUES (?)", (before,))
    connection.execute("DELETE FROM replaced_keys WHERE key_id = ?", (key,))
    record_key(connection, key)


def may_encrypt(connection: sqlite3.Connection, cipher: Cipher) -> KeyId:
    """Return the key to encrypt with in this transaction, recording the cipher's first one if there is none yet.

    Raises:
        StaleKeyError: another key is recorded.
    """
    first = cipher.key_ids[0]
    if refuse_stale(connection, cipher) is None:
        record_key(connection, first)
    return first


def refuse_stale(connection: sqlite3.Connection, cipher: Cipher) -> KeyId | None:
    """Check that this process's first key is the recorded one, and return that; None if none is recorded yet.

    Raises:
        StaleKeyError: it is not.
    """
    first, recorded = cipher.key_ids[0], recorded_key(connection)
    if recorded not in (None, first):
        msg = (
            f"Secrets are now encrypted with key {recorded}, but this process's first key is {first}:"
            " put the new key first in ENCRYPTION_KEY and restart."
        )
        raise StaleKeyError(msg, details={"recorded": recorded, "first": first})
    return recorded
