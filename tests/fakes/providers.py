"""Identity providers that break one promise each."""

import attrs

from adapters.memory.identity_provider import MemoryIdentityProvider
from domain.account import OAuthApplication
from domain.errors import ReauthenticationRequiredError
from domain.reauth import MFA_REQUIRED
from domain.token import Grant
from ports.identity_provider import AuthorizationResponse, DeviceAuthorization, SignInRequest


@attrs.define(kw_only=True, eq=False)
class NamelessIdentityProvider(MemoryIdentityProvider):
    """Breaks the promise to say who signed in."""

    async def exchange_code(
        self,
        application: OAuthApplication,
        client_secret: str | None,
        response: AuthorizationResponse,
        verifier: str,
        request: SignInRequest,
    ) -> Grant:
        """Forget the identity."""
        grant = await super().exchange_code(application, client_secret, response, verifier, request)
        return attrs.evolve(grant, identity=None)


@attrs.define(kw_only=True, eq=False)
class PickyIdentityProvider(MemoryIdentityProvider):
    """Breaks the promise that any claims request will do: a device flow must carry this one."""

    wanted: str

    async def begin_device_flow(self, application: OAuthApplication, claims: str | None = None) -> DeviceAuthorization:
        """Refuse without it."""
        if claims != self.wanted:
            msg = "This sign-in does not ask for what it must."
            raise ReauthenticationRequiredError(msg, reason=MFA_REQUIRED, claims=self.wanted)
        return await super().begin_device_flow(application, claims)
