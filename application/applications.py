"""Which application acts for an account, and which of its credentials the provider accepts."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

import attrs

from domain.account import Account, OAuthApplication
from domain.errors import ConfigurationError, InvalidClientError

T = TypeVar("T")


@attrs.frozen(kw_only=True)
class Applications:
    """`default` acts for accounts that have no application of their own."""

    default: OAuthApplication | None = None
    accepted: dict[str, str] = attrs.field(factory=dict, repr=False)
    """The credential that was accepted last, by client id: a wrong one is not tried each time."""

    def of(self, account: Account) -> OAuthApplication:
        """Return the account's application; `account` comes with its client secrets.

        Raises:
            ConfigurationError: it has none, and there is no default.
        """
        application = account.application or self.default
        if application is None:
            msg = (
                f"OAuth is not configured for account {account.user_id!r}:"
                " set AZURE_CLIENT_ID and AZURE_CLIENT_SECRET, or give the account an application of its own."
            )
            raise ConfigurationError(msg, error_code="OAUTH_NOT_CONFIGURED")
        return application

    async def attempt(self, application: OAuthApplication, call: Callable[[str | None], Awaitable[T]]) -> T:
        """Call with one credential after the other until one is accepted; with None for a public client.

        Raises:
            InvalidClientError: none is accepted.
        """
        rejection: InvalidClientError | None = None
        for secret in self._in_order(application):
            try:
                answer = await call(secret)
            except InvalidClientError as error:
                rejection = error
                continue
            if secret is not None:
                self.accepted[application.client_id] = secret
            return answer
        msg = f"No client secret of application {application.client_id} is accepted. {rejection}"
        raise InvalidClientError(msg, details={"client_id": application.client_id}) from rejection

    def _in_order(self, application: OAuthApplication) -> tuple[str | None, ...]:
        """Return the one accepted last, then the others."""
        last, secrets = self.accepted.get(application.client_id), application.client_secrets
        return (last, *(secret for secret in secrets if secret != last)) if last in secrets else secrets or (None,)
