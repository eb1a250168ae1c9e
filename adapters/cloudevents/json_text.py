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
        found = _STRICT.decode(text or b"")  # takes a third of the time, and refuses some that is to be read
    except (ValueError, RecursionError):
        found = _read_tolerantly(text or b"")
    if not isinstance(found, dict):
        msg = "no JSON object"
        raise ValueError(msg)  # noqa: TRY004 - it is the text that is wrong
    return found


def _read_tolerantly(text: bytes) -> object:
    try:
        return json.loads(text.decode("utf-8-sig"), parse_constant=_no_number, parse_float=_finite)
    except (ValueError, RecursionError):
        msg = "no JSON"
        raise ValueError(msg) from None  # the cause holds the text


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
