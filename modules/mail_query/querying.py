"""`mail query`: the answer as it comes, and at the end what there is to say about each mailbox."""

import shutil
import sys
from collections.abc import Mapping, Sequence
from datetime import tzinfo

import attrs

from application.mail_queries import MailboxBegun, MailboxEnded, MailboxLeftOut, MailQueries, MailsFound, Step
from domain.account import user_key
from domain.errors import IACSGraphError
from domain.mail import MailPage
from modules.mail_query.fields import Found
from modules.mail_query.progress import Progress
from modules.mail_query.reporting import note, say_ends
from modules.mail_query.schema import AccountLine, UnreadableLine
from modules.mail_query.sinks import Sink, standard_output
from modules.mail_query.wishes import Wishes
from modules.mail_query.writers import CsvWriter, JsonWriter, TableWriter, Writer
from modules.runtime.exit_codes import exit_code
from modules.runtime.output import print_error
from modules.runtime.whose import attributed, error_document

_COLUMNS = 200
"""Of a line that goes to no terminal."""
_KEPT = 100
"""How many of a mailbox's unreadable mails are named."""
_USER_WIDTH = 16
"""For users who are not known beforehand."""


async def query(queries: MailQueries, wishes: Wishes, zone: tzinfo | None) -> int:
    """Ask, write the answer to standard output, and say on standard error what is missing from it.

    Returns the exit code: that of the first failure, in the order in which users were named, or of their names.

    Raises: what concerns all, such as the database.
    """
    sink = standard_output(None if wishes.form == "table" else "utf-8")
    answer = Answer(sink=sink, writer=writer_for(wishes, zone, sink), progress=progress_for(wishes))
    return await answer.take(queries, wishes)


@attrs.frozen(kw_only=True)
class Answer:
    """An answer while it is written. Of each mailbox little is kept, and of each mail nothing."""

    sink: Sink
    writer: Writer
    progress: Progress
    accounts: list[AccountLine] = attrs.field(factory=list, init=False)
    failures: dict[str, IACSGraphError] = attrs.field(factory=dict, init=False)
    folders: dict[str, Mapping[str, str]] = attrs.field(factory=dict, init=False, repr=False)
    unreadable: dict[str, list[UnreadableLine]] = attrs.field(factory=dict, init=False, repr=False)

    async def take(self, queries: MailQueries, wishes: Wishes) -> int:
        """Take all of it; return the exit code."""
        as_json = wishes.form == "json"
        self.writer.begin()
        await self.sink.flush()
        try:
            async with queries.asking(wishes.question, wishes.users) as steps:
                async for step in steps:
                    self._hear(step)
                    await self.sink.flush()
                    self.progress.draw()
        finally:
            self.progress.clear()
        accounts = self._in_order(wishes.users or ())
        self.writer.end(accounts)
        await self.sink.flush()
        if not as_json:
            say_ends(accounts)
            if wishes.users is None and not accounts:
                note("no account is enrolled; see: iacsgraph account enroll")
        failures = [self.failures[account.user] for account in accounts if account.user in self.failures]
        for error in failures:
            print_error(error, as_json=as_json)
        return exit_code(failures[0]) if failures else 0

    def _in_order(self, users: Sequence[str]) -> Sequence[AccountLine]:
        """Return the accounts as they were named; otherwise it would be chance whose failure counts."""
        places = {user_key(user): place for place, user in enumerate(users)}
        return sorted(self.accounts, key=lambda line: (places.get(user_key(line.user), 0), user_key(line.user)))

    def _hear(self, step: Step) -> None:
        match step:
            case MailsFound():
                self._page(step.user_id, step.page)
            case MailboxBegun():
                self.folders[step.user_id] = step.folders
                self.progress.begun += 1
            case MailboxLeftOut():
                self.accounts.append(AccountLine(user=step.user_id, left_out=step.status.value))
            case MailboxEnded():
                self._end(step)

    def _page(self, user_id: str, page: MailPage) -> None:
        folders = self.folders[user_id]
        self.progress.clear()
        self.writer.page([Found(user_id=user_id, mail=mail, folders=folders) for mail in page.mails])
        self.progress.mails += len(page.mails)
        if page.unreadable:
            kept = self.unreadable.setdefault(user_id, [])
            room = page.unreadable[: _KEPT - len(kept)]
            kept.extend(UnreadableLine(id=each.message_id, problem=each.problem) for each in room)

    def _end(self, end: MailboxEnded) -> None:
        self.progress.begun += end.user_id not in self.folders
        self.progress.ended += 1
        self.folders.pop(end.user_id, None)
        error = None if end.error is None else attributed(end.error, end.user_id)
        if error is not None:
            self.failures[end.user_id] = error
        self.accounts.append(
            AccountLine(
                user=end.user_id,
                mails=end.mails,
                unreadable=end.unreadable,
                unreadable_mails=tuple(self.unreadable.pop(end.user_id, ())),
                truncated=end.truncated,
                seconds=round(end.duration.total_seconds(), 3),
                error=None if error is None else error_document(error),
            )
        )


def writer_for(wishes: Wishes, zone: tzinfo | None, sink: Sink) -> Writer:
    """Return what writes in the form that is wished."""
    match wishes.form:
        case "json":
            return JsonWriter(sink=sink, fields=wishes.fields)
        case "csv":
            return CsvWriter(sink=sink, fields=wishes.fields, zone=zone)
        case "table":
            columns = shutil.get_terminal_size().columns if sys.stdout.isatty() else _COLUMNS
            return TableWriter(
                sink=sink,
                fields=wishes.fields,
                zone=zone,
                columns=columns,
                user_width=_user_width(wishes.users),
            )


def progress_for(wishes: Wishes) -> Progress:
    """Return what draws on standard error, if people look at both outputs."""
    watched = wishes.form == "table" and sys.stderr.isatty() and sys.stdout.isatty()
    expected = None if wishes.users is None else len(set(map(user_key, wishes.users)))
    return Progress(stream=sys.stderr if watched else None, expected=expected)


def _user_width(users: Sequence[str] | None) -> int:
    return max(map(len, users), default=0) if users else _USER_WIDTH
