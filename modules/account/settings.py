"""What the `account` commands need to know."""

from pathlib import Path

import attrs

from modules.runtime import values
from modules.runtime.environment import Environment
from modules.runtime.settings import (
    AzureSettings,
    DatabaseSettings,
    EncryptionSettings,
    LogSettings,
    ProviderSettings,
    TimeSettings,
)
from modules.runtime.settings_loading import load
from modules.runtime.variables import Variable


@attrs.frozen(kw_only=True)
class EnrolmentSettings:
    """Where the enrolment files are, if the command line does not say it."""

    directory: Path = attrs.field(
        default=Path("enrollment"),
        validator=Variable(
            name="ENROLLMENT_DIRECTORY",
            meaning="Directory of the enrolment files, one account each",
            example="./enrollment",
            convert=values.path,
        ),
    )


@attrs.frozen(kw_only=True)
class AccountSettings:
    """`azure` is the application of accounts that have none of their own."""

    database: DatabaseSettings
    encryption: EncryptionSettings
    provider: ProviderSettings
    enrolment: EnrolmentSettings
    azure: AzureSettings | None = None
    log: LogSettings = attrs.field(factory=LogSettings)
    time: TimeSettings = attrs.field(factory=TimeSettings)


def read_settings(environment: Environment | None = None) -> AccountSettings:
    """Read the settings; the Azure application only if AZURE_CLIENT_ID is set.

    Raises: ConfigurationError that names every fault.
    """
    return load(AccountSettings, environment)
