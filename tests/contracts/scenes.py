"""Steps that many contract tests begin with."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

import pytest

from domain.account import Account, OAuthApplication
from domain.change import AccountChange
from domain.errors import IACSGraphError
from domain.refreshing import Wait
from domain.token import Token
from ports.held_tokens import HeldToken
from ports.token_store import Lease
from tests.contracts.rigs import Rig
from tests.contracts.samples import LEASE, NOW, due, enrolment, signing_in, token


async def enrol(rig: Rig, user_id: str = "ann", app: OAuthApplication | None = None) -> Account:
    """Add an account."""
    change = enrolment(user_id, app)
    await rig.accounts.save(change)
    return change.after


async def save(rig: Rig, change: AccountChange) -> Account:
    """Store a change and return the account after it."""
    await rig.accounts.save(change)
    return change.after


async def sign_in(
    rig: Rig, user_id: str = "ann", app: OAuthApplication | None = None, stored: Token | None = None
) -> HeldToken:
    """Add an account whose owner has signed in."""
    account = await enrol(rig, user_id, app)
    await rig.tokens.replace(account.account_id, stored or token(), due(), signing_in())
    return await held(rig, user_id)


async def held(rig: Rig, user_id: str = "ann", now: datetime = NOW) -> HeldToken:
    """Read an account that exists."""
    found = await rig.tokens.read(user_id, now)
    assert found is not None
    return found


async def lease(
    rig: Rig, user_id: str = "ann", *, owner: str = "me", now: datetime = NOW, lasting: timedelta = LEASE
) -> Lease:
    """Claim, and be given the lease."""
    outcome = await rig.tokens.claim(await held(rig, user_id, now), owner, now, lasting)
    assert isinstance(outcome, Lease)
    return outcome


async def refused(rig: Rig, user_id: str = "ann", *, now: datetime = NOW) -> Wait:
    """Claim, and be told to wait."""
    outcome = await rig.tokens.claim(await held(rig, user_id, now), "refused", now, LEASE)
    assert isinstance(outcome, Wait)
    return outcome


async def account_of(rig: Rig, user_id: str = "ann") -> Account:
    """Return an account that exists, with its client secrets."""
    known = await rig.accounts.find(user_id)
    assert known is not None
    found = await rig.accounts.get(known.account_id)
    assert found is not None
    return found


async def stored_token(rig: Rig, user_id: str = "ann", *, now: datetime) -> Token | None:
    """Return the whole stored token, at the price of a lease."""
    access = (await held(rig, user_id, now)).access
    refresh = (await lease(rig, user_id, owner="a reader", now=now)).refresh
    return None if access is None else Token(access=access, refresh=refresh)


@contextmanager
def refusal(kind: type[IACSGraphError], code: str | None = None) -> Iterator[None]:
    """Expect exactly this error, with this code if it is given."""
    with pytest.raises(kind) as caught:
        yield
    assert type(caught.value) is kind
    assert code is None or caught.value.error_code == code


async def contents_unchanged(rig: Rig, before: object) -> bool:
    """Return whether everything that is stored is as it was."""
    return await rig.contents() == before
