"""Mails as a table, as JSON and as CSV: each row is written as it comes, and none is kept."""

import csv
import io
import json
from collections.abc import Sequence
from datetime import datetime, tzinfo
from typing import Protocol

import attrs
from rich.cells import cell_len

from modules.mail_query import visible
from modules.mail_query.fields import Field, Found
from modules.mail_query.schema import AccountLine
from modules.mail_query.sinks import Sink
from modules.runtime.output import shortened
from modules.runtime.schema import make_converter

_GAP = "  "
_FORMULA = tuple("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")
"""With what spreadsheets begin a formula, or what they skip before one (OWASP, CSV Injection)."""


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, datetime) else str(value)


_JSON = json.JSONEncoder(ensure_ascii=False, default=_plain)


class Writer(Protocol):
    """Takes the mails of a query, page by page; they are written when the sink is flushed."""

    def begin(self) -> None:
        """Write what comes first."""

    def page(self, mails: Sequence[Found]) -> None:
        """Write some mails."""

    def end(self, accounts: Sequence[AccountLine]) -> None:
        """Write what comes last."""


@attrs.frozen(kw_only=True)
class TableWriter(Writer):
    """Lines of fixed columns, `columns` wide in all where the fields allow it; a name or id is never cut.

    `user_width` is the room for user ids, which are known before there is a line.
    """

    sink: Sink
    fields: Sequence[Field]
    zone: tzinfo | None
    columns: int
    user_width: int = 12

    def begin(self) -> None:
        """Write the heading."""
        widths = self._widths()
        self._line([field.name for field in self.fields], widths)
        self._line(["-" * min(width, self.columns) for width in widths], widths)

    def page(self, mails: Sequence[Found]) -> None:
        """Write a line for each."""
        widths = self._widths()
        for found in mails:
            cells = [self._cell(field, found, width) for field, width in zip(self.fields, widths, strict=True)]
            self._line(cells, widths)

    def end(self, accounts: Sequence[AccountLine]) -> None:
        """Write nothing: what there is to say about accounts goes to standard error."""

    def _widths(self) -> list[int]:
        least = [
            max(self.user_width if field.name == "user" else field.width, len(field.name)) for field in self.fields
        ]
        left = max(0, self.columns - sum(least) - len(_GAP) * (len(least) - 1))
        shares = sum(field.share for field in self.fields) or 1
        return [width + left * field.share // shares for field, width in zip(self.fields, least, strict=True)]

    def _cell(self, field: Field, found: Found, width: int) -> str:
        text = field.shown(found, self.zone, "%Y-%m-%d %H:%M")
        if not field.share:
            return visible.line(text)
        one_line = visible.line(" ".join(text[: 8 * width].split()))
        return one_line if one_line.isascii() and len(one_line) <= width else shortened(one_line, width)

    def _line(self, cells: Sequence[str], widths: Sequence[int]) -> None:
        padded = (cell + " " * (width - cell_len(cell)) for cell, width in zip(cells, widths, strict=True))
        self.sink.write(_GAP.join(padded).rstrip() + "\n")


@attrs.frozen(kw_only=True)
class JsonWriter(Writer):
    """One document, `{"mails": [...], "accounts": [...]}`, with a mail on each line. Times are in UTC.

    A document that is cut off, since the program was, does not end: nobody can take it for the whole.
    """

    sink: Sink
    fields: Sequence[Field]
    _written: list[bool] = attrs.field(factory=lambda: [False], init=False, repr=False, eq=False)
    """Whether there is a mail already."""

    def begin(self) -> None:
        """Open the document."""
        self.sink.write('{"mails": [')

    def page(self, mails: Sequence[Found]) -> None:
        """Write a line for each."""
        for found in mails:
            self.sink.write((",\n" if self._written[0] else "\n") + self._mail(found))
            self._written[0] = True

    def end(self, accounts: Sequence[AccountLine]) -> None:
        """Close the document."""
        lines = ",".join(f"\n{_JSON.encode(each)}" for each in make_converter().unstructure(accounts))
        self.sink.write(f'\n], "accounts": [{lines}\n]}}\n')

    def _mail(self, found: Found) -> str:
        return _JSON.encode({field.name: field.value(found) for field in self.fields})


@attrs.frozen(kw_only=True)
class CsvWriter(Writer):
    """Rows of RFC 4180 in UTF-8, with a heading; times in ISO 8601 in the zone.

    A text of somebody else's that a spreadsheet would take for a formula gets an apostrophe in front.
    """

    sink: Sink
    fields: Sequence[Field]
    zone: tzinfo | None

    def begin(self) -> None:
        """Write the heading."""
        self._rows([[field.name for field in self.fields]])

    def page(self, mails: Sequence[Found]) -> None:
        """Write a row for each."""
        self._rows([[self._cell(field, found) for field in self.fields] for found in mails])

    def end(self, accounts: Sequence[AccountLine]) -> None:
        """Write nothing: what there is to say about accounts goes to standard error."""

    def _cell(self, field: Field, found: Found) -> str:
        text = field.shown(found, self.zone, None)
        return f"'{text}" if field.foreign and text.startswith(_FORMULA) else text

    def _rows(self, rows: Sequence[Sequence[str]]) -> None:
        buffer = io.StringIO(newline="")
        csv.writer(buffer, lineterminator="\r\n").writerows(rows)
        self.sink.write(buffer.getvalue())
