"""The promises of `MailQueryLog`."""

import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import attrs
import pytest

from adapters.logging.mail_query_log import LoggingMailQueryLog, conditions
from adapters.memory.mail_query_log import MemoryMailQueryLog
from domain.mail import Importance
from domain.mail_filter import MailFilter
from modules.runtime.log_json import JsonLineFormatter
from modules.runtime.log_lines import TextFormatter
from ports.mail_query_log import INTERRUPTED, MailQueryLog, MailQueryRecord
from tests.contracts.log_texts import listened

WHOLE = MailFilter(
    since=datetime(2026, 3, 1, tzinfo=UTC),
    before=datetime(2026, 4, 1, tzinfo=UTC),
    sender="park@office.example",
    recipient="team",
    subject="invoice",
    phrases=("red car", "blue"),
    unread=True,
    has_attachments=False,
    importance=Importance.HIGH,
    folder_id="folder-7",
)
RECORD = MailQueryRecord(
    user_id="ann",
    mail_filter=WHOLE,
    folder="Projects",
    newest=50,
    mails=41,
    unreadable=3,
    truncated=True,
    duration=timedelta(seconds=2, milliseconds=345),
)


@attrs.frozen
class Bench:
    """A log, and what it has written so far, as text."""

    log: MailQueryLog
    written: Callable[[], str]


def _memory() -> Bench:
    log = MemoryMailQueryLog()
    return Bench(log, lambda: "\n".join(map(str, log.records)))


def _logging(formatter: logging.Formatter) -> Bench:
    logger, texts = listened(formatter)
    return Bench(LoggingMailQueryLog(logger), texts.written)


BENCHES: dict[str, Callable[[], Bench]] = {
    "memory": _memory,
    "logging, text": lambda: _logging(TextFormatter(zone=UTC, colour=False)),
    "logging, JSON": lambda: _logging(JsonLineFormatter()),
}


@pytest.fixture(params=BENCHES)
def bench(request: pytest.FixtureRequest) -> Bench:
    return BENCHES[request.param]()


def test_a_query_is_written_with_whose_it_is_its_filter_and_counts(bench: Bench) -> None:
    bench.log.queried(RECORD)
    for fact in ("ann", "park@office.example", "invoice", "red car", "Projects", "50", "41", "3", "345"):
        assert fact in bench.written()


@pytest.mark.parametrize("code", ["THROTTLED", INTERRUPTED])
def test_a_failure_is_written_with_its_code(bench: Bench, code: str) -> None:
    bench.log.queried(attrs.evolve(RECORD, error_code=code))
    assert code in bench.written()


@pytest.mark.parametrize("text", ["%s {}", "line\nbreak", "zoë \N{CAT FACE}", "x" * 100_000])
def test_no_text_makes_it_fail(bench: Bench, text: str) -> None:
    one_line = text.replace("\n", " ")
    odd = MailFilter(sender=one_line, phrases=(f"a {one_line}", "b"))
    bench.log.queried(attrs.evolve(RECORD, user_id=text, folder=text, mail_filter=odd))
    assert bench.written()


@pytest.mark.parametrize("duration", [timedelta(0), timedelta.max, -timedelta(seconds=1)])
def test_no_duration_makes_it_fail(bench: Bench, duration: timedelta) -> None:
    bench.log.queried(attrs.evolve(RECORD, duration=duration))
    assert "ann" in bench.written()


def test_a_failure_is_a_warning_and_only_what_was_asked_is_written() -> None:
    bench = _logging(TextFormatter(zone=UTC, colour=False))
    bench.log.queried(MailQueryRecord(user_id="ann", mail_filter=MailFilter(unread=False), duration=timedelta(0)))
    bench.log.queried(attrs.evolve(RECORD, error_code="THROTTLED"))
    good, bad = bench.written().splitlines()
    assert good.startswith("INFO")
    assert bad.startswith("WARNING")
    assert "unread" in good
    assert not any(name in good for name in ("sender", "since", "folder", "truncated", "error_code"))


def test_two_phrases_are_not_taken_for_a_name_and_its_secret() -> None:
    told = conditions(MailFilter(phrases=("password", "reset")))
    assert told == {"phrases": '"password" "reset"'}
    assert conditions(MailFilter()) == {}
