"""Identifiers, generated SQL and scripts."""

import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from adapters.sqlite.statements import (
    check_parameters,
    check_statement,
    delete_sql,
    insert_sql,
    quote,
    split_script,
    update_sql,
)
from domain.errors import ValidationError

identifiers = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,62}", fullmatch=True)


@given(identifiers)
def test_an_identifier_names_exactly_itself(name: str) -> None:
    assume(not name.lower().startswith("sqlite_"))
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute(f"CREATE TABLE {quote(name)} ({quote(name)} TEXT)")
        connection.execute(insert_sql(name, [name]), ("value",))
        connection.execute(update_sql(name, [name], "1 = 1"), ("other",))
        assert connection.execute("SELECT name FROM sqlite_schema").fetchone() == (name,)
        assert connection.execute(delete_sql(name, f"{quote(name)} = ?"), ("other",)).rowcount == 1


@given(st.text())
def test_whatever_is_not_an_identifier_is_refused(text: str) -> None:
    assume(re.fullmatch("[A-Za-z_][A-Za-z0-9_]{0,62}", text) is None)
    for attempt in (quote, lambda name: insert_sql(name, ["a"]), lambda name: update_sql("t", [name], "1 = 1")):
        with pytest.raises(ValidationError) as caught:
            attempt(text)
        assert caught.value.error_code == "INVALID_IDENTIFIER"


@pytest.mark.parametrize("name", ["", "1a", "a b", 'a"b', "a;b", "ünder", "a\n", "main.t", "a" * 64, "a-- "])
def test_names_that_could_be_sql_are_refused(name: str) -> None:
    with pytest.raises(ValidationError):
        delete_sql(name, "1 = 1")


def test_no_data_and_no_condition_are_refused() -> None:
    attempts: list[tuple[Callable[[], str], str]] = [
        (lambda: insert_sql("t", []), "EMPTY_DATA"),
        (lambda: update_sql("t", [], "1 = 1"), "EMPTY_DATA"),
        (lambda: update_sql("t", ["a"], " "), "EMPTY_WHERE"),
        (lambda: delete_sql("t", "-- everything"), "EMPTY_WHERE"),
        (lambda: insert_sql("t", ["a", "A"]), "INVALID_IDENTIFIER"),
    ]
    for attempt, code in attempts:
        with pytest.raises(ValidationError) as caught:
            attempt()
        assert caught.value.error_code == code


def test_a_script_is_divided_only_between_statements() -> None:
    script = """
        /* a ; b */ INSERT INTO t VALUES ('x;y'); ;
        -- nothing; here
        CREATE TRIGGER g AFTER INSERT ON t BEGIN DELETE FROM t; SELECT ';'; END;
        SELECT "a;b" -- the last one needs no semicolon
    """
    first, second, third = split_script(script)
    assert first.endswith("('x;y');")
    assert second.endswith("SELECT ';'; END;")
    assert third.strip().startswith('SELECT "a;b"')


@given(st.lists(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])), min_size=1, max_size=5))
def test_a_script_of_any_texts_and_comments_is_divided_into_its_statements(texts: list[str]) -> None:
    statements = [f"SELECT '{text.replace(chr(39), chr(39) * 2)}' /* {text.replace('*/', '')} */;" for text in texts]
    assume(not any("*/" in text.replace("*/", "") or text.endswith("*") for text in texts))
    assert split_script("".join(statements)) == tuple(statements)


@pytest.mark.parametrize(
    "sql",
    ["BEGIN", "commit;", "; END", "\ufeffROLLBACK", "/* x */ -- y\n SAVEPOINT a", "release a", "Begin Immediate"],
)
def test_sql_that_controls_transactions_is_refused(sql: str) -> None:
    for attempt in (lambda: check_statement(sql), lambda: split_script(sql), lambda: split_script(f"SELECT 1; {sql}")):
        with pytest.raises(ValidationError) as caught:
            attempt()
        assert caught.value.error_code == "TRANSACTION_CONTROL"


@pytest.mark.parametrize("sql", ["", " ;; ", "-- only a comment", "/* unfinished"])
def test_nothing_to_execute_is_refused(sql: str) -> None:
    for attempt in (check_statement, split_script):
        with pytest.raises(ValidationError) as caught:
            attempt(sql)
        assert caught.value.error_code == "EMPTY_STATEMENT"


def test_a_nul_character_in_a_script_is_refused() -> None:
    with pytest.raises(ValidationError):
        split_script("SELECT 1;\0")


def test_parameters_that_sqlite_would_take_amiss_are_refused() -> None:
    for params in ("kimghw", b"kimghw", (datetime.now(UTC),), {"day": datetime.now(UTC).date()}):
        with pytest.raises(ValidationError) as caught:
            check_parameters(params)
        assert caught.value.error_code == "INVALID_PARAMETERS"
