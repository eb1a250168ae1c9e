"""Mail for the mailboxes of a simulator: what they have when it begins."""

from collections.abc import Sequence
from itertools import islice

import attrs

from modules.simulator.correspondence.generator import Correspondence, Generated
from modules.simulator.correspondence.truth import Truth
from modules.simulator.mail.content import Address
from modules.simulator.mail.mailbox import Folder, Mailbox
from modules.simulator.people import User

_TOGETHER = 50


@attrs.frozen(kw_only=True)
class Filled:
    """What was delivered: `truths` by the mailbox's address, in the order of receipt; so many agendas were used."""

    truths: dict[str, list[Truth]] = attrs.field(repr=False)
    turns: int


def address_of(user: User) -> Address:
    return Address(user.mail, user.name)


def fill(correspondence: Correspondence, mailboxes: Sequence[Mailbox], number: int) -> Filled:
    """Deliver so many mails to each mailbox, in the order of receipt; folders that are missing are made.

    Raises: ValueError if that is more than `MOST_MAILS`.
    """
    collected = _collect(correspondence, mailboxes, number)
    truths: dict[str, list[Truth]] = {}
    for mailbox, mails in zip(mailboxes, collected, strict=True):
        mails.sort(key=lambda each: each.draft.received_at)
        places = {name: place(mailbox, name) for name in dict.fromkeys(each.folder for each in mails)}
        for each in mails:
            mailbox.deliver(each.draft, places[each.folder])
        truths[mailbox.user.mail] = [each.truth for each in mails]
    turns = 1 + max((each.turn for mails in collected for each in mails), default=-1)
    return Filled(truths=truths, turns=turns)


def _collect(correspondence: Correspondence, mailboxes: Sequence[Mailbox], number: int) -> list[list[Generated]]:
    """Return each mailbox's mails. They take turns, so that what they have in common is made once."""
    sources = [correspondence.mails(address_of(each.user), number) for each in mailboxes]
    collected: list[list[Generated]] = [[] for _ in mailboxes]
    for _ in range(0, number, _TOGETHER):
        for source, mails in zip(sources, collected, strict=True):
            mails.extend(islice(source, _TOGETHER))
    return collected


def place(mailbox: Mailbox, path: str) -> Folder:
    """Return the folder of a well-known name, or of names from the top like `Panels/PL`, made if it is missing."""
    try:
        return mailbox.folder(path)
    except KeyError:
        above, _, name = path.rpartition("/")
        return mailbox.add_folder(name, place(mailbox, above) if above else None)
