"""How the whole stands, as it is read from the stores and asked of the tasks."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta

import attrs
import pytest

from adapters.memory.clock import START, MemoryClock
from adapters.memory.mail_archive import MemoryMailArchive
from adapters.memory.mail_queue import MemoryMailQueue
from adapters.memory.mail_sync_store import MemoryMailSyncStore
from adapters.memory.parked_events import MemoryParkedEvents
from adapters.memory.token_store import MemoryTokenStore
from application.loop_lag import LoopLag
from application.pulse import Pulse
from application.token_keeper import TokenKeeper
from application.watch import Watch
from domain.account import AccountId, AccountStatus
from domain.errors import DatabaseError
from domain.mail import MailChanges
from domain.mail_results import DroppedMail, MailboxCounts
from domain.mail_sync import FolderNews, FolderSync, MailId
from domain.standing import AccountStanding, StoredStanding, TaskPhase, TaskState
from domain.token import TokenCounts
from ports.mail_archive import MailArchive
from tests.application.rig import Rig, open_rig

SECOND = timedelta(seconds=1)
RUNNING = TaskState(name="relay", phase=TaskPhase.RUNNING, since=START)


@attrs.define
class Bench:
    """A watch on a process in memory; what tasks say of themselves is in fields."""

    rig: Rig
    keeper: Pulse
    states: list[TaskState] = attrs.field(factory=lambda: [RUNNING])
    errors: dict[str, str] = attrs.field(factory=dict)
    watch: Watch = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        rig = self.rig
        self.watch = Watch(
            accounts=rig.operator,
            tokens=rig.tokens,
            archive=MemoryMailArchive(rig.database),
            queue=MemoryMailQueue(rig.database, rig.clock),
            outbox=MemoryParkedEvents(rig.database),
            clock=rig.clock,
            keeper=self.keeper,
            loop=LoopLag(clock=rig.clock),
            states=lambda: self.states,
            sync_errors=lambda: self.errors,
        )

    async def stored(self) -> StoredStanding:
        """Let it look, and return what it saw."""
        await self.watch.look()
        assert self.watch.standing.stored is not None
        return self.watch.standing.stored

    async def publish(self) -> None:
        """Let the oldest event go out."""
        summary = await MemoryParkedEvents(self.rig.database).summary()
        assert summary.oldest is not None
        self.rig.database.relaying.published[summary.oldest.event_id] = self.rig.clock.now()


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    async with open_rig() as rig:
        yield Bench(rig, Pulse(rig.clock))


async def test_before_anything_was_read_only_the_process_is_known(bench: Bench) -> None:
    await bench.rig.clock.advance(7 * SECOND)
    standing = bench.watch.standing
    assert (standing.began_at, standing.at, standing.stored) == (START, START + 7 * SECOND, None)
    assert standing.tasks == (RUNNING,)
    assert standing.keeper_idle == 7 * SECOND, "it never looked: counted from the beginning"


async def test_the_keeper_is_idle_since_its_last_whole_look(bench: Bench) -> None:
    keeper = TokenKeeper(service=bench.rig.service, tokens=bench.rig.tokens, clock=bench.rig.clock)
    bench.watch.keeper = keeper.looked
    await bench.rig.clock.advance(5 * SECOND)
    await keeper.look()
    assert (bench.watch.standing.keeper_idle, bench.watch.standing.keeper_looks) == (timedelta(0), 1)
    await bench.rig.clock.advance(3 * SECOND)
    assert bench.watch.standing.keeper_idle == 3 * SECOND


class FailingTokens(MemoryTokenStore):
    """Breaks the promise to say what is due: the store fails for the moment, again and again."""

    async def due(self, now: datetime, limit: int) -> Sequence[tuple[str, datetime]]:  # noqa: ARG002 - the port's
        raise DatabaseError("Locked.", transient=True)


async def test_a_keeper_whose_looks_fail_is_idle(bench: Bench) -> None:
    rig = bench.rig
    keeper = TokenKeeper(service=rig.service, tokens=FailingTokens(rig.database), clock=rig.clock)
    bench.watch.keeper = keeper.looked
    keeping = asyncio.create_task(keeper.run())
    for _ in range(3):
        await rig.clock.advance(keeper.interval)
    assert len(rig.told("refresh_failed")) == 3
    assert bench.watch.standing.keeper_idle == 3 * keeper.interval
    keeping.cancel()
    await asyncio.wait([keeping])


async def test_accounts_are_told_with_since_when_they_could_be_synced(bench: Bench) -> None:
    await bench.rig.enrol("lee")
    await bench.rig.clock.advance(SECOND)
    await bench.rig.sign_in("kim")
    bench.errors["kim"] = "THROTTLED"
    await bench.rig.clock.advance(SECOND)
    kim, lee = (await bench.stored()).accounts
    assert kim == AccountStanding(
        user_id="kim", status=AccountStatus.ACTIVE, active_since=START + SECOND, sync_error="THROTTLED"
    )
    assert lee == AccountStanding(
        user_id="lee", status=AccountStatus.REAUTH_REQUIRED, reauth_reason="never_signed_in", active_since=None
    )


async def test_how_many_tokens_are_fresh_is_told(bench: Bench) -> None:
    await bench.rig.enrol("lee")
    await bench.rig.sign_in("kim")
    held = await bench.rig.tokens.read("kim", bench.rig.clock.now())
    assert held is not None
    assert held.access is not None
    soonest = held.access.expires_at
    assert (await bench.stored()).tokens == TokenCounts(fresh=1, absent=1, soonest=soonest)
    await bench.rig.clock.advance(soonest - bench.rig.clock.now())
    assert (await bench.stored()).tokens == TokenCounts(expired=1, absent=1, soonest=soonest)


async def test_how_far_an_account_is_complete_is_told(bench: Bench) -> None:
    await bench.rig.sign_in("kim")
    account = await bench.rig.account("kim")
    begun = FolderSync.begun(account.account_id, "inbox", "Inbox", None)
    done = begun.after(MailChanges(cursor="c", complete=True), START + SECOND).verified()
    done = done.after(MailChanges(cursor="d", complete=True), START + SECOND)
    await MemoryMailSyncStore(bench.rig.database).save(done, FolderNews(), START)
    (kim,) = (await bench.stored()).accounts
    assert kim.complete_at == START + SECOND


async def test_an_event_waits_since_it_was_appended_however_late_it_is_seen(bench: Bench) -> None:
    assert (await bench.stored()).outbox.waiting_since is None
    for user_id in ("kim", "lee", "park"):
        await bench.rig.clock.advance(SECOND)
        await bench.rig.enrol(user_id)
    await bench.rig.clock.advance(9 * SECOND)
    for number in (1, 2, 3):
        outbox = (await bench.stored()).outbox
        assert (outbox.pending, outbox.waiting_since) == (4 - number, START + number * SECOND)
        await bench.publish()
    assert (await bench.stored()).outbox.waiting_since is None


async def test_an_event_of_which_nobody_knows_when_it_was_appended_was_there_before_the_program(bench: Bench) -> None:
    await bench.rig.clock.advance(SECOND)
    await bench.rig.enrol("kim")
    bench.rig.database.relaying.appended.clear()
    assert (await bench.stored()).outbox.waiting_since == START


async def test_it_looks_again_and_again_until_told_to_stop(bench: Bench) -> None:
    stopping = asyncio.Event()
    running = asyncio.create_task(bench.watch.run(stopping))
    seen = []
    for _ in range(3):
        await bench.rig.clock.advance(bench.watch.interval)
        stored = bench.watch.standing.stored
        seen.append(None if stored is None else stored.read_at)
    stopping.set()
    await running
    assert seen == [START + number * bench.watch.interval for number in (1, 2, 3)]


@attrs.frozen
class SlowArchive(MailArchive):
    """Takes a second to count, as one of very many mails does, or longer."""

    clock: MemoryClock
    longer: timedelta = timedelta(0)
    looked: list[datetime] = attrs.field(factory=list)

    async def counts(self) -> Sequence[MailboxCounts]:
        self.looked.append(self.clock.now())
        await self.clock.sleep(SECOND + self.longer)
        return ()

    async def dropped(
        self, account_id: AccountId | None = None, *, after: MailId | None = None, limit: int = 500
    ) -> Sequence[DroppedMail]:
        raise NotImplementedError


async def test_a_look_that_takes_long_is_followed_by_a_long_rest(bench: Bench) -> None:
    clock, stopping = bench.rig.clock, asyncio.Event()
    bench.watch.archive = archive = SlowArchive(clock)
    running = asyncio.create_task(bench.watch.run(stopping))
    await clock.advance(timedelta(0))
    for _ in range(30):
        await clock.advance(SECOND)
    stopping.set()
    await running
    assert archive.looked == [START, START + 21 * SECOND]


@pytest.mark.parametrize(("fresh", "rest"), [(timedelta(hours=1), timedelta(minutes=1)), (40 * SECOND, 10 * SECOND)])
async def test_however_long_a_look_took_the_next_one_is_in_time(
    bench: Bench, fresh: timedelta, rest: timedelta
) -> None:
    """Else a process that was stopped in the middle of one would call its store unreadable long after it went on."""
    clock = bench.rig.clock
    bench.watch.fresh = fresh
    bench.watch.archive = archive = SlowArchive(clock, 29 * SECOND)
    running = asyncio.create_task(bench.watch.run(asyncio.Event()))
    await clock.advance(timedelta(0))
    while len(archive.looked) < 2:
        await clock.advance(SECOND)
    running.cancel()
    await asyncio.wait([running])
    assert archive.looked == [START, START + 30 * SECOND + rest]


async def test_a_loop_that_is_blocked_is_late() -> None:
    clock, stopping = MemoryClock(), asyncio.Event()
    lag = LoopLag(clock=clock)
    running = asyncio.create_task(lag.run(stopping))
    await clock.advance(timedelta(0))
    await clock.advance(SECOND)
    assert lag.longest == timedelta(0)
    await clock.advance(3 * SECOND)
    assert lag.longest == 2 * SECOND
    for _ in range(60):
        await clock.advance(SECOND)
    assert lag.longest == timedelta(0), "it is forgotten after a minute"
    stopping.set()
    await running
