"""What the operator's tools print, as records; `make_converter` turns them into plain data for tables and JSON."""

from datetime import UTC, datetime
from enum import StrEnum

import attrs
import cattrs


class Outcome(StrEnum):
    """How a check came out. Only FAIL fails the check-up; UNKNOWN: it could not be found out."""

    OK = "ok"
    UNKNOWN = "unknown"
    WARN = "warn"
    FAIL = "FAIL"


@attrs.frozen(kw_only=True)
class CheckResult:
    """One line of the check-up. `remedy` says what to do, empty if nothing."""

    check: str
    outcome: Outcome
    detail: str
    remedy: str = ""


@attrs.frozen(kw_only=True)
class KeyLine:
    """One key: how many secrets it holds, where it stands in ENCRYPTION_KEY (1 is first; None: missing)."""

    key_id: str
    secrets: int
    position: int | None
    primary: bool


@attrs.frozen(kw_only=True)
class RotationReport:
    """The end of a rotation: secrets moved, and secrets that remain under old keys, counted in the database."""

    key_id: str
    moved: int
    remaining: int


@attrs.frozen(kw_only=True)
class DatabaseReport:
    """The state of the database file."""

    path: str
    schema_version: int
    problems: list[str]


def make_converter() -> cattrs.Converter:
    """Return the converter of these records: enumerations as their values, times as UTC text."""
    converter = cattrs.Converter()
    converter.register_unstructure_hook(datetime, lambda moment: moment.astimezone(UTC).isoformat())
    return converter
