"""Messages as the simulator has them, without a server."""

from functools import cache

from modules.simulator.mail.content import Draft
from modules.simulator.mail.mailbox import Mailbox, Message
from modules.simulator.people import User
from tests.contracts.letters import NOON


def delivered(letter: Draft) -> Message:
    """Return what a letter becomes in a mailbox."""
    return _mailbox().deliver(letter)


@cache
def _mailbox() -> Mailbox:
    user = User(
        upn="ann@owner.example",
        mail="ann@owner.example",
        name="Ann",
        password="p",
        object_id="66666666-7777-8888-9999-000000000000",
        tenant_id="11111111-2222-3333-4444-555555555555",
    )
    return Mailbox(user, seed=0, now=lambda: NOON)
