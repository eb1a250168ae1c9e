"""What is SQLite's own in the outbox and the inbox: damaged rows, who wakes the relay, and that indexes are used."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Iterable
from datetime import timedelta
from pathlib import Path

import attrs
import pytest

from adapters.cloudevents.event_codec import CloudEventCodec
from adapters.memory.cipher import MemoryCipher
from adapters.memory.clock import MemoryClock
from adapters.sqlite.account_store import SqliteAccountStore
from adapters.sqlite.database import Database, open_database
from adapters.sqlite.handled_rows import first_time
from adapters.sqlite.inbox import SqliteInbox
from adapters.sqlite.outbox import MALFORMED, SqliteOutbox
from adapters.sqlite.parked_events import SqliteParkedEvents
from domain.errors import DatabaseError
from domain.events import EventId
from domain.messages import Handled
from tests.adapters.sqlite.event_bench import HOUR, TOPIC, ZERO, message, open_process
from tests.adapters.sqlite.schema import WAIT_SECONDS, locked, turns
from tests.contracts.samples import NOW, enrolment

MINUTE = timedelta(minutes=1)
LARGE = ("outbox", "log_messages", "handled_events")


@attrs.frozen(kw_only=True)
class Office:
    """One process: accounts, and what stands in their outbox."""

    database: Database
    clock: MemoryClock
    accounts: SqliteAccountStore
    outbox: SqliteOutbox
    parked: SqliteParkedEvents
    inbox: SqliteInbox

    async def enrol(self, *user_ids: str) -> list[EventId]:
        """Enrol accounts, one event each."""
        changes = [enrolment(user_id) for user_id in user_ids]
        for change in changes:
            await self.accounts.save(change)
        return [change.event.event_id for change in changes]

    async def pending(self) -> list[EventId]:
        """Return the ids of what is pending."""
        return [event.event_id for event in await self.outbox.pending(100)]


@pytest.fixture
async def office(path: Path) -> AsyncIterator[Office]:
    clock = MemoryClock()
    async with open_database(path, readers=1, busy_timeout=timedelta(milliseconds=1)) as database:
        yield Office(
            database=database,
            clock=clock,
            accounts=SqliteAccountStore(database, MemoryCipher(), CloudEventCodec()),
            outbox=SqliteOutbox(database, clock),
            parked=SqliteParkedEvents(database),
            inbox=SqliteInbox(database),
        )


async def waiting(office: Office) -> "asyncio.Task[None]":
    """Begin to wait for long, with nothing new."""
    await office.outbox.wait(ZERO)
    task = asyncio.create_task(office.outbox.wait(HOUR))
    await turns(50)
    assert not task.done()
    return task


async def test_a_change_of_any_store_of_the_process_wakes_the_relay_and_not_time(office: Office) -> None:
    """The clock stands still."""
    async with asyncio.timeout(WAIT_SECONDS):
        for user_id in ("ann", "bob"):
            task = await waiting(office)
            await office.enrol(user_id)
            await task


async def test_what_the_relay_and_others_write_without_appending_wakes_nobody(office: Office) -> None:
    (event_id,) = await office.enrol("ann")
    task = await waiting(office)
    await office.outbox.claim("me", NOW, MINUTE)
    await office.outbox.settle(NOW, [event_id], {})
    await office.inbox.accept(Handled(group_id="g", event_id=event_id), NOW)
    await turns(50)
    assert not task.done()
    await office.clock.advance(HOUR)
    async with asyncio.timeout(WAIT_SECONDS):
        await task


async def test_waiting_for_a_database_that_was_closed_ends_in_time(office: Office, path: Path) -> None:
    async with open_database(path) as database:
        outbox = SqliteOutbox(database, office.clock)
    task = asyncio.create_task(outbox.wait(MINUTE))
    await turns(50)
    assert not task.done()
    await office.clock.advance(MINUTE)
    async with asyncio.timeout(WAIT_SECONDS):
        await task


@pytest.mark.parametrize(
    "damage",
    [
        "headers = 'x'",
        "headers = '[]'",
        """headers = '{"a": 1}'""",
        r"""headers = '{"a": "\ud800"}'""",
        r"""headers = '{"\ud800": "a"}'""",
        f"headers = '{'[' * 100_000}'",
        "headers = CAST(x'ff' AS TEXT)",
        "value = 'text'",
        "value = CAST(x'ff' AS TEXT)",
        "topic = ' '",
        "topic = x'74'",
        "topic = CAST(x'ff' AS TEXT)",
        "key = CAST(x'ff' AS TEXT)",
    ],
)
async def test_a_damaged_event_is_parked_where_an_operator_sees_it_and_keeps_nobody_back(
    office: Office, damage: str
) -> None:
    first, second, third = await office.enrol("ann", "bob", "cid")
    await office.database.execute(f"UPDATE outbox SET {damage} WHERE event_id = ?", (second,))
    assert await office.pending() == [first, third]
    (parked,) = await office.parked.parked(10)
    assert (parked.event.event_id, parked.parked_at, parked.reason) == (second, office.clock.now(), MALFORMED)
    assert await office.parked.unpark([]) == 1
    assert await office.pending() == [first, third]
    assert (await office.parked.summary()).parked == 1


@pytest.mark.parametrize("event_id", ["CAST(x'ff' AS TEXT)", "x'ff'"])
async def test_an_event_without_a_legible_id_is_parked_and_can_be_shown(office: Office, event_id: str) -> None:
    first, second = await office.enrol("ann", "bob")
    await office.database.execute(f"UPDATE outbox SET event_id = {event_id} WHERE event_id = ?", (first,))
    oldest = (await office.parked.summary()).oldest
    assert await office.pending() == [second]
    (parked,) = await office.parked.parked(10)
    assert oldest == parked.event
    assert parked.event.event_id.isprintable()
    assert await office.parked.unpark([]) == 1
    assert await office.pending() == [second]


async def test_the_oldest_event_is_shown_though_it_is_damaged(office: Office) -> None:
    (event_id,) = await office.enrol("ann")
    await office.database.update("outbox", {"headers": "x"}, "event_id = ?", (event_id,))
    oldest = (await office.parked.summary()).oldest
    assert oldest is not None
    assert (oldest.event_id, dict(oldest.headers)) == (event_id, {})


@pytest.mark.parametrize("at", ["NULL", "'soon'", "7", "x'ff'", "CAST(x'ff' AS TEXT)"])
async def test_an_event_of_which_nobody_can_read_when_it_was_appended_is_pending_all_the_same(
    office: Office, at: str
) -> None:
    ids = await office.enrol("ann")
    assert (await office.parked.summary()).oldest_at == NOW
    await office.database.execute(f"UPDATE outbox SET appended_at = {at}")
    summary = await office.parked.summary()
    assert (summary.pending, summary.oldest_at) == (1, None)
    assert await office.pending() == ids


async def test_no_more_rows_are_read_than_are_given_and_one(office: Office) -> None:
    """Or a backlog of large events would be in memory at once. A row that is not read cannot be found damaged."""
    first, second, third = await office.enrol("ann", "bob", "cid")
    await office.database.execute("UPDATE outbox SET headers = 'x' WHERE event_id = ?", (third,))
    (event,) = await office.outbox.pending(10, size_bytes=1)
    assert event.event_id == first
    assert (await office.parked.summary()).parked == 0
    assert await office.pending() == [first, second]
    assert (await office.parked.summary()).parked == 1


@pytest.mark.parametrize("until", ["'soon'", "x'ff'", "CAST(x'ff' AS TEXT)"])
async def test_a_claim_whose_end_is_unreadable_does_not_hold_and_is_told(office: Office, until: str) -> None:
    await office.outbox.claim("other", NOW, MINUTE)
    await office.database.execute(f"UPDATE relay SET until = {until}")
    with pytest.raises(DatabaseError) as caught:
        await office.parked.summary()
    assert caught.value.error_code == "ROW_MALFORMED"
    assert await office.outbox.claim("me", NOW, MINUTE) == NOW + MINUTE
    assert (await office.parked.summary()).relay == "me"


async def test_an_unreadable_time_of_parking_is_told_with_the_event(office: Office) -> None:
    (event_id,) = await office.enrol("ann")
    await office.outbox.settle(NOW, [], {event_id: "too large"})
    await office.database.update("outbox", {"parked_at": "then"}, "event_id = ?", (event_id,))
    with pytest.raises(DatabaseError) as caught:
        await office.parked.parked(10)
    assert (caught.value.error_code, caught.value.details["event_id"]) == ("ROW_MALFORMED", event_id)


async def test_a_locked_database_is_a_passing_error(office: Office, path: Path) -> None:
    (event_id,) = await office.enrol("ann")
    with locked(path):
        assert await office.pending() == [event_id], "reading needs no lock"
        for asked in (
            office.outbox.claim("me", NOW, MINUTE),
            office.outbox.settle(NOW, [event_id], {}),
            office.inbox.accept(Handled(group_id="g", event_id=event_id), NOW),
        ):
            with pytest.raises(DatabaseError) as caught:
                await asked
            assert caught.value.transient


async def test_an_effect_that_fails_was_not_handled(office: Office) -> None:
    """Its transaction is rolled back, with the mark."""
    handled = Handled(group_id="g", event_id=EventId("e"))

    def effect(connection: sqlite3.Connection) -> None:
        assert first_time(connection, handled, NOW)
        connection.execute("INSERT INTO missing VALUES (1)")

    for _ in range(2):
        with pytest.raises(DatabaseError):
            await office.database.write(effect)
    assert await office.inbox.accept(handled, NOW)


async def test_no_statement_goes_through_a_whole_table_or_sorts_it(office: Office, path: Path) -> None:
    """What the adapters really execute is explained, statement by statement."""
    executed: list[str] = []
    async with open_process(path, clock=office.clock, retention=MINUTE) as process:
        for database in (office.database, process.database):
            for run in (database.read, database.write):
                await run(lambda connection: connection.set_trace_callback(executed.append))
        ids = await office.enrol("ann", "bob")
        await office.outbox.settle(NOW, ids[:1], {ids[1]: "too large"})
        await office.pending()
        await office.outbox.pending(10, after=ids[0])
        await office.outbox.wait(ZERO)
        await office.outbox.trim(NOW, 10)
        await office.parked.summary()
        await office.parked.parked(10)
        await office.parked.unpark(ids)
        await office.parked.unpark([])
        await office.inbox.accept(Handled(group_id="g", event_id=ids[0]), NOW)
        await office.inbox.trim(NOW, 10)
        await process.publisher.publish([message(1)])
        await office.clock.advance(HOUR)
        await process.publisher.publish([message(1)])
        async with process.join() as subscription:
            (delivery,) = await subscription.receive(10, ZERO)
            await subscription.commit({delivery.partition: delivery.offset + 1})
            await subscription.positions()
        await process.topics.lag("shop")
        await process.topics.ends([TOPIC])
        for database in (office.database, process.database):
            for run in (database.read, database.write):
                await run(lambda connection: connection.set_trace_callback(None))
    assert any("log_messages" in each for each in executed)
    for statement in set(executed):
        if statement.startswith(("SELECT", "UPDATE", "DELETE", "INSERT")):
            plan = await office.database.fetch_all(f"EXPLAIN QUERY PLAN {statement}")
            assert list(_slow(str(step["detail"]) for step in plan)) == [], statement


def _slow(steps: Iterable[str]) -> Iterable[str]:
    for step in steps:
        words = step.split()
        if (words[0] == "SCAN" and words[1] in LARGE and "USING" not in words) or "TEMP B-TREE" in step:
            yield step
