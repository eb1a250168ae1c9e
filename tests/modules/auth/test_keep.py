"""`auth keep`: a process that keeps tokens fresh until it is told to end."""

import json
import signal
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from adapters.fernet.cipher import key_id
from modules.auth.compose import compose
from tests.modules.auth.seeds import NEW, OLD, canaries, fingerprints, rows, settings, vandalise
from tests.modules.iacsgraph.shell import Shell, wait_until

BEGUN = "keeping tokens fresh"
FAILED = "token refresh failed"
UNKNOWN = "Application app-of-ann is not registered: check AZURE_CLIENT_ID and AZURE_TENANT_ID."
ACCOUNT = "SELECT * FROM accounts JOIN audit USING (account_id)"
TOKEN = "SELECT access_token, refresh_token, expires_at, due_at FROM tokens"


def documents(text: str) -> list[Any]:
    return [json.loads(line) for line in text.splitlines()]


def records(log: Path) -> Iterator[Any]:
    """Return the failures in an authentication log."""
    return (record for record in documents(log.read_text()) if record["message"].startswith(FAILED))


def test_a_fault_of_the_application_is_logged_and_changes_no_account_and_no_token(house: Shell, database: Path) -> None:
    before = rows(database, ACCOUNT), rows(database, TOKEN)
    with house.start("auth", "keep") as keeper:
        keeper.wait_for(FAILED)
        done = keeper.stop(signal.SIGTERM)
    assert (done.code, done.out) == (143, "")
    first, failure, *_ = done.err.splitlines()
    assert first.endswith(
        f"INFO     | modules.auth.beginning    | {BEGUN} database=iacsgraph.db provider=memory application=None"
    )
    assert f"ERROR    | iacsgraph.auth            | {FAILED}: {UNKNOWN} user_id=ann" in failure
    assert "error_code=APPLICATION_UNKNOWN" in failure
    assert (rows(database, ACCOUNT), rows(database, TOKEN)) == before
    assert rows(database, "SELECT failures > 0, owner FROM tokens") == [(1, None)], "and its lease was given back"


def test_an_account_without_any_application_is_such_a_fault_too(house: Shell, database: Path) -> None:
    vandalise(database, "UPDATE accounts SET client_id = NULL, client_secret = NULL")
    before = rows(database, ACCOUNT)
    with house.start("auth", "keep") as keeper:
        keeper.wait_for("error_code=OAUTH_NOT_CONFIGURED")
        keeper.stop(signal.SIGTERM)
    assert rows(database, ACCOUNT) == before


def test_the_global_application_is_used_for_an_account_that_has_none(house: Shell, database: Path) -> None:
    vandalise(database, "UPDATE accounts SET client_id = NULL, client_secret = NULL")
    with house.having(AZURE_CLIENT_ID="global-app").start("auth", "keep") as keeper:
        keeper.wait_for("Application global-app is not registered")
        assert "application=global-app" in keeper.stop(signal.SIGTERM).err


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_ends_an_idle_keeper_quietly_and_closes_its_database(
    house: Shell, database: Path, number: signal.Signals, code: int
) -> None:
    vandalise(database, "DELETE FROM tokens")
    with house.start("auth", "keep") as keeper:
        keeper.wait_for(BEGUN)
        wait_until(lambda: database.with_name("iacsgraph.db-wal").exists())
        done = keeper.stop(number)
    assert (done.code, done.out) == (code, "")
    assert len(done.err.splitlines()) == 1
    assert list(fingerprints(house.directory)) == [database.name]


def test_a_keeper_begins_with_a_database_that_does_not_exist_yet(tmp_path: Path) -> None:
    shell = Shell(tmp_path, {"DATABASE_PATH": "data/x.db", "ENCRYPTION_KEY": OLD, "IDENTITY_PROVIDER": "memory"})
    with shell.start("auth", "keep") as keeper:
        wait_until(lambda: shell.call("db", "check").code == 0)
        assert keeper.stop(signal.SIGTERM).code == 143


def test_several_keepers_share_the_work_and_the_authentication_log(house: Shell, database: Path) -> None:
    """Each attempt is made by one of them and told once: the database counts attempts, the log their failures."""
    log = house.directory / "logs" / "auth.log"
    shell = house.having(AUTH_LOG_FILE="logs/auth.log")
    with ExitStack() as stack:
        keepers = [stack.enter_context(shell.start("auth", "keep")) for _ in range(3)]
        for keeper in keepers:
            keeper.wait_for(BEGUN)
        wait_until(lambda: any(records(log)))
        done = [keeper.stop(signal.SIGTERM) for keeper in keepers]
    failures = len(list(records(log)))
    assert [each.code for each in done] == [143] * 3
    assert rows(database, "SELECT failures FROM tokens") == [(failures,)]
    assert sum(each.err.count(FAILED) for each in done) == failures, "standard error hears it too"


