"""No secret is readable where it does not belong: canaries go through every store, error, log line and command.

None of the canaries has the shape of a secret (but for encryption keys, which must), so that little here is owed to the
redaction of output.
"""

import ast
import logging
import shutil
import signal
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from pprint import pformat

import attrs
import click
import pytest

from adapters.fernet.cipher import FernetCipher
from adapters.memory.identity_provider import MemoryIdentityProvider
from adapters.sqlite.database import Database, open_database
from adapters.system.clock import SystemClock
from adapters.system.identifiers import SystemIdentifiers
from application.access import Need
from domain.account import OAuthApplication
from domain.errors import IACSGraphError
from domain.token import Grant
from modules.auth.compose import Auth, wire
from modules.iacsgraph.cli import root
from modules.runtime.environment import Environment
from modules.runtime.redaction import redact_text
from modules.runtime.settings import AzureSettings, EncryptionSettings, OpenAISettings
from tests.contracts.samples import enrolment, updated
from tests.modules.auth.seeds import (
    LONG_AGO,
    LOST,
    NEW,
    OLD,
    application,
    canaries,
    rows,
    seed,
    settings,
    sign_in,
    token,
    vandalise,
)
from tests.modules.iacsgraph.shell import Shell

ROOT = Path(__file__).parents[1]
USERS = ("ann", "bob")
GLOBAL = "canary-global-client-secret"
NEWER = "canary-newer-client-secret"
SECRETS = (*canaries("ann"), *canaries("bob"), GLOBAL, NEWER, OLD, NEW, LOST)


def found_in(text: str | bytes) -> list[str]:
    """Return the secrets that stand readable in the text."""
    whole = text.encode(errors="surrogateescape") if isinstance(text, str) else text
    return [secret for secret in SECRETS if secret.encode() in whole]


@attrs.frozen(kw_only=True)
class Stage:
    """A program with two accounts that are signed in, and the provider that knows them."""

    database: Database
    provider: MemoryIdentityProvider
    auth: Auth


@asynccontextmanager
async def open_stage(path: Path) -> AsyncIterator[Stage]:
    """Open the program on a new database."""
    provider = MemoryIdentityProvider(clock=SystemClock(), identifiers=SystemIdentifiers())
    for user in USERS:
        provider.register(application(user))
        provider.add_user(f"{user}@office.example")
    async with open_database(path) as database, wire(database, provider, settings(path, OLD)) as auth:
        await sign_in(auth, *USERS)
        yield Stage(database=database, provider=provider, auth=auth)


# --- objects ---


def objects() -> dict[str, object]:
    """Return one of everything that holds a secret."""
    signed = token("ann", LONG_AGO)
    change = enrolment(app=application("ann"))
    return {
        "token": signed,
        "access token": signed.access,
        "grant": Grant(token=signed),
        "application": application("ann"),
        "account": change.after,
        "change": updated(change.after, application=application("bob")),
        "need": Need(rejected=canaries("ann")[0]),
        "cipher": FernetCipher([OLD, NEW]),
        "auth settings": attrs.evolve(
            settings(Path("x.db"), OLD, NEW), azure=AzureSettings(client_id="app", client_secrets=(GLOBAL, NEWER))
        ),
        "key settings": EncryptionSettings(keys=(OLD, NEW)),
        "assistant settings": OpenAISettings(api_key=GLOBAL),
        "environment": Environment.of({"ENCRYPTION_KEY": OLD, "AZURE_CLIENT_SECRET": GLOBAL}),
    }


@pytest.mark.parametrize("name", objects())
def test_no_object_shows_its_secrets(name: str) -> None:
    shown = objects()[name]
    assert found_in(f"{shown!r} {shown} {pformat(shown)} {[shown]}") == []


async def test_no_use_case_shows_the_secrets_of_what_it_is_made_of(tmp_path: Path) -> None:
    async with open_stage(tmp_path / "x.db") as stage:
        await stage.auth.service.is_token_valid("ann")
        held = await stage.auth.service.refresher.tokens.read("ann", SystemClock().now())
        shown = f"{stage.database!r} {stage.auth.accounts!r} {stage.auth.service.cache!r} {held!r}"
    assert found_in(shown) == []


# --- files ---


async def live(stage: Stage) -> None:
    """Let an account go through everything that writes."""
    accounts, service = stage.auth.accounts, stage.auth.service
    changed = attrs.evolve(application("ann"), client_secrets=(NEWER, canaries("ann")[2]))
    await accounts.update("ann", actor="test", application=changed, name="Ann Again")
    await service.store_tokens("ann", token("ann", LONG_AGO))
    await accounts.lock("ann", actor="test", reason="a reason")
    await accounts.unlock("ann", actor="test", reason="a reason")
    with pytest.raises(IACSGraphError):
        await service.get_valid_token("bob")
    await service.revoke("bob")


