"""How long-running commands begin: logging, and what they say first."""

import logging

from domain.errors import ConfigurationError
from modules.auth.schema import KeeperReport
from modules.auth.settings import AuthSettings
from modules.runtime.logs import configure_logging
from modules.runtime.schema import make_converter

KEEPING = "keeping tokens fresh"
_LOGGER = logging.getLogger(__name__)


def begin(settings: AuthSettings, work: str) -> None:
    """Set up logging and tell what the process does, on which database, with which provider.

    Raises: ConfigurationError if the authentication log cannot be written.
    """
    configure_logging(settings.log, zone=settings.time.zone)
    report = KeeperReport(
        database=str(settings.database.path),
        provider=settings.provider.provider,
        application=settings.azure.client_id if settings.azure else None,
    )
    _LOGGER.info(work, extra=make_converter().unstructure(report))


def refuse_practice(settings: AuthSettings) -> None:
    """Refuse to send people to a provider that signs nobody in.

    Raises: ConfigurationError.
    """
    if settings.provider.provider == "memory":
        msg = "IDENTITY_PROVIDER=memory signs nobody in: use azure; without a tenant, see: iacsgraph simulator"
        raise ConfigurationError(msg, error_code="PROVIDER_FOR_PRACTICE")
