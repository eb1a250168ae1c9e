"""The promises of `MailboxLog`."""

from collections.abc import Callable
from datetime import timedelta

import attrs
import pytest

from adapters.logging.mailbox_log import LoggingMailboxLog
from adapters.memory.mailbox_log import MemoryMailboxLog
from adapters.prometheus.mailbox_log import PrometheusMailboxLog
from application.several_logs import SeveralMailboxLogs
from ports.mailbox_log import MailboxLog
from tests.contracts.log_texts import listened

WAITS = [None, timedelta(seconds=7), timedelta(0), -timedelta(seconds=1), timedelta.max]


@attrs.frozen
class Bench:
    """A log, and what it has written so far, as text."""

    log: MailboxLog
    written: Callable[[], str]


def _memory() -> Bench:
    log = MemoryMailboxLog()
    return Bench(log, lambda: "\n".join(map(str, log.entries)))


def _logging() -> Bench:
    logger, texts = listened()
    return Bench(LoggingMailboxLog(logger), texts.written)


def _prometheus() -> Bench:
    log = PrometheusMailboxLog()
    return Bench(log, lambda: "\n".join(str(sample) for family in log.collect() for sample in family.samples))


def _several() -> Bench:
    first, last = MemoryMailboxLog(), MemoryMailboxLog()

    def written() -> str:
        assert first.entries == last.entries
        return "\n".join(map(str, last.entries))

    return Bench(SeveralMailboxLogs([first, last]), written)


BENCHES = {"memory": _memory, "logging": _logging, "prometheus": _prometheus, "several": _several}


@pytest.fixture(params=BENCHES)
def bench(request: pytest.FixtureRequest) -> Bench:
    return BENCHES[request.param]()


@pytest.mark.parametrize("wait", WAITS, ids=str)
def test_whatever_the_wait_it_is_written_whose_mailbox_it_is(bench: Bench, wait: timedelta | None) -> None:
    bench.log.throttled("ann", wait)
    assert "ann" in bench.written()


def test_the_wait_is_written(bench: Bench) -> None:
    bench.log.throttled("ann", timedelta(seconds=7))
    assert "7" in bench.written()


@pytest.mark.parametrize("text", ["", "%s {}", "line\nbreak", "\udc80", "zoë \N{CAT FACE}"])
def test_no_text_makes_it_fail(bench: Bench, text: str) -> None:
    bench.log.throttled(text, None)
    assert bench.written()
