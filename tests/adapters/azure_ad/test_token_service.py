"""Token service, SQLite, the adapter and the simulated Entra ID together: the life of one account's grant."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path

import attrs
import pytest

from adapters.cloudevents.event_codec import CloudEventCodec
from adapters.fernet.cipher import FernetCipher, generate_key
from adapters.memory.authentication_log import MemoryAuthenticationLog
from adapters.sqlite.account_store import SqliteAccountStore
from adapters.sqlite.database import open_database
from adapters.sqlite.token_store import SqliteTokenStore
from adapters.system.clock import SystemClock
from adapters.system.identifiers import SystemIdentifiers
from application.accounts import Accounts
from application.applications import Applications
from application.refresher import Refresher
from application.token_service import TokenService, open_token_service
from domain.account import AccountStatus
from domain.errors import InvalidClientError, PermissionDeniedError, ReauthenticationRequiredError, TokenRefreshError
from modules.simulator.faults import aadsts, status
from modules.simulator.simulator import Simulator
from tests.contracts.azure_benches import SimulatorBench, open_simulator_bench
from tests.contracts.provider_bench import VERIFIER, asking

USER = "ann"


class SimulatedClock(SystemClock):
    """The machine's clock, as far ahead as the simulator's."""

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator

    def now(self) -> datetime:
        """Return the simulator's time."""
        return self._simulator.clock.now()


@attrs.frozen(kw_only=True)
class Stage:
    """One process with one account."""

    bench: SimulatorBench
    accounts: Accounts
    service: TokenService

    async def sign_in(self) -> str:
        """Sign Ann in, and return her access token."""
        application, request = self.bench.confidential, asking()
        response = await self.bench.authorize(application, request)
        grant = await self.bench.provider.exchange_code(
            application, application.client_secrets[0], response, VERIFIER, request
        )
        await self.service.store_tokens(
            USER, grant.token, user_name="Ann", email=self.bench.username, identity=grant.identity
        )
        return grant.token.access.value

    async def expire(self) -> None:
        """Let the access token expire."""
        await self.bench.advance(timedelta(hours=1, minutes=1))

    def refreshes(self) -> int:
        """Return how often Entra ID was asked to refresh."""
        asked = self.bench.simulator.requests.of("token")
        return sum(request.form["grant_type"] == "refresh_token" for request in asked)


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with open_simulator_bench() as bench, _open_stage(bench, tmp_path / "test.db") as opened:
        yield opened


@asynccontextmanager
async def _open_stage(bench: SimulatorBench, path: Path) -> AsyncIterator[Stage]:
    clock, identifiers, log = SimulatedClock(bench.simulator), SystemIdentifiers(), MemoryAuthenticationLog()
    cipher, codec = FernetCipher([generate_key()]), CloudEventCodec()
    async with open_database(path) as database:
        accounts = SqliteAccountStore(database, cipher, codec)
        refresher = Refresher(
            tokens=SqliteTokenStore(database, cipher, codec),
            provider=bench.provider,
            clock=clock,
            identifiers=identifiers,
            log=log,
            applications=Applications(default=bench.confidential),
        )
        async with open_token_service(accounts, refresher) as service:
            operator = Accounts(store=accounts, log=log, clock=clock, identifiers=identifiers)
            yield Stage(bench=bench, accounts=operator, service=service)


async def test_a_grant_lives_on_by_refreshes_until_it_is_revoked_and_begins_anew(stage: Stage) -> None:
    first = await stage.sign_in()
    assert (await stage.service.get_valid_token(USER)).value == first
    for expected in (1, 2, 3):
        await stage.expire()
        token = await stage.service.get_valid_token(USER)
        assert token.value != first
        assert stage.refreshes() == expected, "in strict mode a refresh token works once"
    await stage.bench.revoke()
    await stage.expire()
    with pytest.raises(ReauthenticationRequiredError) as caught:
        await stage.service.get_valid_token(USER)
    account = await stage.accounts.find(USER)
    assert (account.status, account.reauth_reason) == (AccountStatus.REAUTH_REQUIRED, "grant_revoked")
    assert "its owner must sign in again" in str(caught.value)
    assert "AADSTS50173" in str(caught.value)
    again = await stage.sign_in()
    assert (await stage.service.get_valid_token(USER)).value == again
    assert (await stage.accounts.find(USER)).status is AccountStatus.ACTIVE


@pytest.mark.parametrize(
    ("code", "reason", "remedy"),
    [
        (50076, "mfa_required", "owner must sign in again and confirm with a second factor"),
        (50055, "password_expired", "owner must set a new password"),
        (53003, "blocked_by_policy", "administrator must allow the sign-in"),
        (50057, "user_disabled", "administrator must enable the person's account"),
        (65001, "consent_required", "owner must sign in again and accept the permissions"),
    ],
)
async def test_a_lost_grant_says_who_must_do_what(stage: Stage, code: int, reason: str, remedy: str) -> None:
    await stage.sign_in()
    await stage.expire()
    stage.bench.simulator.faults.add(aadsts(code))
    with pytest.raises(ReauthenticationRequiredError) as caught:
        await stage.service.get_valid_token(USER)
    assert caught.value.reason == reason
    assert remedy in str(caught.value)
    assert (await stage.accounts.find(USER)).reauth_reason == reason


async def test_a_fault_of_the_application_or_of_the_moment_costs_nobody_a_sign_in(stage: Stage) -> None:
    await stage.sign_in()
    await stage.expire()
    fault = stage.bench.simulator.faults.add(status(429, retry_after=120))
    with pytest.raises(TokenRefreshError) as caught:
        await stage.service.get_valid_token(USER)
    assert caught.value.transient
    stage.bench.simulator.faults.remove(fault)
    await stage.bench.advance(timedelta(minutes=3))
    for secret in stage.bench.simulator.directory.application("web").secrets:
        secret.expires_at = stage.bench.now() - timedelta(days=1)
    with pytest.raises((InvalidClientError, TokenRefreshError)) as refused:
        await stage.service.get_valid_token(USER)
    assert not any(secret in str(refused.value) for secret in stage.bench.confidential.client_secrets)
    assert (await stage.accounts.find(USER)).status is AccountStatus.ACTIVE


async def test_a_locked_account_is_not_even_asked_about(stage: Stage) -> None:
    await stage.sign_in()
    await stage.accounts.lock(USER, actor="test", reason="test")
    await stage.expire()
    with pytest.raises(PermissionDeniedError):
        await stage.service.get_valid_token(USER)
    assert stage.refreshes() == 0
