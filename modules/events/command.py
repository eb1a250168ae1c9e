"""How commands that answer and end begin."""

from typing import TypeVar

from modules.events.settings import BusToolSettings, OutboxSettings
from modules.runtime.logs import configure_logging, quiet
from modules.runtime.settings_loading import load

S = TypeVar("S", BusToolSettings, OutboxSettings)


def command_settings(group: type[S]) -> S:
    """Read the settings of a command that answers and ends, and set up its logging.

    Raises: ConfigurationError that names every fault.
    """
    settings = load(group)
    configure_logging(quiet(settings.log), zone=settings.time.zone)
    return settings
