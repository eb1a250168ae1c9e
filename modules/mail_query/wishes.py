"""What the command line of `mail query` asks for, and the question that follows from it."""

from collections.abc import Callable, Sequence
from datetime import datetime, tzinfo
from typing import Literal, TypedDict, TypeVar

import attrs

from application.mail_queries import MailQuestion
from domain.mail import Importance
from domain.mail_filter import MailFilter
from modules.mail_query.fields import CHEAP, FOLDER, IN_A_SHEET, IN_A_TABLE, Field, chosen, named
from modules.mail_query.search_text import phrases
from modules.runtime.periods import beginning, ending

T = TypeVar("T")

Form = Literal["table", "json", "csv"]


class QueryOptions(TypedDict):
    """The options of `mail query`, as click gives them."""

    users: tuple[str, ...]
    everybody: bool
    since: str | None
    until: str | None
    sender: str | None
    recipient: str | None
    subject: str | None
    search: str | None
    unread: bool | None
    has_attachments: bool | None
    importance: str | None
    folder: str | None
    top: int | None
    select: str | None
    form: Form


@attrs.frozen(kw_only=True)
class Wishes:
    """A query that is well formed. `users` None means all accounts that may be used."""

    users: tuple[str, ...] | None
    question: MailQuestion
    fields: Sequence[Field]
    form: Form


class UnfitOptionError(ValueError):
    """A value that an option cannot have; the message names the option."""


def wishes(options: QueryOptions, now: datetime, zone: tzinfo | None) -> Wishes:
    """Return what is asked for. Dates are days in the zone, None is the system's.

    Raises:
        UnfitOptionError: an option cannot be read.
        ValidationError: the conditions cannot be met together.
    """
    users = None if options["everybody"] else options["users"]
    fields = _fields(options["select"], options["form"], several=users is None or len(set(users)) > 1)
    question = MailQuestion(
        mail_filter=_filter(options, now, zone),
        folder=_text("--folder", options["folder"]),
        parts=frozenset(field.part for field in fields if field.part is not None),
        newest=options["top"],
        with_folders=any(field.name == FOLDER for field in fields),
    )
    return Wishes(users=users, question=question, fields=fields, form=options["form"])


def _filter(options: QueryOptions, now: datetime, zone: tzinfo | None) -> MailFilter:
    since, until, search = options["since"], options["until"], options["search"]
    importance = options["importance"]
    return MailFilter(
        since=None if since is None else _read("--since", lambda: beginning(since, now, zone)),
        before=None if until is None else _read("--until", lambda: ending(until, now, zone)),
        sender=_text("--from", options["sender"]),
        recipient=_text("--to", options["recipient"]),
        subject=_text("--subject", options["subject"]),
        phrases=() if search is None else _read("--search", lambda: phrases(search)),
        unread=options["unread"],
        has_attachments=options["has_attachments"],
        importance=None if importance is None else Importance(importance),
    )


def _fields(select: str | None, form: Form, *, several: bool) -> tuple[Field, ...]:
    if select is not None:
        return _read("--select", lambda: chosen(select))
    if form == "json":
        return named(CHEAP)
    if form == "csv":
        return named(IN_A_SHEET)
    return named(("user", *IN_A_TABLE) if several else IN_A_TABLE)


def _text(option: str, text: str | None) -> str | None:
    if text is not None and not text.strip():
        msg = f"{option} is empty"
        raise UnfitOptionError(msg)
    return None if text is None else text.strip()


def _read(option: str, read: Callable[[], T]) -> T:
    try:
        return read()
    except ValueError as error:
        msg = f"{option}: {error}"
        raise UnfitOptionError(msg) from None
