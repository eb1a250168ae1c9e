"""A sign-in under way: begun by one process, finished by any, at most once.

    PENDING -> COMPLETING -> DONE
       |            |
       +------------+------> FAILED, or CANCELLED (given up, or replaced by newer ones)

A PENDING sign-in ends by itself at `expires_at`; one that somebody began to complete, when `COMPLETION` has passed.
"""

import hmac
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from typing import NewType

import attrs

from domain.account import AccountId
from domain.errors import AuthenticationError, ThrottledError
from domain.validation import not_blank, optional, utc

SignInId = NewType("SignInId", str)
LinkId = NewType("LinkId", str)

SIGN_IN_LASTS = timedelta(minutes=10)
"""How long a person has to come back from the provider."""

COMPLETION = timedelta(seconds=60)
"""Longest time between taking a response and storing what it was exchanged for."""

SLOWER = timedelta(seconds=5)
"""Source: RFC 8628 section 3.5, slow_down."""

OPEN_PER_ACCOUNT = 3
OPEN_IN_ALL = 1000

REPLACED = "replaced"
GIVEN_UP = "given_up"
EXPIRED = "expired"


class Stage(StrEnum):
    """PENDING and COMPLETING are open; the other three are final."""

    PENDING = "PENDING"
    COMPLETING = "COMPLETING"
    DONE = "DONE"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"


OPEN_STAGES = (Stage.PENDING, Stage.COMPLETING)


@attrs.frozen(kw_only=True)
class BrowserSecrets:
    """What proves that a browser comes back from where it was sent (RFC 6749 section 10.12, RFC 7636)."""

    state: str = attrs.field(validator=not_blank, repr=False)
    nonce: str = attrs.field(validator=not_blank, repr=False)
    verifier: str = attrs.field(validator=not_blank, repr=False)


@attrs.frozen(kw_only=True)
class DeviceSecrets:
    """With what a device flow is redeemed (RFC 8628)."""

    device_code: str = attrs.field(validator=not_blank, repr=False)


@attrs.frozen(kw_only=True)
class DevicePrompt:
    """What the person is told, and when the provider may be asked again."""

    user_code: str = attrs.field(validator=not_blank)
    verification_uri: str = attrs.field(validator=not_blank)
    interval: timedelta
    poll_at: datetime = attrs.field(validator=utc)


@attrs.frozen(kw_only=True)
class SignIn:
    """One sign-in of one account. `device` None is one in a browser, which comes back to `redirect_uri`.

    `secrets` is None where a store was asked without them. `reason` is a stable code: why it failed or was cancelled;
    `explanation` says so in a sentence, to the person.
    """

    sign_in_id: SignInId = attrs.field(validator=not_blank)
    account_id: AccountId = attrs.field(validator=not_blank)
    stage: Stage = Stage.PENDING
    reason: str | None = attrs.field(default=None, validator=optional(not_blank))
    explanation: str | None = None
    begun_at: datetime = attrs.field(validator=utc)
    expires_at: datetime = attrs.field(validator=utc)
    redirect_uri: str | None = attrs.field(default=None, validator=optional(not_blank))
    link_id: LinkId | None = None
    device: DevicePrompt | None = None
    secrets: BrowserSecrets | DeviceSecrets | None = attrs.field(default=None, repr=False)

    def open(self, now: datetime) -> bool:
        """Return whether it may still end in a token."""
        return self.stage in OPEN_STAGES and now < self.expires_at


SignInTransition = Callable[[SignIn], SignIn]
"""Decides on the current sign-in, with its secrets; stores run it inside their transaction."""


def take(sign_in: SignIn, state: str, now: datetime) -> SignIn:
    """Return the sign-in as being completed by the caller, who alone may redeem the response.

    Raises:
        AuthenticationError: it cannot be completed; the error code says why.
    """
    # What is over keeps no secrets to compare with: its id alone is told that it is over.
    if sign_in.stage in OPEN_STAGES and not _proves(sign_in.secrets, state):
        raise unknown_sign_in()
    _refuse_closed(sign_in, now)
    return _completing(sign_in, now)


def take_approval(sign_in: SignIn, now: datetime) -> SignIn:
    """Return a device sign-in, whose grant the caller holds, as being completed.

    Raises:
        AuthenticationError: somebody else completed it, or it was cancelled. That its time is over does not matter:
            the provider has granted it.
    """
    _refuse_ended(sign_in)
    return _completing(sign_in, now)


def poll(sign_in: SignIn, now: datetime, answer_within: timedelta = timedelta(0)) -> SignIn:
    """Return the device sign-in as being asked about: nobody else may ask while the answer may still come.

    A device code is redeemed once: whoever asked beside the one who gets the grant would hear that it is no good.

    Raises:
        AuthenticationError: it is over.
    """
    _refuse_closed(sign_in, now)
    if sign_in.device is None or now < sign_in.device.poll_at:
        return sign_in
    return _to_be_asked(sign_in, sign_in.device, now + answer_within)


def still_pending(sign_in: SignIn, now: datetime) -> SignIn:
    """Return the device sign-in, on which nobody has decided, to be asked about an interval later unless it is over."""
    if sign_in.device is None or sign_in.stage not in OPEN_STAGES:
        return sign_in
    return _to_be_asked(sign_in, sign_in.device, now)


def slow_down(sign_in: SignIn, now: datetime, at_least: timedelta = timedelta(0)) -> SignIn:
    """Return the device sign-in with a longer interval (RFC 8628 section 3.5: 5 s more), unless it is over.

    `at_least` is how long the provider asked to wait this time.
    """
    if sign_in.device is None or sign_in.stage not in OPEN_STAGES:
        return sign_in
    slower = attrs.evolve(sign_in.device, interval=sign_in.device.interval + SLOWER)
    return _to_be_asked(sign_in, slower, now + max(at_least - slower.interval, timedelta(0)))


