"""The OAuth 2.0 authorization server (Microsoft Entra ID, formerly Azure AD)."""

from abc import abstractmethod
from typing import Protocol

import attrs

from domain.account import OAuthApplication
from domain.token import Grant


@attrs.frozen(kw_only=True)
class SignInRequest:
    """One sign-in about to begin. `state` and `nonce` come back; `code_challenge` is S256 (RFC 7636 section 4.2)."""

    redirect_uri: str
    state: str = attrs.field(repr=False)
    nonce: str = attrs.field(repr=False)
    code_challenge: str
    login_hint: str | None = None
    prompt: str | None = None
    claims: str | None = None


class IdentityProvider(Protocol):
    """Grants tokens to applications on behalf of users. Every call is bounded in time.

    All calls but `authorization_url` may raise, besides what each one says:

    - APIConnectionError: it cannot be reached or fails on its side (transient).
    - ThrottledError: it asks to wait; `retry_after` says how long, if it said so (transient).
    - InvalidClientError: it rejects this client secret; another one may do.
    - ConfigurationError: the application is unknown, disabled, or asks for what it may not; no account is to blame.

    `client_secret` None is a public client.
    """

    @abstractmethod
    def authorization_url(self, application: OAuthApplication, request: SignInRequest) -> str:
        """Return the address to send the owner's browser to (RFC 6749 section 4.1.1). No network.

        Raises: nothing.
        """

    @abstractmethod
    async def exchange_code(
        self, application: OAuthApplication, client_secret: str | None, code: str, verifier: str, request: SignInRequest
    ) -> Grant:
        """Redeem an authorization code, once (RFC 6749 section 4.1.3); the identity in the grant is verified.

        Raises:
            AuthenticationError: the code, verifier or nonce is wrong, expired or was used before.
            PolicyBlockedError: the organisation's policy forbids this sign-in.
        """

    @abstractmethod
    async def refresh(
        self,
        application: OAuthApplication,
        client_secret: str | None,
        refresh_token: str,
        claims: str | None = None,
    ) -> Grant:
        """Redeem a refresh token (RFC 6749 section 6). The old one may or may not work afterwards: store the new one.

        Raises:
            ReauthenticationRequiredError: the grant is expired, revoked or needs the person; `reason` says which.
            PolicyBlockedError: the organisation's policy forbids it.
        """

    @abstractmethod
    async def client_credentials(
        self, application: OAuthApplication, client_secret: str | None, claims: str | None = None
    ) -> Grant:
        """Get a token for the application itself (RFC 6749 section 4.4); there is no refresh token.

        Raises: as the class says.
        """

    @abstractmethod
    async def validate_token(self, access_token: str) -> bool:
        """Return whether the resource accepts the token now; never looks into it.

        Raises:
            APIConnectionError: the resource could not be asked.
        """
