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
        (("sync",), "Name USERS, or say --all."),
        (("sync", "kim", "--all"), "Name USERS, or say --all."),
        (("sync", "kim", "--since", "soon"), "--since: 'soon' is not a date"),
        (("sync", "kim", "--since", "soon"), "nor all, nor a number of days"),
        (("sync", "kim", "--since", "2999-01-01"), "has not come yet"),
        (("sync", "kim", "--watch", "often"), "--watch: 'often' is not an interval"),
        (("sync", "kim", "--watch", "1m", "--json"), "--watch prints nothing"),
        (("reconcile",), "USER"),
    ],
)
def test_wrong_usage_is_told_before_anything_is_opened(shell: Shell, arguments: tuple[str, ...], said: str) -> None:
    done = shell.call("mail", *arguments)
    assert (done.code, done.out) == (2, "")
    assert said in " ".join(done.err.split())
    assert list(shell.directory.iterdir()) == []


@pytest.mark.parametrize("arguments", [("sync", "ann"), ("sync", "--all"), ("reconcile", "ann")])
def test_the_practice_provider_has_no_mailboxes_and_says_so(shell: Shell, arguments: tuple[str, ...]) -> None:
    seed(shell.directory / "iacsgraph.db", "ann")
    done = shell.having(IDENTITY_PROVIDER="memory").call("mail", *arguments, "--json")
    assert (done.code, done.out) == (3, "")
    assert done.error["error_code"] == "PROVIDER_FOR_PRACTICE"


def test_stats_read_the_database_and_create_none(shell: Shell) -> None:
    done = shell.call("mail", "stats", "--json")
    assert done.code == 11
    assert done.error["error_code"] == "DATABASE_MISSING"
    assert list(shell.directory.iterdir()) == []
    seed(shell.directory / "iacsgraph.db", "ann")
    assert shell.call("mail", "stats", "--json").document == {
        "mailboxes": [],
        "waiting": 0,
        "failing": 0,
        "waiting_since": None,
    }
    assert shell.call("mail", "stats").out == "No mailbox was synced yet.\n"


def test_wrong_settings_are_named(shell: Shell) -> None:
    done = shell.having(MAIL_SYNC_DAYS="0", MAIL_SYNC_CONCURRENCY="65").call("mail", "sync", "kim")
    assert done.code == 3
    assert "MAIL_SYNC_DAYS" in done.err
    assert "MAIL_SYNC_CONCURRENCY" in done.err


def test_help_loads_no_database_and_no_client() -> None:
    loaded = loaded_by("mail", "sync", "--help")
    assert "modules.mail_sync.cli" in loaded
    assert not {"sqlite3", "aiohttp", "rich", "msgspec"} & set(loaded)
