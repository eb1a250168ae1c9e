"""What commands print: one JSON document for programs, a table for people, one line for an error."""

import json
import sys
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta, tzinfo
from typing import TextIO

from domain.errors import IACSGraphError
from modules.runtime.compose import draw_on_terminal
from modules.runtime.exit_codes import remedy
from modules.runtime.log_lines import escape
from modules.runtime.redaction import redact, redact_text

_GAP = "  "


def print_json(document: object, *, stream: TextIO | None = None, show_secrets: bool = False) -> None:
    """Print plain data as one UTF-8 document, times in ISO 8601, durations in seconds.

    Secrets are masked; `show_secrets` is for the commands whose whole purpose is to hand one out.
    """
    plain = document if show_secrets else redact(document)
    _write(json.dumps(plain, ensure_ascii=False, indent=2, default=_plain), stream or sys.stdout, encoding="utf-8")


def print_table(
    rows: Sequence[Mapping[str, object]],
    *,
    columns: Sequence[str] | None = None,
    stream: TextIO | None = None,
) -> None:
    """Print a drawn table on a terminal, else aligned text with a heading. Secrets are masked.

    `columns` picks and orders the keys; without it all keys are shown, in the order in which they come up.
    """
    names = list(columns) if columns is not None else list(dict.fromkeys(name for row in rows for name in row))
    cells = [[_cell(name, row.get(name)) for name in names] for row in rows]
    heading = [escape(redact_text(name)) for name in names]
    target = stream or sys.stdout
    if not heading:
        return
    if target.isatty():
        draw_on_terminal(heading, cells, target)
    else:
        _write("\n".join(_aligned([heading, *cells])), target)


def print_line(text: str, *, stream: TextIO | None = None, show_secrets: bool = False) -> None:
    """Print one line for people, at once; secrets are masked, unless it is known that what looks like one is none."""
    _write(escape(text if show_secrets else redact_text(text)), stream or sys.stdout)


def print_json_line(document: object, *, stream: TextIO | None = None) -> None:
    """Print plain data as one line of UTF-8, at once. Nothing is masked: it is for data that programs go on with."""
    text = json.dumps(document, ensure_ascii=False, default=_plain)
    _write(text, stream or sys.stdout, encoding="utf-8")


def shortened(text: str, columns: int) -> str:
    """Cut a text to so many columns of a terminal; what is cut ends with `...`."""
    if _width(text) <= columns:
        return text
    kept, left = "", columns - 3
    for character in text:
        left -= _width(character)
        if left < 0:
            break
        kept += character
    return f"{kept}..."


def print_rows(rows: Sequence[Mapping[str, object]], *, as_json: bool, columns: Sequence[str] | None = None) -> None:
    """Print rows on standard output as a JSON array (with all keys), or as a table (with `columns`)."""
    if as_json:
        print_json(list(rows))
    else:
        print_table(rows, columns=columns)


def in_zone(row: Mapping[str, object], zone: tzinfo | None) -> dict[str, object]:
    """Return the row with its times, nested ones included, in the zone; None is the system's."""
    return {name: _moved(value, zone) for name, value in row.items()}


def print_error(error: IACSGraphError, *, as_json: bool = False, stream: TextIO | None = None) -> None:
    """Print what happened, the code and the remedy on standard error: text, or one line of JSON."""
    target = stream or sys.stderr
    _write(_error_json(error) if as_json else _error_text(error), target, encoding="utf-8" if as_json else None)


def _error_text(error: IACSGraphError) -> str:
    lines = [escape(line) for line in redact_text(error.message).split("\n")]
    lines[0] = f"error: {lines[0]} [{error.error_code}]"
    what = remedy(error)
    if what:
        lines[-1] = f"{lines[-1]} - {what}" if len(lines) == 1 else f"{lines[-1]}\n{what}"
    return "\n".join(lines)


def _error_json(error: IACSGraphError) -> str:
    document = {
        "message": redact_text(error.message),
        "error_code": error.error_code,
        "transient": error.transient,
        "retry_after_seconds": error.retry_after,
        "remedy": remedy(error) or None,
        "details": redact(error.details),
    }
    return json.dumps({"error": document}, ensure_ascii=False, default=_plain)


def _plain(value: object) -> object:
    """Turn what JSON lacks into it; `redact` has already turned anything unknown into text."""
    match value:
        case datetime() | date() | time():
            return value.isoformat()
        case timedelta():
            return value.total_seconds()
        case _:
            return str(value)


def _moved(value: object, zone: tzinfo | None) -> object:
    if isinstance(value, datetime):
        return value.astimezone(zone)
    return in_zone(value, zone) if isinstance(value, Mapping) else value


def _cell(name: str, value: object) -> str:
    masked = redact({name: value})
    item = masked.get(redact_text(name)) if isinstance(masked, dict) else None
    match item:
        case None:
            return "-"
        case bool():
            return "yes" if item else "no"
        case datetime():
            return item.isoformat(sep=" ", timespec="seconds")
        case list():
            return escape(", ".join(str(part) for part in item))
        case _:
            return escape(str(item))


def _aligned(lines: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(_width(line[column]) for line in lines) for column in range(len(lines[0]))]
    padded = ([cell + " " * (width - _width(cell)) for cell, width in zip(line, widths, strict=True)] for line in lines)
    return [_GAP.join(line).rstrip() for line in padded]


def _width(text: str) -> int:
    """Count terminal columns: Hangul and the like take two, combining marks none."""
    return sum(0 if unicodedata.combining(c) else 1 + (unicodedata.east_asian_width(c) in "WF") for c in text)


def _write(text: str, target: TextIO, *, encoding: str | None = None) -> None:
    """Write whole lines; what the encoding cannot hold becomes an escape, which JSON reads back."""
    raw = getattr(target, "buffer", None)
    if raw is None:
        target.write(text + "\n")
        return
    target.flush()
    raw.write((text + "\n").encode(encoding or target.encoding or "utf-8", "backslashreplace"))
    raw.flush()
