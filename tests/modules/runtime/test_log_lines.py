"""How a record looks as text and as JSON."""

import json
import logging
import sys
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modules.runtime.log_json import JsonLineFormatter
from modules.runtime.log_lines import TextFormatter, module_column
from tests.modules.runtime.samples import NAMED, SHAPED

WHEN = datetime(2025, 9, 30, 14, 33, 22, tzinfo=ZoneInfo("Asia/Seoul"))
TEXT = TextFormatter(zone=ZoneInfo("Asia/Seoul"), colour=False)
JSON = JsonLineFormatter()
ANY_TEXT = st.text(alphabet=st.characters())


def record(message: object, *args: object, level: int = logging.INFO, **extra: object) -> logging.LogRecord:
    name = "modules.mail_query"
    made = logging.getLogger(name).makeRecord(name, level, "file.py", 1, message, args, None, extra=extra)
    made.created = WHEN.timestamp()
    return made


def record_with(message: object, extra: dict[str, object], name: str = "modules.mail_query") -> logging.LogRecord:
    made = record(message)
    made.__dict__.update(extra)
    made.name = name
    return made


def failed(error: BaseException, message: str = "failed") -> logging.LogRecord:
    made = record(message)
    try:
        raise error  # noqa: TRY301 - only to have a traceback
    except BaseException:  # noqa: BLE001 - as above
        made.exc_info = sys.exc_info()
    return made


def test_a_line_looks_as_in_the_seed() -> None:
    line = TEXT.format(record("메일 조회 시작"))
    assert line == "[2025-09-30 14:33:22] INFO     | modules.mail_query        | 메일 조회 시작"


def test_context_follows_the_message() -> None:
    line = TEXT.format(record("text", key="value", key2="two words", empty="", n=3, none=None, quote='a"b', at=WHEN))
    assert line.endswith(
        '| text key=value key2="two words" empty="" n=3 none=None quote="a\\"b" at=2025-09-30T14:33:22+09:00',
    )
    assert TEXT.format(record("text", data={"a": [1, "ü"]})).endswith(' data="{\\"a\\":[1,\\"ü\\"]}"')


def test_the_level_is_coloured_only_when_asked() -> None:
    coloured = TextFormatter(zone=None, colour=True)
    assert "\x1b[31mERROR   \x1b[0m | " in coloured.format(record("x", level=logging.ERROR))
    levels = (5, logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR, logging.CRITICAL)
    assert len({coloured.format(record("x", level=level)).split("m")[0] for level in levels}) == 5
    assert "\x1b" not in TEXT.format(record("x", level=logging.ERROR))


def test_without_a_zone_the_systems_is_used() -> None:
    expected = WHEN.astimezone().strftime("[%Y-%m-%d %H:%M:%S]")
    assert TextFormatter(zone=None, colour=False).format(record("x")).startswith(expected)


@pytest.mark.parametrize(
    ("name", "column"),
    [
        ("modules.auth", "modules.auth"),
        ("adapters.sqlite.token_store", "a.sqlite.token_store"),
        ("adapters.sqlite.migrations.runner", "a.s.migrations.runner"),
        ("a_single_name_that_is_far_too_long", "a_single_name_that_is_far"),
        ("pack.a_single_name_that_is_far_too_long", "p.a_single_name_that_is_f"),
        ("x\ny", "x\\ny"),
        ("", ""),
    ],
)
def test_long_module_names_are_abbreviated_from_the_left(name: str, column: str) -> None:
    assert module_column(name) == column.ljust(25)


@given(ANY_TEXT)
def test_the_module_column_has_exactly_25_characters(name: str) -> None:
    assert len(module_column(name)) == 25


@given(message=ANY_TEXT, name=ANY_TEXT, value=ANY_TEXT)
def test_one_record_is_one_line_whatever_it_holds(message: str, name: str, value: str) -> None:
    """Otherwise who chooses a mail's subject could write log records. No formatter may fail, nor leave UTF-8."""
    made = record_with(message, {"value": value, f"{name}?": value}, name)
    for formatter in (TEXT, JSON):
        line = formatter.format(made)
        assert len(line.splitlines()) == 1
        line.encode("utf-8")
    assert json.loads(JSON.format(made))["level"] == "INFO"


