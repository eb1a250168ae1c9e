"""Tokens that a simulator issues without anybody having signed in."""

from datetime import timedelta

from domain.token import AccessToken
from modules.simulator import grants
from modules.simulator.scopes import GRAPH, Scope
from modules.simulator.simulator import Simulator
from modules.simulator.tokens import application_answer
from ports.access_tokens import AccessTokens

APPLICATION = "application"
"""The user id to which the application's own tokens belong; any other is a UPN."""

LIFETIME = timedelta(hours=1)


class SimulatorTokens(AccessTokens):
    """Breaks the promise that accounts must have been enrolled: everybody in the directory has signed in."""

    def __init__(self, simulator: Simulator) -> None:
        self.simulator = simulator
        self.given: dict[str, AccessToken] = {}
        self.claims: list[str] = []

    async def get(
        self,
        user_id: str,
        min_lifetime: timedelta = timedelta(0),
        *,
        rejected: str | None = None,
        claims: str | None = None,
    ) -> AccessToken:
        """Issue a token, whatever the claims."""
        if claims is not None:
            self.claims.append(claims)
        now = self.simulator.clock.now()
        held = self.given.get(user_id)
        if held is None or held.value == rejected or held.expires_at <= now + min_lifetime:
            value = self._application() if user_id == APPLICATION else self._of_user(user_id)
            held = AccessToken(value=value, expires_at=now + LIFETIME, obtained_at=now)
            self.given[user_id] = held
        return held

    def _application(self) -> str:
        world = self.simulator.world
        answer = application_answer(
            world, world.directory.application("daemon"), world.directory.tenant.tenant_id, continuous=False
        )
        return str(answer["access_token"])

    def _of_user(self, user_id: str) -> str:
        world = self.simulator.world
        user = world.directory.user(user_id)
        token = grants.AccessToken(
            value=world.grants.access_text(),
            application=world.directory.application("web"),
            tenant_id=user.tenant_id,
            user=user,
            scopes=(Scope(asked="Mail.Read", resource=GRAPH, name="Mail.Read"),),
            expires_at=world.clock.now() + LIFETIME,
            grants_of=user.grants_of,
        )
        return world.grants.new_access_token(token).value
