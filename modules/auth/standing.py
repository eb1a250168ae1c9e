"""Where accounts stand, from what is stored: no network, no side effect."""

from collections.abc import Sequence
from datetime import datetime

from domain.account import Account
from domain.errors import EncryptionError
from domain.reauth import needed_by
from modules.auth.compose import Stored
from modules.auth.schema import AccountState, OpenSignIn
from ports.held_tokens import HeldToken

COLUMNS = ("user", "status", "reason", "who", "act", "freshness", "expires_at")


async def standing(stored: Stored, user_id: str | None) -> Sequence[AccountState]:
    """Return one account's state, or every account's.

    Raises:
        NotFoundError: the account is unknown.
        DatabaseError: the store failed.
    """
    if user_id is not None:
        return [await _state(stored, await stored.accounts.find(user_id))]
    return [await _state(stored, account) async for account in stored.accounts.every()]


async def under_way(stored: Stored) -> Sequence[OpenSignIn]:
    """Return all sign-ins that are open.

    Raises:
        DatabaseError: the store failed.
    """
    names = {account.account_id: account.user_id async for account in stored.accounts.every()}
    return [
        OpenSignIn(
            user=names.get(each.account_id, each.account_id),
            how="browser" if each.device is None else "device code",
            stage=each.stage.value,
            begun_at=each.begun_at,
            expires_at=each.expires_at,
            user_code=None if each.device is None else each.device.user_code,
            address=None if each.device is None else each.device.verification_uri,
        )
        for each in await stored.sign_ins.open(stored.clock.now())
    ]


async def _state(stored: Stored, account: Account) -> AccountState:
    try:
        held: HeldToken | None = await stored.tokens.read(account.user_id)
        freshness = _described(held, stored.clock.now())
    except EncryptionError:
        held, freshness = None, "unreadable"
    remedy = needed_by(account)
    return AccountState(
        user=account.user_id,
        email=account.email,
        status=account.status.value,
        reason=account.reauth_reason or account.status_reason,
        since=account.status_since,
        who=None if remedy is None else remedy.person.value,
        act=None if remedy is None else remedy.act,
        freshness=freshness,
        expires_at=held.expires_at if held else None,
        refresh_at=held.due_at if held else None,
        waiting_until=held.wait.until if held and held.wait else None,
    )


def _described(held: HeldToken | None, now: datetime) -> str:
    state = None if held is None else held.state(now)
    return "none" if state is None else state.value
