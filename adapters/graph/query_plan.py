"""How Graph is asked for the mails that meet a filter, and what is left to be judged here.

Graph has two languages that cannot be combined: `$filter` (OData), which knows neither words nor recipients, and
`$search` (KQL), which knows only whole words and gives at most a thousand mails. Every plan asks for at least the mails
that meet the filter; `residual` refuses the others.

Source: user-list-messages.md ("Using filter and orderby in the same query"), search-query-parameter.md.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

import attrs

from adapters.graph import kql, odata
from domain.mail import Importance, Mail
from domain.mail_filter import MailFilter, is_beginning, is_whole_address

_BEGINNING: Final = datetime(1900, 1, 1, tzinfo=UTC)
"""No mail is older. What is sorted by must be filtered by, too, so that there must be a bound."""

_MARGIN: Final = timedelta(days=1)
"""A day is one of the mailbox's own time zone, which may be 14 hours before or 12 behind UTC."""

_SEARCHED_IMPORTANCE: Final[Mapping[Importance, kql.Term]] = {
    Importance.LOW: kql.importance("low"),
    Importance.HIGH: kql.importance("high"),
}


@attrs.frozen(kw_only=True)
class QueryPlan:
    """`options` are query options as plain text, to be percent-encoded. `residual` says which mails meet the filter.

    `residual` None: all that come do. `ordered`: mails come newest received first. `searched`: at most a thousand mails
    come, sorted by when they were sent. `folder_id`: where to ask; None is the whole mailbox.
    """

    options: Mapping[str, str] = attrs.field(repr=False)
    residual: Callable[[Mail], bool] | None
    ordered: bool
    searched: bool
    folder_id: str | None


def plan(mail_filter: MailFilter) -> QueryPlan:
    """Return how to ask for the mails that meet the filter."""
    if mail_filter.phrases or _can_search_recipient(mail_filter):
        return _searching(mail_filter)
    return _filtering(mail_filter)


def _can_search_recipient(mail_filter: MailFilter) -> bool:
    """Whether a recipient is asked for in a way that words can say: a part of an address or name need be no word."""
    return mail_filter.recipient is not None and _is_searchable(mail_filter.recipient)


def _is_searchable(correspondent: str) -> bool:
    return is_whole_address(correspondent) and kql.is_address(correspondent)


def _searching(mail_filter: MailFilter) -> QueryPlan:
    return QueryPlan(
        options={"$search": kql.search(tuple(_terms(mail_filter)))},
        residual=_residual(mail_filter),
        ordered=False,
        searched=True,
        folder_id=mail_filter.folder_id,
    )


def _filtering(mail_filter: MailFilter) -> QueryPlan:
    conditions = tuple(_conditions(mail_filter))
    period, ordered = tuple(_period(mail_filter)), all(each.sortable for each in conditions)
    if ordered and conditions and not period:
        period = (odata.comparison(odata.Property.RECEIVED, "ge", _BEGINNING),)
    options = {"$filter": odata.all_of(*period, *conditions).text} if period or conditions else {}
    return QueryPlan(
        options=options | ({"$orderby": odata.NEWEST_FIRST} if ordered else {}),
        residual=None if _is_exact(mail_filter) else _residual(mail_filter),
        ordered=ordered,
        searched=False,
        folder_id=mail_filter.folder_id,
    )


def _is_exact(mail_filter: MailFilter) -> bool:
    """Whether `$filter` asks for neither more nor less: how texts are compared is the server's own affair."""
    texts = (mail_filter.sender, mail_filter.recipient, mail_filter.subject)
    moments = (mail_filter.since, mail_filter.before)
    return not any(texts) and not any(moment is not None and moment.microsecond for moment in moments)


def _residual(mail_filter: MailFilter) -> Callable[[Mail], bool]:
    """Return what the server may not have judged; the folder is asked for in the path, by whatever name."""
    return attrs.evolve(mail_filter, folder_id=None).matches_apart_from_phrases


def _period(mail_filter: MailFilter) -> Iterator[odata.Condition]:
    if mail_filter.since is not None:
        yield odata.comparison(odata.Property.RECEIVED, "ge", odata.second_at_or_before(mail_filter.since))
    if mail_filter.before is not None:
        yield odata.comparison(odata.Property.RECEIVED, "lt", odata.second_at_or_after(mail_filter.before))


def _conditions(mail_filter: MailFilter) -> Iterator[odata.Condition]:
    if mail_filter.unread is not None:
        yield odata.comparison(odata.Property.IS_READ, "eq", not mail_filter.unread)
    if mail_filter.has_attachments is not None:
        yield odata.comparison(odata.Property.HAS_ATTACHMENTS, "eq", mail_filter.has_attachments)
    if mail_filter.importance is not None:
        yield odata.comparison(odata.Property.IMPORTANCE, "eq", mail_filter.importance.value)
    if mail_filter.sender is not None:
        yield _sender(mail_filter.sender)
    if mail_filter.subject is not None:
        yield odata.contains(odata.Property.SUBJECT, mail_filter.subject)


def _sender(sender: str) -> odata.Condition:
    if is_whole_address(sender):
        return odata.comparison(odata.Property.SENDER_ADDRESS, "eq", sender)
    return odata.any_of(
        odata.contains(odata.Property.SENDER_ADDRESS, sender), odata.contains(odata.Property.SENDER_NAME, sender)
    )


def _terms(mail_filter: MailFilter) -> Iterator[kql.Term]:
    for phrase in mail_filter.phrases:
        yield kql.phrase(phrase, is_beginning=is_beginning(phrase))
    if mail_filter.recipient is not None and _is_searchable(mail_filter.recipient):
        yield kql.correspondent(kql.Property.RECIPIENTS, mail_filter.recipient)
    if mail_filter.sender is not None and _is_searchable(mail_filter.sender):
        yield kql.correspondent(kql.Property.SENDER, mail_filter.sender)
    yield from _days(mail_filter)
    if mail_filter.has_attachments:
        yield kql.has_attachment()
    if mail_filter.importance is not None and mail_filter.importance in _SEARCHED_IMPORTANCE:
        yield _SEARCHED_IMPORTANCE[mail_filter.importance]


def _days(mail_filter: MailFilter) -> Iterator[kql.Term]:
    """Yield the days of the period and more; the last day may count up to its beginning only."""
    earliest, latest = _BEGINNING + _MARGIN, datetime.max.replace(tzinfo=UTC) - 2 * _MARGIN
    if mail_filter.since is not None and mail_filter.since > earliest:
        yield kql.received(">=", (mail_filter.since - _MARGIN).date())
    if mail_filter.before is not None and mail_filter.before < latest:
        yield kql.received("<=", (mail_filter.before + 2 * _MARGIN).date())
