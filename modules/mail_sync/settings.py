"""What the commands `mail sync`, `mail stats` and `mail reconcile` need to know."""

import attrs

from modules.runtime.environment import Environment
from modules.runtime.event_settings import EventSettings
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
from modules.runtime.sync_settings import SyncSettings


@attrs.frozen(kw_only=True)
class MailSyncSettings:
    """`azure` is the application of accounts that have none of their own."""

    database: DatabaseSettings
    encryption: EncryptionSettings
    provider: ProviderSettings = attrs.field(factory=ProviderSettings)
    azure: AzureSettings | None = None
    graph: GraphSettings = attrs.field(factory=GraphSettings)
    sync: SyncSettings = attrs.field(factory=SyncSettings)
    events: EventSettings = attrs.field(factory=EventSettings)
    log: LogSettings = attrs.field(factory=LogSettings)
    time: TimeSettings = attrs.field(factory=TimeSettings)


@attrs.frozen(kw_only=True)
class MailStatsSettings:
    """For looking at what is stored."""

    database: DatabaseSettings
    log: LogSettings = attrs.field(factory=LogSettings)
    time: TimeSettings = attrs.field(factory=TimeSettings)


def read_settings(environment: Environment | None = None) -> MailSyncSettings:
    """Read the settings; the Azure application only if AZURE_CLIENT_ID is set.

    Raises: ConfigurationError that names every fault.
    """
    return load(MailSyncSettings, environment)


def read_stats_settings(environment: Environment | None = None) -> MailStatsSettings:
    """Read the settings of a command that looks at the database alone.

    Raises: ConfigurationError that names every fault.
    """
    return load(MailStatsSettings, environment)
