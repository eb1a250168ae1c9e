"""`doctor`: everything that is configured, one line each, and nothing written."""

import shutil
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

import pytest

from adapters.fernet.cipher import key_id
from adapters.sqlite.database import MIGRATIONS
from tests.modules.auth.seeds import EACH, LOST, NEW, OLD, canaries, fingerprints, vandalise
from tests.modules.iacsgraph.shell import Done, Shell, run_together

SETTINGS = (
    "settings file",
    "log settings",
    "time zone",
    "key settings",
    "database settings",
    "provider settings",
    "sign-in server",
    "azure settings",
    "graph settings",
    "mail sync",
    "mail processing",
    "event settings",
    "kafka settings",
    "up settings",
)
DATA = ("data directory", "database")
SECRETS = ("secrets", "encryption key")
BUS = ("event bus", "outbox")
AZURE = ("azure",)
KNOWN = len([*MIGRATIONS.glob("*.sql")])
"""This program's schema version."""

Line = Mapping[str, str]


def examine(shell: Shell, code: int) -> dict[str, Line]:
    """Return the doctor's lines by check, having made sure of the exit code and that nothing was written."""
    before = fingerprints(shell.directory)
    done = shell.call("doctor", "--json")
    assert fingerprints(shell.directory) == before
    assert (done.code, done.err) == (code, "")
    return {line["check"]: line for line in done.document}


def failed(lines: Mapping[str, Line]) -> list[str]:
    return [name for name, line in lines.items() if line["outcome"] == "FAIL"]


def test_where_all_is_well_every_line_says_so(house: Shell) -> None:
    lines = examine(house, 0)
    assert tuple(lines) == (*SETTINGS, *DATA, *SECRETS, *BUS, *AZURE)
    assert {line["outcome"] for line in lines.values()} == {"ok"}
    assert {tuple(line) for line in lines.values()} == {("check", "outcome", "detail", "remedy")}
    details = {name: line["detail"] for name, line in lines.items()}
    assert details["data directory"] == ". is writable"
    assert details["database"] == f"sound, schema version {KNOWN}"
    assert details["secrets"] == f"{2 * EACH} stored, all open"
    assert details["encryption key"] == f"first key {key_id(OLD)}"


def test_a_person_reads_one_line_for_each_check_and_the_exit_code_follows_the_failures(house: Shell) -> None:
    well, ill = house.run("doctor"), house.having(ENCRYPTION_KEY=LOST).run("doctor")
    assert (well.code, well.err, ill.code, ill.err) == (0, "", 1, "")
    for done in (well, ill):
        heading, *lines = done.out.splitlines()
        assert heading.split() == ["check", "outcome", "detail", "remedy"]
        assert len(lines) == len(SETTINGS + DATA + SECRETS + BUS + AZURE)
    assert " FAIL " not in well.out
    assert [line.split("  ")[0] for line in ill.out.splitlines() if " FAIL " in line] == list(SECRETS)


def test_what_is_configured_is_told(house: Shell) -> None:
    shell = house.having(
        LOG_LEVEL="debug",
        LOG_FORMAT="json",
        TIMEZONE="UTC",
        IDENTITY_PROVIDER="memory",
        AZURE_CLIENT_ID="app",
        GRAPH_PAGE_SIZE="250",
        MAIL_SYNC_DAYS="90",
        MAIL_CHAIRS="chair@one.example",
        EVENT_BUS="embedded",
        EVENT_RETENTION_DAYS="0",
        KAFKA_BOOTSTRAP_SERVERS="kafka:9092",
        ENCRYPTION_KEY=f"{OLD},{NEW}",
    )
    details = {name: line["detail"] for name, line in examine(shell, 0).items()}
    assert [details[name] for name in SETTINGS] == [
        "well-formed, or none",
        "DEBUG, json",
        "UTC",
        "2 in ENCRYPTION_KEY",
        "iacsgraph.db",
        "memory",
        "127.0.0.1:5000",
        "configured",
        "pages of 250, 32 requests at once",
        "90 days, every 60 s, 16 mailboxes at once",
        "1 in MAIL_CHAIRS, 2 batches at once",
        "kept for ever, 6 partitions",
        "configured",
        "127.0.0.1:8080, ends within 60 s",
    ]


def test_kafka_settings_without_servers_are_a_fault_and_not_the_embedded_log(house: Shell) -> None:
    lines = examine(house.having(KAFKA_SECURITY_PROTOCOL="SASL_SSL", KAFKA_SASL_PASSWORD="canary"), 1)
    assert failed(lines) == ["kafka settings"]
    assert "KAFKA_BOOTSTRAP_SERVERS is not set" in lines["kafka settings"]["detail"]
    assert "event bus" not in lines


