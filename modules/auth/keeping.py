"""What `auth keep` says when it begins."""

import logging

from modules.auth.schema import KeeperReport, make_converter
from modules.auth.settings import AuthSettings
from modules.runtime.logs import configure_logging

_LOGGER = logging.getLogger(__name__)


def begin(settings: AuthSettings) -> None:
    """Set up logging and tell what is kept, and with which provider.

    Raises: ConfigurationError if the authentication log cannot be written.
    """
    configure_logging(settings.log, zone=settings.time.zone)
    report = KeeperReport(
        database=str(settings.database.path),
        provider=settings.provider.provider,
        application=settings.azure.client_id if settings.azure else None,
    )
    _LOGGER.info("keeping tokens fresh", extra=make_converter().unstructure(report))
