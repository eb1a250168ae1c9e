"""Which parts the settings ask for, where they are more than names."""

import asyncio
from datetime import timedelta

import pytest

from domain.errors import KafkaConnectionError
from modules.runtime.compose import open_event_bus
from modules.runtime.event_settings import BusSettings, KafkaSettings


async def test_a_kafka_server_that_says_nothing_is_given_up_long_before_the_call_is() -> None:
    """So that another can be asked. Here there is none, and it is asked again."""
    asked: list[asyncio.StreamWriter] = []

    async def say_nothing(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(writer)

    async with await asyncio.start_server(say_nothing, "127.0.0.1", 0) as server:
        host, port = server.sockets[0].getsockname()
        settings = BusSettings(kafka=KafkaSettings(bootstrap_servers=(f"{host}:{port}",)))
        async with open_event_bus(settings, None, answer_within=timedelta(seconds=1)) as bus:
            with pytest.raises(KafkaConnectionError):
                await bus.topics.topics()
        assert len(asked) > 1
        for writer in asked:
            writer.close()
