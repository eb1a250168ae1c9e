"""The identity provider as programs hold it."""

import attrs

from ports.identity_provider import IdentityProvider
from ports.tenant_directory import TenantDirectory


@attrs.frozen(kw_only=True)
class Provider:
    """The provider's two sides, on one session."""

    identity: IdentityProvider
    directory: TenantDirectory