def test_without_any_setting_the_required_ones_are_named_with_an_example(shell: Shell) -> None:
    lines = examine(shell, 1)
    assert tuple(lines) == (*SETTINGS, *AZURE), "what depends on them is left out"
    assert failed(lines) == ["key settings", "database settings"]
    assert "ENCRYPTION_KEY is not set" in lines["key settings"]["detail"]
    assert "DATABASE_PATH is not set" in lines["database settings"]["detail"]
    assert "Example: DATABASE_PATH=./data/iacsgraph.db" in lines["database settings"]["detail"]
    assert lines["key settings"]["remedy"] == "correct the setting"


WRONG = {
    "IDENTITY_PROVIDER": "someone",
    "AUTH_LISTEN": "somewhere",
    "LOG_LEVEL": "loud",
    "AUTH_LOG_MAX_BYTES": "1",
    "TIMEZONE": "Mars/Olympus",
    "ENCRYPTION_KEY": "no-key",
    "DATABASE_URL": "postgres://host/db",
    "AZURE_CLIENT_ID": "app",
    "AZURE_TENANT_ID": "a/b",
    "AZURE_AUTHORITY": "ftp://x",
    "GRAPH_PAGE_SIZE": "1001",
    "MAIL_SYNC_INTERVAL": "0",
    "MAIL_WORKERS": "33",
    "EVENT_PARTITIONS": "0",
    "KAFKA_BOOTSTRAP_SERVERS": "nowhere",
    "UP_LISTEN": "anywhere",
}


def test_the_faults_of_all_groups_are_told_at_once_each_with_its_variable_and_an_example(shell: Shell) -> None:
    lines = examine(shell.having(**WRONG), 1)
    assert failed(lines) == list(SETTINGS[1:])
    for variable in set(WRONG) - {"AZURE_CLIENT_ID"}:
        (line,) = [line for line in lines.values() if f"{variable} (environment) " in line["detail"]]
        assert f"Example: {variable.replace('URL', 'PATH')}=" in line["detail"]
        assert line["remedy"]
    assert not any(value in line["detail"] for line in lines.values() for value in ("no-key", "postgres", "ftp"))


@pytest.mark.parametrize(
    ("keys", "problem"),
    [
        ("garbage", "key 1 is not a Fernet key"),
        (f"{OLD},{NEW[:-1]}", "key 2 is not a Fernet key"),
        (f"{OLD},{NEW},{OLD}", "key 3 is the same as key 1"),
        (f"{OLD},,{NEW}", "item 2 of 3 is empty"),
    ],
)
def test_a_wrong_key_is_told_by_its_position_and_never_shown(house: Shell, keys: str, problem: str) -> None:
    lines = examine(house.having(ENCRYPTION_KEY=keys), 1)
    assert failed(lines) == ["key settings"]
    assert problem in lines["key settings"]["detail"]
    assert tuple(lines) == (*SETTINGS, *DATA, *BUS, *AZURE), "without keys no secret can be opened"
    assert not any(key in line["detail"] for line in lines.values() for key in keys.split(",") if key)


def test_a_malformed_line_of_the_env_file_is_told_once_with_its_number_and_the_rest_is_checked(house: Shell) -> None:
    (house.directory / ".env").write_text("# a comment\n\nLOG_LEVEL=DEBUG\nLOG FORMAT=json\nTIMEZONE='UTC\n")
    lines = examine(house, 1)
    assert failed(lines) == ["settings file"]
    assert ".env line 4" in lines["settings file"]["detail"]
    assert ".env line 5" in lines["settings file"]["detail"]
    assert lines["log settings"]["detail"] == "DEBUG, text"
    assert lines["secrets"]["outcome"] == "ok"


def test_an_env_file_that_was_named_and_is_missing_is_a_fault(house: Shell) -> None:
    lines = examine(house.having(IACSGRAPH_ENV_FILE="nowhere.env"), 1)
    assert failed(lines) == ["settings file"]
    assert "IACSGRAPH_ENV_FILE (nowhere.env) " in lines["settings file"]["detail"]


@pytest.mark.parametrize("path", ["iacsgraph.db/data/x.db", "/dev/null/data/x.db", "/proc/x.db"])
def test_a_directory_that_cannot_be_written_is_named_with_the_reason(house: Shell, path: str) -> None:
    if not Path("/proc").exists() and path.startswith("/proc"):
        pytest.skip("there is no /proc")
    lines = examine(house.having(DATABASE_PATH=path), 1)
    assert failed(lines) == ["data directory"]
    assert f"{Path(path).parent} cannot be written (" in lines["data directory"]["detail"]
    assert "DATABASE_PATH" in lines["data directory"]["remedy"]


