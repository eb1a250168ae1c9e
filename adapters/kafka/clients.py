"""Clients of aiokafka: how they are opened, and how they are closed in bounded time, whatever the broker does.

The only place that touches what aiokafka keeps to itself: its own closing waits for brokers that never answer.
"""

import asyncio
from collections.abc import Coroutine, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import Any

import aiokafka.errors as foreign
from aiokafka import AIOKafkaConsumer
from aiokafka.client import AIOKafkaClient
from aiokafka.conn import AIOKafkaConnection, collect_hosts
from aiokafka.protocol.metadata import MetadataRequest

from adapters.kafka.connection import KafkaConnection
from adapters.kafka.faults import FOREIGN, fault, unreachable
from domain.errors import ConfigurationError, IACSGraphError, KafkaConsumerError

_MOMENT = 1.0
"""Seconds that closing may take once all connections are cut."""


async def open_client(connection: KafkaConnection) -> AIOKafkaClient:
    """Return a client that has reached the cluster; the caller bounds the wait for servers that say nothing.

    Raises:
        KafkaConnectionError: it cannot be reached.
        ConfigurationError: who we are, or who it is, is not accepted.
    """
    arguments = await connection.arguments()
    client = AIOKafkaClient(bootstrap_servers=list(connection.servers), **arguments)
    try:
        await _bootstrap(client, arguments)
    except FOREIGN as error:
        await close_client(client)
        raise await diagnosis(connection) from error
    except BaseException:
        await close_client(client)
        raise
    return client


async def start_consumer(consumer: AIOKafkaConsumer, connection: KafkaConnection) -> None:
    """Connect, waiting for each server as long as `connection` says, not as long as joining a group may take.

    Raises: what aiokafka raises, and
        ConfigurationError: as `KafkaConnection.arguments`.
    """
    client = consumer._client  # noqa: SLF001 - see the module
    client.bootstrap = partial(_bootstrap, client, await connection.arguments())
    await consumer.start()


async def _bootstrap(client: AIOKafkaClient, arguments: Mapping[str, object]) -> None:
    """Learn from any server which brokers there are; again and again, as long as one of them says nothing.

    The client's own leaves a connection open if it is cancelled, and takes a cluster that knows no brokers yet.

    Raises:
        NoBrokersAvailable: no server told of any, and none is silent.
    """
    silent = True
    while silent:
        silent = False
        for host, port, _ in client.hosts:
            try:
                await _learn(client, host, port, arguments)
            except TimeoutError:
                silent = True
            except FOREIGN:
                continue
            if client.cluster.brokers():
                client._sync_task = asyncio.create_task(client._md_synchronizer())  # noqa: SLF001 - see the module
                return
    raise foreign.NoBrokersAvailable


async def _learn(client: AIOKafkaClient, host: str, port: int, arguments: Mapping[str, object]) -> None:
    conn = await _connect(host, port, arguments)
    try:
        client.cluster.update_metadata(await conn.send(MetadataRequest([])))
    finally:
        conn.close()


async def diagnosis(connection: KafkaConnection) -> IACSGraphError:
    """Connect to each server to learn why there is no connection, which aiokafka does not tell; return the reason."""
    try:
        arguments = await connection.arguments()
    except ConfigurationError as error:
        return error
    try:
        async with asyncio.timeout(connection.answer_within.total_seconds()):
            for host, port, _ in collect_hosts(list(connection.servers)):
                found = await _refusal(connection, host, port, arguments)
                if isinstance(found, ConfigurationError):
                    return found
    except TimeoutError:
        pass
    return unreachable(connection)


async def _refusal(
    connection: KafkaConnection, host: str, port: int, arguments: Mapping[str, object]
) -> IACSGraphError | None:
    try:
        conn = await _connect(host, port, arguments)
    except FOREIGN as error:
        return fault(error, connection)
    conn.close()
    return None


async def close_client(client: AIOKafkaClient) -> None:
    """Close at once: what is being sent may or may not arrive. Raises cancellation only, and is done all the same."""
    cut_client(client)
    await uninterrupted(_within(_MOMENT, client.close()))


def cut_client(client: AIOKafkaClient) -> None:
    """End all connections without a word; the client makes new ones when it needs them."""
    _cut(client._conns.values())  # noqa: SLF001 - see the module


async def close_consumer(consumer: AIOKafkaConsumer, within: timedelta) -> None:
    """Leave the group and close, within so much time and a moment; then everything is cut. Raises nothing."""
    await _within(within.total_seconds(), consumer.stop())
    cut_client(consumer._client)  # noqa: SLF001 - see the module
    await ended([task for task in _tasks(consumer) if task is not None])
    await close_client(consumer._client)  # noqa: SLF001 - see the module


