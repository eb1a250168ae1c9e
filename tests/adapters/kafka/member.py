"""A member of a group in a process of its own, which is killed: `member.py SERVERS TOPIC GROUP`."""

import asyncio
import sys

from tests.adapters.kafka.scenes import reading, subscriber


async def main(servers: str, topic: str, group: str) -> None:
    async with reading(subscriber(servers), topic, group) as reader:
        found = await reader.take(10)
        await reader.subscription.commit({found[3].partition: found[3].offset + 1})
        sys.stdout.write("committed 4 of 10\n")
        sys.stdout.flush()
        while True:
            await reader.take(1)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
