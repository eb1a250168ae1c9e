"""The stores of each implementation on one set of data, opened by as many processes, with any keys, as a test wants."""

import hashlib
import json
import tempfile
from abc import ABC, abstractmethod
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, AbstractContextManager, asynccontextmanager, contextmanager
from copy import deepcopy
from enum import Enum
from pathlib import Path

import attrs

from adapters.cloudevents.event_codec import CloudEventCodec
from adapters.fernet.cipher import FernetCipher
from adapters.memory import database as memory
from adapters.memory.account_store import MemoryAccountStore
from adapters.memory.analyses import MemoryAnalyses
from adapters.memory.cipher import MemoryCipher
from adapters.memory.inbox import MemoryInbox
from adapters.memory.mail_archive import MemoryMailArchive
from adapters.memory.mail_queue import MemoryMailQueue
from adapters.memory.mail_sync_store import MemoryMailSyncStore
from adapters.memory.outbox import MemoryOutbox
from adapters.memory.parked_events import MemoryParkedEvents
from adapters.memory.secret_store import MemorySecretStore
from adapters.memory.sign_in_store import MemorySignInStore
from adapters.memory.token_store import MemoryTokenStore
from adapters.sqlite import secrets as sqlite
from adapters.sqlite.account_store import SqliteAccountStore
from adapters.sqlite.analyses import SqliteAnalyses
from adapters.sqlite.database import Database, open_database
from adapters.sqlite.inbox import SqliteInbox
from adapters.sqlite.mail_archive import SqliteMailArchive
from adapters.sqlite.mail_queue import SqliteMailQueue
from adapters.sqlite.mail_sync_store import SqliteMailSyncStore
from adapters.sqlite.outbox import SqliteOutbox
from adapters.sqlite.parked_events import SqliteParkedEvents
from adapters.sqlite.secret_store import SqliteSecretStore
from adapters.sqlite.sign_in_rows import COLUMNS as SIGN_IN_COLUMNS
from adapters.sqlite.sign_in_store import SqliteSignInStore
from adapters.sqlite.token_store import SqliteTokenStore
from adapters.system.clock import SystemClock
from domain.account import AccountId
from domain.sign_in import SignInId
from ports.account_store import AccountStore
from ports.analyses import Analyses
from ports.cipher import Binding, Cipher, KeyId
from ports.event_codec import EncodedEvent
from ports.inbox import Inbox
from ports.mail_archive import MailArchive
from ports.mail_queue import MailQueue
from ports.mail_sync_store import MailSyncStore
from ports.outbox import Outbox
from ports.parked_events import ParkedEvents
from ports.secret_store import SecretStore
from ports.sign_in_store import SignInStore
from ports.token_store import TokenStore

CODEC = CloudEventCodec()
SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - only a parent for temporary directories
TABLES = (
    "accounts",
    "audit",
    "tokens",
    "news",
    "outbox",
    "encryption",
    "replaced_keys",
    "sign_ins",
    "reconnect_links",
    "relay",
    "handled_events",
    "mail_folders",
    "folder_syncs",
    "mails",
    "mail_details",
    "mail_contents",
    "mail_queue",
    "mail_results",
    "first_announcements",
    "unreadable_mails",
    "analyses",
)


class Secret(Enum):
    """The secrets that are stored: the name of each one's field in memory, and its column in SQLite."""

    CLIENT_SECRETS = (memory.CLIENT_SECRETS, sqlite.CLIENT_SECRET)
    ACCESS_TOKEN = (memory.ACCESS_TOKEN, sqlite.ACCESS_TOKEN)
    REFRESH_TOKEN = (memory.REFRESH_TOKEN, sqlite.REFRESH_TOKEN)
    SIGN_IN = (memory.SIGN_IN_SECRETS, sqlite.SIGN_IN_SECRETS)


@attrs.frozen(kw_only=True)
class Rig(ABC):
    """What one process holds: the stores, with its own keys; and a look behind them, which the ports do not give."""

    cipher: Cipher
    accounts: AccountStore
    tokens: TokenStore
    sign_ins: SignInStore
    secrets: SecretStore
    relay: Outbox
    parked: ParkedEvents
    inbox: Inbox
    mail_sync: MailSyncStore
    queue: MailQueue
    archive: MailArchive
    analyses: Analyses

    @abstractmethod
    async def outbox(self) -> list[EncodedEvent]:
        """Return what stands in the outbox, in order of appending, settled or not."""

    @abstractmethod
    async def contents(self) -> Mapping[str, object]:
        """Return everything that is stored, to be compared with what is stored later."""

    @abstractmethod
    def binding(self, owner: str, secret: Secret) -> Binding:
        """Return what this secret is bound to; its owner is an account or a sign-in."""

    @abstractmethod
    async def ciphertext(self, owner: str, secret: Secret) -> str:
        """Return a ciphertext that is stored."""

    @abstractmethod
    async def put_ciphertext(self, owner: str, secret: Secret, text: str) -> None:
        """Write something in the place of a ciphertext, as a vandal would."""

    @abstractmethod
    async def crowd(self, number: int) -> None:
        """Add very many accounts behind the store's back, each of them news."""

    @abstractmethod
    async def crowd_of_sign_ins(self, number: int) -> None:
        """Copy the one sign-in very many times, without its secrets, behind the store's back."""


