"""A lease does not wait for the disk; the token that it was given for does."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from adapters.cloudevents.event_codec import CloudEventCodec
from adapters.memory.cipher import MemoryCipher
from adapters.sqlite.database import open_database
from adapters.sqlite.token_store import SqliteTokenStore
from ports.token_store import Lease
from tests.contracts.samples import due, enrolment, signing_in, token, unchanged

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
WITHOUT_SYNC = "PRAGMA synchronous = NORMAL"


async def test_a_lease_is_committed_without_a_sync_and_its_token_with_one(tmp_path: Path) -> None:
    async with open_database(tmp_path / "x.db") as database:
        tokens, enrolled = SqliteTokenStore(database, MemoryCipher(), CloudEventCodec()), enrolment("ann")
        await tokens.replace(enrolled.after.account_id, token(), due(), signing_in(), enrolled)
        held = await tokens.read("ann", NOW)
        assert held is not None
        statements: list[str] = []
        await database.write(lambda connection: connection.set_trace_callback(statements.append))
        lease = await tokens.claim(held, "holder", NOW, timedelta(seconds=60))
        assert isinstance(lease, Lease)
        assert WITHOUT_SYNC in statements
        statements.clear()
        await tokens.commit(lease, token(), due(), unchanged)
        assert "COMMIT" in statements
        assert WITHOUT_SYNC not in statements
