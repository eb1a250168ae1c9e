"""The identity provider as programs hold it, and the mailboxes that its tokens open."""

from collections.abc import Callable

import attrs

from domain.errors import ConfigurationError
from modules.runtime.settings import GraphSettings
from ports.access_tokens import AccessTokens
from ports.identity_provider import IdentityProvider
from ports.mailbox import Mailbox
from ports.tenant_directory import TenantDirectory


@attrs.frozen(kw_only=True)
class Provider:
    """The provider's two sides, on one session. `mailbox` makes the mailboxes, on the same one; None: it has none."""

    identity: IdentityProvider
    directory: TenantDirectory
    mailbox: Callable[[AccessTokens, GraphSettings], Mailbox] | None = None

    def needed_mailbox(self) -> Callable[[AccessTokens, GraphSettings], Mailbox]:
        """Return what makes the mailboxes.

        Raises: ConfigurationError if there are none (PROVIDER_FOR_PRACTICE).
        """
        if self.mailbox is None:
            msg = "IDENTITY_PROVIDER=memory has no mailboxes: use azure; without a tenant, see: iacsgraph simulator"
            raise ConfigurationError(msg, error_code="PROVIDER_FOR_PRACTICE")
        return self.mailbox
