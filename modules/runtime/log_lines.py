"""A log record as one line of text: redacted, escaped, in fixed columns."""

import json
import logging
import re
from collections.abc import Mapping
from datetime import UTC, datetime, tzinfo

from attrs import frozen

from modules.runtime.redaction import MASK, is_secret_name, redact, redact_text

MODULE_WIDTH = 25
_STANDARD = frozenset({*logging.makeLogRecord({}).__dict__, "message", "asctime", "taskName"})
_PLAIN_VALUE = re.compile(r"[^\s\"=\\]+")
_RESET = "\x1b[0m"
_COLOURS = (
    (logging.CRITICAL, "\x1b[1;31m"),
    (logging.ERROR, "\x1b[31m"),
    (logging.WARNING, "\x1b[33m"),
    (logging.INFO, "\x1b[32m"),
    (logging.NOTSET, "\x1b[2m"),
)
_CONTROLS = (*range(0x20), *range(0x7F, 0xA0), 0x2028, 0x2029)
_NAMED = {0x09: "\\t", 0x0A: "\\n", 0x0D: "\\r"}
_ESCAPES = {
    **{code: f"\\x{code:02x}" if code <= 0xFF else f"\\u{code:04x}" for code in _CONTROLS},  # noqa: PLR2004
    **{code: f"\\u{code:04x}" for code in range(0xD800, 0xE000)},  # lone surrogates, which no file can hold
    **_NAMED,
}
_ESCAPES_EXCEPT_NEWLINE = {code: text for code, text in _ESCAPES.items() if code != 0x0A}  # noqa: PLR2004


@frozen(kw_only=True)
class LogLine:
    """What a record says, without its secrets. `traceback` has several lines; everything else has one."""

    time: datetime
    level: str
    logger: str
    message: str
    context: dict[str, object]
    traceback: str | None

    @classmethod
    def of(cls, record: logging.LogRecord) -> "LogLine":
        """Never raises: arguments that do not fit their message are left out, with a note."""
        context = {name: value for name, value in record.__dict__.items() if name not in _STANDARD}
        redacted = redact(context)
        return cls(
            time=datetime.fromtimestamp(record.created, UTC),
            level=record.levelname,
            logger=redact_text(record.name),
            message=_message(record),
            context=redacted if isinstance(redacted, dict) else {},
            traceback=_traceback(record),
        )


class TextFormatter(logging.Formatter):
    """`[2025-09-30 14:33:22] INFO     | modules.mail_query        | text key=value`, traceback indented below."""

    def __init__(self, *, zone: tzinfo | None, colour: bool) -> None:
        """Show times in `zone`, the system's if None."""
        super().__init__()
        self._zone = zone
        self._colour = colour

    def format(self, record: logging.LogRecord) -> str:
        """Return one line, and the traceback's lines if there is one."""
        line = LogLine.of(record)
        when = line.time.astimezone(self._zone)
        level = self._level(record.levelno, escape(line.level))
        context = "".join(f" {escape(key)}={_value(value)}" for key, value in line.context.items())
        head = f"[{when:%Y-%m-%d %H:%M:%S}] {level} | {module_column(line.logger)} | {escape(line.message)}{context}"
        return head if line.traceback is None else f"{head}\n{_indented(line.traceback)}"

    def _level(self, number: int, name: str) -> str:
        padded = f"{name:<8.8}"
        if not self._colour:
            return padded
        colour = next(colour for least, colour in _COLOURS if number >= least)
        return f"{colour}{padded}{_RESET}"


def escape(text: str) -> str:
    """Make control characters, line separators and lone surrogates visible: one text, one line."""
    return text.translate(_ESCAPES)


def module_column(name: str) -> str:
    """Return exactly 25 characters: leading packages shrink to initials one by one, then the end is cut."""
    parts = escape(name).split(".")
    for position in range(len(parts) - 1):
        if len(".".join(parts)) <= MODULE_WIDTH:
            break
        parts[position] = parts[position][:1]
    return ".".join(parts)[:MODULE_WIDTH].ljust(MODULE_WIDTH)


def _message(record: logging.LogRecord) -> str:
    text = str(redact(record.msg))
    if not record.args:
        return text
    try:
        return redact_text(str(record.msg) % _arguments(record.args))
    except Exception:  # noqa: BLE001 - any argument's __str__ may raise; logging would print all of them
        return f"{text} [arguments do not fit the message]"


def _arguments(arguments: object) -> object:
    """Mask inside containers, and by name; leave numbers and texts as they are for `%d` and `%r`."""
    if isinstance(arguments, Mapping):
        return {name: MASK if is_secret_name(str(name)) else _argument(value) for name, value in arguments.items()}
    return tuple(_argument(value) for value in arguments) if isinstance(arguments, tuple) else arguments


def _argument(value: object) -> object:
    return redact(value) if isinstance(value, (Mapping, list, tuple)) else value


def _traceback(record: logging.LogRecord) -> str | None:
    """Not through `record.exc_text`: other handlers would share what is cached there."""
    parts = [record.stack_info or ""]
    if isinstance(record.exc_info, tuple) and record.exc_info[0]:
        parts.append(logging.Formatter().formatException(record.exc_info))
    elif record.exc_text:
        parts.append(record.exc_text)
    text = "\n".join(part for part in parts if part)
    return redact_text(text) if text else None


def _indented(text: str) -> str:
    """Indent, so that no line of an exception's text can pass for a record."""
    return "\n".join(f"    {line}" for line in text.translate(_ESCAPES_EXCEPT_NEWLINE).split("\n"))


def _value(value: object) -> str:
    if isinstance(value, datetime):
        value = value.isoformat()
    if isinstance(value, (dict, list)):
        value = json.dumps(value, ensure_ascii=False, default=str, separators=(",", ":"))
    text = str(value)
    return text if _PLAIN_VALUE.fullmatch(text) and text.isprintable() else f'"{_quoted(text)}"'


def _quoted(text: str) -> str:
    return escape(text.replace("\\", "\\\\").replace('"', '\\"'))
