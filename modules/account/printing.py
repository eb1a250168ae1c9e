"""Reports of the `account` commands as text. Times are those of the people's zone; JSON keeps UTC."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from datetime import tzinfo
from typing import Any

from modules.account.schema import AccountDetails, AuditLine, EnrolmentReport, FindingLine
from modules.runtime.log_lines import escape
from modules.runtime.output import in_zone, print_json, print_table
from modules.runtime.redaction import redact_text
from modules.runtime.schema import make_converter

_SHOWN_USERS = 3


def print_enrolment(report: EnrolmentReport, *, as_json: bool) -> None:
    """Print one row per file; below them every fault with its line, notes and findings."""
    if as_json:
        print_json(make_converter().unstructure(report))
        return
    print_table(
        [
            {
                "file": result.file or "-",
                "user_id": result.user_id,
                "result": ": ".join(filter(None, (result.result, ", ".join(result.fields)))),
                "status": result.status,
            }
            for result in report.files
        ]
    )
    _say(_remarks(report))
    if report.findings:
        _say([""])
        print_findings(report.findings)
    if not report.written:
        _say(["", "Nothing was written."])


def print_findings(findings: Sequence[FindingLine]) -> None:
    """Print findings as a table; of many accounts the first ones are named."""
    print_table(
        [
            {
                "application": finding.client_id or "none",
                "tenant": finding.tenant_id,
                "accounts": _few(finding.user_ids),
                "level": finding.level,
                "finding": finding.message,
                "remedy": finding.remedy,
            }
            for finding in findings
        ]
    )


def print_details(details: AccountDetails, zone: tzinfo | None, *, as_json: bool) -> None:
    """Print one account: a document, or one fact per line."""
    document = make_converter().unstructure(details)
    if as_json:
        print_json(document)
        return
    print_table([{"fact": name, "value": value} for name, value in _flat(in_zone(document, zone))])


def print_audit(entries: Sequence[AuditLine], zone: tzinfo | None, *, as_json: bool) -> None:
    """Print an audit trail; in the table, each change as `field: old -> new`."""
    rows = make_converter().unstructure(entries)
    if as_json:
        print_json(rows)
        return
    told = [[f"{c.field} {c.old or '-'} -> {c.new or '-'}" for c in entry.changes] for entry in entries]
    print_table([in_zone(row, zone) | {"changes": "; ".join(lines)} for row, lines in zip(rows, told, strict=True)])


def _remarks(report: EnrolmentReport) -> Iterator[str]:
    if any(result.faults or result.notes for result in report.files):
        yield ""
    for result in report.files:
        for fault in result.faults:
            yield f"{result.file}:{fault.line}: {fault.problem}"
        for note in result.notes:
            yield f"{result.file or result.user_id}: {note}"


def _say(lines: Sequence[str] | Iterator[str]) -> None:
    encoding = sys.stdout.encoding or "utf-8"
    for line in lines:
        sys.stdout.write(escape(redact_text(line)).encode(encoding, "backslashreplace").decode(encoding) + "\n")


def _few(user_ids: Sequence[str]) -> str | None:
    more = len(user_ids) - _SHOWN_USERS
    shown = ", ".join(user_ids[:_SHOWN_USERS])
    return f"{shown} and {more} more" if more > 0 else shown or None


def _flat(row: Mapping[str, Any]) -> Iterator[tuple[str, object]]:
    for name, value in row.items():
        if isinstance(value, Mapping):
            yield from ((f"{name}.{inner}", item) for inner, item in _flat(value))
        else:
            yield name, value
