"""Following a topic: each event is shown as it comes."""

import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta

import attrs

from domain.errors import NotFoundError, PartitionLostError
from domain.messages import Delivery, Partition
from modules.events.compose import BusTools
from modules.events.lines import event_line
from modules.events.schema import EventLine
from modules.runtime.output import print_line
from ports.event_subscriber import Start, Subscription

_WAIT = timedelta(milliseconds=500)
_ABSENT = timedelta(seconds=1)
_AT_ONCE = 100


@attrs.frozen(kw_only=True)
class Wishes:
    """What to follow. Without a `group` it is read alone, from the end unless something else is said."""

    topic: str
    group: str | None = None
    from_beginning: bool = False
    count: int | None = None
    until_end: bool = False


@attrs.define(kw_only=True)
class Tail:
    """Shows events; for a group it commits what was shown, and nothing else."""

    tools: BusTools
    wishes: Wishes
    show: Callable[[EventLine], None]
    refused: bool = attrs.field(default=False, init=False)
    """Whether the last commit was: what was shown comes again, here or elsewhere."""

    async def follow(self) -> None:
        """Go on until everything wished for was shown.

        Raises:
            NotFoundError: TOPIC_UNKNOWN, if it is to be read alone up to an end that is not there.
            MessagingError, DatabaseError: as `EventSubscriber.subscribe` and `Subscription.receive`.
        """
        wishes = self.wishes
        ends, waited = await self._ends()
        everything = wishes.group is not None or wishes.from_beginning or wishes.until_end or waited
        start = Start.EARLIEST if everything else Start.LATEST
        left = _AT_ONCE if wishes.count is None else wishes.count
        async with self.tools.bus.subscriber.subscribe(
            [wishes.topic], wishes.group, start=start, revoked=_nothing_in_hand
        ) as subscription:
            while left > 0:
                shown = await self._show(subscription, await subscription.receive(min(left, _AT_ONCE), _WAIT))
                left -= shown if wishes.count is not None else 0
                if wishes.until_end and not self.refused and await self._reached(subscription, ends):
                    break

    async def _ends(self) -> tuple[Mapping[Partition, int], bool]:
        """Return the present ends, and whether the topic had to be waited for: who only reads creates none."""
        ends, waited = await self.tools.bus.topics.ends([self.wishes.topic]), False
        while not ends and self.wishes.group is None:
            if self.wishes.until_end:
                msg = f"There is no topic {self.wishes.topic!r}."
                raise NotFoundError(msg, error_code="TOPIC_UNKNOWN", details={"topic": self.wishes.topic})
            if not waited:
                print_line(f"There is no topic {self.wishes.topic!r} yet: waiting for it.", stream=sys.stderr)
            waited = True
            await self.tools.clock.sleep(_ABSENT)
            ends = await self.tools.bus.topics.ends([self.wishes.topic])
        return ends, waited

    async def _show(self, subscription: Subscription, deliveries: Sequence[Delivery]) -> int:
        """Show them; what was shown is committed also when the reader of the output goes away."""
        shown: dict[Partition, int] = {}
        self.refused = False
        try:
            for delivery in deliveries:
                self.show(event_line(delivery, self.tools.codec))
                shown[delivery.partition] = delivery.offset + 1
        finally:
            if shown and self.wishes.group is not None:
                await self._commit(subscription, shown)
        return len(deliveries)

    async def _commit(self, subscription: Subscription, offsets: Mapping[Partition, int]) -> None:
        try:
            await subscription.commit(offsets)
        except PartitionLostError:
            self.refused = True
            print_line("The last events went to another member of the group, and come again.", stream=sys.stderr)

    async def _reached(self, subscription: Subscription, ends: Mapping[Partition, int]) -> bool:
        """Tell whether everything up to the ends was shown: of a group, here or by its other members."""
        positions = await subscription.positions()
        mine = {partition: end for partition, end in ends.items() if partition in positions}
        if any(positions[partition] < end for partition, end in mine.items()):
            return False
        if len(mine) == len(ends) or self.wishes.group is None:
            return True
        committed = {lag.partition: lag.committed or 0 for lag in await self.tools.bus.topics.lag(self.wishes.group)}
        return all(committed.get(partition, 0) >= ends[partition] for partition in ends.keys() - mine.keys())


async def _nothing_in_hand(_: frozenset[Partition]) -> None:
    """What was shown is committed before the next call of `receive`."""
