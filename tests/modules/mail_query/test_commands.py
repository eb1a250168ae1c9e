"""The commands before they ask anybody: usage, settings, what is loaded."""

from pathlib import Path

import pytest

from tests.modules.auth.seeds import OLD, seed
from tests.modules.iacsgraph.shell import Shell
from tests.modules.iacsgraph.test_cli import loaded_by


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path, {"DATABASE_PATH": "iacsgraph.db", "ENCRYPTION_KEY": OLD, "TIMEZONE": "Asia/Seoul"})


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("query",), "Name USERS, or say --all."),
        (("query", "kim", "--all"), "Name USERS, or say --all."),
        (("query", "kim", "--since", "soon"), "--since: 'soon' is not a date"),
        (("query", "kim", "--select", "subjct"), "there are: user, received"),
        (("query", "kim", "--search", '"open'), "leaves a quotation mark open"),
        (("query", "kim", "--top", "0"), "--top"),
        (("query", "kim", "--importance", "urgent"), "--importance"),
        (("query", "kim", "--importance", "HIGH", "--top", "0"), "Invalid value for '--top'"),
        (("show", "kim"), "ID"),
        (("show", "kim", " "), "ID is empty."),
        (("show", "kim", "", "--raw"), "ID is empty."),
        (("show", "kim", "id", "--raw", "--body"), "--raw goes alone"),
        (("show", "kim", "id", "--raw", "--json"), "--raw goes alone"),
    ],
)
def test_wrong_usage_is_told_before_anything_is_opened(shell: Shell, arguments: tuple[str, ...], said: str) -> None:
    done = shell.call("mail", *arguments)
    assert (done.code, done.out) == (2, "")
    assert said in " ".join(done.err.split())
    assert list(shell.directory.iterdir()) == []


def test_conditions_that_nothing_meets_are_refused(shell: Shell) -> None:
    done = shell.call("mail", "query", "kim", "--since", "1d", "--until", "2d")
    assert done.code == 9
    assert "[EMPTY_PERIOD]" in done.err


@pytest.mark.parametrize("arguments", [("query", "ann"), ("query", "--all"), ("show", "ann", "id")])
def test_the_practice_provider_has_no_mailboxes_and_says_so(shell: Shell, arguments: tuple[str, ...]) -> None:
    seed(shell.directory / "iacsgraph.db", "ann")
    done = shell.having(IDENTITY_PROVIDER="memory").call("mail", *arguments, "--json")
    assert (done.code, done.out) == (3, "")
    assert done.error["error_code"] == "PROVIDER_FOR_PRACTICE"
    assert "use azure" in done.error["message"]


def test_settings_of_graph_that_are_wrong_are_named(shell: Shell) -> None:
    wrong = shell.having(GRAPH_MAX_CONCURRENCY="0", GRAPH_PAGE_SIZE="1001")
    done = wrong.call("mail", "query", "kim")
    assert done.code == 3
    assert "GRAPH_MAX_CONCURRENCY" in done.err
    assert "GRAPH_PAGE_SIZE" in done.err


def test_help_loads_nothing_that_talks() -> None:
    for arguments in (("mail", "--help"), ("mail", "query", "--help"), ("mail", "show", "--help")):
        loaded = loaded_by(*arguments)
        assert loaded.isdisjoint({"aiohttp", "msgspec", "sqlite3", "aiosqlite", "cryptography", "environs", "rich"})
    assert "modules.mail_query" not in loaded_by("mail", "--help")
