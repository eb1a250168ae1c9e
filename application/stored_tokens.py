"""Tokens that are at hand: no network, nothing is written."""

from datetime import timedelta

import attrs

from application.access import Need
from application.refusals import not_usable, unknown
from domain.token import AccessToken
from ports.clock import Clock
from ports.held_tokens import HeldToken, HeldTokens


@attrs.frozen(kw_only=True)
class StoredTokens:
    """For programs that ask once and end: most find a token that will do, and need no token service for it."""

    tokens: HeldTokens
    clock: Clock

    async def read(self, user_id: str) -> HeldToken:
        """Return what the store holds for the account.

        Raises:
            NotFoundError: the account is unknown.
            EncryptionError, DatabaseError: as `TokenStore.read`.
        """
        held = await self.tokens.read(user_id, self.clock.now())
        if held is None:
            raise unknown(user_id)
        return held

    async def at_hand(self, user_id: str, min_lifetime: timedelta = timedelta(0)) -> AccessToken | None:
        """Return the stored token if the token service would hand it out as it is, else None.

        Raises:
            PermissionDeniedError: the account is LOCKED or INACTIVE.
            NotFoundError, EncryptionError, DatabaseError: as `read`.
        """
        held = await self.read(user_id)
        if not held.usable:
            raise not_usable(held.user_id, held.status)
        return held.access if Need(min_lifetime=min_lifetime).satisfied_by(held, self.clock.now()) else None