def test_a_database_and_a_directory_that_are_not_there_yet_are_no_failure_and_are_not_created(shell: Shell) -> None:
    lines = examine(shell.having(DATABASE_PATH="new/data/x.db", ENCRYPTION_KEY=OLD), 0)
    assert lines["data directory"]["detail"] == "new/data can be created"
    assert lines["database"]["detail"] == "new/data/x.db does not exist yet; create it with: iacsgraph db migrate"
    assert list(shell.directory.iterdir()) == []


def test_an_older_schema_is_a_warning(house: Shell, database: Path) -> None:
    vandalise(database, "PRAGMA user_version = 0")
    line = examine(house, 0)["database"]
    assert (line["outcome"], line["detail"]) == ("warn", f"schema version 0, this program's is {KNOWN}")
    assert line["remedy"] == "back up, then: iacsgraph db migrate"


def test_a_newer_schema_is_a_failure(house: Shell, database: Path) -> None:
    vandalise(database, "PRAGMA user_version = 99")
    lines = examine(house, 1)
    assert failed(lines) == ["database"]
    assert lines["database"]["detail"] == f"schema version 99 is newer than this program's {KNOWN}"
    assert lines["database"]["remedy"] == "run a newer version of this program"
    assert tuple(lines) == (*SETTINGS, *DATA, *AZURE), "no secret is looked for in tables that may be others"


def scribble(database: Path) -> None:
    """Damage the page that each table begins on; which tables there are can still be read."""
    with closing(sqlite3.connect(database)) as connection:
        roots = connection.execute("SELECT rootpage FROM sqlite_schema WHERE type = 'table'").fetchall()
        (size,) = connection.execute("PRAGMA page_size").fetchone()
    content = bytearray(database.read_bytes())
    for (root,) in roots:
        content[(root - 1) * size : root * size] = b"\xff" * size
    database.write_bytes(content)


def cut(database: Path) -> None:
    database.write_bytes(database.read_bytes()[:6000])


def another_program(database: Path) -> None:
    database.unlink()
    vandalise(database, "CREATE TABLE things (x)")


def orphan(database: Path) -> None:
    vandalise(database, "UPDATE news SET account_id = 'nobody' WHERE number = (SELECT max(number) FROM news)")


