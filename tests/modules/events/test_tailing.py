"""Following as one member of a group among others, on the bus in memory."""

import asyncio
from collections.abc import Callable
from datetime import timedelta

import pytest

from adapters.cloudevents.event_codec import CloudEventCodec
from adapters.memory.event_log import MemoryEventLog
from adapters.memory.event_publisher import MemoryEventPublisher
from adapters.memory.event_subscriber import MemoryEventSubscriber
from adapters.memory.event_topics import MemoryEventTopics
from adapters.memory.identifiers import MemoryIdentifiers
from adapters.system.clock import SystemClock
from application.dead_letter_queue import DeadLetterQueue
from application.event_sender import EventSender
from domain.messages import Delivery, Partition
from domain.topics import TopicPlan
from modules.events.compose import BusTools
from modules.events.schema import EventLine
from modules.events.tailing import Tail, Wishes
from modules.runtime.event_bus import EventBus
from ports.event_subscriber import Start

TOPIC, GROUP = "orders", "audit"
MINE, THEIRS = Partition(topic=TOPIC, number=0), Partition(topic=TOPIC, number=1)


async def keep(_: frozenset[Partition]) -> None:
    """Nothing is in hand."""


@pytest.fixture
def log() -> MemoryEventLog:
    return MemoryEventLog(clock=SystemClock(), plan=TopicPlan(partitions=2))


@pytest.fixture
async def tools(log: MemoryEventLog) -> BusTools:
    """A bus with three orders in each of two partitions."""
    clock, codec, publisher = log.clock, CloudEventCodec(), MemoryEventPublisher(log)
    bus = EventBus(
        kind="memory", publisher=publisher, subscriber=MemoryEventSubscriber(log), topics=MemoryEventTopics(log)
    )
    sender = EventSender(publisher=publisher, codec=codec, clock=clock, identifiers=MemoryIdentifiers())
    queue = DeadLetterQueue(subscriber=bus.subscriber, publisher=publisher, topics=bus.topics, clock=clock)
    keys, number = {MINE: "", THEIRS: ""}, 0
    await bus.topics.create("probe", partitions=2, retention=None)
    while not all(keys.values()):
        number += 1
        await sender.publish("probe", {}, key=str(number))
        ends = await bus.topics.ends(["probe"])
        for partition, end in ends.items():
            own = Partition(topic=TOPIC, number=partition.number)
            if end and not keys[own]:
                keys[own] = str(number)
    for count in range(3):
        for key in keys.values():
            await sender.publish(TOPIC, {"n": count}, key=key)
    return BusTools(bus=bus, codec=codec, sender=sender, dead_letters=queue, clock=clock)


async def tail(tools: BusTools, show: Callable[[EventLine], None], wishes: Wishes) -> None:
    async with asyncio.timeout(60):
        await Tail(tools=tools, wishes=wishes, show=show).follow()


async def test_up_to_the_end_is_up_to_the_end_of_its_own_partitions(tools: BusTools) -> None:
    """What another member has, that one is to show."""
    shown: list[EventLine] = []
    kept: list[Delivery] = []
    other = tools.bus.subscriber.subscribe([TOPIC], GROUP, start=Start.EARLIEST, revoked=keep)
    async with other as theirs:
        await theirs.receive(0, timedelta(0))
        begun = asyncio.create_task(tail(tools, shown.append, Wishes(topic=TOPIC, group=GROUP, until_end=True)))
        while not begun.done():
            for delivery in await theirs.receive(1, timedelta(0)):
                kept.append(delivery)
                await theirs.commit({delivery.partition: delivery.offset + 1})
        await begun
    assert len(kept) >= 3, "one partition was always theirs"
    assert sorted((line.partition, line.offset) for line in shown) == sorted(
        {(number, offset) for number in range(2) for offset in range(3)}
        - {(each.partition.number, each.offset) for each in kept}
    )


async def test_who_lost_a_partition_before_the_commit_says_so_and_goes_on_until_all_is_committed(
    tools: BusTools, log: MemoryEventLog, capsys: pytest.CaptureFixture[str]
) -> None:
    shown: list[EventLine] = []

    def show(line: EventLine) -> None:
        shown.append(line)
        if len(shown) == 1:
            log.expel(GROUP, next(iter(log.groups[GROUP].members)))

    await tail(tools, show, Wishes(topic=TOPIC, group=GROUP, until_end=True))
    assert len({line.id for line in shown}) == 6
    assert len(shown) > 6
    assert [lag.behind for lag in await tools.bus.topics.lag(GROUP)] == [0, 0]
    assert capsys.readouterr().err == "The last events went to another member of the group, and come again.\n"
