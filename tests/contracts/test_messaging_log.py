"""The promises of `MessagingLog`."""

from collections.abc import Callable
from datetime import timedelta

import attrs
import pytest

from adapters.logging.messaging_log import LoggingMessagingLog
from adapters.memory.messaging_log import MemoryMessagingLog
from domain.errors import IACSGraphError, KafkaConnectionError, MessageRejectedError, ThrottledError, ValidationError
from domain.events import EventId
from domain.messages import Delivery, Message, Partition
from ports.event_codec import EncodedEvent
from ports.messaging_log import MessagingLog
from tests.contracts.log_texts import listened
from tests.contracts.samples import CANARIES, NOW, SECOND

EVENT = EncodedEvent(
    event_id=EventId("event-1"), topic="account.events", key="ann", value=CANARIES[0].encode(), headers={"h": "1"}
)
DELIVERY = Delivery(
    partition=Partition(topic="account.events", number=2),
    offset=40,
    at=NOW,
    message=Message(topic="account.events", key=b"ann", value=CANARIES[0].encode(), headers=(("h", b"1"),)),
)


@attrs.frozen
class Bench:
    """A log, and what it has written so far, as text."""

    log: MessagingLog
    written: Callable[[], str]


def _memory() -> Bench:
    log = MemoryMessagingLog()
    return Bench(log, lambda: "\n".join(map(str, log.entries)))


def _logging() -> Bench:
    logger, texts = listened()
    return Bench(LoggingMessagingLog(logger), texts.written)


BENCHES = {"memory": _memory, "logging": _logging}


@pytest.fixture(params=BENCHES)
def bench(request: pytest.FixtureRequest) -> Bench:
    return BENCHES[request.param]()


class UntellableError(Exception):
    """It cannot even be written."""

    def __str__(self) -> str:
        raise RuntimeError


ERRORS: list[BaseException] = [
    ValidationError("no event", error_code="EVENT_UNDECODABLE"),
    ThrottledError("busy", retry_after=SECOND),
    IACSGraphError("{} %s %d {missing}", details={"a": object()}),
    IACSGraphError(""),
    KeyError("%s"),
    UntellableError(),
    ExceptionGroup("several", [ValueError("one"), KeyError("two")]),
    BaseException(),
]


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_failures_are_written_with_their_place_group_and_kind(bench: Bench, error: BaseException) -> None:
    kind = error.error_code if isinstance(error, IACSGraphError) else type(error).__name__
    tells: list[Callable[[], None]] = [
        lambda: bench.log.retried(DELIVERY, "a-group", error, SECOND),
        lambda: bench.log.dead_lettered(DELIVERY, "a-group", error),
    ]
    for tell in tells:
        before = bench.written()
        tell()
        written = bench.written().removeprefix(before)
        assert "account.events/2/40" in written
        assert "a-group" in written
        assert kind in written


def test_parked_events_are_written_with_their_id_and_code(bench: Bench) -> None:
    bench.log.parked(EVENT, MessageRejectedError("Too large."))
    assert "event-1" in bench.written()
    assert "MESSAGE_REJECTED" in bench.written()


def test_interruptions_and_what_is_resumed_are_written_with_their_activity(bench: Bench) -> None:
    bench.log.interrupted("publishing", KafkaConnectionError("away"), SECOND)
    assert "publishing" in bench.written()
    assert "KAFKA_CONNECTION_ERROR" in bench.written()
    before = bench.written()
    bench.log.resumed("publishing")
    assert "publishing" in bench.written().removeprefix(before)


def test_counts_and_partitions_are_written(bench: Bench) -> None:
    bench.log.published(1234)
    assert "1234" in bench.written()
    bench.log.assigned("a-group", {DELIVERY.partition, Partition(topic="orders", number=0)})
    assert "orders" in bench.written()
    assert "account.events" in bench.written()
    bench.log.assigned("another-group", frozenset())
    assert "another-group" in bench.written()


@pytest.mark.parametrize("wait", [SECOND, timedelta(0), -SECOND, timedelta.max, timedelta.min], ids=str)
def test_no_wait_makes_it_fail(bench: Bench, wait: timedelta) -> None:
    bench.log.retried(DELIVERY, "a-group", ValueError(), wait)
    bench.log.interrupted("publishing", KafkaConnectionError("away"), wait)
    assert "a-group" in bench.written()


@pytest.mark.parametrize("text", ["", "%s {}", "line\nbreak", "\udc80", "zoë \N{CAT FACE}"])
def test_no_text_makes_it_fail(bench: Bench, text: str) -> None:
    bench.log.retried(DELIVERY, text, ValueError(text), SECOND)
    bench.log.dead_lettered(DELIVERY, text, IACSGraphError(text))
    bench.log.interrupted(text, KafkaConnectionError(text), SECOND)
    bench.log.resumed(text)
    bench.log.assigned(text, {DELIVERY.partition})
    assert bench.written()


def test_no_content_of_a_message_is_written(bench: Bench) -> None:
    bench.log.parked(EVENT, MessageRejectedError("Too large."))
    for error in ERRORS:
        bench.log.retried(DELIVERY, "a-group", error, SECOND)
        bench.log.dead_lettered(DELIVERY, "a-group", error)
    assert CANARIES[0] not in bench.written()
