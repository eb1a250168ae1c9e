"""What the demonstration saw, and what there is to say of it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

import attrs

from domain.correspondence.agendas import MEMBERS, Standing
from domain.mail_results import MailboxCounts
from domain.mail_sync import MailId
from modules.iacsgraph.audience import Audience
from modules.iacsgraph.comparison import Comparison, Known, compare, compare_agendas
from modules.iacsgraph.schema import AgendaLine, DemoReport, Line, Section

SHOWN_AGENDAS: Final = 6
CALLERS: Final = 1000


@attrs.define(kw_only=True)
class Tokens:
    """About accounts and their tokens. `calls` asked for a token while everything ran, `valid` of them got a good one.

    `least` is how many different tokens the account had that had the fewest.
    """

    enrolled: int = 0
    signed_in: int = 0
    by_browser: int = 0
    by_code: int = 0
    crowd_refreshes: int = 0
    crowd_values: int = 0
    calls: int = 0
    valid: int = 0
    least: int = 0
    lifetime: int = 0
    refreshes: int = 0
    requests: int = 0
    secrets: int = 0
    secrets_found: int = 0
    bytes_searched: int = 0
    moved: int = 0
    left: int = 0


@attrs.frozen(kw_only=True)
class Findings:
    """Everything; `published` counts the events that left the outbox."""

    tokens: Tokens
    known: Mapping[MailId, Known] = attrs.field(repr=False)
    dropped: Mapping[MailId, str] = attrs.field(repr=False)
    stored: Sequence[MailboxCounts]
    published: int
    audience: Audience

    @property
    def of_mails(self) -> Comparison:
        return compare(self.known, self.audience.mails, self.dropped)


def report_of(found: Findings) -> DemoReport:
    """Return the report."""
    standings = found.audience.agendas()
    mails, agendas = found.of_mails, compare_agendas(found.known, standings)
    differences = [*mails.differences, *agendas.differences]
    truth = Line(
        title="Beside what the generator knows",
        result=f"{_n(mails.mails)} mails compared, {_n(mails.fields)} fields, {len(mails.differences)} differences",
        passed=not mails.differences,
    )
    return DemoReport(
        sections=[
            Section(title="Accounts and tokens", lines=_of_tokens(found.tokens)),
            Section(title="Mail", lines=_of_mail(found)),
            Section(title="Events", lines=_of_events(found)),
            Section(title="Agendas", lines=[_of_agendas(agendas, standings)]),
            Section(title="Truth", lines=[truth]),
        ],
        agendas=[_agenda(name, standing) for name, standing in [*standings.items()][:SHOWN_AGENDAS]],
        differences=differences,
        counts=_counts(found, mails),
    )


def _of_tokens(seen: Tokens) -> list[Line]:
    people = seen.enrolled
    return [
        Line(
            title="Enrolled from YAML files and signed in",
            result=f"{people} mailboxes, {seen.by_browser} by browser with PKCE, {seen.by_code} by device code",
            passed=people == seen.signed_in > 0,
        ),
        Line(
            title=f"{_n(CALLERS)} callers at once, one expired token",
            result=f"{seen.crowd_refreshes} refresh, {seen.crowd_values} new token",
            passed=(seen.crowd_refreshes, seen.crowd_values) == (1, 1),
        ),
        Line(
            title=f"Tokens that live {seen.lifetime} s, kept fresh meanwhile",
            result=f"{seen.refreshes} refreshes; {_n(seen.valid)} of {_n(seen.calls)} calls got a valid token",
            passed=seen.valid == seen.calls > 0 and seen.least > 1,
        ),
        Line(
            title="Clear-text secrets in the database's files",
            result=f"{seen.secrets_found} of {_n(seen.secrets)} found in {seen.bytes_searched / 1e6:.1f} MB",
            passed=seen.secrets > 0 and seen.secrets_found == 0,
        ),
        Line(
            title="Encryption key changed",
            result=f"{seen.moved} secrets moved, {seen.left} remain under the old key",
            passed=seen.moved > 0 and seen.left == 0,
        ),
    ]


def _of_mail(found: Findings) -> list[Line]:
    kinds = Counter(info.mail_type.value for info in found.audience.infos.values())
    stored = sum(each.new + each.announced + each.dropped for each in found.stored)
    announced, waiting = sum(each.announced for each in found.stored), sum(each.new for each in found.stored)
    folders, unreadable = sum(each.folders for each in found.stored), sum(each.unreadable for each in found.stored)
    copies = sum(info.duplicate_of is not None for info in found.audience.infos.values())
    complete = all(each.complete_at is not None for each in found.stored)
    return [
        Line(
            title="Synced",
            result=f"{_n(stored)} mails in {folders} folders of {len(found.stored)} mailboxes",
            passed=complete and stored == len(found.known) and unreadable == 0,
        ),
        Line(
            title="Processed",
            result=f"{_n(announced)} announced, {_n(len(found.dropped))} dropped, {_n(waiting)} wait",
            passed=waiting == 0 and announced + len(found.dropped) == stored,
        ),
        Line(title="By kind", result=_listed(kinds)),
        Line(title="Unwanted, by reason", result=_listed(Counter(found.dropped.values()))),
        Line(title="The same mail in another mailbox", result=f"{_n(copies)}, marked as duplicates"),
    ]


def _of_events(found: Findings) -> list[Line]:
    heard = found.audience
    again = heard.deliveries - heard.distinct
    return [
        Line(
            title="Consumed",
            result=f"{_n(heard.distinct)} different events, {again} duplicates, of {_n(found.published)} published",
            passed=heard.distinct == found.published and heard.announced == len(heard.mails),
        ),
        Line(title="By type", result=_listed(heard.types)),
    ]


def _of_agendas(comparison: Comparison, standings: Mapping[str, Standing]) -> Line:
    return Line(
        title="Who has responded, until when, and how far it is",
        result=f"{len(standings)} agendas, {len(comparison.differences)} differences",
        passed=not comparison.differences,
    )


def _agenda(name: str, standing: Standing) -> AgendaLine:
    return AgendaLine(
        agenda=name,
        status=standing.status,
        deadline=standing.deadline,
        responded=sorted(standing.latest),
        members=len(MEMBERS),
    )


def _counts(found: Findings, mails: Comparison) -> dict[str, int]:
    tokens = attrs.asdict(found.tokens)
    return {
        **{name: tokens[name] for name in ("enrolled", "calls", "valid", "refreshes", "requests", "secrets")},
        "mails": mails.mails,
        "fields": mails.fields,
        "announced": len(found.audience.mails),
        "dropped": len(found.dropped),
        "published": found.published,
        "deliveries": found.audience.deliveries,
        "events": found.audience.distinct,
    }


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {_n(count)}" for name, count in sorted(counts.items(), key=lambda each: -each[1]))


def _n(number: int) -> str:
    return f"{number:,}"
