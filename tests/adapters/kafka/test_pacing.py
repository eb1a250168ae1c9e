"""While the cluster is away the client neither runs in circles nor repeats itself in the log."""

import asyncio
import logging

import pytest
from aiokafka import AIOKafkaConsumer

from adapters.kafka.pacing import PAUSE, keep_repetitions_out_of_the_log, pace


async def test_a_look_for_the_cluster_that_failed_is_followed_by_a_pause() -> None:
    """Asked for anew whenever it fails, as the fetcher does for a partition without a leader."""
    consumer = AIOKafkaConsumer(bootstrap_servers="127.0.0.1:1")
    client, looks = consumer._client, 0  # noqa: SLF001 - there is no public way to look

    async def fails(*_: object) -> bool:
        nonlocal looks
        looks += 1
        return False

    client._metadata_update = fails  # noqa: SLF001 - as above
    pace(consumer)
    synchronizer = asyncio.create_task(client._md_synchronizer())  # noqa: SLF001 - as above
    try:
        began = asyncio.get_running_loop().time()
        for _ in range(3):
            assert not await client.force_metadata_update()
        assert looks == 3
        assert asyncio.get_running_loop().time() - began >= 2 * PAUSE
    finally:
        synchronizer.cancel()
        await asyncio.wait([synchronizer])
        await consumer.stop()


def test_the_same_warning_is_logged_once_in_a_while(caplog: pytest.LogCaptureFixture) -> None:
    keep_repetitions_out_of_the_log()
    keep_repetitions_out_of_the_log()
    logger = logging.getLogger("aiokafka.client")
    with caplog.at_level(logging.DEBUG, "aiokafka.client"):
        for _ in range(100):
            logger.error("Unable to reach node %s", "pacing-1")
            logger.warning("Unable to reach node %s", "pacing-2")
            logger.debug("Looking for node %s", "pacing-3")
    texts = [record.getMessage() for record in caplog.records]
    assert [texts.count(text) for text in dict.fromkeys(texts)] == [1, 1, 100]
