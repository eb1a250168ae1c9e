"""The promises of `MailLog`."""

import logging
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import attrs
import pytest

from adapters.logging.mail_log import LoggingMailLog
from adapters.memory.mail_log import MemoryMailLog
from domain.errors import APIConnectionError, IACSGraphError, ThrottledError
from domain.mail_sync import MailId, Stored
from modules.runtime.log_json import JsonLineFormatter
from modules.runtime.log_lines import TextFormatter
from ports.mail_log import MailLog
from tests.contracts.log_texts import listened
from tests.contracts.samples import NOW

MAIL = MailId("0123456789abcdef0123456789abcdef")
AWAY = APIConnectionError("The mailbox is away.", error_code="MAILBOX_AWAY")


@attrs.frozen
class Bench:
    """A log, and what it has written so far."""

    log: MailLog
    lines: Callable[[], list[str]]

    def told(self, tell: Callable[[MailLog], None]) -> str:
        """Return what it writes of this, which is one line."""
        before = len(self.lines())
        tell(self.log)
        (line,) = self.lines()[before:]
        return line


def _memory() -> Bench:
    log = MemoryMailLog()
    return Bench(log, lambda: list(map(str, log.entries)))


def _logging(formatter: logging.Formatter) -> Bench:
    logger, texts = listened(formatter)
    return Bench(LoggingMailLog(logger), lambda: texts.texts)


BENCHES: dict[str, Callable[[], Bench]] = {
    "memory": _memory,
    "logging, text": lambda: _logging(TextFormatter(zone=UTC, colour=False)),
    "logging, JSON": lambda: _logging(JsonLineFormatter()),
}


@pytest.fixture(params=BENCHES)
def bench(request: pytest.FixtureRequest) -> Bench:
    return BENCHES[request.param]()


@pytest.fixture
def lines() -> Bench:
    return BENCHES["logging, text"]()


def has(text: str, *facts: str) -> bool:
    return all(fact in text for fact in facts)


def test_what_a_step_stored_is_written_with_whose_and_where_it_is(bench: Bench) -> None:
    told = bench.told(lambda log: log.stored("ann", "Inbox/Panels", Stored(new=123, moved=45)))
    assert has(told, "ann", "Inbox/Panels", "123", "45")


def test_a_complete_mailbox_is_written_with_its_time(bench: Bench) -> None:
    assert has(bench.told(lambda log: log.synced("ann", NOW)), "ann", "2026")


@pytest.mark.parametrize("folder", ["Inbox", None])
def test_a_sync_that_failed_is_written_with_its_code(bench: Bench, folder: str | None) -> None:
    told = bench.told(lambda log: log.sync_failed("ann", folder, AWAY))
    assert has(told, "ann", "MAILBOX_AWAY", *filter(None, [folder]))


def test_a_folder_that_begins_anew_and_a_mail_that_cannot_be_read_are_written(bench: Bench) -> None:
    assert has(bench.told(lambda log: log.resynced("ann", "Inbox")), "ann", "Inbox")
    told = bench.told(lambda log: log.unreadable("ann", "Inbox", "message-7", "no date"))
    assert has(told, "ann", "Inbox", "message-7", "no date")
    assert has(bench.told(lambda log: log.unreadable("ann", "Inbox", None, "no date")), "no date")


def test_what_was_processed_is_counted(bench: Bench) -> None:
    assert has(bench.told(lambda log: log.processed(123, 45)), "123", "45")


def test_failures_of_processing_and_analysis_are_written_with_their_problem(bench: Bench) -> None:
    assert has(bench.told(lambda log: log.processing_failed(MAIL, 7, "ValueError in read")), MAIL, "7", "ValueError")
    error = ThrottledError("wait", retry_after=timedelta(seconds=30))
    assert has(bench.told(lambda log: log.analysis_failed(error)), "THROTTLED")


def _odd(text: str) -> Iterator[Callable[[MailLog], None]]:
    yield lambda log: log.stored(text, text, Stored())
    yield lambda log: log.synced(text, datetime.min.replace(tzinfo=UTC))
    yield lambda log: log.sync_failed(text, text, IACSGraphError(text, details={"a": object()}))
    yield lambda log: log.resynced(text, text)
    yield lambda log: log.unreadable(text, text, text, text)
    yield lambda log: log.processed(0, -1)
    yield lambda log: log.processing_failed(MailId(text), 0, text)
    yield lambda log: log.analysis_failed(ThrottledError(text, retry_after=timedelta.max))


@pytest.mark.parametrize("text", ["", "%s {}", "line\nbreak", "\udc80", "zoë \N{CAT FACE}", "x" * 100_000])
def test_no_text_makes_it_fail(bench: Bench, text: str) -> None:
    for tell in _odd(text):
        assert bench.told(tell)


def test_the_same_failure_again_is_no_news_until_something_succeeded(lines: Bench) -> None:
    def fail(log: MailLog) -> None:
        log.sync_failed("ann", "Inbox", AWAY)

    assert lines.told(fail).startswith("WARNING")
    assert lines.told(fail).startswith("DEBUG")
    assert lines.told(lambda log: log.sync_failed("bob", "Inbox", AWAY)).startswith("WARNING")
    assert lines.told(lambda log: log.sync_failed("ann", "Inbox", ThrottledError("wait"))).startswith("WARNING")
    lines.told(lambda log: log.stored("ann", "Inbox", Stored(new=1)))
    assert lines.told(fail).startswith("WARNING")


def test_a_mailbox_that_could_not_be_synced_is_news_when_it_is_complete_again(lines: Bench) -> None:
    assert lines.told(lambda log: log.synced("ann", NOW)).startswith("DEBUG")
    lines.told(lambda log: log.sync_failed("ann", None, AWAY))
    assert lines.told(lambda log: log.synced("ann", NOW)).startswith("INFO")
    assert lines.told(lambda log: log.synced("ann", NOW)).startswith("DEBUG")


def test_a_step_that_stored_something_is_news_and_one_that_did_not_is_none(lines: Bench) -> None:
    assert lines.told(lambda log: log.stored("ann", "Inbox", Stored(deleted=1))).startswith("INFO")
    nothing = lines.told(lambda log: log.stored("ann", "Inbox", Stored()))
    assert nothing.startswith("DEBUG")
    assert "deleted" not in nothing
