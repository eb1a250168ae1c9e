"""`auth login` inside one process: how sign-ins that others end are told, and what it waits for."""

import asyncio
import io
import re
from collections import deque
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from adapters.memory.tenant_directory import MemoryTenantDirectory
from application.token_keeper import TokenKeeper
from domain.account import AccountId
from domain.errors import DatabaseError, IACSGraphError
from domain.sign_in import SignIn, SignInId, Stage
from modules.auth.boards import LineBoard
from modules.auth.compose import Auth
from modules.auth.signing_in import LOOK_AGAIN, Login, error_of
from modules.auth.visitors import Visitors
from modules.runtime.exit_codes import exit_code
from tests.application.rig import Rig, open_rig
from tests.contracts.samples import NOW
from tests.fakes.stores import FailingSignInStore

ID = SignInId("1")
SECOND = timedelta(seconds=1)


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    async with open_rig() as opened:
        yield opened


def auth_of(rig: Rig) -> Auth:
    """Return the use cases of the module, on adapters in memory."""
    return Auth(
        accounts=rig.operator,
        service=rig.service,
        keeper=TokenKeeper(service=rig.service, tokens=rig.tokens, clock=rig.clock),
        sign_ins=rig.sign_ins,
        directory=MemoryTenantDirectory(provider=rig.provider),
        clock=rig.clock,
    )


@pytest.mark.parametrize(
    ("reason", "code"),
    [
        ("sign_in_declined", 14),
        ("code_rejected", 14),
        ("replaced", 14),
        ("mfa_required", 4),
        ("blocked_by_policy", 8),
        ("wrong_identity", 8),
        ("provider_timeout", 5),
        ("throttled", 5),
        ("client_secret_expired", 3),
        ("redirect_uri_missing", 3),
        ("database_error", 11),
        ("encryption_error", 13),
        ("stale_key", 13),
    ],
)
def test_a_sign_in_that_failed_gives_the_exit_code_of_what_made_it_fail(reason: str, code: int) -> None:
    ended = SignIn(
        sign_in_id=ID,
        account_id=AccountId("1"),
        stage=Stage.FAILED,
        reason=reason,
        explanation="So it was.",
        begun_at=NOW,
        expires_at=NOW + SECOND,
    )
    error = error_of(ended)
    assert (exit_code(error), error.message) == (code, "So it was.")


async def test_a_database_that_is_busy_for_a_moment_ends_no_sign_in(rig: Rig) -> None:
    kim = await rig.enrol("kim")
    busy = DatabaseError("Busy.", transient=True)
    applies: deque[IACSGraphError | None] = deque([busy, busy])
    object.__setattr__(rig.sign_ins, "store", FailingSignInStore(rig.database, applies=applies))
    running = asyncio.create_task(Login(auth=auth_of(rig), board=LineBoard(io.StringIO()), device=True).run([kim]))
    while not running.done():
        await rig.clock.advance(LOOK_AGAIN)
        for flow in rig.provider.devices.flows.values():
            rig.provider.approve(flow.user_code, "kim@office.example")
    ((result, error),) = running.result()
    assert (result.result, error, len(applies)) == ("signed_in", None, 0)


async def test_of_many_only_a_few_sign_ins_are_open_at_once(rig: Rig) -> None:
    """Each person signs in as soon as the address is shown; the most that were ever open is what is allowed."""
    accounts = [await rig.enrol(f"user{number}") for number in range(23)]
    shown = io.StringIO()
    running = asyncio.create_task(Login(auth=auth_of(rig), board=LineBoard(shown), device=True).run(accounts))
    open_at_once = []
    while not running.done():
        await rig.clock.advance(LOOK_AGAIN)
        open_at_once.append(len(await rig.sign_ins.devices()))
        if open_at_once[-1] >= 10 or rig.provider.devices.begun == len(accounts):
            approve_all(rig, shown.getvalue())
    assert max(open_at_once) == 10
    assert [error for _, error in running.result()] == [None] * len(accounts)


def approve_all(rig: Rig, shown: str) -> None:
    """Let everybody who was shown a code enter it."""
    owners = {
        code: user for user, code in re.findall(r"^(\S+): open \S+ and enter the code (\S+)$", shown, re.MULTILINE)
    }
    for flow in rig.provider.devices.flows.values():
        rig.provider.approve(flow.user_code, f"{owners[flow.user_code]}@office.example")


async def test_only_expected_browsers_are_remembered_and_only_until_they_were_waited_for() -> None:
    """Anybody can come back with any id, for as long as the server runs."""
    visitors = Visitors()
    visitors.came(ID)
    visitors.saw(ID)
    assert not visitors.expected
    visitors.expect(ID)
    await visitors.wait_for(ID, SECOND)
    assert not visitors.expected


async def test_a_browser_that_came_back_is_waited_for_until_it_was_shown_the_result() -> None:
    visitors = Visitors()
    visitors.expect(ID)
    visitors.came(ID)
    waiting = asyncio.create_task(visitors.wait_for(ID, 60 * SECOND))
    await asyncio.sleep(0)
    assert not waiting.done()
    visitors.saw(ID)
    async with asyncio.timeout(60):
        await waiting
    assert not visitors.expected
