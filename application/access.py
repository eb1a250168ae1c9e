"""What a caller needs of an access token, and whether one at hand will do."""

from datetime import datetime, timedelta

import attrs

from domain.account import AccountId
from domain.token import AccessToken
from ports.held_tokens import HeldToken


@attrs.frozen(kw_only=True)
class Need:
    """What the caller asks for.

    `rejected` is never good enough. `forced` and `claims` want a new token whatever is at hand; `ahead` wants it
    renewed when it is due.
    """

    min_lifetime: timedelta = timedelta(0)
    rejected: str | None = attrs.field(default=None, repr=False)
    claims: str | None = None
    known_best: datetime | None = None
    """Expiry of a token that came from a refresh and yet lives shorter than wanted: another one would be no better."""
    forced: bool = False
    ahead: bool = False

    def satisfied_by(self, held: HeldToken, now: datetime) -> bool:
        """Return whether the token at hand can be handed out without asking for another."""
        access = held.access
        if access is None or self.forced or self.claims is not None or access.value == self.rejected:
            return False
        if self.ahead:
            return held.due_at is not None and held.due_at > now
        return access.meets(now, self.min_lifetime) or self.cannot_be_bettered(access, now)

    def cannot_be_bettered(self, access: AccessToken, now: datetime) -> bool:
        """Return whether the token is only shorter-lived than wanted, and a refresh is known not to help."""
        return access.expires_at == self.known_best and access.meets(now, timedelta(0))

    def tolerates(self, access: AccessToken | None, now: datetime) -> bool:
        """Return whether the token at hand will do since no other is to be had."""
        if access is None or self.forced or self.claims is not None or access.value == self.rejected:
            return False
        return access.lives(now, self.min_lifetime)


@attrs.frozen(kw_only=True)
class Renewal:
    """What came of looking for a token: one from the provider (`renewed`), or one that somebody else had stored.

    None: somebody else is at it, and this was for nobody who waits.
    """

    account_id: AccountId
    access: AccessToken | None
    renewed: bool
