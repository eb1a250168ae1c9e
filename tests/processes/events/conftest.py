"""Workers are kept for the whole run; each test has its own database, and on a shared broker its own topic."""

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import attrs
import pytest

from tests.kafka.fixtures import Kafka
from tests.processes.driver import Pool, WorkerProcess
from tests.processes.events.way import EMBEDDED, KAFKA, Way, open_way

USERS = ("alice", "bob", "carol", "dave")
MEMBER = {"embedded": 0.4, "kafka": 1.0}
"""Seconds until a member that is silent is dead."""


@attrs.frozen
class Stage:
    """A way with an observer, who has enrolled the users and their events."""

    way: Way
    observer: WorkerProcess
    member: float

    def effects(self, user: str) -> list[int]:
        """Return the numbers of the user's effects, in the order in which they came about."""
        sql = "SELECT number FROM effects WHERE user_id = ? ORDER BY position"
        return [number for (number,) in self.way.rows(sql, user)]

    def finish(self, *, parked: int = 0) -> None:
        """Wait until everything has arrived."""
        self.way.settle(self.observer, parked=parked)


@pytest.fixture(scope="session")
def embedded_pool() -> Iterator[Pool]:
    workers = Pool(EMBEDDED)
    try:
        yield workers
    finally:
        workers.end()


@pytest.fixture(scope="session")
def kafka_pool() -> Iterator[Pool]:
    workers = Pool(KAFKA)
    try:
        yield workers
    finally:
        workers.end()


@pytest.fixture(params=["embedded", "kafka"])
def stage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Stage]:
    """A way on each kind of log."""
    topic = f"account.events.{uuid4().hex}"
    if request.param == "embedded":
        pool, servers = request.getfixturevalue("embedded_pool"), ""
    else:
        kafka: Kafka = request.getfixturevalue("kafka")
        kafka.requires_short_sessions()
        pool, servers = request.getfixturevalue("kafka_pool"), kafka.servers
    member = MEMBER[request.param]
    with open_way(tmp_path, pool, USERS, topic=topic, servers=servers, member=member) as way:
        observer = way.process()
        observer.call("enrol", users=USERS)
        yield Stage(way, observer, member)
