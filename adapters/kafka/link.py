"""The way to the cluster, which is there even while the cluster is not."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiokafka.errors as foreign
import attrs

from adapters.kafka.clients import open_client
from adapters.kafka.connection import KafkaConnection
from adapters.kafka.session import Session

BREAKS = (
    foreign.KafkaConnectionError,
    foreign.NodeNotReadyError,
    foreign.NoBrokersAvailable,
    foreign.RequestTimedOutError,
)
"""After these a connection must be made anew."""


@asynccontextmanager
async def open_link(connection: KafkaConnection) -> AsyncIterator["KafkaLink"]:
    """Open the way; Kafka need not be there yet. Raises: nothing."""
    link = KafkaLink(connection)
    try:
        yield link
    finally:
        await link.close()


@attrs.define(eq=False)
class KafkaLink:
    """The way to the cluster: a session that is opened when it is first needed, and anew when it went stale."""

    connection: KafkaConnection
    _current: Session | None = None
    _opening: asyncio.Lock = attrs.field(factory=asyncio.Lock)

    @asynccontextmanager
    async def session(self) -> AsyncIterator[Session]:
        """Give a session that is not stale; the last one who leaves a stale one closes it.

        Who finds the way broken leaves it stale.

        Raises:
            KafkaConnectionError: the cluster cannot be reached.
            ConfigurationError: who we are, or who it is, is not accepted.
        """
        session = await self._fresh()
        try:
            yield session
        except BREAKS:
            session.retire()
            raise
        finally:
            session.users -= 1
            if session.stale and not session.users:
                await session.close()

    async def close(self) -> None:
        """Close. Raises cancellation only, and is done all the same."""
        session, self._current = self._current, None
        if session is not None:
            await session.close()

    async def _fresh(self) -> Session:
        async with self._opening:
            if self._current is None or self._current.stale:
                self._current = Session(self.connection, await open_client(self.connection))
            self._current.users += 1
            return self._current
