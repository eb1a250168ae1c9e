"""What a relay uses, telling what is asked of it and where it can be held. It breaks no promise of a port."""

import os
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import attrs

from domain.errors import IACSGraphError
from domain.events import EventId
from domain.messages import Message
from ports.clock import Clock
from ports.event_codec import EncodedEvent
from ports.event_publisher import EventPublisher
from ports.outbox import PAGE_BYTES, Outbox
from ports.outbox_transfer import Moved, OutboxTransfer
from tests.fakes.shared_provider import AtWindow
from tests.fakes.shared_watched_store import Say

BEFORE_SEND = "before_send"
"""The relay knows what it is to publish; nothing of it was sent."""
AFTER_SEND = "after_send"
"""The log has the messages; the relay has marked nothing."""


@attrs.define(kw_only=True)
class WatchedOutbox(Outbox):
    """Writes down, in the file `settled`, the ids of what was settled before the claim ended: nobody else may send it.

    What was settled later may rightly have been sent by the next one, too.
    """

    inner: Outbox
    settled: Path
    clock: Clock
    asked: int = attrs.field(default=0, init=False)
    """How often a claim was answered, or something settled."""
    _until: datetime | None = attrs.field(default=None, init=False)

    async def claim(self, owner: str, now: datetime, lease: timedelta) -> datetime | None:
        """Claim and count."""
        self._until = await self.inner.claim(owner, now, lease)
        self.asked += 1
        return self._until

    async def release(self, owner: str) -> None:
        """Pass on."""
        await self.inner.release(owner)

    async def pending(
        self, limit: int, *, after: EventId | None = None, size_bytes: int = PAGE_BYTES
    ) -> Sequence[EncodedEvent]:
        """Pass on."""
        return await self.inner.pending(limit, after=after, size_bytes=size_bytes)

    async def settle(self, now: datetime, published: Sequence[EventId], parked: Mapping[EventId, str]) -> None:
        """Settle and write it down."""
        await self.inner.settle(now, published, parked)
        self.asked += 1
        if self._until is not None and self.clock.now() < self._until:
            append_lines(self.settled, published)

    async def wait(self, longest: timedelta) -> None:
        """Pass on."""
        await self.inner.wait(longest)

    async def trim(self, before: datetime, limit: int) -> int:
        """Pass on."""
        return await self.inner.trim(before, limit)


@attrs.frozen(kw_only=True)
class WatchedPublisher(EventPublisher):
    """Says `sending`, then `sent`, or `refused` if a message failed for a reason that may pass."""

    inner: EventPublisher
    say: Say
    at_window: AtWindow

    async def publish(self, messages: Sequence[Message]) -> Sequence[IACSGraphError | None]:
        """Publish and tell."""
        await self.at_window(BEFORE_SEND, "")
        self.say("sending")
        outcomes = await self.inner.publish(messages)
        failed = any(error is not None and error.transient for error in outcomes)
        self.say("refused" if failed else "sent")
        await self.at_window(AFTER_SEND, "")
        return outcomes


@attrs.frozen(kw_only=True)
class WatchedTransfer(OutboxTransfer):
    """Has the same windows, if anything is pending: the second one with the events moved, and the relay not told."""

    inner: OutboxTransfer
    outbox: Outbox
    at_window: AtWindow

    async def move(self, owner: str, lease: timedelta, limit: int, *, size_bytes: int = PAGE_BYTES) -> Moved | None:
        """Move."""
        if await self.outbox.pending(1):
            await self.at_window(BEFORE_SEND, "")
        moved = await self.inner.move(owner, lease, limit, size_bytes=size_bytes)
        if moved is not None and moved.gone:
            await self.at_window(AFTER_SEND, "")
        return moved


def append_lines(path: Path, lines: Sequence[str]) -> None:
    """Append in one write, so that a kill leaves whole lines and processes do not mix theirs."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        os.write(descriptor, "".join(f"{line}\n" for line in lines).encode())
    finally:
        os.close(descriptor)
