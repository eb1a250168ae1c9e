"""How commands that answer and end begin."""

from modules.auth.settings import AuthSettings, read_settings
from modules.runtime.logs import configure_logging, quiet


def command_settings() -> AuthSettings:
    """Read the settings of a command that answers and ends, and set up its logging.

    Raises: ConfigurationError that names every fault.
    """
    settings = read_settings()
    configure_logging(quiet(settings.log), zone=settings.time.zone)
    return settings
