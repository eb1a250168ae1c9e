"""What a simulator is started with."""

from datetime import timedelta
from pathlib import Path

import attrs
from attrs import validators

MOST_MAILS = 100_000
MOST_PER_MINUTE = 60_000

_PORT = validators.and_(validators.ge(0), validators.le(65_535))


@attrs.frozen(kw_only=True)
class SimulatorSettings:
    """Where it listens, who lives in it, how strict it is. Port 0: any free one. Raises ValueError on nonsense.

    `certificate_directory`: where CA and server certificate are kept; None: a temporary one, with a new CA each time.
    `token_lifetime`: of access tokens; None: as Entra, at random 60 to 90 minutes.
    `strict`: a refresh token that is used twice ends its whole family, which Entra does not do.
    `control`: whether `/_control` is served.
    `mails`: how many each mailbox has when `serve` begins; `live`: how many are sent in a minute from then on.
    """

    host: str = attrs.field(default="127.0.0.1", validator=validators.min_len(1))
    port: int = attrs.field(default=0, validator=_PORT)
    tls: bool = False
    tls_port: int = attrs.field(default=0, validator=_PORT)
    certificate_directory: Path | None = None
    seed: int = 0
    users: int = attrs.field(default=3, validator=validators.and_(validators.ge(1), validators.le(10_000)))
    token_lifetime: timedelta | None = attrs.field(
        default=None, validator=validators.optional(validators.gt(timedelta()))
    )
    strict: bool = False
    control: bool = True
    mails: int = attrs.field(default=0, validator=validators.and_(validators.ge(0), validators.le(MOST_MAILS)))
    live: float = attrs.field(default=0, validator=validators.and_(validators.ge(0), validators.le(MOST_PER_MINUTE)))
