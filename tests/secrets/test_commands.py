"""No command shows a secret, whatever is wrong."""

import asyncio
import json
import shutil
import signal
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import attrs
import click
import pytest

from adapters.fernet.cipher import FernetCipher
from modules.iacsgraph.cli import root
from tests.fakes.hostile_server import answer, open_hostile_server
from tests.modules.account.files import OF_ACCOUNTS, write_canaries
from tests.modules.auth.seeds import (
    LOST,
    NEW,
    OLD,
    canaries,
    seed,
    vandalise,
)
from tests.modules.iacsgraph.shell import Shell
from tests.secrets.stage import GLOBAL, NEWER, USERS, found_in


def leaves(group: click.Group, *above: str) -> Iterator[tuple[str, ...]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from leaves(command, *above, name)
        else:
            yield (*above, name)


WITH_JSON = (("doctor",), ("keys", "status"), ("keys", "rotate"), ("db", "migrate"), ("db", "check"))
OF_AUTH = tuple(
    ("auth", *words)
    for words in (
        ("status",),
        ("status", "--json"),
        ("sessions",),
        ("sessions", "--json"),
        ("token", "ann"),
        ("refresh", "ann", "bob"),
        ("refresh", "ann", "--json"),
        ("link", "ann"),
        ("logout", "ann"),
        ("logout", "ann", "--json"),
    )
)
OF_EVENTS = tuple(
    ("events", *words)
    for words in (
        ("outbox",),
        ("relay", "--once"),
        ("tail", "account.events", "--until-end", "--json"),
    )
)
OF_THE_BUS = tuple(
    ("events", *words)
    for words in (
        ("topics",),
        ("lag",),
        ("publish", "orders", "event.json", "--json"),
        ("dlq", "list"),
        ("dlq", "show", "orders", "some-id"),
        ("dlq", "replay", "orders", "--all", "--json"),
    )
)
"""They read no secret but Kafka's password."""
OF_MAIL = tuple(
    ("mail", *words)
    for words in (
        ("query", "ann", "bob"),
        ("query", "--all", "--json"),
        ("show", "ann", "some-id"),
        ("show", "ann", "some-id", "--json"),
        ("sync", "ann", "bob"),
        ("sync", "--all", "--json"),
        ("reconcile", "ann"),
        ("reconcile", "ann", "--json"),
    )
)
OF_STORED_MAIL = tuple(
    ("mail", *words)
    for words in (
        ("stats",),
        ("stats", "--json"),
        ("process", "--once"),
        ("process", "--json"),
        ("dropped", "list"),
        ("dropped", "list", "ann", "--json"),
        ("dropped", "restore", "some-id", "--json"),
    )
)
COMMANDS = (
    *WITH_JSON,
    *((*command, "--json") for command in WITH_JSON),
    ("db", "backup", "copy.db"),
    *OF_ACCOUNTS,
    *OF_AUTH,
    *OF_EVENTS,
    *OF_MAIL,
    *OF_STORED_MAIL,
)
ELSEWHERE = {
    ("init",),
    ("keys", "generate"),
    ("auth", "keep"),
    ("auth", "login"),
    ("auth", "serve"),
    ("completion",),
    ("demo",),
    ("events", "schema"),
    ("simulator",),
    ("up",),
}
"""Those with tests of their own below, and `up` in `test_up.py`.

`completion`, `demo`, `events schema` and `simulator` read no setting.
"""
OPTIONS = {"--all", "--json", "--once", "--until-end"}
NO_NAMES = OPTIONS | {"copy.db", "account.events", "ann", "ANN", "bob", "orders", "event.json", "some-id"}


def test_every_command_is_looked_at_here() -> None:
    """A new command with secrets in its reach belongs into one of the tables."""
    looked_at = {tuple(word for word in command if word not in NO_NAMES) for command in COMMANDS}
    of_the_bus = {tuple(word for word in command if word not in NO_NAMES) for command in OF_THE_BUS}
    assert looked_at | of_the_bus | ELSEWHERE == set(leaves(root))


def unknown_key(_: Path) -> dict[str, str]:
    return {"ENCRYPTION_KEY": f"{NEW},{LOST}"}


def first_key_differs(_: Path) -> dict[str, str]:
    return {"ENCRYPTION_KEY": f"{NEW},{OLD}"}


def swapped(database: Path) -> dict[str, str]:
    vandalise(database, "UPDATE tokens SET access_token = refresh_token, refresh_token = access_token")
    return {}


def never_encrypted(database: Path) -> dict[str, str]:
    access, refresh, _ = canaries("ann")
    vandalise(database, f"UPDATE tokens SET access_token = '{access}', refresh_token = '{refresh}'")
    return {}


def corrupt(database: Path) -> dict[str, str]:
    whole = database.read_bytes()
    database.write_bytes(whole[:4096] + b"\xff" * (len(whole) - 4096))
    return {}


def newer(database: Path) -> dict[str, str]:
    vandalise(database, "PRAGMA user_version = 99")
    return {}


def secrets_in_wrong_places(_: Path) -> dict[str, str]:
    """Every variable that has a rule holds what breaks it, and a secret."""
    return {
        "ENCRYPTION_KEY": f"{OLD},{NEW} {LOST}",
        "AZURE_CLIENT_ID": f"app {GLOBAL}",
        "AZURE_CLIENT_SECRET": f"{GLOBAL} {NEWER}",
        "AZURE_TENANT_ID": f"tenant {GLOBAL}",
        "AZURE_AUTHORITY": f"ftp://user:{GLOBAL}@host",
        "AZURE_REDIRECT_URI": f"http://user:{GLOBAL}@host",
        "KAFKA_BOOTSTRAP_SERVERS": GLOBAL,
        "KAFKA_SASL_PASSWORD": f"{GLOBAL}\x07",
        "EVENT_BUS": GLOBAL,
        "LOG_LEVEL": GLOBAL,
        "LOG_FORMAT": GLOBAL,
        "TIMEZONE": GLOBAL,
        "AUTH_LOG_BACKUPS": GLOBAL,
    }


def secrets_in_a_malformed_file(database: Path) -> dict[str, str]:
    (database.parent / ".env").write_text(f"ENCRYPTION_KEY {OLD}\nAZURE_CLIENT_SECRET='{GLOBAL}\n{NEWER}\n")
    return {}


WORLDS: dict[str, Callable[[Path], dict[str, str]]] = {
    world.__name__.replace("_", " "): world
    for world in (
        unknown_key,
        first_key_differs,
        swapped,
        never_encrypted,
        corrupt,
        newer,
        secrets_in_wrong_places,
        secrets_in_a_malformed_file,
    )
}


@pytest.fixture(scope="session")
def seeded_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    database = tmp_path_factory.mktemp("secrets") / "x.db"
    seed(database, *USERS)
    return database


@pytest.fixture
def house(tmp_path: Path, seeded_database: Path) -> Shell:
    shutil.copy(seeded_database, tmp_path)
    write_canaries(tmp_path, GLOBAL, NEWER)
    variables = {"DATABASE_PATH": "x.db", "ENCRYPTION_KEY": f"{OLD},{NEW}", "AZURE_CLIENT_SECRET": GLOBAL}
    return Shell(tmp_path, {**variables, "AZURE_CLIENT_ID": "app", "LOG_LEVEL": "DEBUG", "IDENTITY_PROVIDER": "memory"})


def said_by_all(shell: Shell) -> str:
    """Return what every command prints here, as text and as JSON, with logs of both formats."""
    said = ""
    for command in COMMANDS:
        for log_format in ("text", "json"):
            (shell.directory / "copy.db").unlink(missing_ok=True)
            formatted = attrs.evolve(shell, variables={"LOG_FORMAT": log_format, **shell.variables})
            done = formatted.call(*command)
            assert done.said, command
            said += done.said
    return said


def test_where_all_is_well_no_command_shows_a_secret(house: Shell) -> None:
    assert found_in(said_by_all(house)) == []


@pytest.mark.parametrize("name", WORLDS)
def test_whatever_is_wrong_no_command_shows_a_secret(house: Shell, name: str) -> None:
    variables = WORLDS[name](house.directory / "x.db")
    assert found_in(said_by_all(house.having(**variables))) == []


def test_a_new_key_is_shown_by_generate_and_stands_in_the_new_env_and_nowhere_else(tmp_path: Path) -> None:
    shell = Shell(tmp_path)
    (key,) = shell.call("keys", "generate").out.split()
    FernetCipher([key])
    done = shell.call("init")
    (written,) = (
        line.removeprefix("ENCRYPTION_KEY=")
        for line in (tmp_path / ".env").read_text().splitlines()
        if line.startswith("ENCRYPTION_KEY=")
    )
    assert written not in done.said + shell.call("init").said + said_by_all(shell)


@pytest.mark.parametrize("protocol", ["SASL_SSL", "PLAINTEXT"])
def test_a_kafka_that_is_not_there_learns_no_password_nor_does_anybody_else(house: Shell, protocol: str) -> None:
    (house.directory / "event.json").write_text("{}")
    shell = house.having(
        KAFKA_BOOTSTRAP_SERVERS="127.0.0.1:1",
        KAFKA_SECURITY_PROTOCOL=protocol,
        KAFKA_SASL_MECHANISM="PLAIN",
        KAFKA_SASL_USERNAME="kim",
        KAFKA_SASL_PASSWORD=GLOBAL,
        KAFKA_LOG_LEVEL="DEBUG",
    )
    for command in (*OF_EVENTS, *OF_THE_BUS, ("doctor",)):
        done = shell.call(*command)
        assert done.said
        assert found_in(done.said) == []


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_a_keeper_shows_no_secret_in_any_log(house: Shell, log_format: str) -> None:
    vandalise(
        house.directory / "x.db", "UPDATE accounts SET client_id = NULL, client_secret = NULL WHERE user_id = 'bob'"
    )
    shell = house.having(IDENTITY_PROVIDER="memory", AUTH_LOG_FILE="auth.log", LOG_FORMAT=log_format)
    with shell.start("auth", "keep") as keeper:
        keeper.wait_for("Application app-of-ann is not registered")
        keeper.wait_for("Application app is not registered")
        done = keeper.stop(signal.SIGTERM)
    assert found_in(done.said) == []
    assert found_in((house.directory / "auth.log").read_text()) == []


async def test_a_graph_that_repeats_the_token_in_its_refusal_is_not_quoted(tmp_path: Path) -> None:
    """The account's token is at hand, so nobody but the mailbox's server is asked."""
    access, _, _ = canaries("ann")
    await asyncio.to_thread(seed, tmp_path / "x.db", "ann", age=timedelta(0))
    refusal = {"error": {"code": f"Error of {access}", "message": f"Bearer {access} is not wanted, nor {access}"}}
    async with open_hostile_server() as graph:
        graph.otherwise = answer(403, json.dumps(refusal))
        shell = Shell(
            tmp_path,
            {
                "DATABASE_PATH": "x.db",
                "ENCRYPTION_KEY": OLD,
                "AZURE_GRAPH_URL": graph.url,
                "AZURE_AUTHORITY": graph.url,
                "LOG_LEVEL": "DEBUG",
            },
        )
        for command in OF_MAIL:
            done = await asyncio.to_thread(shell.call, *(word for word in command if word != "bob"))
            assert done.code == 8, done.said
            assert found_in(done.said) == []
        assert any(access in request.headers["authorization"] for request in graph.received), "it was sent"
