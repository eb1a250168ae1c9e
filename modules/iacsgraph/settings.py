"""The settings of the demonstration: its own, read from nowhere."""

from pathlib import Path

import attrs

CLIENT_ID = "11111111-2222-3333-4444-555555555555"
CLIENT_SECRET = "practice-secret"  # noqa: S105 - of an application that exists only in memory


@attrs.frozen(kw_only=True)
class DemoSettings:
    """A directory of its own, and keys of its own, newest first."""

    directory: Path
    keys: tuple[str, ...] = attrs.field(repr=False)
