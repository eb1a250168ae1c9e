"""No error shows a secret, nor do those behind it, nor what was logged meanwhile."""

import logging
import traceback
from collections.abc import Awaitable, Callable
from pathlib import Path

import attrs
import pytest

from domain.account import OAuthApplication
from domain.errors import IACSGraphError
from tests.modules.auth.seeds import (
    LONG_AGO,
    application,
    canaries,
    token,
)
from tests.secrets.stage import GLOBAL, NEWER, Stage, found_in, open_stage


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