def test_the_authentication_log_has_a_private_file_of_json_lines_whatever_level_and_format(house: Shell) -> None:
    log = house.directory / "auth.log"
    shell = house.having(AUTH_LOG_FILE="auth.log", LOG_LEVEL="CRITICAL", LOG_FORMAT="text")
    with shell.start("auth", "keep", umask=0) as keeper:
        wait_until(lambda: log.exists() and any(records(log)))
        done = keeper.stop(signal.SIGTERM)
    first = next(records(log))
    assert set(first) == {"timestamp", "level", "logger", "message", "context"}
    assert (first["level"], first["logger"]) == ("ERROR", "iacsgraph.auth")
    assert first["message"] == f"{FAILED}: {UNKNOWN}"
    assert first["context"] == {"user_id": "ann", "error_code": "APPLICATION_UNKNOWN"}
    assert log.stat().st_mode & 0o777 == 0o600
    assert (done.code, done.said) == (143, ""), "standard error follows LOG_LEVEL"


def test_standard_error_is_json_lines_where_that_is_wanted(house: Shell) -> None:
    with house.having(LOG_FORMAT="json").start("auth", "keep") as keeper:
        keeper.wait_for(FAILED)
        done = keeper.stop(signal.SIGTERM)
    first, failure, *_ = documents(done.err)
    assert first["context"] == {"database": "iacsgraph.db", "provider": "memory", "application": None}
    assert failure["context"]["user_id"] == "ann"
    assert not any(secret in done.said for secret in (*canaries("ann"), OLD))


def test_an_authentication_log_that_cannot_be_written_stops_the_keeper_at_once(house: Shell) -> None:
    done = house.having(AUTH_LOG_FILE="iacsgraph.db/auth.log").run("auth", "keep")
    assert (done.code, done.out) == (3, "")
    assert "AUTH_LOG_FILE cannot be written: iacsgraph.db/auth.log" in done.err


def test_azure_is_asked_unless_told_otherwise(house: Shell, database: Path) -> None:
    vandalise(database, "DELETE FROM tokens")
    with house.having(IDENTITY_PROVIDER="").start("auth", "keep") as keeper:
        keeper.wait_for(BEGUN)
        assert "provider=azure" in keeper.stop(signal.SIGTERM).err


def test_all_faults_of_all_its_settings_are_told_at_once(tmp_path: Path) -> None:
    wrong = {
        "IDENTITY_PROVIDER": "oracle",
        "LOG_LEVEL": "loud",
        "TIMEZONE": "Mars",
        "AZURE_CLIENT_ID": "app",
        "AZURE_CLIENT_SECRET": "canary secret",
        "AZURE_REDIRECT_URI": "nowhere",
    }
    (tmp_path / ".env").write_text("a malformed line\n")
    done = Shell(tmp_path, wrong).call("auth", "keep")
    named = [line.split()[0] for line in done.err.splitlines() if line.startswith("  ")]
    assert done.code == 3
    assert sorted(named) == sorted({*wrong, "DATABASE_PATH", "ENCRYPTION_KEY", ".env"} - {"AZURE_CLIENT_ID"})
    assert "canary" not in done.err


def test_a_keeper_whose_first_key_is_not_the_recorded_one_ends_and_says_to_restart(
    house: Shell, database: Path
) -> None:
    before = rows(database, ACCOUNT), rows(database, TOKEN)
    done = house.having(ENCRYPTION_KEY=f"{NEW},{OLD}").run("auth", "keep")
    assert (done.code, done.out) == (13, "")
    assert done.err.splitlines()[-1] == (
        f"error: Secrets are now encrypted with key {key_id(OLD)}, but this process's first key is {key_id(NEW)}:"
        " put the new key first in ENCRYPTION_KEY and restart. [STALE_KEY]"
        " - restart this process with the new key first in ENCRYPTION_KEY"
    )
    assert "is not registered" not in done.err, "the provider was not asked"
    assert (rows(database, ACCOUNT), rows(database, TOKEN)) == before


async def test_a_token_that_does_not_open_is_told_with_the_key_that_is_missing(
    database: Path, caplog: pytest.LogCaptureFixture
) -> None:
    vandalise(database, f"UPDATE encryption SET primary_key = '{key_id(NEW)}'")
    async with compose(settings(database, NEW)) as auth:
        await auth.keeper.look()
    assert key_id(OLD) in caplog.text


@pytest.mark.parametrize("damage", ["PRAGMA user_version = 99", "PRAGMA application_id = 1"])
def test_a_database_that_is_not_ours_to_write_is_refused(house: Shell, database: Path, damage: str) -> None:
    vandalise(database, damage)
    before = fingerprints(house.directory)
    done = house.run("auth", "keep")
    assert (done.code, done.out) == (11, "")
    assert "[SCHEMA_NEWER]" in done.err or "[FOREIGN_DATABASE]" in done.err
    assert fingerprints(house.directory) == before
