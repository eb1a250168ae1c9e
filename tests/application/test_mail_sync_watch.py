"""Every account is synced again and again, each in its own time."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import attrs
import pytest

from adapters.memory.mail_log import MemoryMailLog
from adapters.memory.mail_sync_store import MemoryMailSyncStore
from adapters.memory.mailbox import MemoryMailbox
from application.applications import Applications
from application.mail_sync import MailSync
from application.mail_sync_all import sync_all
from application.mail_sync_watch import MailSyncWatch, SyncTimes
from domain.account import AccountStatus
from domain.errors import APIConnectionError, DatabaseError, ThrottledError
from domain.mail import FolderRole, MailboxOwner
from domain.mail_sync import Stored
from tests.application.rig import APPLICATION, Rig, open_rig
from tests.contracts.letters import draft, mail_of
from tests.fakes.mailboxes import HookedMailbox
from tests.fakes.sync_path import TurningMailbox

MINUTE = timedelta(minutes=1)


@attrs.define(kw_only=True)
class Scene:
    """Accounts with mailboxes in memory; `turn` decides what happens at each call."""

    rig: Rig
    mailbox: MemoryMailbox
    watch: MailSyncWatch
    turns: list[Callable[[str], Any]]

    async def enrol(self, user_id: str) -> MailboxOwner:
        """Add an account with a mail in its inbox."""
        await self.rig.enrol(user_id)
        owner = MailboxOwner(user_id=user_id)
        self.mailbox.add_mailbox(owner)
        self.deliver(owner, "first")
        return owner

    def deliver(self, owner: MailboxOwner, message_id: str) -> None:
        """Let a mail come."""
        self.mailbox.deliver(owner, mail_of(draft(), message_id, self.mailbox.folder_id(owner, FolderRole.INBOX)))

    def stored(self, user_id: str) -> int:
        """Return how many mails of an account are stored."""
        accounts = self.rig.database.accounts
        rows = self.rig.database.mail.mails.values()
        return sum(accounts[row.account_id].user_id == user_id for row in rows)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[asyncio.Event]:
        """Run the watch beside the block; at its end it must stop soon."""
        stopping = asyncio.Event()
        task = asyncio.create_task(self.watch.run(stopping))
        try:
            await self.settle()
            yield stopping
        finally:
            stopping.set()
            async with asyncio.timeout(60):
                await task

    async def pass_by(self, duration: timedelta) -> None:
        """Let time pass, and let everything that is due happen."""
        await self.rig.clock.advance(duration)
        await self.settle()

    async def settle(self) -> None:
        """Let the loop turn until everybody waits."""
        for _ in range(400):
            await asyncio.sleep(0)


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    """No account yet; synced each minute."""
    async with open_rig() as rig:
        mailbox = MemoryMailbox()
        turns: list[Callable[[str], Any]] = []

        async def turn(call: str) -> None:
            for each in turns:
                await each(call)

        sync = MailSync(
            accounts=rig.accounts,
            applications=Applications(default=APPLICATION),
            mailbox=TurningMailbox(mailbox, turn),
            store=MemoryMailSyncStore(rig.database),
            clock=rig.clock,
            log=MemoryMailLog(),
        )
        watch = MailSyncWatch(sync=sync, clock=rig.clock, identifiers=rig.identifiers, times=SyncTimes(interval=MINUTE))
        yield Scene(rig=rig, mailbox=mailbox, watch=watch, turns=turns)


async def test_accounts_are_synced_at_once_and_again_after_the_interval(scene: Scene) -> None:
    kim, lee = await scene.enrol("kim"), await scene.enrol("lee")
    async with scene.running():
        assert (scene.stored("kim"), scene.stored("lee")) == (1, 1)
        standing = scene.watch.standings()["kim"]
        assert standing.complete_at == scene.rig.clock.now()
        assert standing.succeeded_at == scene.rig.clock.now()
        assert standing.stored == Stored(new=1)
        assert not standing.is_syncing
        scene.deliver(kim, "second")
        scene.deliver(lee, "second")
        await scene.pass_by(timedelta(seconds=70))
        assert (scene.stored("kim"), scene.stored("lee")) == (2, 2)


async def test_new_accounts_appear_and_locked_ones_are_left_alone(scene: Scene) -> None:
    kim = await scene.enrol("kim")
    async with scene.running():
        await scene.enrol("lee")
        await scene.rig.operator.lock("kim", actor="test", reason="a test")
        await scene.pass_by(timedelta(seconds=11))
        assert scene.stored("lee") == 1
        assert list(scene.watch.standings()) == ["lee"]
        scene.deliver(kim, "second")
        await scene.pass_by(2 * MINUTE)
        assert scene.stored("kim") == 1
        await scene.rig.operator.unlock("kim", actor="test", reason="a test")
        await scene.pass_by(timedelta(seconds=11))
        assert scene.stored("kim") == 2


async def test_one_account_that_hangs_or_fails_delays_no_other(scene: Scene) -> None:
    """The first three calls belong to the account that is first by name."""
    await scene.enrol("ann")
    kim = await scene.enrol("kim")
    never = asyncio.Event()
    seen: list[str] = []

    async def hang(call: str) -> None:
        seen.append(call)
        if len(seen) == 1:
            await never.wait()

    scene.turns.append(hang)
    async with scene.running():
        assert scene.watch.standings()["ann"].is_syncing
        for number in range(3):
            scene.deliver(kim, f"more {number}")
            await scene.pass_by(timedelta(seconds=70))
            assert scene.stored("kim") == number + 2
        assert scene.stored("ann") == 0


async def test_a_failing_mailbox_is_tried_again_ever_later_and_never_before_it_asks_to_be(scene: Scene) -> None:
    kim = await scene.enrol("kim")
    scene.mailbox.refuse(kim, ThrottledError("Wait.", retry_after=timedelta(minutes=7)))
    async with scene.running():
        standing = scene.watch.standings()["kim"]
        assert isinstance(standing.error, ThrottledError)
        assert standing.pause == timedelta(minutes=7)
        scene.mailbox.refuse(kim, APIConnectionError("It fails."))
        await scene.pass_by(timedelta(minutes=6))
        assert scene.watch.standings()["kim"].failures == 1
        pauses = []
        for _ in range(12):
            await scene.pass_by(timedelta(minutes=8))
            pauses.append(scene.watch.standings()["kim"].pause)
        assert pauses[-1] > timedelta(minutes=2)
        assert max(pauses) <= timedelta(minutes=5)
        scene.mailbox.refuse(kim, None)
        await scene.pass_by(timedelta(minutes=6))
        standing = scene.watch.standings()["kim"]
        assert (standing.error, standing.failures) == (None, 0)
        assert scene.stored("kim") == 1


async def test_of_a_mailbox_with_a_folder_that_fails_the_others_are_synced_as_usual(scene: Scene) -> None:
    kim = await scene.enrol("kim")
    archive = scene.mailbox.folder_id(kim, FolderRole.ARCHIVE)
    failing = HookedMailbox(scene.mailbox, failing={archive: APIConnectionError("It fails.")})
    scene.watch = attrs.evolve(scene.watch, sync=attrs.evolve(scene.watch.sync, mailbox=failing))
    async with scene.running():
        for number in range(8):
            scene.deliver(kim, f"more {number}")
            await scene.pass_by(timedelta(seconds=70))
            assert scene.stored("kim") == number + 2
            assert number or scene.watch.standings()["kim"].pause < MINUTE / 2, "it is tried again soon at first"
        assert scene.watch.standings()["kim"].pause <= MINUTE * 1.1


async def test_a_bug_met_with_one_account_is_told_to_the_loop_and_stops_no_other(scene: Scene) -> None:
    await scene.enrol("ann")
    await scene.enrol("kim")
    told: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context))
    calls: list[str] = []

    async def fail(call: str) -> None:
        calls.append(call)
        if len(calls) == 1:
            raise ZeroDivisionError

    scene.turns.append(fail)
    async with scene.running():
        assert scene.stored("kim") == 1
        error = scene.watch.standings()["ann"].error
        assert error is not None
        assert error.error_code == "UNEXPECTED_ERROR"
        assert "'ann'" in told[0]["message"]
        await scene.pass_by(2 * MINUTE)
        assert scene.stored("ann") == 1


async def test_not_more_accounts_than_allowed_are_synced_at_the_same_time(scene: Scene) -> None:
    for number in range(6):
        await scene.enrol(f"user{number}")
    scene.watch = attrs.evolve(scene.watch, concurrency=2)
    going, most = 0, 0
    gate = asyncio.Event()

    async def count(call: str) -> None:
        nonlocal going, most
        if call == "folders":
            going += 1
            most = max(most, going)
            await gate.wait()
            going -= 1

    scene.turns.append(count)
    async with scene.running():
        assert most == 2
        gate.set()
        await scene.settle()
        await scene.settle()
        assert all(scene.stored(f"user{number}") == 1 for number in range(6))
    assert most == 2


async def test_it_stops_soon_in_the_middle_of_a_sync(scene: Scene) -> None:
    await scene.enrol("kim")
    never = asyncio.Event()

    async def hang(_: str) -> None:
        await never.wait()

    scene.turns.append(hang)
    async with scene.running():
        assert scene.watch.standings()["kim"].is_syncing


async def test_a_cancelled_watch_leaves_no_task_behind(scene: Scene) -> None:
    await scene.enrol("kim")
    before = len(asyncio.all_tasks())
    task = asyncio.create_task(scene.watch.run(asyncio.Event()))
    await scene.settle()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert len(asyncio.all_tasks()) == before


async def test_a_sync_that_takes_long_lets_others_go_first_and_goes_on_behind_them(scene: Scene) -> None:
    kim = await scene.enrol("kim")
    scene.mailbox.page_size = 1
    for number in range(8):
        scene.deliver(kim, f"more {number}")

    async def linger(call: str) -> None:
        if call == "changes done":
            await scene.rig.clock.advance(timedelta(seconds=40))

    scene.turns.append(linger)
    scene.watch = attrs.evolve(scene.watch, times=attrs.evolve(scene.watch.times, longest=MINUTE))
    async with scene.running():
        for _ in range(60):
            await scene.settle()
        assert scene.stored("kim") == 9


async def test_only_those_that_are_meant_are_watched(scene: Scene) -> None:
    await scene.enrol("ann")
    await scene.enrol("kim")
    scene.watch = attrs.evolve(scene.watch, only=frozenset({"kim"}))
    async with scene.running():
        assert list(scene.watch.standings()) == ["kim"]


async def test_a_store_that_fails_for_good_ends_the_watch_with_its_error(scene: Scene) -> None:
    @attrs.frozen
    class Broken:
        async def page(self, **_: object) -> None:
            raise DatabaseError("It is damaged.")

    broken: Any = Broken()
    watch = attrs.evolve(scene.watch, sync=attrs.evolve(scene.watch.sync, accounts=broken))
    with pytest.raises(DatabaseError, match="damaged"):
        await watch.run(asyncio.Event())


async def test_several_mailboxes_are_synced_once_each_in_the_order_in_which_they_were_named(scene: Scene) -> None:
    for user_id in ("ann", "kim", "lee"):
        await scene.enrol(user_id)
    ended = await sync_all(scene.watch.sync, ["lee", "nobody", "ann", "LEE"])
    assert [report.user_id for report in ended.reports] == ["lee", "nobody", "ann"]
    assert [report.error is None for report in ended.reports] == [True, False, True]
    assert (scene.stored("lee"), scene.stored("kim")) == (1, 0)


async def test_of_all_accounts_those_that_may_not_be_used_are_left_out(scene: Scene) -> None:
    for user_id in ("ann", "kim"):
        await scene.enrol(user_id)
    await scene.rig.operator.lock("ann", actor="test", reason="a test")
    ended = await sync_all(scene.watch.sync)
    assert [report.user_id for report in ended.reports] == ["kim"]
    assert ended.left_out == {"ann": AccountStatus.LOCKED}


async def test_an_account_whose_status_changed_is_tried_at_once_however_long_it_failed_before(scene: Scene) -> None:
    owner = await scene.enrol("kim")
    scene.mailbox.refuse(owner, ThrottledError("Wait.", retry_after=timedelta(hours=1)))
    async with scene.running():
        assert scene.watch.standings()["kim"].pause >= timedelta(hours=1)
        scene.mailbox.refuse(owner, None)
        await scene.pass_by(MINUTE)
        assert scene.stored("kim") == 0
        await scene.rig.operator.lock("kim", actor="test", reason="a test")
        await scene.rig.operator.unlock("kim", actor="test", reason="a test")
        await scene.pass_by(scene.watch.times.look)
        assert scene.stored("kim") == 1
