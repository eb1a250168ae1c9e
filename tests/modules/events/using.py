"""What tests of the `events` commands do beside them."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from adapters.cloudevents.event_codec import CloudEventCodec
from adapters.memory.messaging_log import MemoryMessagingLog
from adapters.sqlite.database import open_database
from adapters.system.clock import SystemClock
from adapters.system.identifiers import SystemIdentifiers
from application.dead_letter_queue import DeadLetterQueue
from application.event_consumer import EventConsumer
from domain.errors import BusinessLogicError
from domain.messages import Handled, Message
from modules.runtime.compose import open_event_bus
from modules.runtime.event_bus import EventBus
from modules.runtime.event_settings import BusSettings
from ports.event_codec import ReceivedEvent
from tests.modules.iacsgraph.shell import PATIENCE, Done, Shell

SOON = timedelta(milliseconds=20)
GROUP = "failing"


def lines(done: Done) -> list[dict[str, Any]]:
    """Return the documents that were printed one per line."""
    assert done.code == 0, done.said
    return [json.loads(line) for line in done.out.splitlines()]


def tailed(shell: Shell, topic: str, *options: str) -> list[dict[str, Any]]:
    """Return the events of the topic up to its present end."""
    return lines(shell.call("events", "tail", topic, "--until-end", "--json", *options))


def publish(shell: Shell, topic: str, *events: Mapping[str, object], options: tuple[str, ...] = ()) -> list[str]:
    """Publish from a file; return the ids."""
    file = shell.directory / "events.jsonl"
    file.write_text("".join(f"{json.dumps(event)}\n" for event in events), encoding="utf-8")
    done = shell.call("events", "publish", topic, file.name, "--lines", *options)
    assert (done.code, done.err) == (0, "")
    return done.out.split()


def on_bus(path: Path, settings: BusSettings, work: Callable[[EventBus], Awaitable[None]]) -> None:
    """Do something on the bus that these settings name."""

    async def main() -> None:
        async with (
            asyncio.timeout(PATIENCE),
            open_database(path) as database,
            open_event_bus(settings, database) as bus,
        ):
            await work(bus)

    asyncio.run(main())


def append(path: Path, *messages: Message) -> None:
    """Put messages on the embedded bus as they are, whatever they are."""

    async def work(bus: EventBus) -> None:
        assert not any(await bus.publisher.publish(messages))

    on_bus(path, BusSettings(), work)


def fail_to_handle(path: Path, topic: str, letters: int, settings: BusSettings | None = None) -> None:
    """Consume the topic with a handler that knows no customer, until so many dead letters wait."""

    async def refuse(event: ReceivedEvent, handled: Handled) -> None:
        raise BusinessLogicError(f"Customer of {event.event_id} unknown to {handled.group_id}.", error_code="UNKNOWN")

    async def work(bus: EventBus) -> None:
        clock = SystemClock()
        consumer = EventConsumer(
            subscriber=bus.subscriber,
            publisher=bus.publisher,
            codec=CloudEventCodec(),
            clock=clock,
            identifiers=SystemIdentifiers(),
            log=MemoryMessagingLog(),
        )
        queue = DeadLetterQueue(subscriber=bus.subscriber, publisher=bus.publisher, topics=bus.topics, clock=clock)
        async with consumer.subscribe(topic, refuse, GROUP):
            while len(await queue.letters(topic)) < letters:
                await clock.sleep(SOON)

    on_bus(path, settings or BusSettings(), work)
