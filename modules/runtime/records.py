"""Records as tables or JSON. Times of tables are those of the people's zone; JSON keeps UTC."""

from collections.abc import Sequence
from datetime import tzinfo
from typing import Any

from modules.runtime.output import in_zone, print_rows
from modules.runtime.schema import make_converter


def print_records(
    records: Sequence[Any], zone: tzinfo | None, *, as_json: bool, columns: Sequence[str] | None = None
) -> None:
    """Print records as JSON, or as a table with times in the zone (None: the system's)."""
    rows = make_converter().unstructure(records)
    print_rows(rows if as_json else [in_zone(row, zone) for row in rows], as_json=as_json, columns=columns)
