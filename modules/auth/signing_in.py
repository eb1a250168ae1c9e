"""`auth login`: many sign-ins at once, each from its beginning to the stored token, told on a board."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from typing import Protocol

import attrs

from domain.account import Account, AuthFlow
from domain.errors import (
    APIConnectionError,
    AuthenticationError,
    ConfigurationError,
    DatabaseError,
    EncryptionError,
    IACSGraphError,
    PermissionDeniedError,
    PolicyBlockedError,
    ReauthenticationRequiredError,
    StaleKeyError,
)
from domain.reauth import REMEDIES, Person
from domain.sign_in import OPEN_STAGES, SignIn, Stage, as_of
from modules.auth.compose import Auth
from modules.auth.reasons import OPERATOR_CODES, PROVIDER_CODES, STORE_CODES
from modules.auth.schema import SignInResult
from modules.auth.visitors import Visitors

AT_ONCE = 10
LOOK_AGAIN = timedelta(milliseconds=250)
SHOWN_WITHIN = timedelta(seconds=5)
"""How long a browser has to fetch the page that says how its sign-in ended."""
CLEAN_UP_WITHIN = 3.0
"""Seconds that giving up the open sign-ins may take after an interruption."""

_KINDS: Mapping[str, type[IACSGraphError]] = {
    **dict.fromkeys(PROVIDER_CODES, APIConnectionError),
    **dict.fromkeys(OPERATOR_CODES, ConfigurationError),
    **dict.fromkeys(STORE_CODES, DatabaseError),
    "encryption_error": EncryptionError,
    "stale_key": StaleKeyError,
    "wrong_identity": PermissionDeniedError,
}
"""Errors of another kind than AuthenticationError, by the reason that is stored, besides those of `domain.reauth`."""


class Board(Protocol):
    """Where people see how their sign-ins stand."""

    def address(self, user_id: str, url: str) -> None:
        """Tell where to sign in."""

    def code(self, user_id: str, address: str, user_code: str) -> None:
        """Tell where to type which code."""

    def state(self, user_id: str, text: str) -> None:
        """Tell how it stands."""


@attrs.frozen(kw_only=True)
class Login:
    """`redirects` maps a redirect URI to the one that is really listened at; `open_browser` None leaves it to people.

    `device` asks for a device code even where the account is enrolled for a browser.
    """

    auth: Auth
    board: Board
    device: bool = False
    redirects: Mapping[str, str] = attrs.field(factory=dict)
    visitors: Visitors = attrs.field(factory=Visitors)
    open_browser: Callable[[str], None] | None = None

    async def run(self, accounts: Sequence[Account]) -> list[tuple[SignInResult, IACSGraphError | None]]:
        """Sign all in, a few at a time; return how each ended, in their order. One failing never stops the others."""
        gate = asyncio.Semaphore(AT_ONCE)
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self._one(account, gate)) for account in accounts]
        return [task.result() for task in tasks]

    async def _one(self, account: Account, gate: asyncio.Semaphore) -> tuple[SignInResult, IACSGraphError | None]:
        user_id = account.user_id
        if not account.usable:
            self.board.state(user_id, f"is {account.status}: the sign-in is stored, but no token is handed out")
        if gate.locked():
            self.board.state(user_id, "waiting for its turn")
        async with gate:
            try:
                result, detail = await self._sign_in(account)
            except IACSGraphError as error:
                self.board.state(user_id, f"failed: {error.message}")
                failed = SignInResult(user=user_id, result="failed", detail=error.message, error_code=error.error_code)
                return failed, error
        self.board.state(user_id, detail)
        return SignInResult(user=user_id, result=result, detail=detail), None

    async def _sign_in(self, account: Account) -> tuple[str, str]:
        application = await self.auth.sign_ins.application_of(account.user_id)
        if application.flow is AuthFlow.CLIENT_CREDENTIALS:
            await self.auth.service.refresh_token(account.user_id)
            return "token_received", "token received: this application acts by itself, nobody signs in"
        if self.device or application.flow is AuthFlow.DEVICE_CODE:
            await self._by_device(account.user_id)
        else:
            await self._by_browser(account.user_id, application.redirect_uri)
        after = await self.auth.accounts.find(account.user_id)
        return "signed_in", f"signed in as {after.email}"

    async def _by_browser(self, user_id: str, redirect_uri: str | None) -> None:
        target = None if redirect_uri is None else self.redirects.get(redirect_uri, redirect_uri)
        departure = await self.auth.sign_ins.begin(user_id, redirect_uri=target)
        self.visitors.expect(departure.sign_in.sign_in_id)
        async with self._given_up_if_interrupted(departure.sign_in):
            self.board.address(user_id, departure.url)
            self.board.state(user_id, "waiting for the browser")
            if self.open_browser is not None:
                await asyncio.to_thread(self.open_browser, departure.url)
            ended = await self._until_ended(departure.sign_in, self._look)
            await self.visitors.wait_for(ended.sign_in_id, SHOWN_WITHIN)
        _check(ended)

    async def _by_device(self, user_id: str) -> None:
        sign_in = await self.auth.sign_ins.begin_device(user_id)
        async with self._given_up_if_interrupted(sign_in):
            if sign_in.device is not None:
                self.board.code(user_id, sign_in.device.verification_uri, sign_in.device.user_code)
            self.board.state(user_id, "waiting for the code to be entered")
            ended = await self._until_ended(sign_in, self._poll)
        _check(ended)

    @asynccontextmanager
    async def _given_up_if_interrupted(self, sign_in: SignIn) -> AsyncIterator[None]:
        try:
            yield
        except asyncio.CancelledError:
            with suppress(IACSGraphError, TimeoutError):
                async with asyncio.timeout(CLEAN_UP_WITHIN):
                    await self.auth.sign_ins.cancel(sign_in.sign_in_id)
            raise

    async def _until_ended(self, sign_in: SignIn, look: Callable[[SignIn], Awaitable[SignIn]]) -> SignIn:
        """Wait for the end, whichever process brings it about; a database that is busy for a while is waited out."""
        while sign_in.stage in OPEN_STAGES:
            await self.auth.clock.sleep(LOOK_AGAIN)
            try:
                sign_in = await look(sign_in)
            except DatabaseError as error:
                if not error.transient:
                    raise
                sign_in = as_of(sign_in, self.auth.clock.now())
        return sign_in

    async def _look(self, sign_in: SignIn) -> SignIn:
        return await self.auth.sign_ins.find(sign_in.sign_in_id)

    async def _poll(self, sign_in: SignIn) -> SignIn:
        """Ask the provider when it is time to; another process may have been quicker, which the store then knows."""
        if sign_in.device is not None and sign_in.device.poll_at <= self.auth.clock.now():
            with suppress(AuthenticationError):
                sign_in, _ = await self.auth.sign_ins.poll(sign_in.sign_in_id)
        return await self._look(sign_in)


def _check(ended: SignIn) -> None:
    if ended.stage is not Stage.DONE:
        raise error_of(ended)


def error_of(sign_in: SignIn) -> IACSGraphError:
    """Return why a sign-in ended without a token, as an error."""
    reason = sign_in.reason or "failed"
    message = sign_in.explanation or "The sign-in was cancelled or replaced by a newer one."
    if reason in REMEDIES:
        administrator = REMEDIES[reason].person is Person.ADMINISTRATOR
        return (PolicyBlockedError if administrator else ReauthenticationRequiredError)(message, reason=reason)
    return _KINDS.get(reason, AuthenticationError)(message, error_code=reason.upper())
