"""JSON as others may write it, and as every reader accepts it (RFC 8259)."""

import json
import math
from collections.abc import Mapping
from typing import Final, NoReturn

from msgspec.json import Decoder

_STRICT: Final = Decoder()


def read_object(text: bytes | None) -> Mapping[str, object]:
    """Return the JSON object; of a name that occurs twice the last one counts, a byte order mark is passed over.

    Raises: ValueError, whose text quotes nothing, if it is anything else, not UTF-8, nested too deeply, or holds a
    number that no float can.
    """
    try:
        found = _as_json(text or b"")
    except (ValueError, RecursionError):
        msg = "no JSON"
        raise ValueError(msg) from None  # the cause holds the text
    if not isinstance(found, dict):
        msg = "no JSON object"
        raise ValueError(msg)  # noqa: TRY004 - it is the text that is wrong
    return found


def _as_json(text: bytes) -> object:
    """Return what the stricter reader makes of it, which takes a third of the time, or else the one that takes more."""
    try:
        return _STRICT.decode(text)
    except (ValueError, RecursionError):
        return json.loads(text.decode("utf-8-sig"), parse_constant=_no_number, parse_float=_finite)


def write_object(value: Mapping[str, object]) -> bytes:
    """Return the object in the fewest bytes, members in the order given.

    Raises: TypeError, ValueError, RecursionError: it cannot be written so that every reader accepts it.
    """
    return json.dumps(dict(value), ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


def _no_number(_: str) -> NoReturn:
    msg = "not a number"
    raise ValueError(msg)


def _finite(digits: str) -> float:
    number = float(digits)
    return number if math.isfinite(number) else _no_number(digits)