def test_json_lines_have_fixed_fields() -> None:
    made = record("%s 시작", "조회", user="kimghw", at=WHEN, took=timedelta(seconds=2), tags=("a", "b"))
    line = JSON.format(made)
    assert "조회" in line
    assert json.loads(line) == {
        "timestamp": "2025-09-30T05:33:22.000000+00:00",
        "level": "INFO",
        "logger": "modules.mail_query",
        "message": "조회 시작",
        "context": {"user": "kimghw", "at": "2025-09-30T14:33:22+09:00", "took": 2.0, "tags": ["a", "b"]},
    }


def test_a_traceback_is_indented_below_its_line() -> None:
    first, *rest = TEXT.format(failed(ValueError("x\n[2025-09-30 14:33:22] INFO     | forged\x1b[2J"))).split("\n")
    assert first.endswith("| failed")
    assert rest[0] == "    Traceback (most recent call last):"
    assert all(line.startswith("    ") for line in rest)
    assert "\x1b" not in "".join(rest)
    document = json.loads(JSON.format(failed(ValueError("why"))))
    assert document["exception"].startswith("Traceback (most recent call last):")
    assert document["exception"].endswith("ValueError: why")


def test_cached_exception_text_and_stacks_are_shown() -> None:
    made = record("x")
    made.exc_text, made.stack_info = "cached", "Stack"
    assert TEXT.format(made).endswith("| x\n    Stack\n    cached")


def test_arguments_that_do_not_fit_lose_only_themselves() -> None:
    """The standard library would print the record with all its arguments to standard error."""
    for args in (("canary", "canary"), (object(),)):
        assert TEXT.format(record("n=%d", *args)).endswith("| n=%d [arguments do not fit the message]")


@pytest.mark.parametrize("formatter", [TEXT, JSON], ids=["text", "json"])
@pytest.mark.parametrize("secret", SHAPED.values(), ids=SHAPED.keys())
def test_a_shaped_secret_is_in_no_part_of_a_line(formatter: logging.Formatter, secret: str) -> None:
    records = [
        record(secret),
        record("got %s and %r", secret, [secret]),
        record({"body": secret}),
        record_with("x", {"body": secret, "deep": {"list": [secret.encode()]}, secret: 1}),
        record("x", error=ValueError(secret)),
        failed(ValueError(f"answer {secret}")),
        record_with("x", {}, name=f"logger.{secret}"),
    ]
    chained = failed(RuntimeError("outer"))
    assert chained.exc_info is not None
    assert chained.exc_info[1] is not None
    chained.exc_info[1].__cause__ = ValueError(secret)
    chained.exc_info[1].add_note(secret)
    text = "".join(formatter.format(each) for each in [*records, chained])
    assert secret not in text
    assert secret not in text.replace("\\\\", "\\")


@pytest.mark.parametrize("formatter", [TEXT, JSON], ids=["text", "json"])
@pytest.mark.parametrize("name", NAMED)
def test_a_named_secret_is_in_no_part_of_a_line(formatter: logging.Formatter, name: str) -> None:
    canary = "canary, \"quoted\" and 'so on'"
    records = [
        record_with("x", {name: canary}),
        record("x", answer={name: canary}, pairs=[(name, canary)]),
        record("answer %s", {name: canary}),
        record("answer %s %s", 1, [{name: canary}]),
        record(f"answer %({name})s", {name: canary}),
        record({name: canary}),
        record(f'answer "{name}": "canary"'),
        failed(ValueError(f"{name}=canary-in-exception")),
    ]
    assert "canary" not in "".join(formatter.format(each) for each in records).replace('canary-in-exception")', "")


def test_the_record_itself_is_not_changed() -> None:
    """Other handlers, and the tests of others, still see what was logged."""
    made = record("a %s", {"password": "x"}, user="kim")
    before = dict(made.__dict__)
    TEXT.format(made)
    JSON.format(made)
    assert made.__dict__ == before
    assert made.created == WHEN.astimezone(UTC).timestamp()
