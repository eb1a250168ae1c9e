"""Records of the `auth` commands as tables or JSON."""

from collections.abc import Sequence

from modules.auth.schema import make_converter
from modules.auth.settings import AuthSettings
from modules.runtime.output import in_zone, print_rows


def print_records(
    records: Sequence[object], settings: AuthSettings, *, as_json: bool, columns: Sequence[str] | None = None
) -> None:
    """Print them as JSON with UTC, or as a table with times in the people's zone."""
    rows = make_converter().unstructure(records)
    shown = rows if as_json else [in_zone(row, settings.time.zone) for row in rows]
    print_rows(shown, as_json=as_json, columns=columns)