class World(ABC):
    """One set of data; `process` opens it. Keys are called by names, newest first, and none of them is secret."""

    @abstractmethod
    def cipher(self, *keys: str) -> Cipher:
        """Return a cipher with the keys of these names."""

    @abstractmethod
    def process(self, *keys: str) -> AbstractAsyncContextManager[Rig]:
        """Open the data as one of several processes would."""

    def key_id(self, name: str) -> KeyId:
        """Return the id of the key with this name."""
        return self.cipher(name).key_ids[0]


class MemoryView(memory.MemoryDatabase):
    """The same memory as another one's, seen by a process with other keys."""

    def __init__(self, shared: memory.MemoryDatabase, cipher: Cipher) -> None:
        self.shared = shared
        super().__init__(
            cipher=cipher,
            codec=shared.codec,
            accounts=shared.accounts,
            audit=shared.audit,
            outbox=shared.outbox,
            relaying=shared.relaying,
            appended=shared.appended,
            handled=shared.handled,
            tokens=shared.tokens,
            sign_ins=shared.sign_ins,
            links=shared.links,
            ciphertexts=shared.ciphertexts,
            primary_key=shared.primary_key,
            replaced_keys=shared.replaced_keys,
            written=shared.written,
            writes=shared.writes,
            mail=shared.mail,
            mail_stored=shared.mail_stored,
        )

    @property
    def primary_key(self) -> KeyId | None:
        return self.shared.primary_key

    @primary_key.setter
    def primary_key(self, key: KeyId | None) -> None:
        self.shared.primary_key = key

    @property
    def writes(self) -> int:
        return self.shared.writes

    @writes.setter
    def writes(self, number: int) -> None:
        self.shared.writes = number


@attrs.frozen(kw_only=True)
class MemoryRig(Rig):
    """Looks into the dictionaries."""

    database: memory.MemoryDatabase

    async def outbox(self) -> list[EncodedEvent]:
        return list(self.database.outbox)

    async def contents(self) -> Mapping[str, object]:
        names = (
            "accounts",
            "audit",
            "outbox",
            "relaying",
            "handled",
            "tokens",
            "sign_ins",
            "links",
            "ciphertexts",
            "primary_key",
            "replaced_keys",
            "written",
            "writes",
            "mail",
        )
        return {name: deepcopy(getattr(self.database, name)) for name in names}

    def binding(self, owner: str, secret: Secret) -> Binding:
        return Binding(owner, secret.value[0])

    async def ciphertext(self, owner: str, secret: Secret) -> str:
        return self.database.ciphertexts[self.binding(owner, secret)]

    async def put_ciphertext(self, owner: str, secret: Secret, text: str) -> None:
        self.database.ciphertexts[self.binding(owner, secret)] = text

    async def crowd(self, number: int) -> None:
        sample = next(iter(self.database.accounts.values()))
        for index in range(number):
            account_id = AccountId(f"crowd-{index}")
            self.database.accounts[account_id] = attrs.evolve(sample, account_id=account_id, user_id=f"crowd-{index}")
            self.database.touch(account_id)

    async def crowd_of_sign_ins(self, number: int) -> None:
        (row,) = self.database.sign_ins.values()
        for index in range(number):
            own = SignInId(f"crowd-{index}")
            self.database.sign_ins[own] = attrs.evolve(row, sign_in=attrs.evolve(row.sign_in, sign_in_id=own))


