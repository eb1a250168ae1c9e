"""What people and programs are told about mailboxes that did not answer as they should."""

import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import copy
from io import StringIO

from domain.errors import IACSGraphError
from modules.mail_query import visible
from modules.mail_query.schema import AccountLine
from modules.runtime.output import print_error

_NAMED = 5
"""How many unreadable mails, or accounts that were left out, are named to people."""


def attributed(error: IACSGraphError, user_id: str) -> IACSGraphError:
    """Return the error with whose it is: in its details, and in its message if that does not quote them."""
    told = copy(error)
    told.details = {"user_id": user_id, **error.details}
    if repr(user_id) not in error.message:
        told.message = f"{user_id}: {error.message}"
    return told


def error_document(error: IACSGraphError) -> Mapping[str, object]:
    """Return what `--json` prints of an error, as plain data."""
    text = StringIO()
    print_error(error, as_json=True, stream=text)
    document: Mapping[str, object] = json.loads(text.getvalue())["error"]
    return document


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
