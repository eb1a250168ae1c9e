"""Carries events from the outbox to the log of events: at least once, in the order of each key."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Coroutine, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta
from itertools import takewhile
from typing import Any

import attrs

from application.background import running, unless_stopped
from domain.errors import DatabaseError, IACSGraphError, MessageRejectedError
from domain.events import EventId
from domain.retrying import RECONNECTING
from ports.clock import Clock
from ports.event_codec import EncodedEvent
from ports.event_publisher import EventPublisher
from ports.identifiers import Identifiers
from ports.inbox import Inbox
from ports.messaging_log import MessagingLog
from ports.outbox import PAGE_BYTES, Outbox
from ports.outbox_transfer import Moved, OutboxTransfer

ACTIVITY = "publishing"
_PAUSE = timedelta(milliseconds=100)
_LAST_MARKS = timedelta(seconds=1)
"""How long marks are waited for that are under way when publishing is cancelled."""

Lane = tuple[str, str]
"""Topic and key: within it order holds."""


@attrs.frozen(kw_only=True)
class RelayTimes:
    """`lease` outlasts a call of the publisher; `poll` bounds how late events of other processes are noticed."""

    lease: timedelta = timedelta(seconds=20)
    publish: timedelta = timedelta(seconds=12)
    """The longest call of the publisher."""
    poll: timedelta = timedelta(seconds=1)
    drain: timedelta = timedelta(seconds=5)
    """How long publishing goes on when the program ends."""
    tidy: timedelta = timedelta(minutes=1)
    keep_published: timedelta = timedelta(days=1)
    keep_handled: timedelta = timedelta(days=194)
    """Longer than any message may come again: it is kept, put aside, kept there and replayed, and that once more."""


@attrs.frozen(kw_only=True)
class _Fate:
    """What became of a batch, before it is told to the outbox."""

    published: Sequence[EventId] = ()
    """Not the events themselves, whose values would be kept while the next ones go out."""
    rejected: Sequence[tuple[EncodedEvent, MessageRejectedError]] = ()
    failed: Mapping[Lane, IACSGraphError] = attrs.field(factory=dict)

    @property
    def gone(self) -> int:
        """How many are out of the way."""
        return len(self.published) + len(self.rejected)


@attrs.define(kw_only=True)
class OutboxRelay:
    """One of any number of relays; one at a time has the outbox. Run it with `open_outbox_relay`.

    An event that cannot be published holds those behind it of its topic and key, and the whole topic if nothing of it
    goes out. Others go out meanwhile. After a backoff what is held is tried again, when nothing else is left to
    publish and in calls of its own: one that fails for a single partition may take as long as the publisher waits.
    """

    outbox: Outbox
    inbox: Inbox
    publisher: EventPublisher
    clock: Clock
    identifiers: Identifiers
    log: MessagingLog
    times: RelayTimes = attrs.field(factory=RelayTimes)
    transfer: OutboxTransfer | None = None
    """The short way, if there is one: it is gone instead of that over the publisher, and nothing is ever held."""
    batch: int = 500
    batch_bytes: int = PAGE_BYTES
    """So many bytes of values are handed to the publisher at once, or a single value that has more."""
    tidied_at_once: int = 5000
    """How much of what is to be forgotten is deleted in one turn."""
    owner: str = attrs.field(init=False)
    claimed_until: datetime | None = attrs.field(default=None, init=False)
    standby: bool = attrs.field(default=False, init=False)
    """Something is pending, and another relay has the outbox."""
    held: dict[Lane, IACSGraphError] = attrs.field(factory=dict, init=False)
    """What cannot be published now: first that which was not tried for longest."""
    stuck: set[str] = attrs.field(factory=set, init=False)
    """Topics of which everything is held."""
    going: set[str] = attrs.field(factory=set, init=False)
    """Topics of which something went out since what is held was tried."""
    read_over: EventId | None = attrs.field(default=None, init=False)
    """All that is pending up to here is held."""
    ahead: Sequence[EncodedEvent] = attrs.field(default=(), init=False)
    """What was read behind the last batch while that was on its way; it is good as long as the claim lasts."""
    failures: int = attrs.field(default=0, init=False)
    retry_at: float = attrs.field(default=0.0, init=False)
    tidied_at: float | None = attrs.field(default=None, init=False)

    def __attrs_post_init__(self) -> None:
        self.owner = self.identifiers.unique()

    async def run(self, stopping: asyncio.Event) -> None:
        """Relay until told to stop; then once more what is pending, and give up the claim. It may be run again.

        Raises:
            DatabaseError: the store failed for good. Whatever else fails is waited out.
        """
        try:
            while not stopping.is_set():
                await unless_stopped(stopping, await self._turn())
            await self._drain()
        finally:
            await self.release()

    async def pump(self) -> int:
        """Publish everything that is pending, unless another relay is at it; return how many are out of the way.

        Raises:
            IACSGraphError: why some could not be published, after all others were.
            DatabaseError: the store failed.
        """
        count = await self._publish_all()
        if self.held:
            raise self._latest_failure()
        return count

    async def release(self) -> None:
        """Give up the claim, if there is one; if the store fails, it ends by itself.

        What was held is forgotten: others may see to it now.

        Raises: nothing.
        """
        self.held.clear()
        self._look_again()
        if self.claimed_until is not None:
            self.claimed_until = None
            with suppress(DatabaseError):
                await self.outbox.release(self.owner)

    async def _turn(self) -> Coroutine[Any, Any, None]:
        """Do what is to be done now; return what to wait for.

        Raises: as `run`.
        """
        try:
            await self._round()
            await self._tidy()
        except IACSGraphError as error:
            if isinstance(error, DatabaseError) and not error.transient:
                raise
            return self.clock.sleep(self._interrupted(error))
        return self.outbox.wait(self.times.poll)

    async def _round(self) -> None:
        """Publish what may be published now; what is held, only if its time has come."""
        if self.transfer is None and self.clock.monotonic() < self.retry_at:
            await self._publish_free()
            return
        await self._publish_all()
        if self.held:
            self._interrupted(self._latest_failure())
        elif self.failures and not self.standby:
            self.failures = 0
            self.log.resumed(ACTIVITY)

    async def _publish_all(self) -> int:
        """Publish what is not held, then try again what was; return how many are out of the way."""
        if self.transfer is not None:
            return await self._transfer_all(self.transfer)
        held = list(self.held)
        self.going.clear()
        self._look_again()
        return await self._publish_free() + await self._retry(held)

    async def _transfer_all(self, transfer: OutboxTransfer) -> int:
        """Move what is pending, page by page; return how many are out of the way.

        Raises:
            DatabaseError: what is not yet moved is as before.
        """
        count = 0
        while moved := await self._transfer(transfer):
            self._tell(moved.published, moved.parked)
            count += moved.gone
        return count

    async def _transfer(self, transfer: OutboxTransfer) -> Moved | None:
        """Return what was moved; None if there is nothing more, or another relay is at work."""
        moved = await transfer.move(self.owner, self.times.lease, self.batch, size_bytes=self.batch_bytes)
        self.standby = moved is None
        if moved is None:
            return None
        self.claimed_until = moved.claimed_until or self.claimed_until
        return moved if moved.gone else None

    async def _publish_free(self) -> int:
        """Publish what is pending and not held, and hold what cannot be published now.

        Of a topic with several keys of which nothing goes out, the rest need not be tried. A batch is settled while the
        next one is on its way if that was read ahead, else before anything is read, or it would be read again.
        """
        count, going_well, fate = 0, False, _Fate()
        while True:
            batch = self._read_already()
            if not batch:
                await self._settle(fate)
                batch, fate = await self._free(), _Fate()
            if not batch:
                return count
            async with self._reading_ahead(batch if going_well else ()), self._settling(fate):
                fate = await self._publish(batch)
            going_well = not fate.failed
            self.held |= fate.failed
            keys = Counter(topic for topic, _ in fate.failed)
            self.stuck |= {topic for topic, number in keys.items() if number > 1 and topic not in self.going}
            count += fate.gone

    async def _retry(self, held: Sequence[Lane]) -> int:
        """Publish the first event of each lane, and what is behind it if that succeeds.

        Of a topic of which a call publishes nothing, the rest is left for the next time, when it comes first.
        """
        count = 0
        while held and not self.standby:
            lanes, held = held[: self.batch], held[self.batch :]
            heads, later = await self._heads(lanes)
            lanes, held = [lane for lane in lanes if lane not in later], [*later, *held]
            fate = await self._publish(heads) if heads else _Fate()
            await self._settle(fate)
            for lane in lanes:
                self.held.pop(lane, None)
            self.held |= fate.failed
            free = {topic for topic, key in lanes if (topic, key) not in fate.failed}
            left = {topic for topic, _ in fate.failed} - free
            held = [(topic, key) for topic, key in held if topic not in left]
            if free:
                self._look_again(free)
            count += fate.gone + await self._publish_free()
        return count

    def _read_already(self) -> Sequence[EncodedEvent]:
        """Return what was read ahead and is not held, if the claim lasts; it is forgotten."""
        ahead, self.ahead = self.ahead, ()
        return self._free_of(ahead) if self._claims(self.clock.now(), self.times.publish) else ()

    async def _free(self) -> Sequence[EncodedEvent]:
        """Return the next events that are not held; none if another relay is at work."""
        while await self._claim(self.read_over):
            page = await self._page(self.read_over)
            over = list(takewhile(self._is_held, page))
            if over:
                self.read_over = over[-1].event_id
            if len(over) < len(page):
                if await self._still_claims():
                    return self._free_of(page)
            elif not page:
                break
        return ()

    async def _heads(self, lanes: Sequence[Lane]) -> tuple[Sequence[EncodedEvent], Sequence[Lane]]:
        """Return the first event of each lane, as far as it has one; none if another relay is at work.

        And the lanes that are left for later, for all at once would be too much.
        """
        heads: dict[Lane, EncodedEvent] = {}
        missing, left, after = set(lanes), self.batch_bytes, None
        while missing and left >= 0 and await self._claim(after) and (page := await self._page(after)):
            for event in page:
                if _lane(event) in missing:
                    left -= len(event.value)
                    if heads and left < 0:
                        break
                    missing.discard(_lane(event))
                    heads[_lane(event)] = event
            after = page[-1].event_id
        if heads and not await self._still_claims():
            return await self._heads(lanes) if await self._claim(None) else ((), ())
        return list(heads.values()), [lane for lane in lanes if left < 0 and lane in missing]

    async def _page(self, after: EventId | None) -> Sequence[EncodedEvent]:
        return await self.outbox.pending(self.batch, after=after, size_bytes=self.batch_bytes)

    async def _still_claims(self) -> bool:
        """Return whether what was read just now may go out: a claim that has not ended meanwhile is prolonged."""
        if not self._claims(self.clock.now(), self.times.publish) and self._claims(self.clock.now()):
            self.claimed_until = await self.outbox.claim(self.owner, self.clock.now(), self.times.lease)
        return self._claims(self.clock.now(), self.times.publish)

    async def _claim(self, after: EventId | None) -> bool:
        """Return whether this relay may publish; it claims the outbox only if something is pending behind `after`."""
        if self._claims(self.clock.now(), self.times.publish):
            return True
        self.standby = False
        if not await self.outbox.pending(1, after=after):
            return False
        self.claimed_until = await self.outbox.claim(self.owner, self.clock.now(), self.times.lease)
        if self.claimed_until is None:
            self.standby = True
            self.held.clear()
            self._look_again()
        return not self.standby

    def _claims(self, now: datetime, longest: timedelta = timedelta(0)) -> bool:
        """Return whether the claim lasts that long; if it lasts longer than it can, the clock was set back since."""
        return self.claimed_until is not None and now + longest < self.claimed_until <= now + self.times.lease

    async def _publish(self, batch: Sequence[EncodedEvent]) -> _Fate:
        outcomes = await self.publisher.publish([event.message() for event in batch])
        results = list(zip(batch, outcomes, strict=True))
        fate = _Fate(
            published=[event.event_id for event, error in results if error is None],
            rejected=[(event, error) for event, error in results if isinstance(error, MessageRejectedError)],
            failed={
                _lane(event): error
                for event, error in results
                if error is not None and not isinstance(error, MessageRejectedError)
            },
        )
        self.going |= {event.topic for event, error in results if error is None}
        return fate

    async def _settle(self, fate: _Fate) -> None:
        """Mark what is out of the way, then tell it."""
        if fate.gone:
            parked = {event.event_id: f"{error.error_code}: {error.message}" for event, error in fate.rejected}
            await self._mark(fate.published, parked)
        self._tell(len(fate.published), fate.rejected)

    def _tell(self, published: int, rejected: Sequence[tuple[EncodedEvent, MessageRejectedError]]) -> None:
        if published:
            self.log.published(published)
        for event, error in rejected:
            self.log.parked(event, error)

    @asynccontextmanager
    async def _settling(self, fate: _Fate) -> AsyncIterator[None]:
        """Settle beside the body, which publishes what comes behind. If that fails, so does the whole: what the body
        published is not marked either, so that what goes out again does so in its order.
        """
        settling = asyncio.ensure_future(self._settle(fate))
        try:
            yield
            await asyncio.wait([settling])
            settling.result()
        finally:
            try:  # of a body that was cancelled: what went out is marked all the same, unless that takes long
                await asyncio.wait([settling], timeout=_LAST_MARKS.total_seconds())
            finally:
                settling.cancel()
                await asyncio.wait([settling])
            if not settling.cancelled():
                settling.exception()  # nobody asks any more

    @asynccontextmanager
    async def _reading_ahead(self, batch: Sequence[EncodedEvent]) -> AsyncIterator[None]:
        """Read what comes behind a full batch beside the body. If that fails, it is read when its turn comes.

        Both together are no more than is held at once.
        """
        left = self.batch_bytes - sum([len(event.value) for event in batch])
        if len(batch) < self.batch or left < self.batch_bytes / 2:
            yield
            return
        ahead = self.outbox.pending(self.batch, after=batch[-1].event_id, size_bytes=left)
        reading = asyncio.ensure_future(ahead)
        try:
            yield
            await asyncio.wait([reading])
            self.ahead = () if reading.exception() else reading.result()
        finally:
            reading.cancel()
            await asyncio.wait([reading])
            if not reading.cancelled():
                reading.exception()  # nobody asks any more

    def _is_held(self, event: EncodedEvent) -> bool:
        return event.topic in self.stuck or _lane(event) in self.held

    def _free_of(self, events: Sequence[EncodedEvent]) -> Sequence[EncodedEvent]:
        """Return those that are not held: nearly always all, and then none is looked at."""
        if not (self.held or self.stuck):
            return events
        return [event for event in events if not self._is_held(event)]

    def _look_again(self, topics: AbstractSet[str] | None = None) -> None:
        """Look from the beginning for what is not held; of these topics, or all, not everything is held any more."""
        self.stuck -= self.stuck if topics is None else topics
        self.read_over, self.ahead = None, ()

    def _latest_failure(self) -> IACSGraphError:
        return next(reversed(self.held.values()))

    async def _mark(self, published: Sequence[EventId], parked: Mapping[EventId, str]) -> None:
        """Mark them; while the claim holds, a store that fails for a moment is asked again: else they go out twice."""
        while True:
            now = self.clock.now()
            try:
                return await self.outbox.settle(now, published, parked)
            except DatabaseError as error:
                if not error.transient or not self._claims(now):
                    raise
            await self.clock.sleep(_PAUSE)

    def _interrupted(self, error: IACSGraphError) -> timedelta:
        """Tell it, and return when what is held is tried again."""
        self.failures += 1
        delay = RECONNECTING.backoff(self.failures, self.identifiers.fraction(), error.retry_after)
        self.retry_at = self.clock.monotonic() + delay.total_seconds()
        self.log.interrupted(ACTIVITY, error, delay)
        return delay

    async def _tidy(self) -> None:
        """Forget what was published or handled long ago, a little at a time."""
        turn = self.clock.monotonic()
        if self.tidied_at is not None and turn - self.tidied_at < self.times.tidy.total_seconds():
            return
        self.tidied_at = turn
        now, limit = self.clock.now(), self.tidied_at_once
        published = await self.outbox.trim(now - self.times.keep_published, limit)
        handled = await self.inbox.trim(now - self.times.keep_handled, limit)
        if limit in (published, handled):
            self.tidied_at = None  # there is more: go on at the next turn

    async def _drain(self) -> None:
        """Publish what is pending, once: what fails now stays for the next relay."""
        try:
            await self.pump()
        except IACSGraphError as error:
            self.log.interrupted(ACTIVITY, error, timedelta(0))


@asynccontextmanager
async def open_outbox_relay(relay: OutboxRelay) -> AsyncIterator[OutboxRelay]:
    """Run the relay beside the body; at its end what is pending is published, as far as `drain` allows.

    Raises: as `OutboxRelay.run`.
    """
    async with running(relay.run, relay.clock, bound=relay.times.drain):
        yield relay


def _lane(event: EncodedEvent) -> Lane:
    return event.topic, event.key
