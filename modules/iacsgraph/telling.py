"""The demonstration's report and its live events, as lines for people."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any, Final

from modules.iacsgraph.comparison import Difference
from modules.iacsgraph.schema import AgendaLine, DemoReport, Line
from modules.runtime.output import shortened
from ports.event_codec import ReceivedEvent

WELL, ILL = "All as it must be.", "Something is wrong: see the lines marked FAIL."
SHOWN_DIFFERENCES: Final = 5
_MARKS: Final = {True: "[ok]  ", False: "[FAIL]", None: "      "}
_SUBJECT, _VALUE = 60, 80


def report_lines(report: DemoReport) -> Iterator[str]:
    """Yield the report."""
    for section in report.sections:
        yield section.title
        yield from map(_line, section.lines)
        if section.title == "Agendas":
            yield from _agendas(report.agendas)
        yield ""
    yield from _differences(report.differences)
    yield WELL if report.passed else ILL


def event_line(event: ReceivedEvent) -> str:
    """Return an event as one line."""
    value: Any = event.value
    info = value.get("event_info") or {}
    about = [info.get("agenda_code"), info.get("mail_type"), info.get("response_org")]
    subject = info.get("subject") or value.get("to_folder") or value.get("folder") or ""
    time = (event.occurred_at or datetime.now(UTC)).astimezone().strftime("%H:%M:%S")
    words = [time, f"{event.type or '-':<15}", f"{value.get('user_id', '-'):<13}", *filter(None, about)]
    return "  ".join([*words, shortened(" ".join(str(subject).split()), _SUBJECT)]).rstrip()


def _line(line: Line) -> str:
    return f"{_MARKS[line.passed]} {line.title}: {line.result}"


def _agendas(agendas: list[AgendaLine]) -> Iterator[str]:
    rows = [("the latest", "status", "deadline", "responded"), *map(_cells, agendas)]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    for *cells, told in rows:
        padded = [cell.ljust(width) for cell, width in zip(cells, widths, strict=True)]
        yield f"{_MARKS[None]} {'  '.join([*padded, told])}"


def _cells(each: AgendaLine) -> tuple[str, str, str, str]:
    told = f"{len(each.responded):>2}/{each.members} {' '.join(each.responded)}".rstrip()
    return each.agenda, each.status or "-", str(each.deadline or "-"), told


def _differences(differences: list[Difference]) -> Iterator[str]:
    for each in differences[:SHOWN_DIFFERENCES]:
        expected, got = (shortened(repr(value), _VALUE) for value in (each.expected, each.got))
        yield f"{_MARKS[False]} {each.field} of {each.subject_code}: expected {expected}, got {got}"
    if len(differences) > SHOWN_DIFFERENCES:
        yield f"{_MARKS[None]} and {len(differences) - SHOWN_DIFFERENCES} more differences"


Say = Callable[[str], None]
"""Prints a line."""
