"""What an organisation's directory can be asked and told besides tokens."""

from abc import abstractmethod
from datetime import timedelta
from typing import Protocol

import attrs

from domain.account import OAuthApplication


@attrs.frozen(kw_only=True)
class TenantReport:
    """A tenant that was reached. `tenant_id` is its GUID, None where the name stands for many (`common`).

    `clock_offset` is how far its clock is ahead of ours, within the second or two that the answer took.
    """

    tenant_id: str | None
    clock_offset: timedelta | None


class TenantDirectory(Protocol):
    """Answers checks before anybody signs in, and ends a person's sessions. Every call is bounded in time.

    All calls may raise APIConnectionError (it cannot be reached or fails on its side) and ThrottledError (it asks to
    wait); both are transient.
    """

    @abstractmethod
    async def reach(self, tenant_id: str) -> TenantReport:
        """Ask whether the tenant exists: a GUID, a domain, or a name for many tenants.

        Raises:
            ConfigurationError: there is no such tenant (TENANT_UNKNOWN).
        """

    @abstractmethod
    async def try_application(self, application: OAuthApplication, client_secret: str | None) -> bool:
        """Ask in a way that grants nobody anything whether the application is known and its credential accepted.

        Returns whether the credential could be tried at all; a public client has none, and an application's tenant
        must be one, not a name for many. `client_secret` is as `IdentityProvider` says.

        Raises:
            InvalidClientError: it rejects this credential.
            ConfigurationError: the application is unknown, disabled, or may not do what it is set up to do.
        """

    @abstractmethod
    async def revoke_sessions(self, access_token: str) -> None:
        """End all sessions of the token's owner, in every application; access tokens live on for their hour.

        Source: Microsoft Graph, user-revokesigninsessions.md.

        Raises:
            AuthenticationError: the token is not accepted.
            PermissionDeniedError: the token does not carry the permission for it.
        """
