"""The OAuth 2.0 authorization server (Microsoft Entra ID, formerly Azure AD)."""

from abc import abstractmethod
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

import attrs

from domain.account import OAuthApplication
from domain.token import Grant


@attrs.frozen(kw_only=True)
class SignInRequest:
    """One sign-in about to begin. `state` and `nonce` come back; `code_challenge` is S256 (RFC 7636 section 4.2).

    `claims` is a claims request (JSON text), as a challenge of the provider's asked for it.
    """

    redirect_uri: str
    state: str = attrs.field(repr=False)
    nonce: str = attrs.field(repr=False)
    code_challenge: str
    login_hint: str | None = None
    prompt: str | None = None
    claims: str | None = None


@attrs.frozen(kw_only=True)
class AuthorizationResponse:
    """With what the browser comes back (RFC 6749 sections 4.1.2 and 4.1.2.1): a code, or why there is none."""

    code: str | None = attrs.field(default=None, repr=False)
    error: str | None = None
    error_description: str | None = None
    error_subcode: str | None = None


@attrs.frozen(kw_only=True)
class DeviceAuthorization:
    """A device flow that has begun (RFC 8628 section 3.2): the person opens the address and types the user code."""

    device_code: str = attrs.field(repr=False)
    user_code: str
    verification_uri: str
    expires_at: datetime
    interval: timedelta
    """Shortest time between two polls."""


class DevicePoll(StrEnum):
    """Nobody has decided yet (RFC 8628 section 3.5); SLOW_DOWN adds 5 s to the interval, for good."""

    PENDING = "pending"
    SLOW_DOWN = "slow_down"


class IdentityProvider(Protocol):
    """Grants tokens to applications on behalf of users. Every call is bounded in time.

    All calls but `authorization_url` may raise, besides what each one says:

    - APIConnectionError: it cannot be reached or fails on its side (transient).
    - ThrottledError: it asks to wait; `retry_after` says how long, if it said so (transient).
    - InvalidClientError: it rejects this client credential; another one may do.
    - ConfigurationError: the application is unknown, disabled, or asks for what it may not; no account is to blame.

    Those that a person's grant is behind also raise PolicyBlockedError (the organisation forbids it; its
    administrator must act) and ReauthenticationRequiredError (the person must act; `reason` says how, and `claims`
    what the next sign-in must ask for).

    A client credential (`client_secret`) is a client secret, a PEM text of a private key and its certificate
    (private_key_jwt, RFC 7523 section 2.2), or None for a public client.
    """

    @abstractmethod
    def authorization_url(self, application: OAuthApplication, request: SignInRequest) -> str:
        """Return the address to send the owner's browser to (RFC 6749 section 4.1.1). No network.

        Raises: nothing.
        """

    @abstractmethod
    async def exchange_code(
        self,
        application: OAuthApplication,
        client_secret: str | None,
        response: AuthorizationResponse,
        verifier: str,
        request: SignInRequest,
    ) -> Grant:
        """Redeem an authorization response, once (RFC 6749 section 4.1.3); the identity in the grant is verified.

        A response without a code needs no network: it is raised as the error that it tells of.

        Raises:
            AuthenticationError: the code, verifier or nonce is wrong, expired or was used before (CODE_REJECTED), the
                id token does not verify (ID_TOKEN_REJECTED), or the person declined (SIGN_IN_DECLINED).
        """

    @abstractmethod
    async def begin_device_flow(self, application: OAuthApplication, claims: str | None = None) -> DeviceAuthorization:
        """Ask for a user code (RFC 8628 section 3.1).

        Raises: as the class says.
        """

    @abstractmethod
    async def redeem_device_code(
        self, application: OAuthApplication, client_secret: str | None, device_code: str
    ) -> Grant | DevicePoll:
        """Ask once whether the person has signed in (RFC 8628 section 3.4); the identity in the grant is verified.

        Raises:
            AuthenticationError: the person declined (SIGN_IN_DECLINED), the code expired (DEVICE_CODE_EXPIRED) or is
                unknown (DEVICE_CODE_REJECTED), or the id token does not verify (ID_TOKEN_REJECTED).
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

        Raises: as the class says; a grant that is expired or revoked is a ReauthenticationRequiredError.
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