def check(consumer: AIOKafkaConsumer) -> None:
    """Raise what the consumer keeps for the next who asks it for messages, so that nobody need ask.

    Raises: what aiokafka raises, and
        KafkaConsumerError (transient): a task of the consumer has ended, as they do on their own defects.
    """
    tasks = (consumer._fetcher._fetch_task, consumer._client._sync_task)  # noqa: SLF001 - see the module
    if any(task is not None and task.done() for task in tasks):
        raise KafkaConsumerError("Reading from Kafka ended by a defect: it must be begun anew.", transient=True)
    consumer._coordinator.check_errors()  # noqa: SLF001 - as above


def waiter_of(consumer: AIOKafkaConsumer) -> "asyncio.Future[None]":
    """Return a future that is done when something was read; whoever asks must cancel it, or look at its exception."""
    waiter: asyncio.Future[None] = consumer._fetcher._create_fetch_waiter()  # noqa: SLF001 - see the module
    return waiter


def show_life(consumer: AIOKafkaConsumer) -> None:
    """Let the consumer know that somebody reads: while it thinks that nobody does, it leaves the group for good."""
    with consumer._subscription.fetch_context():  # noqa: SLF001 - see the module
        pass


async def answers(consumer: AIOKafkaConsumer, within: float) -> bool:
    """Tell whether any broker answers within so many seconds."""
    client = consumer._client  # noqa: SLF001 - see the module
    try:
        async with asyncio.timeout(within):
            for broker in client.cluster.brokers():
                with suppress(Exception):  # whatever becomes of a question that one broker does not answer
                    await client.send(broker.nodeId, MetadataRequest([], False))  # noqa: FBT003
                    return True
    except TimeoutError:
        pass
    return False


def _tasks(consumer: AIOKafkaConsumer) -> Iterable[asyncio.Task[object] | None]:
    """Return the tasks that a consumer started and may not have ended."""
    coordinator, fetcher, client = consumer._coordinator, consumer._fetcher, consumer._client  # noqa: SLF001 - as above
    if coordinator is not None:
        for name in ("_coordination_task", "_heartbeat_task", "_commit_refresh_task", "_reset_committed_task"):
            yield getattr(coordinator, name, None)
    if fetcher is not None:
        yield fetcher._fetch_task  # noqa: SLF001 - as above
        yield from fetcher._pending_tasks  # noqa: SLF001 - as above
    yield client._sync_task  # noqa: SLF001 - as above


async def _connect(host: str, port: int, arguments: Mapping[str, object]) -> AIOKafkaConnection:
    """Return a connection, on which who we are was accepted.

    Raises: what aiokafka raises; nothing is left open then.
    """
    conn = _Connection(host, port, **arguments)
    await conn.connect()
    return conn


class _Connection(AIOKafkaConnection):  # type: ignore[misc]
    """A connection that closes at once: with TLS, aiokafka's waits for the server's goodbye when it is refused."""

    def close(self, reason: object = None, exc: BaseException | None = None) -> object:
        """Close without a word."""
        if self._writer is not None:
            self._writer.transport.abort()  # before closing: then Python 3.11.2's may have no connection to abort
        return super().close(reason, exc)


def _cut(connections: Iterable[AIOKafkaConnection]) -> None:
    for conn in list(connections):
        writer = conn._writer  # noqa: SLF001 - see the module
        if writer is not None:
            writer.transport.abort()
        conn.close()


async def uninterrupted(closing: Coroutine[None, None, None]) -> None:
    """Do it to its end, which must be bounded, also when the caller is cancelled meanwhile; that is raised then."""
    task = asyncio.create_task(closing)
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError as error:
            cancelled = error
    task.result()
    if cancelled is not None:
        raise cancelled


async def _within(seconds: float, closing: Coroutine[None, None, None]) -> None:
    """Do it for so long, and hear nothing of how it ends; in a task of its own, since it may cancel itself."""
    task = asyncio.create_task(closing)
    await asyncio.wait([task], timeout=seconds)
    await ended([task])


async def ended(tasks: Sequence[asyncio.Task[Any]]) -> None:
    """Cancel the tasks, and hear nothing of how they end; a moment is given to them. Raises nothing."""
    for task in tasks:
        task.cancel()
    if tasks:
        await asyncio.wait(tasks, timeout=_MOMENT)
    for task in tasks:
        if task.done() and not task.cancelled():
            task.exception()
