"""Reports of the `events` commands. Times of tables are those of the people's zone; JSON keeps UTC."""

import json
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta, tzinfo

from modules.events.lines import for_people
from modules.events.schema import EventLine, LagReport, LetterDetails, OutboxReport, TopicLine
from modules.runtime.output import in_zone, print_json, print_json_line, print_line, print_rows, print_table
from modules.runtime.schema import make_converter

_COLUMNS = 200
"""Of a line that goes to no terminal."""


def printer(zone: tzinfo | None, *, as_json: bool) -> Callable[[EventLine], None]:
    """Return what prints one event as one line, at once."""
    if as_json:
        converter = make_converter()

        def show(line: EventLine) -> None:
            document = converter.unstructure(line)
            kept = {name: item for name, item in document.items() if line.problem or name not in {"problem", "bytes"}}
            print_json_line(kept)

        return show
    columns = shutil.get_terminal_size().columns if sys.stdout.isatty() else _COLUMNS
    return lambda line: print_line(for_people(line, zone, columns))


def print_topics(topics: Sequence[TopicLine], *, as_json: bool) -> None:
    """Print topics, in the table with their retention in words."""
    rows = make_converter().unstructure(topics)
    told = [{**row, "retention": _retention(row["retention_seconds"])} for row in rows]
    columns = ("topic", "partitions", "messages", "retention")
    print_rows(rows if as_json else told, as_json=as_json, columns=columns)


def print_lag(report: LagReport, *, as_json: bool) -> None:
    """Print a table with a line for the sum below it."""
    document = make_converter().unstructure(report)
    if as_json:
        print_json(document)
        return
    print_table(document["partitions"])
    print_line(f"{report.behind} behind in all.")


def print_outbox(report: OutboxReport, zone: tzinfo | None, *, as_json: bool) -> None:
    """Print the counts, and below them the parked events, each with its reason."""
    document = make_converter().unstructure(report)
    if as_json:
        print_json(document)
        return
    print_table([{"outbox": name, "": text} for name, text in _outbox_facts(report, zone)])
    if report.parked_events:
        print_line("")
        print_table([in_zone(row, zone) for row in document["parked_events"]], columns=("id", "key", "topic", "reason"))
    if report.parked > len(report.parked_events):
        print_line(f"... and {report.parked - len(report.parked_events)} more parked events.")


def print_letter(letter: LetterDetails, zone: tzinfo | None, *, as_json: bool) -> None:
    """Print the facts and headers of a dead letter, and below them its value."""
    document = make_converter().unstructure(letter)
    if as_json:
        print_json(document, show_secrets=True)  # the message as it is: a program may go on with it
        return
    facts = in_zone({name: item for name, item in document.items() if name not in {"headers", "value", "bytes"}}, zone)
    headers = {f"header {name}": text for name, text in letter.headers.items()}
    print_table([{"fact": name, "value": item} for name, item in {**facts, **headers}.items()])
    print_line("")
    for line in _value(letter).split("\n"):
        print_line(line)


def duration(length: timedelta) -> str:
    """Return a duration in its largest unit: `3 d`, `5 h`, `12 min`, `7 s`."""
    seconds = int(length.total_seconds())
    for unit, size in (("d", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds // size} {unit}"
    return f"{max(seconds, 0)} s"


def _retention(seconds: float | None) -> str:
    return "for ever" if seconds is None else duration(timedelta(seconds=seconds))


def _outbox_facts(report: OutboxReport, zone: tzinfo | None) -> Iterator[tuple[str, str]]:
    yield "pending", str(report.pending)
    if report.oldest is not None:
        oldest = report.oldest
        age = "" if oldest.age_seconds is None else f", for {duration(timedelta(seconds=oldest.age_seconds))}"
        yield "oldest", f"{oldest.type or oldest.id} of {oldest.key}{age}"
    yield "parked", str(report.parked)
    yield "published", f"{report.published} (kept for a while)"
    yield "relay", _relay_text(report, zone)


def _relay_text(report: OutboxReport, zone: tzinfo | None) -> str:
    """Tell who is at work; a relay that has nothing to do cannot be told from none."""
    if report.relay is not None and report.relay.at_work:
        return f"at work until {report.relay.until.astimezone(zone):%Y-%m-%d %H:%M:%S}"
    if not report.pending:
        return "none at work: nothing is pending"
    return "none: start one with iacsgraph events relay"


def _value(letter: LetterDetails) -> str:
    if letter.value_omitted:
        return f"(too large for the queue: it stands at {letter.place})"
    if letter.bytes is not None:
        return letter.bytes
    return "(empty)" if letter.value is None else json.dumps(letter.value, ensure_ascii=False, indent=2)
