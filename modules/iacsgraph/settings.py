"""The settings of everything at once; and those of the demonstration: its own, read from nowhere."""

from pathlib import Path

import attrs

from modules.runtime.environment import Environment
from modules.runtime.event_settings import BusSettings
from modules.runtime.settings import (
    AzureSettings,
    DatabaseSettings,
    EncryptionSettings,
    GraphSettings,
    LogSettings,
    MailProcessingSettings,
    OpenAISettings,
    ProviderSettings,
    TimeSettings,
)
from modules.runtime.settings_loading import load
from modules.runtime.sync_settings import SyncSettings
from modules.runtime.up_settings import UpSettings

CLIENT_ID = "11111111-2222-3333-4444-555555555555"
CLIENT_SECRET = "practice-secret"  # noqa: S105 - of an application that exists only in memory


@attrs.frozen(kw_only=True)
class DemoSettings:
    """A directory of its own, and keys of its own, newest first."""

    directory: Path
    keys: tuple[str, ...] = attrs.field(repr=False)


@attrs.frozen(kw_only=True)
class UpProgramSettings:
    """Of `iacsgraph up`: those of every program that it runs, and its own."""

    database: DatabaseSettings
    encryption: EncryptionSettings
    provider: ProviderSettings = attrs.field(factory=ProviderSettings)
    azure: AzureSettings | None = None
    graph: GraphSettings = attrs.field(factory=GraphSettings)
    sync: SyncSettings = attrs.field(factory=SyncSettings)
    processing: MailProcessingSettings = attrs.field(factory=MailProcessingSettings)
    openai: OpenAISettings = attrs.field(factory=OpenAISettings)
    bus: BusSettings = attrs.field(factory=BusSettings)
    up: UpSettings = attrs.field(factory=UpSettings)
    log: LogSettings = attrs.field(factory=LogSettings)
    time: TimeSettings = attrs.field(factory=TimeSettings)


def read_up_settings(environment: Environment | None = None) -> UpProgramSettings:
    """Read the settings.

    Raises: ConfigurationError that names every fault.
    """
    return load(UpProgramSettings, environment)
