"""Kafka, with kills: of the relay, of the consumer, and of the broker itself while a request is under way."""

import time
from pathlib import Path

from tests.fakes.shared_watched_relay import BEFORE_SEND
from tests.kafka.broker import Broker
from tests.processes.driver import Pool
from tests.processes.events.campaign import Plan, run
from tests.processes.events.conftest import USERS
from tests.processes.events.findings import find
from tests.processes.events.storm import CONSUMER_COMMIT, RELAY_MARK
from tests.processes.events.way import APPEND, CONSUME, RELAY, open_way
from tests.processes.world import wait_until

LONGEST = {"patience": 0.5, "member": 0.5, "lease": 1.5}
"""Seconds for which anybody waits for the broker."""


def test_nothing_is_lost_or_done_twice_with_kafka_whoever_is_killed(
    kafka_pool: Pool, tmp_path: Path, own_kafka: Broker
) -> None:
    plan = Plan(rounds=1, blows=(RELAY_MARK, CONSUMER_COMMIT), cast={APPEND: 1, RELAY: 1, CONSUME: 1})
    report = run(plan, kafka_pool, tmp_path, own_kafka)
    assert report.findings.wrong == {}
    assert report.kills == 2


def test_a_broker_killed_in_mid_send_and_away_longer_than_every_timeout_gets_all_when_it_is_back(
    kafka_pool: Pool, tmp_path: Path, own_kafka: Broker
) -> None:
    topic = "account.events.of-the-patient"
    with open_way(tmp_path, kafka_pool, USERS, topic=topic, servers=own_kafka.servers, **LONGEST) as way:
        observer = way.process()
        observer.call("enrol", users=USERS)
        relay, consumer = way.play(RELAY), way.play(CONSUME)
        consumer.worker.hear("assigned", numbers=[0, 1, 2, 3])
        relay.worker.hear("sent")
        relay.worker.call("hold", window=BEFORE_SEND, user="")
        observer.call("append", users=USERS, rounds=20)
        relay.worker.hear("reached", window=BEFORE_SEND)
        own_kafka.pause()
        relay.forget("sending")
        way.let_go(relay, BEFORE_SEND)
        relay.worker.hear("sending")
        own_kafka.kill()
        relay.worker.hear("interrupted", activity="publishing")
        consumer.worker.hear("interrupted", activity="consuming")
        began = time.time()
        observer.call("append", users=USERS, rounds=20)
        assert observer.call("waiting") >= 20 * 5
        wait_until(began + 2 * max(LONGEST.values()))
        own_kafka.start()
        relay.worker.hear("resumed", activity="publishing")
        consumer.worker.hear("resumed", activity="consuming")
        way.settle(observer)
        findings = find(way, observer, finished=True)
        assert (findings.wrong, findings.appended) == ({}, len(USERS) + 2 * 20 * 5)
