"""The directory side of the authorization server in memory."""

from datetime import timedelta

import attrs

from adapters.memory.identity_provider import MemoryIdentityProvider
from domain.account import OAuthApplication
from domain.errors import AuthenticationError, ConfigurationError, PermissionDeniedError
from ports.tenant_directory import TenantDirectory, TenantReport

MANY = frozenset({"common", "organizations"})
"""Names that stand for many tenants."""
PERSONAL = "consumers"
PERSONAL_TENANT = "9188040d-6c67-4c5b-b112-36a304b66dad"
"""The one tenant of all personal accounts; no application has a token of its own there."""

REVOKING = frozenset({"User.RevokeSessions.All", "User.ReadWrite.All", "Directory.ReadWrite.All"})
"""Each of these permissions lets an application end its user's sessions (user-revokesigninsessions.md)."""


@attrs.frozen(kw_only=True, eq=False)
class MemoryTenantDirectory(TenantDirectory):
    """Shares tenants, applications, users and interventions with the provider."""

    provider: MemoryIdentityProvider
    clock_offset: timedelta | None = timedelta(0)

    async def reach(self, tenant_id: str) -> TenantReport:
        """Look it up among the provider's tenants."""
        await self.provider.meet("reach")
        return TenantReport(tenant_id=self._find(tenant_id), clock_offset=self.clock_offset)

    async def try_application(self, application: OAuthApplication, client_secret: str | None) -> bool:
        """Compare with what is registered."""
        await self.provider.meet("try_application")
        if self._find(application.tenant_id) in {None, PERSONAL_TENANT} or client_secret is None:
            self.provider.known(application)
            return False
        self.provider.check(application, client_secret)
        return True

    async def revoke_sessions(self, access_token: str) -> None:
        """Revoke the refresh tokens of the token's owner."""
        await self.provider.meet("revoke_sessions")
        token, owner = self.provider.held(access_token), self.provider.owner(access_token)
        if token is None or owner is None:
            msg = "The access token is not accepted: it expired, was revoked, or is no person's."
            raise AuthenticationError(msg, error_code="TOKEN_REJECTED")
        if REVOKING.isdisjoint(token.scopes):
            msg = "The access token does not carry the permission User.RevokeSessions.All."
            raise PermissionDeniedError(msg)
        self.provider.revoke(owner)

    def _find(self, name: str) -> str | None:
        if name in MANY:
            return None
        found = PERSONAL_TENANT if name == PERSONAL else self.provider.tenants.get(name)
        if found is None:
            msg = f"There is no tenant {name}: check AZURE_TENANT_ID."
            raise ConfigurationError(msg, error_code="TENANT_UNKNOWN")
        return found