async def test_no_file_of_the_database_holds_a_readable_secret(tmp_path: Path) -> None:
    """The database, its write-ahead log while it is open, and a backup. A name must be found: the search works."""
    async with open_stage(tmp_path / "x.db") as stage:
        await live(stage)
        await stage.database.backup(tmp_path / "copy.db")
        open_files = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert sorted(open_files) == ["copy.db", "x.db", "x.db-shm", "x.db-wal"]
    assert found_in(b"".join(open_files.values())) == []
    assert found_in((tmp_path / "x.db").read_bytes()) == []
    assert b"Ann Again" in open_files["x.db-wal"]
    assert b"Ann Again" in open_files["copy.db"]


async def test_no_audit_entry_and_no_event_holds_a_readable_secret(tmp_path: Path) -> None:
    async with open_stage(tmp_path / "x.db") as stage:
        await live(stage)
        trails = [await stage.auth.accounts.audit_trail(user) for user in USERS]
    audit, outbox = (rows(tmp_path / "x.db", f"SELECT * FROM {table}") for table in ("audit", "outbox"))
    assert found_in(f"{trails!r} {audit!r} {outbox!r}") == []
    assert '["application.client_secrets", "***", "***"]' in str(audit), "that it changed is told"
    assert len(audit) == len(outbox) > 6


# --- errors and logs ---


async def wrong_secret(stage: Stage) -> None:
    stage.provider.register(attrs.evolve(application("ann"), client_secrets=("another",)))
    await stage.auth.service.refresh_token("ann")


async def unknown_application(stage: Stage) -> None:
    stage.provider.applications.clear()
    await stage.auth.service.refresh_token("ann")


async def unknown_grant(stage: Stage) -> None:
    await stage.auth.service.refresh_token("ann")


async def rejected_token(stage: Stage) -> None:
    await stage.auth.service.get("ann", rejected=canaries("ann")[0])


async def locked_account(stage: Stage) -> None:
    await stage.auth.accounts.lock("ann", actor="test", reason="a reason")
    await stage.auth.service.get_valid_token("ann")


async def unknown_account(stage: Stage) -> None:
    await stage.auth.service.store_tokens("nobody", token("ann", LONG_AGO))


async def taken_user_id(stage: Stage) -> None:
    await stage.auth.accounts.enrol(
        user_id="ANN", email="a@b.example", name="A", actor="test", application=application("ann")
    )


async def broken_schema(stage: Stage) -> None:
    await stage.database.execute("DROP TABLE outbox")
    await stage.auth.accounts.update("ann", actor="test", application=application("bob"))


async def broken_constraint(stage: Stage) -> None:
    await stage.database.insert("accounts", {"client_secret": canaries("ann")[2]})


async def unknown_column(stage: Stage) -> None:
    await stage.database.update("tokens", {"no_such_column": canaries("ann")[0]}, "account_id = ?", ("x",))


async def damaged_secret(stage: Stage) -> None:
    await stage.database.execute("UPDATE tokens SET access_token = substr(access_token, 1, 60)")
    await stage.auth.service.get_valid_token("ann")


async def moved_secret(stage: Stage) -> None:
    await stage.database.execute("UPDATE tokens SET access_token = refresh_token")
    await stage.auth.service.get_valid_token("ann")


async def secret_that_was_never_encrypted(stage: Stage) -> None:
    await stage.database.execute("UPDATE tokens SET access_token = ?", (canaries("ann")[0],))
    await stage.auth.service.get_valid_token("ann")


async def stale_key(stage: Stage) -> None:
    await stage.database.execute("UPDATE encryption SET primary_key = 'deadbeef'")
    await stage.auth.service.store_tokens("ann", token("ann", LONG_AGO))


async def naive_time(stage: Stage) -> None:
    access = token("ann", LONG_AGO).access
    attrs.evolve(access, expires_at=access.expires_at.replace(tzinfo=None))
    await stage.auth.service.is_token_valid("ann")


async def blank_secret(stage: Stage) -> None:
    application = OAuthApplication(client_id="app", tenant_id="tenant", client_secrets=(GLOBAL, " "))
    await stage.auth.accounts.update("ann", actor="test", application=application)


