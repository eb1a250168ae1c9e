"""The settings of everything at once; and those of the demonstration: its own, read from nowhere."""

from collections.abc import Mapping, Sequence
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


def demo_environment(
    office: Mapping[str, str], chairs: Sequence[str], directory: Path, keys: Sequence[str]
) -> Environment:
    """Return all settings of a demonstration: of the local Microsoft 365 (`office`), and its own; none are read.

    `keys` are encryption keys, newest first.
    """
    own = {
        "DATABASE_PATH": str(directory / "demo.db"),
        "ENCRYPTION_KEY": ",".join(keys),
        "MAIL_CHAIRS": ",".join(chairs),
        "MAIL_SYNC_INTERVAL": "1",
        "UP_LISTEN": "127.0.0.1:0",
        "UP_STOP_SECONDS": "20",
    }
    return Environment.of({**office, **own})
