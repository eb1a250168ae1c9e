"""The messaging log in the standard library's logging: levels, texts and context."""

import logging
from collections.abc import Iterator

import pytest

from adapters.logging.messaging_log import LOGGER, LoggingMessagingLog
from domain.errors import DatabaseError, KafkaConnectionError, MessageRejectedError, ThrottledError, ValidationError
from domain.messages import Partition
from tests.adapters.logging.kept import Kept, keeping
from tests.contracts.samples import CANARIES, MINUTE, SECOND
from tests.contracts.test_messaging_log import DELIVERY, EVENT

AWAY = KafkaConnectionError("Kafka is away.")


@pytest.fixture
def kept() -> Iterator[Kept]:
    with keeping(LOGGER) as found:
        yield found


@pytest.fixture
def log() -> LoggingMessagingLog:
    return LoggingMessagingLog()


def levels(kept: Kept) -> list[int]:
    return [record.levelno for record in kept.records]


def test_publishing_is_for_those_who_debug(log: LoggingMessagingLog, kept: Kept) -> None:
    log.published(7)
    assert kept.facts() == [(logging.DEBUG, "events published", {"count": 7})]


def test_a_parked_event_is_an_error_for_an_operator_must_act(log: LoggingMessagingLog, kept: Kept) -> None:
    log.parked(EVENT, MessageRejectedError("Too large."))
    context = {"event_id": "event-1", "topic": "account.events", "error_code": "MESSAGE_REJECTED"}
    assert kept.facts() == [(logging.ERROR, "event parked: Too large.", context)]


def test_an_interruption_is_a_warning_once_until_it_is_over(log: LoggingMessagingLog, kept: Kept) -> None:
    log.interrupted("publishing", AWAY, SECOND)
    log.interrupted("publishing", AWAY, 2 * SECOND)
    log.resumed("publishing")
    log.interrupted("publishing", AWAY, SECOND)
    context = {"activity": "publishing", "error_code": "KAFKA_CONNECTION_ERROR", "retry_in_s": 1.0}
    assert kept.facts() == [
        (logging.WARNING, "publishing interrupted: Kafka is away.", context),
        (logging.DEBUG, "publishing interrupted: Kafka is away.", {**context, "retry_in_s": 2.0}),
        (logging.INFO, "publishing resumed", {"activity": "publishing"}),
        (logging.WARNING, "publishing interrupted: Kafka is away.", context),
    ]


def test_another_reason_or_another_activity_is_a_warning_of_its_own(log: LoggingMessagingLog, kept: Kept) -> None:
    log.interrupted("publishing", AWAY, SECOND)
    log.interrupted("publishing", DatabaseError("Locked."), SECOND)
    log.interrupted("consuming", AWAY, SECOND)
    assert levels(kept) == [logging.WARNING] * 3


def test_two_logs_do_not_silence_each_other(log: LoggingMessagingLog, kept: Kept) -> None:
    log.interrupted("publishing", AWAY, SECOND)
    LoggingMessagingLog().interrupted("publishing", AWAY, SECOND)
    assert levels(kept) == [logging.WARNING] * 2


def test_a_retry_is_a_warning_that_says_where_and_when(log: LoggingMessagingLog, kept: Kept) -> None:
    log.retried(DELIVERY, "mail", ThrottledError("Slow down."), MINUTE)
    context = {
        "place": "account.events/2/40",
        "group_id": "mail",
        "retry_in_s": 60.0,
        "error_code": "THROTTLED",
    }
    assert kept.facts() == [(logging.WARNING, "event is tried again: Slow down.", context)]


def test_a_dead_letter_is_an_error(log: LoggingMessagingLog, kept: Kept) -> None:
    log.dead_lettered(DELIVERY, "mail", ValidationError("No event.", error_code="EVENT_UNDECODABLE"))
    context = {"place": "account.events/2/40", "group_id": "mail", "error_code": "EVENT_UNDECODABLE"}
    assert kept.facts() == [(logging.ERROR, "event dead-lettered: No event.", context)]
    assert kept.records[0].exc_info is None, "what went wrong is known"


def test_of_a_foreign_exception_the_text_is_in_the_traceback_only(log: LoggingMessagingLog, kept: Kept) -> None:
    error = KeyError(CANARIES[0])
    log.retried(DELIVERY, "mail", error, SECOND)
    log.dead_lettered(DELIVERY, "mail", error)
    assert [fact[1] for fact in kept.facts()] == ["event is tried again: KeyError", "event dead-lettered: KeyError"]
    for record in kept.records:
        assert record.exc_info == (KeyError, error, None)
        assert CANARIES[0] not in f"{record.getMessage()} {record.args}"


def test_partitions_are_told_in_order(log: LoggingMessagingLog, kept: Kept) -> None:
    log.assigned(
        "mail", {Partition(topic="b", number=0), Partition(topic="a", number=10), Partition(topic="a", number=9)}
    )
    log.assigned("mail", frozenset())
    assert kept.facts() == [
        (logging.INFO, "3 partitions assigned", {"group_id": "mail", "partitions": ["a/9", "a/10", "b/0"]}),
        (logging.INFO, "0 partitions assigned", {"group_id": "mail", "partitions": []}),
    ]
