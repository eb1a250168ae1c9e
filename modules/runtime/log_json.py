"""A log record as one JSON document, one per line. Imported only where JSON is written."""

import logging
from datetime import UTC, timedelta

from pythonjsonlogger.json import JsonEncoder, JsonFormatter

from modules.runtime.log_lines import LogLine

# Raw in JSON text, yet read as line ends (or refused as UTF-8) by the programs that split log files into lines.
_LINE_BREAKERS = {code: f"\\u{code:04x}" for code in (*range(0x7F, 0xA0), 0x2028, 0x2029, *range(0xD800, 0xE000))}


class _Encoder(JsonEncoder):
    def default(self, o: object) -> object:
        return o.total_seconds() if isinstance(o, timedelta) else super().default(o)


class JsonLineFormatter(JsonFormatter):
    """`timestamp` (UTC, ISO 8601), `level`, `logger`, `message`, and `context`, `exception` where there are any."""

    def __init__(self) -> None:
        """Keep letters beyond ASCII readable."""
        super().__init__(json_encoder=_Encoder, json_ensure_ascii=False)

    def format(self, record: logging.LogRecord) -> str:
        """Return one line; the record itself is not changed."""
        line = LogLine.of(record)
        document: dict[str, object] = {
            "timestamp": line.time.astimezone(UTC).isoformat(timespec="microseconds"),
            "level": line.level,
            "logger": line.logger,
            "message": line.message,
        }
        if line.context:
            document["context"] = line.context
        if line.traceback is not None:
            document["exception"] = line.traceback
        return self.serialize_log_record(document).translate(_LINE_BREAKERS)
