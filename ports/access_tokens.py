"""How mail adapters and programs get access tokens."""

from abc import abstractmethod
from datetime import timedelta
from typing import Protocol

from domain.token import AccessToken


class AccessTokens(Protocol):
    """Hands out access tokens that are valid."""

    @abstractmethod
    async def get(
        self,
        user_id: str,
        min_lifetime: timedelta = timedelta(0),
        *,
        rejected: str | None = None,
        claims: str | None = None,
    ) -> AccessToken:
        """Return an access token that lives longer than `min_lifetime`.

        `rejected` is an access token that the resource refused: it is not handed out again. `claims` is the decoded
        JSON of a claims challenge (OpenID Connect Core section 5.5), carried to the identity provider.
        If no token lives that long, a new one is returned all the same, and a warning is recorded: never a loop.

        Raises:
            NotFoundError: the account is unknown.
            PermissionDeniedError: the account is LOCKED or INACTIVE.
            ReauthenticationRequiredError: its owner must sign in again.
            TokenRefreshError: no token can be had now; `transient` and `retry_after` say when to ask again.
            ConfigurationError: the application is wrongly registered or configured; the account is untouched.
            EncryptionError: a stored secret does not open.
            DatabaseError: the store failed.
        """
