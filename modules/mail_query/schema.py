"""What the commands print about mailboxes and files, as records."""

from collections.abc import Mapping

import attrs


@attrs.frozen(kw_only=True)
class UnreadableLine:
    """A mail that the mailbox tells in a form that does not fit; `id` None: not even that could be read."""

    id: str | None
    problem: str


@attrs.frozen(kw_only=True)
class AccountLine:
    """How one account's query ended. `unreadable_mails` are the first hundred of the `unreadable`.

    `left_out` is the status that forbids its use; it was not asked then. `truncated`: there may be more.
    """

    user: str
    mails: int = 0
    unreadable: int = 0
    unreadable_mails: tuple[UnreadableLine, ...] = ()
    truncated: bool = False
    seconds: float = 0.0
    left_out: str | None = None
    error: Mapping[str, object] | None = None


@attrs.frozen(kw_only=True)
class SavedLine:
    """What became of one attachment; without a file, `note` says why there is none."""

    name: str | None
    kind: str
    file: str | None = None
    size_bytes: int | None = None
    note: str | None = None
