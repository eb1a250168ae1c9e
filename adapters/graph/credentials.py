"""The access tokens of one call: another one after the first was refused, and none after the second."""

from datetime import timedelta

import attrs

from adapters.graph.challenges import claims_in
from adapters.graph.errors import Refusal
from ports.access_tokens import AccessTokens


@attrs.define(kw_only=True, eq=False)
class Credentials:
    """One account's."""

    tokens: AccessTokens
    user_id: str
    min_lifetime: timedelta
    _rejected: str | None = attrs.field(default=None, repr=False)
    _claims: str | None = attrs.field(default=None, repr=False)
    _renewed: bool = False

    async def token(self) -> str:
        """Return an access token.

        Raises: as `AccessTokens.get`.
        """
        if self._rejected is None or self._renewed:
            return (await self.tokens.get(self.user_id, self.min_lifetime)).value
        found = await self.tokens.get(self.user_id, self.min_lifetime, rejected=self._rejected, claims=self._claims)
        self._renewed = True
        return found.value

    def replaceable(self, token: str, refusal: Refusal) -> bool:
        """Return whether the request is worth repeating with the next token, and note what that one must carry."""
        if not refusal.wants_token or self._renewed:
            return False
        self._rejected = token
        self._claims = claims_in(refusal.challenges) or self._claims
        return True
