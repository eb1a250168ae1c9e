"""What commands print."""

import io
import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from domain.errors import ConfigurationError, IACSGraphError, ThrottledError
from modules.runtime.output import (
    print_error,
    print_json,
    print_json_line,
    print_line,
    print_rows,
    print_table,
    shortened,
)
from tests.modules.runtime.samples import SHAPED

WHEN = datetime(2025, 9, 30, 5, 33, 22, tzinfo=UTC)
ROWS = [
    {"user": "kim", "name": "김", "at": WHEN, "active": True, "note": None},
    {"user": "lee-long", "name": "Lee", "at": WHEN, "active": False, "note": ["a", "b"]},
]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def printed(document: object, *, show_secrets: bool = False) -> str:
    stream = io.StringIO()
    print_json(document, stream=stream, show_secrets=show_secrets)
    return stream.getvalue()


def test_json_is_one_document_with_plain_values() -> None:
    text = printed({"at": WHEN, "day": date(2025, 9, 30), "took": timedelta(minutes=1), "path": Path("x"), "이름": {1}})
    assert json.loads(text) == {
        "at": "2025-09-30T05:33:22+00:00",
        "day": "2025-09-30",
        "took": 60.0,
        "path": "x",
        "이름": [1],
    }
    assert "이름" in text


@pytest.mark.parametrize("secret", SHAPED.values(), ids=SHAPED.keys())
def test_no_secret_is_printed_unless_asked_for(secret: str) -> None:
    rows = [{"client_secret": "canary", "text": f"x {secret}", secret: 1}]
    stream = io.StringIO()
    print_table(rows, stream=stream)
    print_error(IACSGraphError(f"answer {secret}", details={"x": secret, "password": "canary"}), stream=stream)
    print_error(IACSGraphError(secret, details={"x": secret, "password": "canary"}), stream=stream, as_json=True)
    for text in (printed(rows), stream.getvalue()):
        assert secret not in text
        assert "canary" not in text.replace(secret, "")
    assert json.loads(printed({"access_token": secret}, show_secrets=True)) == {"access_token": secret}


def test_a_line_is_escaped_and_masked_and_a_line_of_json_is_the_data_as_it_is() -> None:
    people, programs = io.StringIO(), io.StringIO()
    print_line("a\x1b[31m password=canary", stream=people)
    print_json_line({"password": "canary", "at": datetime(2026, 11, 22, tzinfo=UTC), "이름": "a\nb"}, stream=programs)
    assert people.getvalue() == "a\\x1b[31m password=***\n"
    assert programs.getvalue() == '{"password": "canary", "at": "2026-11-22T00:00:00+00:00", "이름": "a\\nb"}\n'


@pytest.mark.parametrize(
    ("text", "columns", "cut"),
    [
        ("abcdef", 6, "abcdef"),
        ("abcdefg", 6, "abc..."),
        ("안녕하세요", 10, "안녕하세요"),
        ("안녕하세요", 9, "안녕하..."),
    ],
)
def test_a_text_is_cut_to_columns_of_a_terminal(text: str, columns: int, cut: str) -> None:
    assert shortened(text, columns) == cut


def test_a_table_is_aligned_text_where_there_is_no_terminal() -> None:
    stream = io.StringIO()
    print_table(ROWS, stream=stream)
    assert stream.getvalue().split("\n") == [
        "user      name  at                         active  note",
        "kim       김    2025-09-30 05:33:22+00:00  yes     -",
        "lee-long  Lee   2025-09-30 05:33:22+00:00  no      a, b",
        "",
    ]


def test_columns_pick_and_order() -> None:
    stream = io.StringIO()
    print_table(ROWS, columns=["name", "missing"], stream=stream)
    assert stream.getvalue() == "name  missing\n김    -\nLee   -\n"


def test_no_rows_print_the_heading_if_it_is_known() -> None:
    stream = io.StringIO()
    print_table([], columns=["a", "b"], stream=stream)
    print_table([], stream=stream)
    assert stream.getvalue() == "a  b\n"


def test_a_terminal_gets_a_drawn_table_of_literal_text() -> None:
    stream = Terminal()
    print_table([{"subject": "[bold]x[/bold]"}], stream=stream)
    assert "[bold]x[/bold]" in stream.getvalue()
    assert "┃" in stream.getvalue()


