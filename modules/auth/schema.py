"""What the auth commands print, as records."""

import attrs
import cattrs


@attrs.frozen(kw_only=True)
class KeeperReport:
    """The beginning of a keeper's work: what it keeps, with which provider."""

    database: str
    provider: str
    application: str | None


def make_converter() -> cattrs.Converter:
    """Return the converter of these records."""
    return cattrs.Converter()
