"""One message in a mailbox of its own, to be judged by filters and searches."""

from datetime import UTC, datetime
from typing import Any

from modules.simulator.mail.content import Address, Draft, File
from modules.simulator.mail.mailbox import Mailbox, Message
from modules.simulator.people import User

KIM = Address("kim@shipyard.example", "Kim Jiwon")
LEE = Address("lee.dohyun@owner.example", "Lee Dohyun")
BERG = Address("anna.berg@class.example", "Anna Berg")
RECEIVED = datetime(2024, 3, 5, 10, 0, 0, tzinfo=UTC)
OWNER = User(upn="o@a.example", mail="o@a.example", name="Owner", password="x", object_id="o", tenant_id="t")
REPORT = File(name="Hull report 7.pdf", content_type="application/pdf", content=b"x" * 5000)
LOGO = File(name="logo.png", content_type="image/png", content=b"x", is_inline=True, content_id="logo")


def draft(**changes: Any) -> Draft:  # noqa: ANN401 - of Draft
    """A mail of Kim's to Lee about a hull survey, with these changes."""
    usual: dict[str, Any] = {
        "subject": "Hull Survey Panel 12",
        "sender": KIM,
        "to": (LEE,),
        "body": "<p>Please see the <b>welding</b> report &amp; drawings.</p>",
        "sent_at": RECEIVED.replace(minute=0, hour=9),
        "received_at": RECEIVED,
        "internet_message_id": "<ABC@shipyard.example>",
        "conversation": "hull",
    }
    return Draft(**{**usual, **changes})


def message(folder: str = "inbox", **changes: Any) -> Message:  # noqa: ANN401 - of Draft
    """The same, in a mailbox."""
    return Mailbox(OWNER, seed=1, now=lambda: datetime(2024, 6, 1, tzinfo=UTC)).deliver(draft(**changes), folder)