ERRORS: dict[str, Callable[[Stage], Awaitable[None]]] = {
    fault.__name__.replace("_", " "): fault
    for fault in (
        wrong_secret,
        unknown_application,
        unknown_grant,
        rejected_token,
        locked_account,
        unknown_account,
        taken_user_id,
        broken_schema,
        broken_constraint,
        unknown_column,
        damaged_secret,
        moved_secret,
        secret_that_was_never_encrypted,
        stale_key,
        naive_time,
        blank_secret,
    )
}


def chain(error: BaseException) -> list[BaseException]:
    """Return the error and all that stand behind it."""
    found: list[BaseException] = []
    waiting: list[BaseException | None] = [error]
    while waiting:
        following = waiting.pop()
        if following is not None and following not in found:
            found.append(following)
            waiting += [following.__cause__, following.__context__]
    return found


def told(error: BaseException) -> str:
    """Return everything that an error and those behind it say."""
    facts = [f"{each!r} {each} {vars(each)}" for each in chain(error)]
    return "\n".join([*facts, *traceback.format_exception(error)])


@pytest.mark.parametrize("name", ERRORS)
async def test_no_error_and_no_raw_log_record_shows_a_secret(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    """Whatever was logged at any level, libraries included, before any redaction."""
    caplog.set_level(logging.DEBUG)
    with pytest.raises(IACSGraphError) as caught:
        async with open_stage(tmp_path / "x.db") as stage:
            await ERRORS[name](stage)
    assert found_in(told(caught.value)) == []
    assert found_in(caplog.text + str([vars(record) for record in caplog.records])) == []


async def test_the_last_secret_of_several_is_no_more_shown_than_the_first(tmp_path: Path) -> None:
    async with open_stage(tmp_path / "x.db") as stage:
        await stage.auth.accounts.update(
            "ann", actor="test", application=attrs.evolve(application("ann"), client_secrets=(GLOBAL, NEWER))
        )
        with pytest.raises(IACSGraphError, match="No client secret of application app-of-ann") as caught:
            await stage.auth.service.refresh_token("ann")
    assert found_in(told(caught.value)) == []


# --- commands ---


def leaves(group: click.Group, *above: str) -> Iterator[tuple[str, ...]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from leaves(command, *above, name)
        else:
            yield (*above, name)


WITH_JSON = (("doctor",), ("keys", "status"), ("keys", "rotate"), ("db", "migrate"), ("db", "check"))
COMMANDS = (*WITH_JSON, *((*command, "--json") for command in WITH_JSON), ("db", "backup", "copy.db"))
ELSEWHERE = {("init",), ("keys", "generate"), ("auth", "keep"), ("completion",), ("demo",)}
"""Those with tests of their own below; `completion` and `demo` read no setting."""


def test_every_command_is_looked_at_here() -> None:
    """A new command with secrets in its reach belongs into one of the tables."""
    looked_at = {tuple(word for word in command if word not in {"--json", "copy.db"}) for command in COMMANDS}
    assert looked_at | ELSEWHERE == set(leaves(root))


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
    variables = {"DATABASE_PATH": "x.db", "ENCRYPTION_KEY": f"{OLD},{NEW}", "AZURE_CLIENT_SECRET": GLOBAL}
    return Shell(tmp_path, {**variables, "AZURE_CLIENT_ID": "app", "LOG_LEVEL": "DEBUG"})


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


# --- redaction, the last net, must not spoil what is meant to be read ---


def texts(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Return the texts of a program that are not documentation and not SQL, with their lines."""
    documentation = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    parts = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in ast.walk(tree):
        match node:
            case ast.JoinedStr():
                whole = "".join(str(part.value) if isinstance(part, ast.Constant) else "x" for part in node.values)
            case ast.Constant(value=str() as whole) if id(node) not in documentation | parts:
                pass
            case _:
                continue
        if not whole.startswith(("UPDATE ", "INSERT ", "SELECT ")):
            yield node.lineno, whole


@pytest.mark.parametrize("package", ["domain", "ports", "application", "adapters", "modules"])
def test_redaction_leaves_every_message_of_ours_as_it_is(package: str) -> None:
    """`ENCRYPTION_KEY: put it back` would become `ENCRYPTION_KEY: *** it back`, as if `put` were the key."""
    spoilt = [
        f"{path.relative_to(ROOT)}:{line}: {redact_text(text)}"
        for path in sorted((ROOT / package).rglob("*.py"))
        for line, text in texts(ast.parse(path.read_text(encoding="utf-8")))
        if redact_text(text) != text
    ]
    assert spoilt == []
