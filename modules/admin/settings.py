"""What each of the operator's tools needs to know."""

import attrs

from modules.runtime.settings import DatabaseSettings, EncryptionSettings, LogSettings, TimeSettings


@attrs.frozen(kw_only=True)
class DatabaseToolSettings:
    """For the `db` commands."""

    database: DatabaseSettings
    log: LogSettings = attrs.field(factory=LogSettings)
    time: TimeSettings = attrs.field(factory=TimeSettings)


@attrs.frozen(kw_only=True)
class KeyToolSettings:
    """For the `keys` commands."""

    database: DatabaseSettings
    encryption: EncryptionSettings
    log: LogSettings = attrs.field(factory=LogSettings)
    time: TimeSettings = attrs.field(factory=TimeSettings)
