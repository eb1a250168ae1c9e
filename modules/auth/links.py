"""`auth link`: a reconnect link for an account's owner."""

from datetime import timedelta

from domain.errors import ConfigurationError
from modules.auth.compose import compose
from modules.auth.schema import LinkReport
from modules.auth.serving import public_url
from modules.auth.settings import AuthSettings

_EVERYWHERE = frozenset({"0.0.0.0", "[::]"})  # noqa: S104 - addresses that nobody can open


async def make_link(settings: AuthSettings, user_id: str, lasting: timedelta) -> LinkReport:
    """Make the link; it cannot be shown again.

    Raises: ConfigurationError if nobody could open it; as `SignIns.issue_link`.
    """
    host, _, port = settings.server.listen.rpartition(":")
    if settings.server.public_url is None and (host in _EVERYWHERE or port == "0"):
        msg = f"AUTH_LISTEN ({settings.server.listen}) does not say how people reach the server: set AUTH_PUBLIC_URL."
        raise ConfigurationError(msg, error_code="PUBLIC_URL_MISSING")
    async with compose(settings) as auth:
        expires_at = auth.clock.now() + lasting
        secret = await auth.sign_ins.issue_link(user_id, lasting)
    return LinkReport(
        user=user_id,
        link=f"{public_url(settings)}/auth/reconnect/{secret}",
        expires_at=expires_at,
        local=settings.server.public_url is None,
    )
