"""The promises of `SupervisionLog`."""

from collections.abc import Callable
from datetime import timedelta

import attrs
import pytest

from adapters.logging.supervision_log import LoggingSupervisionLog
from adapters.memory.supervision_log import MemorySupervisionLog
from domain.errors import DatabaseError, IACSGraphError, ThrottledError
from domain.standing import LOOP
from ports.supervision_log import SupervisionLog
from tests.contracts.log_texts import listened
from tests.contracts.samples import SECOND


@attrs.frozen
class Bench:
    """A log, and what it has written so far, as text."""

    log: SupervisionLog
    written: Callable[[], str]


def _memory() -> Bench:
    log = MemorySupervisionLog()
    return Bench(log, lambda: "\n".join(map(str, log.entries)))


def _logging() -> Bench:
    logger, texts = listened()
    return Bench(LoggingSupervisionLog(logger), texts.written)


BENCHES = {"memory": _memory, "logging": _logging}


@pytest.fixture(params=BENCHES)
def bench(request: pytest.FixtureRequest) -> Bench:
    return BENCHES[request.param]()


class UntellableError(Exception):
    """It cannot even be written."""

    def __str__(self) -> str:
        raise RuntimeError


ERRORS: list[Exception | None] = [
    None,
    DatabaseError("the store failed"),
    ThrottledError("busy %s {}", retry_after=SECOND),
    IACSGraphError(""),
    KeyError("%s"),
    UntellableError(),
    ExceptionGroup("several", [ValueError("one")]),
]


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("failures", [1, LOOP])
def test_failures_are_written_with_their_task_kind_and_number(
    bench: Bench, error: Exception | None, failures: int
) -> None:
    kind = "" if error is None else error.error_code if isinstance(error, IACSGraphError) else type(error).__name__
    bench.log.failed("relay", error, failures, SECOND)
    for fact in ("relay", kind, str(failures)):
        assert fact in bench.written()


@pytest.mark.parametrize("wait", [None, SECOND, timedelta(0), timedelta.max, timedelta.min], ids=str)
def test_no_wait_makes_it_fail(bench: Bench, wait: timedelta | None) -> None:
    bench.log.failed("relay", ValueError(), 1, wait)
    assert "relay" in bench.written()


def test_beginnings_and_ends_are_written_with_their_task(bench: Bench) -> None:
    tells: list[Callable[[], None]] = [
        lambda: bench.log.began("keeper", 0),
        lambda: bench.log.began("keeper", 41),
        lambda: bench.log.ended("keeper"),
        lambda: bench.log.overran("keeper", 7 * SECOND),
    ]
    for tell in tells:
        before = bench.written()
        tell()
        assert "keeper" in bench.written().removeprefix(before)
    assert "41" in bench.written()
    assert "7" in bench.written()


def test_of_a_foreign_exception_only_the_traceback_holds_the_text() -> None:
    logger, texts = listened()
    try:
        raise ValueError("a canary")  # noqa: TRY301 - it needs a traceback
    except ValueError as error:
        LoggingSupervisionLog(logger).failed("sync", error, 1, SECOND)
    assert texts.texts[0].startswith("ERROR task failed: ValueError {")
    assert "Traceback" in texts.texts[0]
    assert "a canary" in texts.texts[0]


@pytest.mark.parametrize(
    ("error", "failures", "level"),
    [
        (ThrottledError("busy"), 1, "WARNING"),
        (ThrottledError("busy"), LOOP, "CRITICAL"),
        (DatabaseError("damaged"), 1, "ERROR"),
        (KeyError(), 1, "ERROR"),
        (KeyError(), LOOP, "CRITICAL"),
        (None, 1, "ERROR"),
    ],
)
def test_a_crash_loop_is_told_louder_than_what_passes(error: Exception | None, failures: int, level: str) -> None:
    bench = _logging()
    bench.log.failed("sync", error, failures, SECOND)
    assert bench.written().startswith(level)