WIDE: list[dict[str, object]] = [
    {"user": "kim", "subject": "[b]one[/b] of many words", "id": "AAkALg" * 12},
    {"user": "김", "subject": None, "id": "short"},
]


@pytest.mark.parametrize("columns", [20, 60, 80])
def test_a_table_wider_than_the_terminal_is_a_block_for_each_line(
    columns: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing in it is cut or broken, so that it can be copied."""
    monkeypatch.setenv("COLUMNS", str(columns))
    stream = Terminal()
    print_table(WIDE, stream=stream)
    assert stream.getvalue().splitlines() == [
        "user: kim",
        "subject: [b]one[/b] of many words",
        f"id: {'AAkALg' * 12}",
        "",
        "user: 김",
        "subject: -",
        "id: short",
    ]


@pytest.mark.parametrize(("columns", "beginning"), [(17, "┏"), (16, "user: kim\n")])
def test_a_table_that_just_fits_the_terminal_is_drawn(
    columns: int, beginning: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    stream = Terminal()
    print_table([{"user": "kim", "name": "김지원"}], stream=stream)
    assert stream.getvalue().startswith(beginning)


def test_a_table_without_lines_is_its_heading_however_narrow_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "8")
    stream = Terminal()
    print_table([], columns=["user", "name"], stream=stream)
    assert "┃" in stream.getvalue()


@pytest.mark.parametrize("stream", [io.StringIO(), Terminal()])
def test_control_characters_in_a_cell_do_not_reach_the_terminal(stream: io.StringIO) -> None:
    print_table([{"subject": "a\x1b[2Jb\nc"}], stream=stream)
    assert "a\\x1b[2Jb\\nc" in stream.getvalue()


def test_rows_are_a_table_or_an_array(capsys: pytest.CaptureFixture[str]) -> None:
    print_rows(ROWS, as_json=True, columns=["user"])
    assert [row["note"] for row in json.loads(capsys.readouterr().out)] == [None, ["a", "b"]]
    print_rows(ROWS, as_json=False, columns=["user"])
    assert capsys.readouterr().out == "user\nkim\nlee-long\n"


def test_json_is_utf8_whatever_the_stream_says() -> None:
    raw = io.BytesIO()
    with io.TextIOWrapper(raw, encoding="ascii") as stream:
        print_json({"name": "김\udc80"}, stream=stream)
        print_table([{"name": "김"}], stream=stream)
        document, table = raw.getvalue().split(b"}\n")
    assert json.loads(document.decode("utf-8") + "}") == {"name": "김\udc80"}
    assert table == b"name\n\\uae40\n"


def error_text(error: IACSGraphError, *, as_json: bool = False) -> str:
    stream = io.StringIO()
    print_error(error, as_json=as_json, stream=stream)
    return stream.getvalue()


def test_an_error_is_one_line_with_code_and_remedy() -> None:
    error = ThrottledError("Graph asks to wait\x1b", retry_after=timedelta(seconds=30))
    assert error_text(error) == "error: Graph asks to wait\\x1b [THROTTLED] - try again later, in 30 s\n"
    assert error_text(IACSGraphError("odd")) == "error: odd [IACSGRAPH_ERROR]\n"


def test_a_message_of_several_lines_keeps_them() -> None:
    assert error_text(ConfigurationError("Wrong:\n  A: x\n  B: y")).split("\n") == [
        "error: Wrong: [CONFIGURATION_ERROR]",
        "  A: x",
        "  B: y",
        "correct the setting, then see: iacsgraph doctor",
        "",
    ]


def test_an_error_is_one_line_of_json_for_programs() -> None:
    error = ThrottledError("wait", retry_after=timedelta(seconds=30), details={"at": WHEN})
    text = error_text(error, as_json=True)
    assert text.count("\n") == 1
    assert json.loads(text) == {
        "error": {
            "message": "wait",
            "error_code": "THROTTLED",
            "transient": True,
            "retry_after_seconds": 30.0,
            "remedy": "try again later, in 30 s",
            "details": {"at": "2025-09-30T05:33:22+00:00"},
        },
    }
