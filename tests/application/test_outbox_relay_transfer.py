"""The relay where outbox and log are in one database: it goes the short way, and only that."""

import asyncio
from collections import deque
from collections.abc import Sequence
from datetime import timedelta

import attrs
import pytest

from adapters.memory.outbox import MemoryOutbox
from adapters.memory.outbox_transfer import MemoryOutboxTransfer
from domain.errors import DatabaseError, IACSGraphError
from domain.messages import Message
from ports.event_publisher import EventPublisher
from ports.outbox import PAGE_BYTES
from ports.outbox_transfer import Moved
from tests.application.event_rig import KEYS, MINUTE, SECOND, EventRig

LOCKED = DatabaseError("Locked.", transient=True)
BROKEN = DatabaseError("Damaged.")


class NoPublisher(EventPublisher):
    """Breaks the promise to publish: nobody may ask."""

    async def publish(self, messages: Sequence[Message]) -> Sequence[IACSGraphError | None]:
        """Fail."""
        raise AssertionError(f"{len(messages)} messages were published")


@attrs.frozen
class FailingTransfer(MemoryOutboxTransfer):
    """Breaks the promise to move: its next calls fail with the errors. `pages` are the limits that it was asked for."""

    errors: deque[DatabaseError] = attrs.field(factory=deque)
    pages: list[tuple[int, int]] = attrs.field(factory=list)

    async def move(self, owner: str, lease: timedelta, limit: int, *, size_bytes: int = PAGE_BYTES) -> Moved | None:
        """Fail, or move."""
        self.pages.append((limit, size_bytes))
        if self.errors:
            raise self.errors.popleft()
        return await super().move(owner, lease, limit, size_bytes=size_bytes)


@pytest.fixture
def rig() -> EventRig:
    """Return empty outbox and log."""
    return EventRig()


def transfer(rig: EventRig, *errors: DatabaseError) -> FailingTransfer:
    """Return the short way, whose first calls fail."""
    return FailingTransfer(MemoryOutbox(rig.database, rig.clock), rig.events, rig.clock, errors=deque(errors))


async def test_events_go_out_in_order_page_by_page_and_are_told(rig: EventRig) -> None:
    way = transfer(rig)
    rig.append(*(f"e{number}" for number in range(5)))
    async with rig.relaying(transfer=way, publisher=NoPublisher(), batch=2, batch_bytes=9999):
        assert rig.published() == [f"e{number}" for number in range(5)]
        assert rig.log.told("published") == [("published", 2), ("published", 2), ("published", 1)]
        assert set(way.pages) == {(2, 9999)}
        rig.append("later")
        await rig.turn()
        assert rig.published()[-1] == "later"
    assert rig.database.relaying.owner is None, "the claim is given up at the end"


async def test_what_is_rejected_is_told_with_the_reason(rig: EventRig) -> None:
    rig.append("wrong", topic="no such topic")
    rig.append("right")
    assert await rig.relay(transfer=transfer(rig), publisher=NoPublisher()).pump() == 2
    assert rig.published() == ["right"]
    ((_, event_id, _),) = rig.log.told("parked")
    assert event_id == "wrong"


async def test_a_locked_database_is_told_once_per_try_and_waited_for(rig: EventRig) -> None:
    rig.append("e1")
    async with rig.relaying(transfer=transfer(rig, LOCKED, LOCKED)):
        assert not rig.published()
        await rig.let_pass(MINUTE)
        assert rig.published() == ["e1"]
    assert [entry[0] for entry in rig.log.told("interrupted", "resumed")] == ["interrupted", "interrupted", "resumed"]


async def test_a_relay_that_is_run_again_before_its_next_try_goes_the_short_way_all_the_same(rig: EventRig) -> None:
    """It failed at first, and at its end."""
    relay = rig.relay(transfer=transfer(rig, LOCKED, LOCKED), publisher=NoPublisher())
    rig.append("e1")
    for expected in ([], ["e1"]):
        stopping = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            group.create_task(relay.run(stopping))
            await rig.turn()
            assert rig.published() == expected
            stopping.set()


async def test_a_broken_database_ends_the_relay_and_the_body_with_its_error(rig: EventRig) -> None:
    rig.append("e1")
    with pytest.raises(DatabaseError, match="Damaged"):
        async with rig.relaying(transfer=transfer(rig, BROKEN)):
            await asyncio.Event().wait()
    assert rig.database.relaying.owner is None


async def test_while_one_relay_has_the_outbox_another_one_of_whatever_way_stands_by(rig: EventRig) -> None:
    rig.append("e1")
    first = rig.relay(transfer=transfer(rig))
    assert await first.pump() == 1
    rig.append("e2", key=KEYS[1])
    for other in (rig.relay(transfer=transfer(rig)), rig.relay()):
        assert await other.pump() == 0
        assert other.standby
    await first.release()
    assert await other.pump() == 1
    assert not other.standby


async def test_what_fails_at_the_end_is_told_and_stays(rig: EventRig) -> None:
    async with rig.relaying(transfer=transfer(rig)) as relay:
        rig.append("e1", elsewhere=True)
        relay.transfer = transfer(rig, LOCKED)
    assert not rig.published()
    assert [entry[0] for entry in rig.log.told("interrupted")] == ["interrupted"]
    assert await rig.relay(transfer=transfer(rig)).pump() == 1


async def test_a_claim_is_given_up_though_another_relay_emptied_the_outbox_meanwhile(rig: EventRig) -> None:
    rig.append("e1")
    relay = rig.relay(transfer=transfer(rig))
    assert await relay.pump() == 1
    assert await relay.pump() == 0, "an answer without a claim does not hide the one that there is"
    await relay.release()
    await rig.let_pass(SECOND)
    assert rig.database.relaying.owner is None
