"""What the token service and its keeper need to know."""

import attrs

from modules.runtime.environment import Environment
from modules.runtime.settings import (
    AzureSettings,
    DatabaseSettings,
    EncryptionSettings,
    LogSettings,
    ProviderSettings,
    TimeSettings,
)
from modules.runtime.settings_loading import load


@attrs.frozen(kw_only=True)
class AuthSettings:
    """Settings of `auth` commands. `azure` is the application of accounts that have none of their own."""

    database: DatabaseSettings
    encryption: EncryptionSettings
    provider: ProviderSettings
    azure: AzureSettings | None = None
    log: LogSettings = attrs.field(factory=LogSettings)
    time: TimeSettings = attrs.field(factory=TimeSettings)


@attrs.frozen(kw_only=True)
class _WithAzure(AuthSettings):
    """The same where an Azure application is configured: its faults are told together with all others."""

    azure: AzureSettings


def read_settings(environment: Environment | None = None) -> AuthSettings:
    """Read the settings; the Azure application only if it is configured.

    Raises: ConfigurationError that names every fault.
    """
    source = environment or Environment.read()
    return load(_WithAzure if source.get("AZURE_CLIENT_ID") else AuthSettings, source)
