"""Looking after all ciphertexts in SQLite, whatever table they stand in."""

import re
import sqlite3
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

import attrs

from adapters.sqlite.database import Database
from adapters.sqlite.secrets import KEY_ID_DIGITS, SECRET_COLUMNS, SecretColumn, may_encrypt, recorded_key, replace_key
from domain.errors import EncryptionError
from ports.cipher import NO_KEY, Binding, Cipher, KeyId
from ports.secret_store import Position, Reencrypted, SecretFault, SecretStore

_KEY_ID = re.compile(r"([0-9a-f]{8}):")


@attrs.frozen
class SqliteSecretStore(SecretStore):
    """Goes through the secret columns in their order, each in the order of its rows' keys."""

    database: Database
    cipher: Cipher

    async def primary_key(self) -> KeyId | None:
        """Read the recorded key."""
        return await self.database.read(recorded_key, operation="primary_key", table="encryption")

    async def count_by_key(self) -> Mapping[KeyId, int]:
        """Count what the ciphertexts begin with."""

        def work(connection: sqlite3.Connection) -> Mapping[KeyId, int]:
            counts: Counter[KeyId] = Counter()
            for place in SECRET_COLUMNS:
                sql = (
                    f"SELECT substr({place.column}, 1, {KEY_ID_DIGITS + 1}) AS key, count(*) AS number"  # noqa: S608 - constants
                    f" FROM {place.table} WHERE {place.column} IS NOT NULL GROUP BY key"
                )
                for row in connection.execute(sql):
                    counts[_key_of(row["key"])] += row["number"]
            return counts

        return await self.database.read(work, operation="count_by_key")

    async def promote(self, *, back: bool = False) -> None:
        """Record the cipher's first key, and the one before it as replaced."""
        first = self.cipher.key_ids[0]
        await self.database.write(
            lambda connection: replace_key(connection, first, back=back), operation="promote", table="encryption"
        )

    async def reencrypt(self, limit: int, after: Position | None = None) -> Reencrypted:
        """Move one batch in one transaction, all from one column."""
        return await self.database.write(
            lambda connection: self._batch(connection, limit, after), operation="reencrypt"
        )

    async def faults(self, limit: int = 100) -> Sequence[SecretFault]:
        """Open everything, on a reader's thread."""

        def work(connection: sqlite3.Connection) -> list[SecretFault]:
            found: list[SecretFault] = []
            for place in SECRET_COLUMNS:
                for binding, ciphertext in _ciphertexts(connection, place):
                    try:
                        self.cipher.decrypt(ciphertext, binding)
                    except EncryptionError as error:
                        found.append(_fault(binding, ciphertext, error))
                        if len(found) == limit:
                            return found
            return found

        return await self.database.read(work, operation="faults")

    def _batch(self, connection: sqlite3.Connection, limit: int, after: Position | None) -> Reencrypted:
        key = may_encrypt(connection, self.cipher)
        index, _, last = (after or Position("0 ")).partition(" ")
        for number in range(int(index), len(SECRET_COLUMNS)):
            rows = _under_other_keys(connection, SECRET_COLUMNS[number], key, last, limit)
            if rows:
                return self._moved(connection, number, rows)
            last = ""
        return Reencrypted(moved=0, faults=(), after=None)

    def _moved(self, connection: sqlite3.Connection, number: int, rows: list[tuple[str, str]]) -> Reencrypted:
        place, moved, faults = SECRET_COLUMNS[number], [], []
        for owner, ciphertext in rows:
            binding = place.binding(owner)
            try:
                moved.append((self.cipher.encrypt(self.cipher.decrypt(ciphertext, binding), binding), owner))
            except EncryptionError as error:
                faults.append(_fault(binding, ciphertext, error))
        sql = f"UPDATE {place.table} SET {place.column} = ? WHERE {place.key} = ?"  # noqa: S608 - constants
        connection.executemany(sql, moved)
        return Reencrypted(moved=len(moved), faults=faults, after=Position(f"{number} {rows[-1][0]}"))


def _ciphertexts(connection: sqlite3.Connection, place: SecretColumn) -> Iterator[tuple[Binding, str]]:
    sql = f"SELECT {place.key}, {place.column} FROM {place.table} WHERE {place.column} IS NOT NULL"  # noqa: S608 - constants
    for owner, ciphertext in connection.execute(sql):
        yield place.binding(owner), ciphertext


def _under_other_keys(
    connection: sqlite3.Connection, place: SecretColumn, key: KeyId, last: str, limit: int
) -> list[tuple[str, str]]:
    sql = (
        f"SELECT {place.key}, {place.column} FROM {place.table} WHERE {place.key} > ?"  # noqa: S608 - constants
        f" AND {place.column} IS NOT NULL AND substr({place.column}, 1, {KEY_ID_DIGITS}) <> ?"
        f" ORDER BY {place.key} LIMIT ?"
    )
    return [tuple(row) for row in connection.execute(sql, (last, key, limit))]


def _fault(binding: Binding, ciphertext: str, error: EncryptionError) -> SecretFault:
    key = _key_of(ciphertext)
    return SecretFault(binding=binding, key_id=None if key == NO_KEY else key, problem=error.message)


def _key_of(beginning: str) -> KeyId:
    found = _KEY_ID.match(beginning)
    return NO_KEY if found is None else KeyId(found[1])
