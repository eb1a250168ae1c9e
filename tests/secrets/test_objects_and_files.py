"""No object and no file shows a secret."""

from pathlib import Path
from pprint import pformat

import attrs
import pytest

from adapters.fernet.cipher import FernetCipher
from adapters.system.clock import SystemClock
from application.access import Need
from domain.errors import IACSGraphError
from domain.token import Grant
from modules.runtime.environment import Environment
from modules.runtime.settings import AzureSettings, EncryptionSettings, OpenAISettings
from tests.contracts.samples import enrolment, updated
from tests.modules.auth.seeds import (
    LONG_AGO,
    NEW,
    OLD,
    application,
    canaries,
    rows,
    settings,
    token,
)
from tests.secrets.stage import GLOBAL, NEWER, USERS, Stage, found_in, open_stage


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
