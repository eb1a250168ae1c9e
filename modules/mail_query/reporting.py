"""What people and programs are told about mailboxes that did not answer as they should."""

import sys
from collections.abc import Iterable, Iterator, Sequence

from modules.mail_query import visible
from modules.mail_query.schema import AccountLine

_NAMED = 5
"""How many unreadable mails, or accounts that were left out, are named to people."""


def say_ends(accounts: Sequence[AccountLine]) -> None:
    """Say on standard error what is missing from the answer, but for errors."""
    for line in (*_left_out(accounts), *(line for account in accounts for line in _missing(account))):
        note(line)


def note(text: str) -> None:
    """Say one line on standard error."""
    sys.stderr.write(f"note: {visible.line(text)}\n")


def _left_out(accounts: Iterable[AccountLine]) -> Iterator[str]:
    by_status: dict[str, list[str]] = {}
    for account in accounts:
        if account.left_out is not None:
            by_status.setdefault(account.left_out, []).append(account.user)
    for status, users in by_status.items():
        more = f" and {len(users) - _NAMED} more" if len(users) > _NAMED else ""
        yield f"not asked, since {status}: {', '.join(users[:_NAMED])}{more}"


def _missing(account: AccountLine) -> Iterator[str]:
    if account.truncated:
        yield f"{account.user}: the server gives no more than these, though there may be more; ask for a shorter period"
    for mail in account.unreadable_mails[:_NAMED]:
        yield f"{account.user}: a mail cannot be read ({mail.problem}): {mail.id or 'without an id'}"
    if account.unreadable > _NAMED:
        yield f"{account.user}: {account.unreadable} mails in all cannot be read"