def done(sign_in: SignIn) -> SignIn:
    """Return the sign-in as completed; its secrets are forgotten. One that is over stays as it is."""
    if sign_in.stage not in OPEN_STAGES:
        return sign_in
    return attrs.evolve(sign_in, stage=Stage.DONE, secrets=None)


def failed(sign_in: SignIn, reason: str, explanation: str) -> SignIn:
    """Return the sign-in as failed for good; one that is over stays as it is."""
    return _ended(sign_in, Stage.FAILED, reason, explanation)


def cancelled(sign_in: SignIn, reason: str) -> SignIn:
    """Return the sign-in as cancelled, unless it is over or being completed."""
    return sign_in if sign_in.stage is not Stage.PENDING else _ended(sign_in, Stage.CANCELLED, reason, None)


def as_of(sign_in: SignIn, now: datetime) -> SignIn:
    """Return the sign-in as it counts at `now`: one whose time is over has failed, though nobody wrote it down."""
    if sign_in.stage not in OPEN_STAGES or now < sign_in.expires_at:
        return sign_in
    explanation = "It was begun, but not finished in time."
    return failed(sign_in, EXPIRED, explanation)


def unknown_sign_in() -> AuthenticationError:
    """Return the refusal for a state that is nobody's."""
    msg = "This sign-in is not known here. Start again."
    return AuthenticationError(msg, error_code="SIGN_IN_UNKNOWN")


def _proves(secrets: BrowserSecrets | DeviceSecrets | None, state: str) -> bool:
    return isinstance(secrets, BrowserSecrets) and hmac.compare_digest(secrets.state.encode(), state.encode())


def _refuse_closed(sign_in: SignIn, now: datetime) -> None:
    _refuse_ended(sign_in)
    if now >= sign_in.expires_at:
        minutes = (sign_in.expires_at - sign_in.begun_at) // timedelta(minutes=1)
        msg = f"This sign-in has expired: it must be finished within {minutes} minutes. Start again."
        raise AuthenticationError(msg, error_code="SIGN_IN_EXPIRED")


def _refuse_ended(sign_in: SignIn) -> None:
    if sign_in.stage is Stage.CANCELLED:
        msg = "This sign-in was cancelled or replaced by a newer one. Start again."
        raise AuthenticationError(msg, error_code="SIGN_IN_CANCELLED")
    if sign_in.stage is not Stage.PENDING:
        msg = "This sign-in was used before. If the account still needs it, start again."
        raise AuthenticationError(msg, error_code="SIGN_IN_USED")


def _completing(sign_in: SignIn, now: datetime) -> SignIn:
    return attrs.evolve(sign_in, stage=Stage.COMPLETING, expires_at=now + COMPLETION)


def _to_be_asked(sign_in: SignIn, device: DevicePrompt, after: datetime) -> SignIn:
    return attrs.evolve(sign_in, device=attrs.evolve(device, poll_at=after + device.interval))


def _ended(sign_in: SignIn, stage: Stage, reason: str, explanation: str | None) -> SignIn:
    if sign_in.stage not in OPEN_STAGES:
        return sign_in
    return attrs.evolve(sign_in, stage=stage, reason=reason, explanation=explanation, secrets=None)


@attrs.frozen(kw_only=True)
class ReconnectLink:
    """A link that lets an account's owner sign in without further ado; used up by the first sign-in that succeeds.

    Only a digest of its secret is kept.
    """

    link_id: LinkId = attrs.field(validator=not_blank)
    account_id: AccountId = attrs.field(validator=not_blank)
    digest: str = attrs.field(validator=not_blank, repr=False)
    expires_at: datetime = attrs.field(validator=utc)
    used_at: datetime | None = attrs.field(default=None, validator=optional(utc))

    def check(self, secret: str, now: datetime) -> None:
        """Accept the secret.

        Raises:
            AuthenticationError: it is wrong, or the link was used or has expired; the error code says which.
        """
        if not hmac.compare_digest(self.digest, digest_of(secret)):
            raise unknown_link()
        if self.used_at is not None:
            msg = "This link was used: the account is connected. Ask for a new link if it needs attention again."
            raise AuthenticationError(msg, error_code="LINK_USED")
        if now >= self.expires_at:
            msg = "This link has expired. Ask for a new one."
            raise AuthenticationError(msg, error_code="LINK_EXPIRED")


def unknown_link() -> AuthenticationError:
    """Return the refusal for a link that is nobody's."""
    msg = "This link is not known here: it may have been cut short. Ask for a new one."
    return AuthenticationError(msg, error_code="LINK_UNKNOWN")


def digest_of(secret: str) -> str:
    """Return what is kept of a link's secret: enough to know it again; 256 random bits need no slow hash."""
    return sha256(secret.encode()).hexdigest()


def to_replace(open_of_account: Sequence[SignIn]) -> Sequence[SignIn]:
    """Return which open sign-ins of an account a new one replaces: the oldest pending ones, so that few stay open."""
    surplus = len(open_of_account) - OPEN_PER_ACCOUNT + 1
    pending = sorted(
        (sign_in for sign_in in open_of_account if sign_in.stage is Stage.PENDING), key=lambda sign_in: sign_in.begun_at
    )
    return pending[: max(surplus, 0)]


def too_many(first_end: datetime, now: datetime) -> ThrottledError:
    """Return the refusal of a sign-in while `OPEN_IN_ALL` others are open."""
    msg = f"Too many sign-ins are open at once ({OPEN_IN_ALL}): nothing was begun."
    return ThrottledError(msg, error_code="TOO_MANY_SIGN_INS", retry_after=max(first_end - now, timedelta(seconds=1)))
