"""`auth login`, from its options to what it prints."""

import os
import sys
import webbrowser
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import attrs
from rich.console import Console

from domain.account import Account, AccountId, AuthFlow
from domain.errors import IACSGraphError
from modules.auth.beginning import refuse_practice
from modules.auth.boards import LineBoard, LiveBoard
from modules.auth.compose import Auth, compose
from modules.auth.listening import listening
from modules.auth.schema import SignInResult
from modules.auth.settings import AuthSettings
from modules.auth.signing_in import Board, Login
from modules.auth.visitors import Visitors
from modules.runtime.exit_codes import exit_code
from modules.runtime.output import print_error, print_rows
from modules.runtime.schema import make_converter


@attrs.frozen(kw_only=True)
class Wishes:
    """What the command line asks for; no users means all that may be used."""

    users: tuple[str, ...]
    needing: bool
    device: bool
    browser: bool
    as_json: bool


async def login_all(settings: AuthSettings, wishes: Wishes) -> int:
    """Sign in who is asked for; return the exit code: the first failure's.

    Raises: what concerns all, such as settings and the database.
    """
    refuse_practice(settings)
    async with compose(settings) as auth:
        accounts, unknown = await _accounts(auth, wishes)
        for error in unknown:
            print_error(error, as_json=wishes.as_json)
        ended = await _sign_in(auth, settings, wishes, accounts)
    if not accounts and not wishes.as_json:
        sys.stderr.write("Nobody has to sign in.\n" if not unknown else "")
        return exit_code(unknown[0]) if unknown else 0
    rows = make_converter().unstructure([result for result, _ in ended])
    print_rows(rows, as_json=wishes.as_json, columns=("user", "result", "detail"))
    failures = [*unknown, *(error for _, error in ended if error is not None)]
    return exit_code(failures[0]) if failures else 0


async def _accounts(auth: Auth, wishes: Wishes) -> tuple[Sequence[Account], Sequence[IACSGraphError]]:
    if not wishes.users:
        everybody = [account async for account in auth.accounts.every() if account.usable]
        return [each for each in everybody if each.reauth_reason is not None or not wishes.needing], ()
    found: dict[AccountId, Account] = {}
    unknown: list[IACSGraphError] = []
    for user in dict.fromkeys(wishes.users):
        try:
            account = await auth.accounts.find(user)
            found.setdefault(account.account_id, account)
        except IACSGraphError as error:
            unknown.append(error)
    return list(found.values()), unknown


async def _sign_in(
    auth: Auth, settings: AuthSettings, wishes: Wishes, accounts: Sequence[Account]
) -> list[tuple[SignInResult, IACSGraphError | None]]:
    redirect_uris = await _redirect_uris(auth, wishes, accounts)
    visitors = Visitors()
    async with listening(auth, redirect_uris, settings.provider.authority, visitors) as redirects:
        with _board() as board:
            login = Login(
                auth=auth,
                board=board,
                device=wishes.device,
                redirects=redirects,
                visitors=visitors,
                open_browser=_browser() if wishes.browser else None,
            )
            return await login.run(accounts)


async def _redirect_uris(auth: Auth, wishes: Wishes, accounts: Sequence[Account]) -> Sequence[str]:
    """Return those of the accounts whose owners will use a browser; what is wrong with the others is told later."""
    if wishes.device:
        return ()
    found: list[str] = []
    for account in accounts:
        try:
            application = await auth.sign_ins.application_of(account.user_id)
        except IACSGraphError:
            continue
        if application.flow is AuthFlow.AUTHORIZATION_CODE and application.redirect_uri is not None:
            found.append(application.redirect_uri)
    return found


@contextmanager
def _board() -> Iterator[Board]:
    """Standard error: standard output is for the result."""
    if not sys.stderr.isatty():
        yield LineBoard(sys.stderr)
        return
    board = LiveBoard(Console(stderr=True))
    with board.live:
        yield board


def _browser() -> Callable[[str], None] | None:
    """Return what opens a browser, where there is a screen for it: one in this terminal would be in the way."""
    has_screen = sys.platform == "darwin" or any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY"))
    if not (has_screen or os.environ.get("BROWSER")):
        return None

    def open_browser(url: str) -> None:
        webbrowser.open(url)

    return open_browser
