"""How topics are named, and how those that do not exist yet are made."""

from datetime import timedelta

import pytest
from hypothesis import given

from domain.dead_letters import queue_of
from domain.topics import TopicPlan, is_topic_name
from tests.domain.strategies import topics

PLAN = TopicPlan(partitions=4, retention=timedelta(days=3), dead_letter_retention=None)


def test_a_topic_gets_the_partitions_and_the_retention_of_the_plan() -> None:
    assert (PLAN.partitions_of("email.received"), PLAN.retention_of("email.received")) == (4, timedelta(days=3))


def test_without_a_word_six_keep_events_for_a_week_and_dead_letters_for_ninety_days() -> None:
    plan = TopicPlan()
    assert plan.partitions_of("email.received") == 6
    assert plan.retention_of("email.received") == timedelta(days=7)
    assert plan.retention_of("email.received.dlq") == timedelta(days=90)


@given(topic=topics)
def test_a_dead_letter_queue_has_one_partition_and_a_retention_of_its_own(topic: str) -> None:
    assert PLAN.partitions_of(queue_of(topic)) == 1
    assert PLAN.retention_of(queue_of(topic)) is None


def test_only_the_end_of_a_name_makes_a_dead_letter_queue() -> None:
    for topic in ("dlq", "email.dlq.received", "email_dlq"):
        assert PLAN.partitions_of(topic) == 4


@pytest.mark.parametrize(
    ("name", "possible"),
    [("a", True), ("A.b_c-9", True), ("...", True), ("x" * 249, True), ("x" * 250, False), ("", False), (".", False)]
    + [(name, False) for name in ("..", "a b", "a/b", "ü", "a\n", "\ud800")],
)
def test_topics_are_named_as_kafka_has_it(name: str, *, possible: bool) -> None:
    assert is_topic_name(name) == possible