DAMAGES = {
    "scribbled": (scribble, "problems: "),
    "cut": (cut, ""),
    "not a database": (lambda path: path.write_text("A letter to the operator. " * 200), "is not an SQLite database"),
    "another program's": (another_program, "of another program"),
    "an orphan": (orphan, "1 problems: row "),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_a_damaged_or_foreign_file_is_a_failure_with_advice(house: Shell, database: Path, name: str) -> None:
    damage, detail = DAMAGES[name]
    damage(database)
    lines = examine(house, 1)
    assert failed(lines) == ["database"]
    assert detail in lines["database"]["detail"]
    assert lines["database"]["remedy"]


def test_a_directory_in_the_file_s_place_is_a_failure(shell: Shell) -> None:
    (shell.directory / "data.db").mkdir()
    lines = examine(shell.having(DATABASE_PATH="data.db", ENCRYPTION_KEY=OLD), 1)
    assert failed(lines) == ["database"]


def test_another_program_that_writes_meanwhile_is_no_failure(house: Shell, database: Path) -> None:
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("UPDATE accounts SET name = 'half written'")
        assert failed({line["check"]: line for line in house.call("doctor", "--json").document}) == []
        connection.execute("ROLLBACK")


def test_secrets_under_an_unknown_key_are_told_with_that_key(house: Shell) -> None:
    lines = examine(house.having(ENCRYPTION_KEY=LOST), 1)
    assert failed(lines) == list(SECRETS)
    assert lines["secrets"]["detail"].startswith(f"at least {2 * EACH} of {2 * EACH} do not open: ")
    assert f"with key {key_id(OLD)}, which is not in ENCRYPTION_KEY" in lines["secrets"]["detail"]
    assert "ENCRYPTION_KEY" in lines["secrets"]["remedy"]


SPOILT = {
    "truncated": ("UPDATE tokens SET access_token = substr(access_token, 1, 60)", 2, "damaged"),
    "cut to nothing": ("UPDATE tokens SET refresh_token = substr(refresh_token, 1, 9)", 2, "not a ciphertext"),
    "never encrypted": (f"UPDATE tokens SET refresh_token = '{canaries('ann')[1]}'", 2, "never encrypted"),
    "between rows": (
        "UPDATE tokens SET access_token = (SELECT max(access_token) FROM tokens)",
        1,
        "belongs to another account or field",
    ),
    "between columns": (
        "UPDATE tokens SET access_token = refresh_token, refresh_token = access_token",
        4,
        "belongs to another account or field",
    ),
    "between tables": (
        "UPDATE tokens SET access_token = (SELECT client_secret FROM accounts WHERE account_id = tokens.account_id)",
        2,
        "belongs to another account or field",
    ),
}


@pytest.mark.parametrize("name", SPOILT)
def test_spoilt_and_swapped_secrets_are_counted_and_their_fault_is_told(
    house: Shell, database: Path, name: str
) -> None:
    statement, count, problem = SPOILT[name]
    vandalise(database, statement)
    lines = examine(house, 1)
    assert failed(lines) == ["secrets"]
    assert lines["secrets"]["detail"].startswith(f"at least {count} of {2 * EACH} do not open: ")
    assert problem in lines["secrets"]["detail"]
    assert not any(secret in str(lines) for user in ("ann", "bob") for secret in canaries(user))


def test_a_first_key_that_is_not_the_recorded_one_is_a_failure_though_all_secrets_open(house: Shell) -> None:
    lines = examine(house.having(ENCRYPTION_KEY=f"{NEW},{OLD}"), 1)
    assert failed(lines) == ["encryption key"]
    assert (
        lines["encryption key"]["detail"]
        == f"the database is to be written with key {key_id(OLD)}, the first key here is {key_id(NEW)}"
    )
    assert "put that key first" in lines["encryption key"]["remedy"]


def test_secrets_that_are_not_moved_yet_are_counted(house: Shell, database: Path) -> None:
    vandalise(database, f"UPDATE encryption SET primary_key = '{key_id(NEW)}'")
    line = examine(house.having(ENCRYPTION_KEY=f"{NEW},{OLD}"), 0)["encryption key"]
    assert line["detail"] == f"first key {key_id(NEW)}, {2 * EACH} secrets under older keys"


def test_a_restored_backup_is_examined_and_left_as_it_is(house: Shell, database: Path) -> None:
    """It has no write-ahead log yet; opening it for writing would change that in the file."""
    assert house.call("db", "backup", "copy.db").code == 0
    database.unlink()
    shutil.move(house.directory / "copy.db", database)
    assert examine(house, 0)["secrets"]["detail"] == f"{2 * EACH} stored, all open"


def lock(database: Path) -> sqlite3.Connection:
    """Keep everybody out, readers too."""
    connection = sqlite3.connect(database, isolation_level=None)
    connection.execute("PRAGMA locking_mode = EXCLUSIVE")
    connection.execute("BEGIN EXCLUSIVE")
    connection.execute("UPDATE accounts SET name = 'half written'")
    return connection


def test_a_locked_database_is_reported_by_every_command_as_passing_trouble(house: Shell, database: Path) -> None:
    """All side by side, since each waits five seconds for the lock.

    A restored backup (no write-ahead log yet) can be looked at without a lock, but its secrets cannot be opened.
    """
    commands = ["doctor"], ["db", "check"], ["db", "migrate"], ["db", "backup", "copy.db"], ["keys", "status"]
    restored = database.with_name("restored.db")
    shutil.copy(database, restored)
    vandalise(restored, "PRAGMA journal_mode = DELETE")
    with closing(lock(database)), closing(lock(restored)):
        doctor, *others, late = run_together(
            *((house, command) for command in commands),
            (house.having(DATABASE_PATH=restored.name), ["doctor", "--json"]),
        )
    for done in (doctor, late):
        assert (done.code, done.err) == (1, "")
        assert "Another program keeps the database locked: try again shortly" in done.out
    assert failed({line["check"]: line for line in late.document}) == ["secrets", "event bus", "outbox"]
    assert [done.code for done in others] == [5] * len(others)
    assert all("[DATABASE_LOCKED]" in done.err for done in others)
    assert list(fingerprints(house.directory)) == [database.name, restored.name]
    assert failed(examine(house, 0)) == []


def test_with_json_nothing_but_the_document_is_printed(house: Shell) -> None:
    done: Done = house.having(LOG_LEVEL="DEBUG", LOG_FORMAT="json").run("doctor", "--json")
    assert (done.code, done.err) == (0, "")
    assert [set(line) for line in done.document] == [{"check", "outcome", "detail", "remedy"}] * len(done.document)
