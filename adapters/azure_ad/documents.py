"""JSON from the network, read strictly: what is not of the expected type is as good as garbage."""

import json
import math
from collections.abc import Mapping

Document = Mapping[str, object]

DEEPEST_DIGITS = 12
"""Longest number written as text that is taken for one."""


def parse_object(body: bytes | str) -> Document | None:
    """Return the JSON object in the text; None for anything else."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def text(document: Document, name: str) -> str | None:
    """Return a member that is a text with something in it."""
    found = document.get(name)
    return found if isinstance(found, str) and found.strip() else None


def seconds(document: Document, name: str) -> float | None:
    """Return a member that is a number of seconds, not negative; Entra's older versions write it as text."""
    found = document.get(name)
    if isinstance(found, str) and found.isascii() and found.isdigit() and len(found) <= DEEPEST_DIGITS:
        return float(found)
    if isinstance(found, bool) or not isinstance(found, int | float):
        return None
    return float(found) if math.isfinite(found) and 0 <= found < 10**DEEPEST_DIGITS else None


def moment(document: Document, name: str) -> float | None:
    """Return a member that is a NumericDate (RFC 7519 section 2)."""
    found = document.get(name)
    return None if isinstance(found, str) else seconds({name: found}, name)
