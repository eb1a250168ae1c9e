"""Made-up sign-ins and links, and steps with them that many tests begin with."""

from datetime import datetime, timedelta
from itertools import count

import attrs

from domain.account import AccountId
from domain.sign_in import (
    SIGN_IN_LASTS,
    BrowserSecrets,
    DevicePrompt,
    DeviceSecrets,
    LinkId,
    ReconnectLink,
    SignIn,
    SignInId,
    SignInTransition,
    digest_of,
    done,
    take,
    take_approval,
)
from tests.contracts.rigs import Rig
from tests.contracts.samples import NOW, SECOND

REDIRECT_URI = "http://localhost:5000/callback"
INTERVAL = timedelta(seconds=5)
LINK_SECRET = "canary-link-secret"

_numbers = count(1)


def browser(
    account_id: AccountId, at: datetime = NOW, *, sign_in_id: str | None = None, link_id: LinkId | None = None
) -> SignIn:
    """Return a new sign-in in a browser whose secrets end in its id."""
    own = SignInId(sign_in_id or f"sign-in-{next(_numbers):04}")
    return SignIn(
        sign_in_id=own,
        account_id=account_id,
        begun_at=at,
        expires_at=at + SIGN_IN_LASTS,
        redirect_uri=REDIRECT_URI,
        link_id=link_id,
        secrets=BrowserSecrets(state=state_of(own), nonce=f"canary-nonce-{own}", verifier=f"canary-verifier-{own}"),
    )


def device(account_id: AccountId, at: datetime = NOW, *, sign_in_id: str | None = None) -> SignIn:
    """Return a new sign-in by device code."""
    own = SignInId(sign_in_id or f"sign-in-{next(_numbers):04}")
    return SignIn(
        sign_in_id=own,
        account_id=account_id,
        begun_at=at,
        expires_at=at + timedelta(minutes=15),
        device=DevicePrompt(
            user_code="ABCD-EFGH",
            verification_uri="https://login.example/device",
            interval=INTERVAL,
            poll_at=at + INTERVAL,
        ),
        secrets=DeviceSecrets(device_code=f"canary-device-code-{own}"),
    )


def reconnect_link(account_id: AccountId, at: datetime = NOW, lasting: timedelta = timedelta(days=7)) -> ReconnectLink:
    """Return a new link with the secret `LINK_SECRET`."""
    return ReconnectLink(
        link_id=LinkId(f"link-{next(_numbers):04}"),
        account_id=account_id,
        digest=digest_of(LINK_SECRET),
        expires_at=at + lasting,
    )


def state_of(sign_in_id: SignInId) -> str:
    """Return the state of a sign-in that `browser` made."""
    return f"{sign_in_id}.canary-state"


def bare(sign_in: SignIn) -> SignIn:
    """Return the sign-in as it is found: without its secrets."""
    return attrs.evolve(sign_in, secrets=None)


def taking(sign_in_id: SignInId, at: datetime = NOW) -> SignInTransition:
    """Return the transition of somebody who came back with the right state."""
    return lambda current: take(current, state_of(sign_in_id), at)


def approving(at: datetime = NOW) -> SignInTransition:
    """Return the transition of somebody who holds a device sign-in's grant."""
    return lambda current: take_approval(current, at)


def unchanged(current: SignIn) -> SignIn:
    """Decide that nothing changes."""
    return current


async def complete(rig: Rig, sign_in: SignIn, at: datetime = NOW) -> SignIn:
    """Take a sign-in in a browser and end it well, one second after the other."""
    await rig.sign_ins.apply(sign_in.sign_in_id, taking(sign_in.sign_in_id, at), at)
    return await rig.sign_ins.apply(sign_in.sign_in_id, done, at + SECOND)


async def opened(rig: Rig, sign_in_id: SignInId, at: datetime = NOW) -> SignIn:
    """Return a sign-in that exists, with its secrets."""
    return await rig.sign_ins.apply(sign_in_id, unchanged, at)
