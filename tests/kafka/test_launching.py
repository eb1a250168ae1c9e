"""No broker outlives the tests, however they end; and all workers of a run share one."""

import os
import select
import socket
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.kafka.answering import does_answer, wait_for
from tests.kafka.choosing import noida
from tests.kafka.clients import new_topic, producer_of, read
from tests.kafka.shared import Start, noida_for_all, shared_broker
from tests.requirements import require

SECONDS = 60
# Launches a program that would run for ever, as a broker does, and hangs. The program alone has the pipe open.
TESTS_THAT_HANG = """
import sys, time
from pathlib import Path
from tests.kafka.launching import hold, launch
lifeline, pipe = Path(sys.argv[1]), sys.argv[2]
held = hold(lifeline)
launch(["sh", "-c", 'exec sleep 1000 > "$1"', "sh", pipe], lifeline=lifeline, log=lifeline.with_name("log"))
time.sleep(1000)
"""


@pytest.fixture
def fallback() -> Start:
    program = noida()
    require("noida-db", available=program is not None, reason="its wheel has no program for this machine")
    assert program is not None
    return noida_for_all(program)


def test_a_broker_ends_when_the_tests_are_killed(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    command = [sys.executable, "-c", TESTS_THAT_HANG, str(tmp_path / "lifeline"), str(pipe)]
    with subprocess.Popen(command) as tests, pipe.open("rb") as until_it_ends:  # opens when the program runs
        assert not select.select([until_it_ends], [], [], 0)[0]
        tests.kill()
        assert select.select([until_it_ends], [], [], SECONDS)[0]
        assert until_it_ends.read() == b""


def test_the_shared_broker_lasts_until_the_last_one_lets_go(tmp_path: Path, fallback: Start) -> None:
    with ExitStack() as second:
        with shared_broker(tmp_path / "run", fallback) as mine:
            assert second.enter_context(shared_broker(tmp_path / "run", fallback)) == mine
        assert does_answer(mine.servers)
    assert wait_for(lambda: not does_answer(mine.servers), seconds=SECONDS)


def test_a_shared_broker_that_ended_is_replaced(tmp_path: Path, fallback: Start) -> None:
    with shared_broker(tmp_path / "run", fallback) as first:
        pass
    assert wait_for(lambda: not does_answer(first.servers), seconds=SECONDS)
    with shared_broker(tmp_path / "run", fallback) as second:
        assert does_answer(second.servers)
    assert first != second


def test_two_runs_do_not_share(tmp_path: Path, fallback: Start) -> None:
    with shared_broker(tmp_path / "one", fallback) as one, shared_broker(tmp_path / "other", fallback) as other:
        assert one.servers != other.servers


async def test_the_fallback_carries_what_is_sent_to_a_group(tmp_path: Path, fallback: Start) -> None:
    with shared_broker(tmp_path / "run", fallback) as place:
        topic = await new_topic(place.servers)
        async with producer_of(place.servers) as producer:
            await producer.send_and_wait(topic, b"sent")
        assert await read(place.servers, topic, 1) == [b"sent"]


def test_the_fallback_listens_on_this_machine_only(tmp_path: Path, fallback: Start) -> None:
    with shared_broker(tmp_path / "run", fallback) as place:
        port = int(place.servers.rpartition(":")[2])
        with socket.socket() as elsewhere:
            elsewhere.bind(("127.0.0.2", port))  # would be taken, if it listened at every address
