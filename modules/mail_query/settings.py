"""What the commands `mail query` and `mail show` need to know."""

import attrs

from modules.runtime.environment import Environment
from modules.runtime.settings import (
    AzureSettings,
    DatabaseSettings,
    EncryptionSettings,
    GraphSettings,
    LogSettings,
    ProviderSettings,
    TimeSettings,
)
from modules.runtime.settings_loading import load


@attrs.frozen(kw_only=True)
class MailQuerySettings:
    """`azure` is the application of accounts that have none of their own."""

    database: DatabaseSettings
    encryption: EncryptionSettings
    provider: ProviderSettings = attrs.field(factory=ProviderSettings)
    azure: AzureSettings | None = None
    graph: GraphSettings = attrs.field(factory=GraphSettings)
    log: LogSettings = attrs.field(factory=LogSettings)
    time: TimeSettings = attrs.field(factory=TimeSettings)


def read_settings(environment: Environment | None = None) -> MailQuerySettings:
    """Read the settings; the Azure application only if AZURE_CLIENT_ID is set.

    Raises: ConfigurationError that names every fault.
    """
    return load(MailQuerySettings, environment)
