"""Lines of text as they are written, one after the other."""

import re
from typing import Final

import attrs

DEEPEST: Final = 5
"""Quotations and lists further in are shown as if they were not: what a line begins with stays short."""
RULE: Final = "_" * 32
"""What Outlook makes of a ruled line, in particular of the one above the mail that is answered."""
SEPARATOR: Final = " | "
QUOTED: Final = "> "

_NEWLINE: Final = re.compile("\r\n|[\r\v\f\x85\u2028\u2029]")
_CONTROLS: Final = re.compile(r"[\x00-\x08\x0e-\x1b\x7f]")
_UNSEEN: Final = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb]"
)
"""Characters without width: invisible, or instructions on how to show others."""


def lines_of(text: str) -> list[str]:
    """Return the lines, whatever they end with."""
    return _NEWLINE.sub("\n", text).split("\n")


def seen(text: str) -> str:
    """Return the text without characters that nobody sees."""
    if text.isascii():
        return text if text.isprintable() else _CONTROLS.sub("", text)
    return _UNSEEN.sub("", text)


@attrs.define
class Page:
    """What is on the page so far. Breaks are made when something follows them.

    `quoted`: how deep in quotations what is written next is. `lists`: of each list that is open, the number of its next
    item; None for one with bullets.
    """

    quoted: int = 0
    lists: list[int | None] = attrs.field(factory=list)
    _lines: list[str] = attrs.field(factory=list)
    _line: list[str] = attrs.field(factory=list)
    _depth: int = 0
    _start: str = ""
    _lead: str = ""
    _ending: int = 0
    _is_blank: bool = False
    _in_row: bool = False
    _in_cell: bool = False
    _cells: int = 0

    def write(self, text: str) -> None:
        """Write text in which any white space is as good as one blank."""
        words = "" if text.isspace() else seen(" ".join(text.split()))
        if not words:
            if self._ending or not self._line:
                self._is_blank |= "\N{NO-BREAK SPACE}" in text
            else:
                self._space()
            return
        if text[0].isspace():
            self._space()
        self._put(words)
        if text[-1].isspace():
            self._line.append(" ")

    def write_as_is(self, text: str) -> None:
        """Write text whose lines and blanks count."""
        for number, line in enumerate(lines_of(seen(text))):
            if number:
                self.end_line()
            if line.strip():
                self._put(line.rstrip())

    def close_line(self, *, gap: bool = False) -> None:
        """Go to the next line, unless nothing is on this one; with a gap, leave a blank one."""
        if self._lead or (self._in_row and not self._in_cell):
            return
        self._ending = max(self._ending, 2 if gap or self._is_blank else 1)
        self._is_blank = False

    def end_line(self) -> None:
        """Go to the next line; if nothing is on this one, it stays blank."""
        self.close_line(gap=self._ending > 0 or not self._line)

    def rule(self) -> None:
        """Draw a line; several in a row are one."""
        if self._line != [RULE]:
            self.leave_table()
            self._put(RULE)
        self._ending = max(self._ending, 1)

    def begin_item(self) -> None:
        """Begin an item of the list that is open."""
        self.leave_table()
        number = self.lists[-1] if self.lists else None
        if number is not None:
            self.lists[-1] = number + 1
        indent = "  " * min(max(len(self.lists) - 1, 0), DEEPEST)
        self._lead = f"{indent}- " if number is None else f"{indent}{number}. "

    def begin_row(self) -> None:
        """Begin a row of a table."""
        self._ending = 1 if self._in_row else max(self._ending, 1)
        self._in_row, self._in_cell, self._is_blank, self._cells, self._lead = True, False, False, 0, ""

    def begin_cell(self) -> None:
        """Begin a cell: beside the one before, unless that took several lines."""
        self._is_blank = False
        if not self._in_row:
            self.close_line()
        elif self._in_cell or self._cells:
            self._cells, self._in_cell, self._ending = self._cells + 1, False, 0

    def end_row(self) -> None:
        """Leave a row of a table."""
        self._ending = 1 if self._in_row else max(self._ending, 1)
        self._in_row, self._in_cell, self._cells = False, False, 0

    def leave_table(self, *, gap: bool = False) -> None:
        """Go to the next line, out of any table; with a gap, leave a blank one."""
        self._in_row, self._in_cell, self._cells, self._is_blank = False, False, 0, False
        self._ending = max(self._ending, 2 if gap else 1)

    def mark(self) -> int:
        """Return where the line is, for `since`."""
        return 0 if self._ending else len(self._line)

    def since(self, mark: int) -> str:
        """Return what was written on this line behind the mark; nothing if the line is over."""
        return "" if self._ending else "".join(self._line[mark:])

    def text(self) -> str:
        """Return all of it."""
        self._ending = 0
        self._finish()
        return "\n".join(self._lines)

    def end_list(self) -> None:
        """Leave the list that was begun last."""
        if self.lists:
            self.lists.pop()
        self._lead = ""
        self.close_line(gap=not self.lists)

    def _finish(self) -> None:
        """Put the line on the page, and the blank one behind it."""
        if self._line:
            self._lines.append(f"{self._start}{''.join(self._line).rstrip()}")
            self._line.clear()
        if self._ending > 1 and self._lines:
            self._lines.append((QUOTED * min(self._depth, self.quoted)).rstrip())
        self._ending = 0

    def _put(self, text: str) -> None:
        if self._ending:
            self._in_row &= not self._in_cell
            self._finish()
        if not self._line:
            self._depth = min(self.quoted, DEEPEST)
            self._start, self._lead = f"{QUOTED * self._depth}{self._lead}", ""
        elif self._cells:
            while self._line[-1] == " ":
                self._line.pop()
            self._line.append(SEPARATOR * self._cells)
        self._cells, self._in_cell, self._is_blank = 0, True, False
        self._line.append(text)

    def _space(self) -> None:
        if self._line and not self._ending and not self._cells and not self._line[-1].endswith(" "):
            self._line.append(" ")