@attrs.frozen(kw_only=True)
class SqliteRig(Rig):
    """Looks into the tables."""

    database: Database

    async def outbox(self) -> list[EncodedEvent]:
        rows = await self.database.fetch_all(
            "SELECT event_id, topic, key, value, headers FROM outbox ORDER BY position"
        )
        return [EncodedEvent(**{**row, "headers": json.loads(row["headers"])}) for row in rows]

    async def contents(self) -> Mapping[str, object]:
        return {table: await self.database.fetch_all(f"SELECT * FROM {table}") for table in TABLES}

    def binding(self, owner: str, secret: Secret) -> Binding:
        return secret.value[1].binding(owner)

    async def ciphertext(self, owner: str, secret: Secret) -> str:
        place = secret.value[1]
        row = await self.database.fetch_one(
            f"SELECT {place.column} AS text FROM {place.table} WHERE {place.key} = ?",
            (owner,),
        )
        assert row is not None
        assert isinstance(row["text"], str)
        return row["text"]

    async def put_ciphertext(self, owner: str, secret: Secret, text: str) -> None:
        place = secret.value[1]
        assert await self.database.update(place.table, {place.column: text}, f"{place.key} = ?", (owner,)) == 1

    async def crowd(self, number: int) -> None:
        numbers = f"WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < {int(number)})"
        await self.database.execute_script(
            f"""
            CREATE TABLE sample AS SELECT * FROM accounts LIMIT 1;
            CREATE TABLE crowd AS {numbers} SELECT 'crowd-' || i AS id FROM n;
            INSERT INTO accounts SELECT c.id, c.id, c.id, name, email, client_id, tenant_id, flow, scopes,
              redirect_uri, client_secret, status, status_reason, status_since, reauth_reason, identity_tenant,
              identity_object, version, created_at, reauth_claims FROM sample, crowd c;
            INSERT INTO news (account_id) SELECT id FROM crowd;
            """
        )

    async def crowd_of_sign_ins(self, number: int) -> None:
        numbers = f"WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < {int(number)})"
        await self.database.execute_script(
            f"""
            CREATE TEMPORARY TABLE sample AS SELECT * FROM sign_ins;
            INSERT INTO sign_ins ({", ".join(SIGN_IN_COLUMNS)}) {numbers} SELECT
              {", ".join("'crowd-' || i" if column == "sign_in_id" else column for column in SIGN_IN_COLUMNS)}
              FROM sample, n;
            """
        )


@attrs.frozen
class MemoryWorld(World):
    """One memory."""

    shared: memory.MemoryDatabase

    def cipher(self, *keys: str) -> Cipher:
        return MemoryCipher(*(hashlib.sha256(key.encode()).hexdigest()[:8] for key in keys))

    @asynccontextmanager
    async def process(self, *keys: str) -> AsyncIterator[Rig]:
        cipher = self.cipher(*keys)
        database = MemoryView(self.shared, cipher)
        yield MemoryRig(
            cipher=cipher,
            accounts=MemoryAccountStore(database),
            tokens=MemoryTokenStore(database),
            sign_ins=MemorySignInStore(database),
            secrets=MemorySecretStore(database),
            relay=MemoryOutbox(database, SystemClock()),
            parked=MemoryParkedEvents(database),
            inbox=MemoryInbox(database),
            mail_sync=MemoryMailSyncStore(database),
            queue=MemoryMailQueue(database, SystemClock()),
            archive=MemoryMailArchive(database),
            analyses=MemoryAnalyses(database),
            database=database,
        )


@attrs.frozen
class SqliteWorld(World):
    """One file."""

    path: Path

    def cipher(self, *keys: str) -> Cipher:
        return FernetCipher([fernet_key(key) for key in keys])

    @asynccontextmanager
    async def process(self, *keys: str) -> AsyncIterator[Rig]:
        cipher = self.cipher(*keys)
        async with open_database(self.path) as database:
            yield SqliteRig(
                cipher=cipher,
                accounts=SqliteAccountStore(database, cipher, CODEC),
                tokens=SqliteTokenStore(database, cipher, CODEC),
                sign_ins=SqliteSignInStore(database, cipher),
                secrets=SqliteSecretStore(database, cipher),
                relay=SqliteOutbox(database, SystemClock()),
                parked=SqliteParkedEvents(database),
                inbox=SqliteInbox(database),
                mail_sync=SqliteMailSyncStore(database, CODEC),
                queue=SqliteMailQueue(database, CODEC, SystemClock()),
                archive=SqliteMailArchive(database),
                analyses=SqliteAnalyses(database),
                database=database,
            )


def fernet_key(name: str) -> str:
    """Return the Fernet key of this name."""
    return urlsafe_b64encode(hashlib.sha256(name.encode()).digest()).decode()


@contextmanager
def memory_world() -> Iterator[World]:
    """Make an empty memory."""
    yield MemoryWorld(memory.MemoryDatabase(cipher=MemoryCipher(), codec=CODEC))


@contextmanager
def sqlite_world() -> Iterator[World]:
    """Make a directory for a file, in memory where the machine can: durability is tested elsewhere."""
    parent = SHARED_MEMORY if SHARED_MEMORY.is_dir() else None
    with tempfile.TemporaryDirectory(prefix="iacsgraph-", dir=parent) as directory:
        yield SqliteWorld(Path(directory) / "iacsgraph.db")


WORLDS: Mapping[str, Callable[[], AbstractContextManager[World]]] = {"memory": memory_world, "sqlite": sqlite_world}
