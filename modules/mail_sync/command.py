"""How the commands begin."""

from typing import TypeVar

from modules.mail_sync.settings import MailStatsSettings, MailSyncSettings
from modules.runtime.logs import configure_logging, quiet

T = TypeVar("T", MailSyncSettings, MailStatsSettings)


def quietly(settings: T) -> T:
    """Set up the logging of a command that answers and ends; return the settings."""
    configure_logging(quiet(settings.log), zone=settings.time.zone)
    return settings
