"""Texts of strangers on a terminal: what would steer it, or turn the text around, is made visible."""

from modules.runtime.log_lines import escape

_TURNING = {code: f"\\u{code:04x}" for code in (*range(0x202A, 0x202F), *range(0x2066, 0x206A))}
"""Explicit directional controls (Unicode UAX #9): they make `exe.fdp` look like `pdf.exe`."""


def line(text: str) -> str:
    """Return the text as one line."""
    if text.isprintable():
        return text  # as most are, and this is much faster
    return escape(text).translate(_TURNING)


def lines(text: str) -> list[str]:
    """Return the lines of a text of several, tabs as spaces."""
    return [line(each.expandtabs()) for each in text.replace("\r\n", "\n").replace("\r", "\n").split("\n")]
