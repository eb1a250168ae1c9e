"""How the commands begin."""

from modules.mail_process.settings import MailProcessSettings, read_settings
from modules.runtime.logs import configure_logging, quiet


def command_settings() -> MailProcessSettings:
    """Read the settings of a command that answers and ends, and set up its logging.

    Raises: ConfigurationError that names every fault.
    """
    settings = read_settings()
    configure_logging(quiet(settings.log), zone=settings.time.zone)
    return settings
