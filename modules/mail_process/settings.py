"""What the commands `mail process` and `mail dropped` need to know."""

import attrs

from modules.runtime.environment import Environment
from modules.runtime.event_settings import EventSettings
from modules.runtime.settings import (
    DatabaseSettings,
    LogSettings,
    MailProcessingSettings,
    OpenAISettings,
    ProviderSettings,
    TimeSettings,
)
from modules.runtime.settings_loading import load


@attrs.frozen(kw_only=True)
class MailProcessSettings:
    """`openai` without a key: nothing leaves this machine. Of `provider` only whom to trust counts."""

    database: DatabaseSettings
    processing: MailProcessingSettings = attrs.field(factory=MailProcessingSettings)
    openai: OpenAISettings = attrs.field(factory=OpenAISettings)
    provider: ProviderSettings = attrs.field(factory=ProviderSettings)
    events: EventSettings = attrs.field(factory=EventSettings)
    log: LogSettings = attrs.field(factory=LogSettings)
    time: TimeSettings = attrs.field(factory=TimeSettings)


def read_settings(environment: Environment | None = None) -> MailProcessSettings:
    """Read the settings.

    Raises: ConfigurationError that names every fault.
    """
    return load(MailProcessSettings, environment)
