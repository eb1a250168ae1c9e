"""What the token service, its keeper and sign-in need to know."""

import attrs

from modules.runtime.environment import Environment
from modules.runtime.settings import (
    AzureSettings,
    DatabaseSettings,
    EncryptionSettings,
    LogSettings,
    ProviderSettings,
    SignInServerSettings,
    TimeSettings,
)
from modules.runtime.settings_loading import load


@attrs.frozen(kw_only=True)
class AuthSettings:
    """Settings of `auth` commands. `azure` is the application of accounts that have none of their own."""

    database: DatabaseSettings
    encryption: EncryptionSettings
    provider: ProviderSettings = attrs.field(factory=ProviderSettings)
    azure: AzureSettings | None = None
    server: SignInServerSettings = attrs.field(factory=SignInServerSettings)
    log: LogSettings = attrs.field(factory=LogSettings)
    time: TimeSettings = attrs.field(factory=TimeSettings)


def read_settings(environment: Environment | None = None) -> AuthSettings:
    """Read the settings; the Azure application only if AZURE_CLIENT_ID is set.

    Raises: ConfigurationError that names every fault.
    """
    return load(AuthSettings, environment)
